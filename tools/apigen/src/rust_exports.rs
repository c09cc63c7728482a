//! `src/ffi/generated/<class>.rs`: one plain `extern "C"` function for each member and family.

use std::collections::BTreeSet;

use crate::{
    doc,
    files::{Files, mark},
    model::{Api, Arg, Class, Method, Property, Result, Returns, TextKind, Type},
    names::{self, Family},
    rustfmt,
};

/// Writes the exports of all classes and the module file.
pub(crate) fn generate(api: &Api, files: &mut Files) -> Result<()> {
    let mut modules = vec!["classes".to_owned(), "dynamic".to_owned()];
    for class in &api.classes {
        for family in names::families(class) {
            let module = class.module() + family.file_suffix();
            let text = rustfmt::format(&class_file(class, *family))?;
            files.add(format!("src/ffi/generated/{module}.rs"), text);
            modules.push(module);
        }
    }
    modules.sort();
    let mut text = format!("// {}\n\n", mark("api/"));
    text += "//! The exports of all classes, and the dynamic call.\n\n";
    for module in modules {
        text += &format!("pub mod {module};\n");
    }
    files.add("src/ffi/generated/mod.rs", text);
    Ok(())
}

/// The C name of a member of a class in one family.
pub(crate) fn export(class: &Class, family: Family, member: &str) -> String {
    format!("{}{}_{member}", class.c_name(), family.suffix())
}

fn class_file(class: &Class, family: Family) -> String {
    let mut body = String::new();
    let writer = Writer { class, family };
    writer.life(&mut body);
    for property in class.properties.iter().filter(|p| names::exports_property(p, family)) {
        writer.property(property, &mut body);
    }
    for method in class.methods.iter().filter(|m| names::exports_method(m)) {
        writer.method(method, &mut body);
    }
    header(class, family, &body) + &body
}

fn header(class: &Class, family: Family, body: &str) -> String {
    let mut text = format!("// {}\n\n", mark(&format!("api/{}.toml", class.name)));
    let spelling = match family {
        Family::Utf8 => "`const char*`",
        Family::Wide => "`wchar_t`",
        Family::Utf16 => "UTF-16",
    };
    text += &format!("//! The exports of {} with {spelling} text.\n\n", class.c_name());
    text += "#![allow(\n    non_snake_case,\n    clippy::missing_safety_doc,\n    \
             clippy::undocumented_unsafe_blocks,\n    reason = \"names are those of the C API; \
             every pointer is the caller's promise, see src/abi\"\n)]\n\n";
    let words = code_words(body);
    let core = ["c_char", "c_int", "c_uchar", "c_ulong", "c_void"];
    let core: Vec<_> = core.into_iter().filter(|name| words.contains(name)).collect();
    if !core.is_empty() {
        text += &format!("use core::ffi::{{{}}};\n\n", core.join(", "));
    }
    let ours = |word: &&str| word.starts_with("HCk") || ABI.contains(word);
    let abi: Vec<_> = words.iter().copied().filter(ours).collect();
    text += &format!("use crate::abi::{{self, {}}};\n", abi.join(", "));
    let mut clients: Vec<&str> = objects(class).filter(|name| words.contains(name)).collect();
    clients.push(&class.name);
    if body.contains("o.base()") {
        clients.push("Class");
    }
    clients.sort_unstable();
    clients.dedup();
    text += &format!("use crate::client::{{{}}};\n\n", clients.join(", "));
    text
}

/// What generated bodies use of the abi without naming the module, beside the handle types.
const ABI: [&str; 12] = [
    "BOOL",
    "wchar_t",
    "Utf8",
    "Utf16",
    "Wide",
    "bytes",
    "flag",
    "long_text",
    "object",
    "raw_bytes",
    "text",
    "ulong",
];

/// The classes that methods take as arguments and that the dynamic path names too.
fn objects(class: &Class) -> impl Iterator<Item = &str> {
    class.methods.iter().flat_map(|m| &m.args).filter_map(|arg| match &arg.ty {
        Type::Object(name) => Some(name.as_str()),
        _ => None,
    })
}

/// The identifiers in Rust text outside comments.
fn code_words(body: &str) -> BTreeSet<&str> {
    let code = body.lines().filter(|line| !line.trim_start().starts_with("///"));
    code.flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))).collect()
}

/// Writes the functions of one class in one family.
struct Writer<'a> {
    class: &'a Class,
    family: Family,
}

impl Writer<'_> {
    fn life(&self, out: &mut String) {
        let class = &self.class.name;
        let handle = names::handle(class);
        let create = "Creates an object.\n\nResult: its handle; NULL only when no more objects fit. Ownership: the caller \
                      gives it to the Dispose function.";
        self.function(out, create, "Create", "", &handle, &format!("abi::create::<{class}>()"));
        let dispose = "Ends an object's life. Calls still running on it in other threads end soon.\
                       \n\nNULL, and a handle that was disposed before, are ignored.";
        let body = format!("abi::dispose::<{class}>(handle)");
        self.function(out, dispose, "Dispose", &format!("handle: {handle}"), "", &body);
    }

    fn property(&self, property: &Property, out: &mut String) {
        let class = &self.class.name;
        let path = rust_path(&property.name, property.common.shared);
        let getter = names::c_getter(property);
        let doc = self.doc(&doc::getter(property), &getter);
        if let Type::Text(kind) = property.ty {
            let unit = self.unit(kind);
            let kind = self.kind(kind);
            // A bad handle has no text but this one.
            let (call, into) = if property.name == "LastErrorText" {
                (
                    format!("abi::last_error_text::<{kind}, {class}>(handle)"),
                    format!("abi::last_error_text_into::<{class}>(handle, outStr)"),
                )
            } else {
                (
                    format!("abi::get_text::<{kind}, _, _>(handle, |o: &{class}| {path}())"),
                    format!("abi::get_text_into(handle, outStr, |o: &{class}| {path}())"),
                )
            };
            let name = names::c_text_getter(property);
            let text_doc = self.doc(&doc::getter(property), &name);
            self.function(out, &text_doc, &name, "", &format!("*const {unit}"), &call);
            let doc = format!("{}\n\nPuts the text into `outStr`.", doc::summary(&doc));
            self.function(out, &doc, &getter, "outStr: HCkString", "", &into);
        } else {
            let ty = self.c_type(&property.ty);
            let call = if property.scalar {
                let member = names::snake(&property.name);
                format!("abi::scalar::<{class}, _>(handle, |s| s.{member}())")
            } else {
                format!("abi::get(handle, |o: &{class}| {path}())")
            };
            self.function(out, &doc, &getter, "", &ty, &call);
        }
        if property.writable {
            self.setter(property, out);
        }
    }

    fn setter(&self, property: &Property, out: &mut String) {
        let (class, name) = (&self.class.name, &property.name);
        let value =
            Arg { name: "newVal".into(), ty: property.ty.clone(), doc: String::new(), long: false };
        let path = rust_path(&format!("set_{}", names::snake(name)), property.common.shared);
        let call = format!(
            "abi::put(handle, \"{name}\", |o: &{class}| {path}({}))",
            self.argument(&value)
        );
        let params = format!("newVal: {}", self.c_type(&property.ty));
        let getter = match property.ty {
            Type::Text(_) => names::c_text_getter(property),
            _ => names::c_getter(property),
        };
        let doc = format!("Sets {name}; see `{}`.", export(self.class, self.family, &getter));
        self.function(out, &doc, &names::c_setter(property), &params, "", &call);
    }

    fn method(&self, method: &Method, out: &mut String) {
        let class = &self.class.name;
        let path = rust_path(&method.name, method.common.shared);
        let closure = format!("|o: &{class}| {path}({})", self.arguments(method));
        let mut params = self.parameters(method);
        let text = doc::method(method);
        if let Returns::Text(kind) = method.returns {
            let name = if self.class.exact {
                method.name.clone()
            } else {
                names::lower_first(&method.name)
            };
            let call = format!(
                "abi::call_text::<{}, _, _>(handle, \"{}\", {closure})",
                self.kind(kind),
                method.name
            );
            let ret = format!("*const {}", self.unit(kind));
            self.function(out, &self.doc(&text, &name), &name, &params, &ret, &call);
            if self.class.exact {
                return;
            }
        }
        let (helper, ret, into) = self.helper(method.returns);
        let mut doc = self.doc(&text, &method.name);
        if let Some((name, ty)) = into {
            params += &format!("{}{name}: {ty}", if params.is_empty() { "" } else { ", " });
            if ty == "HCkString" {
                doc = format!("{}\n\nPuts the text into `{name}`.", doc::summary(&doc));
            } else {
                doc += &format!("\n\nPuts the bytes into `{name}`.");
            }
        }
        let extra = into.map(|(name, _)| format!("{name}, ")).unwrap_or_default();
        let call = format!("abi::{helper}(handle, \"{}\", {extra}{closure})", method.name);
        self.function(out, &doc, &method.name, &params, &ret, &call);
    }

    /// The abi function for a kind of result, the C type, and the argument that takes the result.
    fn helper(
        &self,
        returns: Returns,
    ) -> (&'static str, String, Option<(&'static str, &'static str)>) {
        let (helper, ret, into) = match returns {
            Returns::Success => ("call", "BOOL", None),
            Returns::Query => ("call_query", "BOOL", None),
            Returns::Int => ("call_int", "c_int", None),
            Returns::ULong => ("call_ulong", "c_ulong", None),
            Returns::Void => ("call_void", "", None),
            Returns::Ptr => ("call_ptr", "*const c_uchar", None),
            Returns::Text(_) => ("call_text_into", "BOOL", Some(("outStr", "HCkString"))),
            Returns::Bytes => ("call_bytes_into", "BOOL", Some(("outData", "HCkByteData"))),
        };
        (helper, ret.to_owned(), into)
    }

    /// Full texts stand in the narrow family only; the others point there.
    fn doc(&self, text: &str, narrow: &str) -> String {
        if self.family == Family::Utf8 {
            return text.to_owned();
        }
        let see = export(self.class, Family::Utf8, narrow);
        format!("{}\n\nSee `{see}`.", doc::summary(text))
    }

    fn function(
        &self,
        out: &mut String,
        doc: &str,
        name: &str,
        params: &str,
        ret: &str,
        body: &str,
    ) {
        let handle = format!("handle: {}", names::handle(&self.class.name));
        let params = match (name, params) {
            ("Create", _) => String::new(),
            ("Dispose", _) | (_, "") => handle,
            (_, params) => format!("{handle}, {params}"),
        };
        let ret = if ret.is_empty() { String::new() } else { format!(" -> {ret}") };
        let name = export(self.class, self.family, name);
        *out += &doc::comment(doc, "/// ", 100);
        *out += &format!(
            "#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn {name}({params}){ret} {{ {body} }}\n\n"
        );
    }

    fn parameters(&self, method: &Method) -> String {
        let params =
            method.args.iter().map(|arg| format!("{}: {}", arg.name, self.c_type(&arg.ty)));
        params.collect::<Vec<_>>().join(", ")
    }

    fn arguments(&self, method: &Method) -> String {
        let mut out = Vec::new();
        let mut args = method.args.iter().peekable();
        while let Some(arg) = args.next() {
            match (&arg.ty, args.peek()) {
                (Type::Ptr, Some(length)) => {
                    let pointer = match self.family {
                        Family::Utf8 => format!("{}.cast()", arg.name),
                        _ => arg.name.clone(),
                    };
                    out.push(format!("unsafe {{ raw_bytes({pointer}, {}) }}?", length.name));
                    args.next();
                }
                _ => out.push(self.argument(arg)),
            }
        }
        out.join(", ")
    }

    /// How the abi turns a C argument into what the client takes.
    fn argument(&self, arg: &Arg) -> String {
        let name = &arg.name;
        match &arg.ty {
            Type::Bool => format!("flag({name})"),
            Type::Int | Type::Int64 | Type::Ptr => name.clone(),
            Type::ULong => format!("ulong({name})?"),
            Type::Text(kind) => {
                let read = if arg.long { "long_text" } else { "text" };
                format!("&unsafe {{ {read}::<{}>(\"{name}\", {name}) }}?", self.kind(*kind))
            }
            Type::Bytes => format!("&bytes({name})?"),
            Type::Object(class) => format!("&*object::<{class}>({name})?"),
        }
    }

    fn c_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "BOOL".into(),
            Type::Int => "c_int".into(),
            Type::ULong => "c_ulong".into(),
            Type::Int64 => "i64".into(),
            Type::Text(kind) => format!("*const {}", self.unit(*kind)),
            Type::Bytes => "HCkByteData".into(),
            Type::Ptr if self.family == Family::Utf8 => "*const c_uchar".into(),
            Type::Ptr => "*const c_void".into(),
            Type::Object(class) => names::handle(class),
        }
    }

    fn kind(&self, kind: TextKind) -> &'static str {
        match names::text_family(kind, self.family) {
            Family::Utf8 => "Utf8",
            Family::Wide => "Wide",
            Family::Utf16 => "Utf16",
        }
    }

    fn unit(&self, kind: TextKind) -> &'static str {
        match names::text_family(kind, self.family) {
            Family::Utf8 => "c_char",
            Family::Wide => "wchar_t",
            Family::Utf16 => "u16",
        }
    }
}

/// `o.send_frame`, or `o.base().save_last_error` for shared members.
pub(crate) fn rust_path(name: &str, shared: bool) -> String {
    let member = names::snake(name);
    if shared { format!("o.base().{member}") } else { format!("o.{member}") }
}
