//! `tests/generated/static_calls.rs`: every static export behind one signature, for the tests that
//! call all of them with bad arguments.

use crate::{
    files::{Files, mark},
    model::{Api, Arg, Class, Method, Property, Result, Returns, TextKind, Type},
    names::{self, Family},
    rust_exports::export,
    rustfmt,
};

/// Writes the table.
pub(crate) fn generate(api: &Api, files: &mut Files) -> Result<()> {
    let mut out = format!("// {}\n\n", mark("api/"));
    out += "//! Every static export behind one signature.\n\n\
            #![allow(clippy::undocumented_unsafe_blocks, reason = \"the source of the arguments \
            promises that they are valid or refused\")]\n\n\
            use openck::ffi::generated::*;\n\n\
            use crate::abi_common::calls::{Given, Source, StaticCall};\n\n\
            pub(crate) static CALLS: &[StaticCall] = &[\n";
    for class in &api.classes {
        for family in names::families(class) {
            Rows { class, family: *family }.all(&mut out);
        }
    }
    out += "];\n\nconst fn call(name: &'static str, class: &'static str, \
            run: fn(&mut dyn Source) -> Given) -> StaticCall {\n\
            StaticCall { name, class, run }\n}\n";
    files.add("tests/generated/static_calls.rs", rustfmt::format(&out)?);
    Ok(())
}

/// Writes the rows of one class in one family.
struct Rows<'a> {
    class: &'a Class,
    family: Family,
}

impl Rows<'_> {
    fn all(&self, out: &mut String) {
        self.row("Create", &[], "Handle", out);
        self.row("Dispose", &[self.this()], "", out);
        for property in &self.class.properties {
            if names::exports_property(property, self.family) {
                self.property(property, out);
            }
        }
        for method in self.class.methods.iter().filter(|m| names::exports_method(m)) {
            self.method(method, out);
        }
    }

    fn property(&self, property: &Property, out: &mut String) {
        let getter = names::c_getter(property);
        match property.ty {
            Type::Text(kind) => {
                let text = names::c_text_getter(property);
                self.row(&text, &[self.this()], self.text_result(kind), out);
                self.row(&getter, &[self.this(), object("CkString")], "", out);
            }
            Type::ULong => self.row(&getter, &[self.this()], "ULong", out),
            _ => self.row(&getter, &[self.this()], "Int", out),
        }
        if property.writable {
            let value = self.argument(&property.name, &property.ty);
            self.row(&names::c_setter(property), &[self.this(), value], "", out);
        }
    }

    fn method(&self, method: &Method, out: &mut String) {
        let mut args = vec![self.this()];
        args.extend(self.arguments(&method.args));
        let result = match method.returns {
            Returns::Success | Returns::Query | Returns::Int => "Int",
            Returns::ULong => "ULong",
            Returns::Void => "",
            Returns::Ptr => "Bytes",
            Returns::Bytes => {
                args.push(object("CkByteData"));
                "Int"
            }
            Returns::Text(kind) if self.class.exact => self.text_result(kind),
            Returns::Text(kind) => {
                let name = names::lower_first(&method.name);
                self.row(&name, &args, self.text_result(kind), out);
                args.push(object("CkString"));
                "Int"
            }
        };
        self.row(&method.name, &args, result, out);
    }

    /// Each argument is taken from the source on a line of its own, in order.
    fn row(&self, member: &str, args: &[String], result: &str, out: &mut String) {
        let name = export(self.class, self.family, member);
        let module = self.class.module() + self.family.file_suffix();
        let mut lines = String::new();
        let mut passed = Vec::new();
        for (n, arg) in args.iter().enumerate() {
            if arg.starts_with("s.bytes") {
                lines += &format!("let (a{n}, n{n}) = {arg};\n");
                passed.push(format!("a{n}.cast(), n{n}"));
            } else {
                lines += &format!("let a{n} = {arg};\n");
                passed.push(format!("a{n}"));
            }
        }
        let called = format!("unsafe {{ {module}::{name}({}) }}", passed.join(", "));
        lines += &match result {
            "" => format!("{called};\nGiven::Nothing"),
            _ => format!("Given::{result}({called})"),
        };
        let source = if args.is_empty() { "_" } else { "s" };
        *out +=
            &format!("call(\"{name}\", \"{}\", |{source}| {{\n{lines}\n}}),\n", self.class.name);
    }

    fn this(&self) -> String {
        object(&self.class.name)
    }

    /// A pointer and the length after it are one argument.
    fn arguments(&self, args: &[Arg]) -> Vec<String> {
        let mut out = Vec::new();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            out.push(self.argument(&arg.name, &arg.ty));
            if arg.ty == Type::Ptr {
                args.next();
            }
        }
        out
    }

    fn argument(&self, name: &str, ty: &Type) -> String {
        match ty {
            Type::Bool => "s.flag()".into(),
            Type::Int => format!("s.int(\"{name}\")"),
            Type::ULong => "s.ulong()".into(),
            Type::Int64 => "s.int64()".into(),
            Type::Text(kind) => match names::text_family(*kind, self.family) {
                Family::Utf8 => format!("s.narrow(\"{name}\")"),
                Family::Wide => format!("s.wide(\"{name}\")"),
                Family::Utf16 => format!("s.utf16(\"{name}\")"),
            },
            Type::Bytes => object("CkByteData"),
            Type::Ptr => "s.bytes()".into(),
            Type::Object(class) => object(class),
        }
    }

    fn text_result(&self, kind: TextKind) -> &'static str {
        match names::text_family(kind, self.family) {
            Family::Utf8 => "Narrow",
            Family::Wide => "Wide",
            Family::Utf16 => "Utf16",
        }
    }
}

fn object(class: &str) -> String {
    format!("s.handle(\"{class}\")")
}
