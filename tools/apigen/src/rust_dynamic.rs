//! `src/ffi/generated/{classes,dynamic}.rs`: the classes by name, and one call that reaches
//! every member, for Tcl and Python.

use crate::{
    files::{Files, mark},
    model::{Api, Class, Common, Method, Property, Result, Returns, Type},
    names,
    rust_exports::rust_path,
    rustfmt,
};

/// A member of the dynamic table.
pub(crate) struct Entry<'a> {
    pub(crate) id: u32,
    pub(crate) class: &'a Class,
    pub(crate) kind: Kind<'a>,
}

/// What a dynamic member does.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    Get(&'a Property),
    Put(&'a Property),
    Call(&'a Method),
}

/// All dynamic members with their ids, which other tables refer to.
pub(crate) fn entries(api: &Api) -> Vec<Entry<'_>> {
    let mut out = Vec::new();
    for class in &api.classes {
        for property in &class.properties {
            push(&mut out, class, Kind::Get(property));
            if property.writable {
                push(&mut out, class, Kind::Put(property));
            }
        }
        for method in class.methods.iter().filter(|m| m.is_dynamic()) {
            push(&mut out, class, Kind::Call(method));
        }
    }
    out
}

fn push<'a>(out: &mut Vec<Entry<'a>>, class: &'a Class, kind: Kind<'a>) {
    let id = out.last().map_or(1, |entry| entry.id + 1);
    out.push(Entry { id, class, kind });
}

/// Writes both files.
pub(crate) fn generate(api: &Api, files: &mut Files) -> Result<()> {
    files.add("src/ffi/generated/classes.rs", rustfmt::format(&classes(api))?);
    files.add("src/ffi/generated/dynamic.rs", rustfmt::format(&dynamic(api))?);
    Ok(())
}

fn classes(api: &Api) -> String {
    let names: Vec<_> = api.classes.iter().map(|class| class.name.as_str()).collect();
    let mut out = format!("// {}\n\n//! The classes by number and by name.\n\n", mark("api/"));
    out += &format!(
        "use core::ffi::c_void;\n\nuse crate::abi::{{self, Handle}};\nuse crate::client::{{{}}};\n\n",
        names.join(", ")
    );
    for class in &api.classes {
        out += &format!(
            "impl abi::Registered for {name} {{ const ID: u8 = {}; \
             const NAME: &'static str = \"{name}\"; }}\n\n",
            class.id,
            name = class.name
        );
    }
    out += "/// Creates an object of the class with this name and returns its handle.\n";
    out += "pub fn create_by_name(name: &str) -> Option<*mut c_void> { Some(match name {\n";
    for name in &names {
        out += &format!("\"{name}\" => abi::create::<{name}>(),\n");
    }
    out += "_ => return None,\n}) }\n\n";
    out += "/// Disposes an object of any class; false if the handle names none.\n";
    out += "pub fn dispose_any(handle: Handle) -> bool {\n";
    let tries: Vec<_> =
        names.iter().map(|name| format!("abi::dispose_handle::<{name}>(handle)")).collect();
    out + &tries.join(" || ") + "}\n"
}

fn dynamic(api: &Api) -> String {
    let entries = entries(api);
    let mut out = format!("// {}\n\n", mark("api/"));
    out += "//! The table of all members that the dynamic call reaches, and the call itself.\n\n";
    out += &imports(&entries);
    out += "/// The classes; the one with the id `n` stands at `n - 1`.\n";
    out += "pub static CLASSES: &[&str] = &[\n";
    for class in &api.classes {
        out += &format!("\"{}\",\n", class.name);
    }
    out += "];\n\n/// The members; the one with the id `n` stands at `n - 1`.\n";
    out += "pub static MEMBERS: &[Member] = &[\n";
    for entry in &entries {
        out += &member(entry);
    }
    out += "];\n\nconst fn member(class: &'static str, name: &'static str, role: Role, \
            args: &'static [Kind], returns: Kind) -> Member {\n\
            Member { class, name, role, args, returns }\n}\n\n";
    out += "/// Calls the member `id` on an object; the arguments have been checked. An unknown id\n\
            /// gives no value.\n";
    out += "pub fn dispatch(id: u32, handle: usize, args: &abi::Args<'_>) -> Value {\n\
            match id {\n";
    for entry in &entries {
        out += &arm(entry);
    }
    out + "_ => Value::None,\n}\n}\n"
}

fn imports(entries: &[Entry<'_>]) -> String {
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.class.name.as_str()).collect();
    if entries.iter().any(|entry| entry.kind.common().shared) {
        names.push("Class");
    }
    names.sort_unstable();
    names.dedup();
    format!(
        "use crate::abi::{{self, Kind, Kind::*, Member, Role, Role::*, Value}};\n\
         use crate::client::{{{}}};\n\n",
        names.join(", ")
    )
}

impl<'a> Kind<'a> {
    /// What the member has in common with others.
    pub(crate) fn common(&self) -> &'a Common {
        match self {
            Self::Get(property) | Self::Put(property) => &property.common,
            Self::Call(method) => &method.common,
        }
    }

    /// The name in the API.
    pub(crate) fn name(&self) -> &'a str {
        match self {
            Self::Get(property) | Self::Put(property) => &property.name,
            Self::Call(method) => &method.name,
        }
    }

    /// The argument types.
    pub(crate) fn args(&self) -> Vec<&'a Type> {
        match self {
            Self::Get(_) => Vec::new(),
            Self::Put(property) => vec![&property.ty],
            Self::Call(method) => method.args.iter().map(|arg| &arg.ty).collect(),
        }
    }
}

fn member(entry: &Entry<'_>) -> String {
    let args: Vec<_> = entry.kind.args().into_iter().map(kind_of).collect();
    let (role, returns) = match entry.kind {
        Kind::Get(property) => ("Get", kind_of(&property.ty)),
        Kind::Put(_) => ("Put", "Bool".into()),
        Kind::Call(method) => ("Method", result_kind(method.returns).into()),
    };
    format!(
        "member(\"{}\", \"{}\", {role}, &[{}], {returns}),\n",
        entry.class.name,
        entry.kind.name(),
        args.join(", ")
    )
}

fn kind_of(ty: &Type) -> String {
    match ty {
        Type::Bool => "Bool".into(),
        Type::Int => "Int".into(),
        Type::ULong => "ULong".into(),
        Type::Int64 => "Int64".into(),
        Type::Text(_) => "Text".into(),
        Type::Bytes | Type::Ptr => "Bytes".into(),
        Type::Object(class) => format!("Object(\"{class}\")"),
    }
}

fn result_kind(returns: Returns) -> &'static str {
    match returns {
        Returns::Success | Returns::Query => "Bool",
        Returns::Int => "Int",
        Returns::ULong => "ULong",
        Returns::Text(_) => "Text",
        Returns::Bytes | Returns::Ptr => "Bytes",
        Returns::Void => "Void",
    }
}

fn arm(entry: &Entry<'_>) -> String {
    let class = &entry.class.name;
    let shared = entry.kind.common().shared;
    let args: Vec<_> =
        entry.kind.args().into_iter().enumerate().map(|(i, ty)| argument(i, ty)).collect();
    let call = match entry.kind {
        // Facts about the last frame are answered from the object's status in every binding.
        Kind::Get(property) if property.scalar => {
            let fact = names::snake(&property.name);
            format!("abi::dynamic_get(handle, |o: &{class}| o.status().{fact}())")
        }
        Kind::Get(property) => {
            format!(
                "abi::dynamic_get(handle, |o: &{class}| {}())",
                rust_path(&property.name, shared)
            )
        }
        Kind::Put(property) => {
            let path = rust_path(&format!("set_{}", names::snake(&property.name)), shared);
            let name = &property.name;
            format!(
                "abi::dynamic_put(handle, \"{name}\", |o: &{class}| {path}({}))",
                args.join(", ")
            )
        }
        Kind::Call(method) => {
            let path = rust_path(&method.name, shared);
            let name = &method.name;
            format!("abi::dynamic(handle, \"{name}\", |o: &{class}| {path}({}))", args.join(", "))
        }
    };
    format!("{} => {call},\n", entry.id)
}

fn argument(index: usize, ty: &Type) -> String {
    match ty {
        Type::Bool => format!("args.flag({index})?"),
        Type::Int => format!("args.int({index})?"),
        Type::ULong => format!("args.ulong({index})?"),
        Type::Int64 => format!("args.int64({index})?"),
        Type::Text(_) => format!("args.text({index})?"),
        Type::Bytes | Type::Ptr => format!("&args.bytes({index})?"),
        Type::Object(class) => format!("&*args.object::<{class}>({index})?"),
    }
}
