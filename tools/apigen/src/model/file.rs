//! One file of `api/` as it is written, and what it means.

use std::collections::HashSet;

use serde::Deserialize;

use super::{Arg, Binding, Class, Common, Method, Property, Result, Returns, TextKind, Type};
use crate::names;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    class: Option<RawClass>,
    #[serde(default)]
    property: Vec<RawProperty>,
    #[serde(default)]
    method: Vec<RawMethod>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClass {
    name: String,
    doc: String,
    source: String,
    #[serde(default)]
    shared: Shared,
    #[serde(default)]
    style: Style,
}

/// Which shared members a class has.
#[derive(Deserialize)]
#[serde(untagged)]
enum Shared {
    All(bool),
    Named(String),
}

impl Default for Shared {
    fn default() -> Self {
        Self::All(false)
    }
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Style {
    #[default]
    Standard,
    Exact,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProperty {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    access: String,
    default: Option<String>,
    doc: String,
    source: String,
    #[serde(default)]
    scalar: bool,
    /// In `shared.toml`: also in classes that take only the success members.
    #[serde(default)]
    success: bool,
    #[serde(default)]
    only: Vec<Binding>,
    #[serde(default)]
    addition: bool,
    errors: Option<String>,
    ownership: Option<String>,
    threads: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMethod {
    name: String,
    returns: String,
    #[serde(default)]
    args: Vec<RawArg>,
    doc: String,
    source: String,
    result: Option<String>,
    errors: Option<String>,
    ownership: Option<String>,
    threads: Option<String>,
    #[serde(default)]
    blocking: bool,
    #[serde(default)]
    only: Vec<Binding>,
    #[serde(default)]
    addition: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArg {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    doc: String,
    #[serde(default)]
    long: bool,
}

#[derive(Default)]
pub(super) struct SharedMembers {
    properties: Vec<Property>,
    methods: Vec<Method>,
    /// The properties that belong to `shared = "success"`.
    success: Vec<String>,
}

impl SharedMembers {
    pub(super) fn resolve(raw: &RawFile) -> Result<Self> {
        let mut members = Self {
            properties: resolve_properties("shared.toml", raw)?,
            methods: resolve_methods("shared.toml", raw, false)?,
            success: Vec::new(),
        };
        members.success =
            raw.property.iter().filter(|p| p.success).map(|p| p.name.clone()).collect();
        members.properties.iter_mut().for_each(|p| p.common.shared = true);
        members.methods.iter_mut().for_each(|m| m.common.shared = true);
        Ok(members)
    }

    /// The shared members that a class asks for by its `shared` key.
    fn select(&self, file: &str, wanted: &Shared) -> Result<(Vec<Property>, Vec<Method>)> {
        match wanted {
            Shared::All(false) => Ok((Vec::new(), Vec::new())),
            Shared::All(true) => Ok((self.properties.clone(), self.methods.clone())),
            Shared::Named(name) if name == "success" => {
                let mut properties = self.properties.clone();
                properties.retain(|p| self.success.contains(&p.name));
                Ok((properties, Vec::new()))
            }
            Shared::Named(name) => Err(format!(
                "api/{file}: shared = {name:?} is unknown; use true, false or \"success\""
            )),
        }
    }
}

pub(super) fn resolve_class(file: &str, raw: &RawFile, shared: &SharedMembers) -> Result<Class> {
    let Some(class) = &raw.class else {
        return Err(format!("api/{file}: there is no [class] section"));
    };
    if file != format!("{}.toml", class.name) {
        return Err(format!("api/{file}: describes the class {}; rename one of them", class.name));
    }
    check_text(&format!("api/{file}: class"), "doc", &class.doc)?;
    check_text(&format!("api/{file}: class"), "source", &class.source)?;
    let exact = class.style == Style::Exact;
    if exact && !raw.property.is_empty() {
        return Err(format!(
            "api/{file}: an exact class has no [[property]]; write its getters and setters as methods"
        ));
    }
    let mut properties = resolve_properties(file, raw)?;
    let mut methods = resolve_methods(file, raw, exact)?;
    let (shared_properties, shared_methods) = shared.select(file, &class.shared)?;
    if exact && !(shared_properties.is_empty() && shared_methods.is_empty()) {
        return Err(format!("api/{file}: an exact class has no shared members"));
    }
    // A class may describe a shared member itself, with a meaning of its own.
    let own: HashSet<String> = names_of(&properties, &methods);
    properties.extend(shared_properties.into_iter().filter(|p| !own.contains(&p.name)));
    methods.extend(shared_methods.into_iter().filter(|m| !own.contains(&m.name)));
    Ok(Class {
        id: 0,
        name: class.name.clone(),
        doc: class.doc.clone(),
        source: class.source.clone(),
        exact,
        properties,
        methods,
    })
}

fn names_of(properties: &[Property], methods: &[Method]) -> HashSet<String> {
    let properties = properties.iter().map(|p| p.name.clone());
    properties.chain(methods.iter().map(|m| m.name.clone())).collect()
}

fn resolve_properties(file: &str, raw: &RawFile) -> Result<Vec<Property>> {
    raw.property.iter().map(|p| resolve_property(file, p)).collect()
}

fn resolve_property(file: &str, raw: &RawProperty) -> Result<Property> {
    let place = format!("api/{file}: property {}", raw.name);
    check_name(&place, &raw.name)?;
    let ty = parse_type(&raw.ty, false);
    if !matches!(ty, Type::Bool | Type::Int | Type::ULong | Type::Int64 | Type::Text(_)) {
        return Err(format!(
            "{place}: type {:?} is unknown; use bool, int, ulong, int64 or string",
            raw.ty
        ));
    }
    let writable = match raw.access.as_str() {
        "r" => false,
        "rw" => true,
        other => return Err(format!("{place}: access {other:?} is unknown; use \"r\" or \"rw\"")),
    };
    if raw.scalar && (writable || !matches!(ty, Type::Bool | Type::Int)) {
        return Err(format!("{place}: scalar needs a read-only bool or int"));
    }
    let common = Common {
        doc: raw.doc.clone(),
        result: None,
        errors: raw.errors.clone(),
        ownership: raw.ownership.clone(),
        threads: raw.threads.clone(),
        source: raw.source.clone(),
        only: raw.only.clone(),
        addition: raw.addition,
        shared: false,
    };
    check_common(&place, &common)?;
    let (name, default) = (raw.name.clone(), raw.default.clone());
    Ok(Property { name, ty, writable, default, scalar: raw.scalar, common })
}

fn resolve_methods(file: &str, raw: &RawFile, exact: bool) -> Result<Vec<Method>> {
    raw.method.iter().map(|m| resolve_method(file, m, exact)).collect()
}

fn resolve_method(file: &str, raw: &RawMethod, exact: bool) -> Result<Method> {
    let place = format!("api/{file}: method {}", raw.name);
    check_name(&place, &raw.name)?;
    let returns = parse_returns(&place, &raw.returns, exact)?;
    let mut args = Vec::new();
    for arg in &raw.args {
        check_arg(&place, arg)?;
        let ty = parse_type(&arg.ty, exact);
        if arg.long && ty != Type::Text(TextKind::Family) {
            return Err(format!("{place}: argument {} is long, which only a string is", arg.name));
        }
        args.push(Arg { name: arg.name.clone(), ty, doc: arg.doc.clone(), long: arg.long });
    }
    check_pointers(&place, &args)?;
    let mut seen = HashSet::new();
    if let Some(arg) = args.iter().find(|arg| !seen.insert(arg.name.to_lowercase())) {
        return Err(format!("{place}: two arguments are named {}", arg.name));
    }
    let common = Common {
        doc: raw.doc.clone(),
        result: raw.result.clone(),
        errors: raw.errors.clone(),
        ownership: raw.ownership.clone(),
        threads: raw.threads.clone(),
        source: raw.source.clone(),
        only: raw.only.clone(),
        addition: raw.addition,
        shared: false,
    };
    check_common(&place, &common)?;
    Ok(Method { name: raw.name.clone(), returns, args, blocking: raw.blocking, common })
}

/// Anything that is no plain type is taken for a class and looked up when all classes are known.
fn parse_type(text: &str, exact: bool) -> Type {
    match text {
        "bool" => Type::Bool,
        "int" => Type::Int,
        "ulong" => Type::ULong,
        "int64" => Type::Int64,
        "bytes" => Type::Bytes,
        "ptr" => Type::Ptr,
        _ => match parse_text_kind(text, exact) {
            Some(kind) => Type::Text(kind),
            None => Type::Object(text.to_owned()),
        },
    }
}

fn parse_text_kind(text: &str, exact: bool) -> Option<TextKind> {
    match (text, exact) {
        ("string", false) => Some(TextKind::Family),
        ("string" | "utf8" | "ansi", true) => Some(TextKind::Narrow),
        ("wide", true) => Some(TextKind::Wide),
        ("utf16", true) => Some(TextKind::Utf16),
        _ => None,
    }
}

fn parse_returns(place: &str, text: &str, exact: bool) -> Result<Returns> {
    Ok(match text {
        "bool" => Returns::Success,
        "query" => Returns::Query,
        "int" => Returns::Int,
        "ulong" => Returns::ULong,
        "bytes" => Returns::Bytes,
        "void" => Returns::Void,
        "ptr" => Returns::Ptr,
        _ => match parse_text_kind(text, exact) {
            Some(kind) => Returns::Text(kind),
            None => {
                return Err(format!(
                    "{place}: returns {text:?}, which is unknown; use bool, query, int, ulong, \
                     string, bytes, void or ptr (and utf8, ansi, wide, utf16 in exact classes)"
                ));
            }
        },
    })
}

fn check_name(place: &str, name: &str) -> Result<()> {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    if starts && letters.all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!("{place}: the name {name:?} is not made of ASCII letters and digits"))
}

fn check_arg(place: &str, arg: &RawArg) -> Result<()> {
    check_name(place, &arg.name)?;
    check_text(&format!("{place}: argument {}", arg.name), "doc", &arg.doc)?;
    if names::is_reserved_argument(&arg.name) {
        return Err(format!("{place}: an argument cannot be named {}", arg.name));
    }
    Ok(())
}

/// A raw pointer and its length are one slice in Rust, so they must stand together.
fn check_pointers(place: &str, args: &[Arg]) -> Result<()> {
    for (index, arg) in args.iter().enumerate() {
        let length = args.get(index + 1).map(|next| &next.ty);
        if arg.ty == Type::Ptr && length != Some(&Type::ULong) {
            return Err(format!(
                "{place}: the ptr argument {} is not followed by its length, a ulong",
                arg.name
            ));
        }
    }
    Ok(())
}

fn check_common(place: &str, common: &Common) -> Result<()> {
    check_text(place, "doc", &common.doc)?;
    check_text(place, "source", &common.source)?;
    let optional = [
        ("result", &common.result),
        ("errors", &common.errors),
        ("ownership", &common.ownership),
        ("threads", &common.threads),
    ];
    for (key, text) in optional {
        if let Some(text) = text {
            check_text(place, key, text)?;
        }
    }
    Ok(())
}

/// Texts become comments in C, so they cannot end or open one.
fn check_text(place: &str, key: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(format!("{place}: {key} is empty"));
    }
    if let Some(mark) = ["*/", "/*"].into_iter().find(|mark| text.contains(mark)) {
        return Err(format!("{place}: {key} contains {mark:?}, which breaks C comments"));
    }
    Ok(())
}
