//! The naming rules of each language, in one place.

use std::collections::HashMap;

use crate::model::{Api, Binding, Class, Method, Property, Result, Returns, TextKind, Type};

/// A family of C exports: one spelling of every text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Utf8,
    Wide,
    Utf16,
}

/// The families in the order of their files.
pub(crate) const FAMILIES: [Family; 3] = [Family::Utf8, Family::Wide, Family::Utf16];

impl Family {
    /// What follows the class name: `CkWebSocketW_…`.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Utf8 => "",
            Self::Wide => "W",
            Self::Utf16 => "U",
        }
    }

    /// What follows the name of the Rust file.
    pub(crate) fn file_suffix(self) -> &'static str {
        match self {
            Self::Utf8 => "",
            Self::Wide => "_w",
            Self::Utf16 => "_u",
        }
    }
}

/// The families that a class is exported in.
pub(crate) fn families(class: &Class) -> &'static [Family] {
    if class.exact { &FAMILIES[..1] } else { &FAMILIES }
}

/// The class's name in C: `CkWebSocket`; `CkString` stays.
pub(crate) fn c_class(name: &str) -> String {
    if name.starts_with("Ck") { name.to_owned() } else { format!("Ck{name}") }
}

/// The handle type in C.
pub(crate) fn handle(class: &str) -> String {
    format!("H{}", c_class(class))
}

/// `SendFrame` becomes `send_frame`, `ToCRLF` `to_crlf`, `GetUInt2` `get_uint2`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.replace("UInt", "Uint").chars().collect();
    let mut out = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| letters.get(i));
        let after = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|b| {
                !b.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            });
        if starts_word {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `GetFrameData` becomes `getFrameData`.
pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// `GetFrameData` is also `frameData` in C++ and Tcl.
pub(crate) fn without_get(name: &str) -> Option<String> {
    let rest = name.strip_prefix("Get")?;
    (!rest.is_empty()).then(|| lower_first(rest))
}

/// Names in C after the class prefix, for getter and setter of a property.
pub(crate) fn c_getter(property: &Property) -> String {
    format!("get{}", property.name)
}

/// See [`c_getter`].
pub(crate) fn c_setter(property: &Property) -> String {
    format!("put{}", property.name)
}

/// The C export that returns a text property by pointer.
pub(crate) fn c_text_getter(property: &Property) -> String {
    lower_first(&property.name)
}

/// Whether an argument may not have this name in some language or clashes with our own names.
pub(crate) fn is_reserved_argument(name: &str) -> bool {
    const OURS: [&str; 5] = ["handle", "outStr", "outData", "newVal", "self"];
    const KEYWORDS: [&str; 46] = [
        "as",
        "async",
        "await",
        "box",
        "break",
        "class",
        "const",
        "continue",
        "default",
        "delete",
        "do",
        "dyn",
        "else",
        "enum",
        "extern",
        "fn",
        "for",
        "gen",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "match",
        "mod",
        "move",
        "mut",
        "namespace",
        "new",
        "operator",
        "override",
        "private",
        "pub",
        "public",
        "ref",
        "return",
        "static",
        "struct",
        "super",
        "template",
        "this",
        "trait",
        "try",
        "type",
        "use",
        "while",
    ];
    OURS.contains(&name) || KEYWORDS.contains(&name)
}

/// An argument's name in Pascal, which has keywords that C and Python use as names.
pub(crate) fn pascal_arg(name: &str) -> String {
    const KEYWORDS: [&str; 27] = [
        "and",
        "array",
        "begin",
        "case",
        "div",
        "downto",
        "end",
        "file",
        "function",
        "goto",
        "interface",
        "label",
        "nil",
        "not",
        "object",
        "of",
        "or",
        "procedure",
        "program",
        "property",
        "record",
        "repeat",
        "set",
        "string",
        "then",
        "to",
        "unit",
    ];
    if KEYWORDS.contains(&name.to_lowercase().as_str()) { format!("a_{name}") } else { name.into() }
}

/// An argument's name in Python.
pub(crate) fn python_arg(name: &str) -> String {
    const KEYWORDS: [&str; 14] = [
        "and", "assert", "def", "del", "elif", "except", "finally", "from", "global", "import",
        "is", "lambda", "not", "with",
    ];
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.into() }
}

/// The spelling of a text in one family; exact classes say it themselves.
pub(crate) fn text_family(kind: TextKind, family: Family) -> Family {
    match kind {
        TextKind::Family => family,
        TextKind::Narrow => Family::Utf8,
        TextKind::Wide => Family::Wide,
        TextKind::Utf16 => Family::Utf16,
    }
}

/// All C exports of a class in one family, without the class prefix.
pub(crate) fn c_exports(class: &Class, family: Family) -> Vec<String> {
    let mut names = vec!["Create".to_owned(), "Dispose".to_owned()];
    for property in class.properties.iter().filter(|p| exports_property(p, family)) {
        names.push(c_getter(property));
        if matches!(property.ty, Type::Text(_)) {
            names.push(c_text_getter(property));
        }
        if property.writable {
            names.push(c_setter(property));
        }
    }
    for method in class.methods.iter().filter(|m| exports_method(m)) {
        names.push(method.name.clone());
        if matches!(method.returns, Returns::Text(_)) && !class.exact {
            names.push(lower_first(&method.name));
        }
    }
    names
}

/// Whether a property is exported in a family.
pub(crate) fn exports_property(property: &Property, family: Family) -> bool {
    let c = [Binding::C, Binding::Cpp, Binding::Delphi];
    c.iter().any(|binding| property.common.allows(*binding))
        && (family == Family::Utf8 || !property.is_narrow_only())
}

/// Whether a method is exported.
pub(crate) fn exports_method(method: &Method) -> bool {
    let c = [Binding::C, Binding::Cpp, Binding::Delphi];
    c.iter().any(|binding| method.common.allows(*binding))
}

/// Two members may not share a name in any language; Pascal ignores case but has `__`.
pub(crate) fn check_unique(api: &Api) -> Result<()> {
    for class in &api.classes {
        let c = c_exports(class, Family::Utf8);
        let getters = class.properties.iter().map(|p| p.name.clone());
        let members = getters.chain(class.methods.iter().map(|m| m.name.clone())).collect();
        find_twice(class, "C", &c)?;
        find_twice(class, "Python", &members)?;
        find_twice(class, "Delphi", &crate::pascal::identifiers(class))?;
        find_twice(class, "C++", &crate::cpp::identifiers(class))?;
        find_twice(class, "Tcl", &crate::tcl::command_names(class))?;
    }
    Ok(())
}

fn find_twice(class: &Class, language: &str, names: &Vec<String>) -> Result<()> {
    let mut seen = HashMap::new();
    for name in names {
        let key = if language == "Delphi" { name.to_lowercase() } else { name.clone() };
        if let Some(before) = seen.insert(key, name) {
            return Err(format!(
                "api/{}.toml: two members would be named {name} in {language} (also as {before})",
                class.name
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_words_and_numbers_together() {
        let cases = [
            ("SendFrame", "send_frame"),
            ("GetFrameDataBd", "get_frame_data_bd"),
            ("DnsClearCache", "dns_clear_cache"),
            ("ToCRLF", "to_crlf"),
            ("LastNLines", "last_n_lines"),
            ("GetUInt2", "get_uint2"),
            ("IsBase64", "is_base64"),
            ("getStringU", "get_string_u"),
            ("ReplaceI", "replace_i"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn names_without_get_start_in_lower_case() {
        assert_eq!(without_get("GetFrameData").as_deref(), Some("frameData"));
        assert_eq!(without_get("Get"), None);
        assert_eq!(without_get("Target"), None);
    }

    #[test]
    fn classes_get_their_prefix_once() {
        assert_eq!(handle("WebSocket"), "HCkWebSocket");
        assert_eq!(handle("CkString"), "HCkString");
    }
}
