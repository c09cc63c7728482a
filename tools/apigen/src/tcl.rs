//! `src/tcl/generated.rs`: the commands of the Tcl extension, over the dynamic call.

use crate::{
    files::{Files, mark},
    model::{Api, Binding, Class, Method, Property, Result, Returns, Type},
    names,
    rust_dynamic::{self, Kind},
    rustfmt,
};

/// Writes the table.
pub(crate) fn generate(api: &Api, files: &mut Files) -> Result<()> {
    let mut out = format!("// {}\n\n", mark("api/"));
    out += "//! The commands of the Tcl extension.\n\n";
    out += TYPES;
    for class in &api.classes {
        for (name, kind, usage) in life(class) {
            out += &line(class, &name, kind, usage);
        }
        for entry in rust_dynamic::entries(api).iter().filter(|e| e.class.id == class.id) {
            for command in commands(class, entry.kind) {
                let kind = format!("{}({})", command.kind, entry.id);
                out += &line(class, &command.name, &kind, &command.usage);
            }
        }
    }
    files.add("src/tcl/generated.rs", rustfmt::format(&(out + "];\n" + HELPER))?);
    Ok(())
}

/// All commands of a class.
pub(crate) fn command_names(class: &Class) -> Vec<String> {
    let mut out: Vec<_> = life(class).map(|(name, _, _)| name).into();
    for property in &class.properties {
        out.extend(property_signatures(class, property).into_iter().map(|(name, _)| name));
    }
    for method in &class.methods {
        out.extend(method_signatures(class, method).into_iter().map(|(name, _)| name));
    }
    out
}

/// The commands for a property with their arguments, as the reference shows them.
pub(crate) fn property_signatures(class: &Class, property: &Property) -> Vec<(String, String)> {
    let mut all = commands(class, Kind::Get(property));
    if property.writable {
        all.extend(commands(class, Kind::Put(property)));
    }
    all.into_iter().map(|command| (command.name, command.usage)).collect()
}

/// The commands for a method with their arguments, as the reference shows them.
pub(crate) fn method_signatures(class: &Class, method: &Method) -> Vec<(String, String)> {
    let all = commands(class, Kind::Call(method));
    all.into_iter().map(|command| (command.name, command.usage)).collect()
}

/// The types of the table, as Rust text.
const TYPES: &str = "\
use Kind::*;

/// A command of the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// Its name in Tcl.
    pub name: &'static str,
    /// The class it belongs to, without `Ck`.
    pub class: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Its arguments, for the message after a wrong number of them.
    pub usage: &'static str,
}

/// What a command does. The numbers are ids of members, see `ffi::generated::dynamic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Makes an object and returns its handle.
    Create,
    /// Ends an object's life.
    Dispose,
    /// Calls a member and returns its result.
    Call(u32),
    /// Calls a member and puts the text into a CkString, the last argument.
    TextInto(u32),
    /// Calls a member and puts the bytes into a CkByteData, the last argument.
    BytesInto(u32),
}

/// All commands.
pub static COMMANDS: &[Command] = &[
";

/// Keeps the table's lines short.
const HELPER: &str = "
const fn command(
    name: &'static str,
    class: &'static str,
    kind: Kind,
    usage: &'static str,
) -> Command {
    Command { name, class, kind, usage }
}
";

/// A command that calls a member.
struct Call {
    name: String,
    kind: &'static str,
    usage: String,
}

fn line(class: &Class, name: &str, kind: &str, usage: &str) -> String {
    format!("command(\"{name}\", \"{}\", {kind}, \"{usage}\"),\n", class.name)
}

fn life(class: &Class) -> [(String, &'static str, &'static str); 2] {
    let name = class.c_name();
    [(format!("new_{name}"), "Create", ""), (format!("delete_{name}"), "Dispose", "handle")]
}

fn commands(class: &Class, kind: Kind<'_>) -> Vec<Call> {
    if !kind.common().allows(Binding::Tcl) {
        return Vec::new();
    }
    match kind {
        Kind::Get(property) => getters(class, property),
        Kind::Put(property) => {
            vec![call(class, &format!("put_{}", property.name), "Call", "handle value")]
        }
        Kind::Call(method) => calls(class, method),
    }
}

fn getters(class: &Class, property: &Property) -> Vec<Call> {
    let upper = format!("get_{}", property.name);
    if !matches!(property.ty, Type::Text(_)) {
        return vec![call(class, &upper, "Call", "handle")];
    }
    let lower = names::lower_first(&property.name);
    vec![
        call(class, &lower, "Call", "handle"),
        call(class, &format!("get_{lower}"), "Call", "handle"),
        call(class, &upper, "TextInto", "handle ckString"),
    ]
}

fn calls(class: &Class, method: &Method) -> Vec<Call> {
    if !method.is_dynamic() {
        return Vec::new();
    }
    let args: String = method.args.iter().map(|arg| format!(" {}", arg.name)).collect();
    let usage = format!("handle{args}");
    let name = &method.name;
    match method.returns {
        Returns::Text(_) if !class.exact => {
            let mut out = vec![call(class, &names::lower_first(name), "Call", &usage)];
            out.extend(names::without_get(name).map(|name| call(class, &name, "Call", &usage)));
            out.push(call(class, name, "TextInto", &format!("{usage} ckString")));
            out
        }
        Returns::Bytes => vec![call(class, name, "BytesInto", &format!("{usage} ckByteData"))],
        _ => vec![call(class, name, "Call", &usage)],
    }
}

fn call(class: &Class, name: &str, kind: &'static str, usage: &str) -> Call {
    Call { name: format!("{}_{name}", class.c_name()), kind, usage: usage.to_owned() }
}
