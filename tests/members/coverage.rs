//! The members of `api/` against the tests: defaults, and whether each is used.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::api::{Described, members};
use crate::*;

#[test]
fn every_property_has_the_default_of_its_description() {
    let mut seen = 0;
    for member in members() {
        let Some(property) = &member.property else { continue };
        // Version is that of the crate; a new object has no last call.
        if member.name == "Version" {
            continue;
        }
        let wanted = match property.kind.as_str() {
            "bool" => Value::Bool(property.default == "true"),
            "string" => text(&property.default),
            _ => int(property.default.parse().unwrap()),
        };
        let object = Object::new(&member.class);
        let name = format!("get:{}", member.name);
        let value = dynamic::invoke(object.number(), &member.class, &name, &[]);
        assert_eq!(value, wanted, "{}.{}", member.class, member.name);
        seen += 1;
    }
    assert!(seen > 60, "only {seen} properties");
}

#[test]
fn every_member_of_the_description_is_used_by_a_test() {
    let sources = Sources::read();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut sides, mut unused) = (0, Vec::new());
    for member in members() {
        for side in sides_of(&member) {
            sides += 1;
            let mut found = false;
            for (language, text) in &sources.0 {
                if side.is_used(language, text) {
                    *counts.entry(language).or_default() += 1;
                    found = true;
                }
            }
            if !found {
                unused.push(format!("{}.{}", member.class, side.name));
            }
        }
    }
    println!("{sides} getters, setters and methods; used in {counts:?}");
    assert!(sides > 270, "only {sides}");
    assert!(unused.is_empty(), "no test uses {unused:?}");
}

/// A getter, a setter or a method, as each language spells it.
struct Side {
    name: String,
    /// `CkBinData_AppendByte` and such; each may be followed by no further letter.
    in_c: Vec<String>,
    in_cpp: Vec<String>,
    in_python: String,
}

fn sides_of(member: &Described) -> Vec<Side> {
    let class = &member.class;
    let prefix = if class.starts_with("Ck") { class.clone() } else { format!("Ck{class}") };
    let families = if member.exact { &[""][..] } else { &["", "W", "U"] };
    let side = |name: String, members: Vec<String>, in_python: String| {
        let mut in_c = Vec::new();
        for family in families {
            in_c.extend(members.iter().map(|member| format!("{prefix}{family}_{member}")));
        }
        let in_cpp = members.iter().map(|member| format!(".{member}(")).collect();
        Side { name, in_c, in_cpp, in_python }
    };
    let (name, lower) = (&member.name, lower_first(&member.name));
    let Some(property) = &member.property else {
        let mut spellings = vec![name.clone()];
        if !member.exact {
            spellings.push(lower);
        }
        return vec![side(name.clone(), spellings, format!(".{name}("))];
    };
    // Delphi has two underscores before the text getter; Tcl and C++ have `get_Name`.
    let getters =
        vec![format!("get{name}"), lower.clone(), format!("_{lower}"), format!("get_{name}")];
    let mut sides = vec![side(format!("get:{name}"), getters, format!(".{name}"))];
    if property.writable {
        let setters = vec![format!("put{name}"), format!("put_{name}")];
        sides.push(side(format!("put:{name}"), setters, format!(".{name} = ")));
    }
    sides
}

impl Side {
    fn is_used(&self, language: &str, sources: &[Source]) -> bool {
        sources.iter().any(|source| match language {
            "c++" => self.in_cpp.iter().any(|name| source.text.contains(name)),
            "python" => has_word(&source.text, &self.in_python),
            // Rows of this program name the member within the file of its class, both sides of a
            // property at once where it is changed and read back.
            "rows" => {
                let (_, member) = self.name.split_once(':').unwrap_or(("", &self.name));
                let rows = [&self.name, member].map(|name| format!("\"{name}\""));
                self.in_c[0].starts_with(&source.class)
                    && rows.iter().any(|row| source.text.contains(row))
            }
            _ => self.in_c.iter().any(|name| has_word(&source.text, name)),
        })
    }
}

/// Whether `name` is there and no part of a longer name.
fn has_word(text: &str, name: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let after = text[at + name.len()..].chars().next();
        name.ends_with([' ', '(']) || !after.is_some_and(is_letter)
    })
}

fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

struct Source {
    /// In the rows of this program, what C names of the class begin with.
    class: String,
    text: String,
}

/// The tests, by language.
struct Sources(Vec<(&'static str, Vec<Source>)>);

impl Sources {
    fn read() -> Self {
        let languages = [
            ("rust", "tests", "rs"),
            ("c", "tests/c", "c"),
            ("c++", "tests/c", "cpp"),
            ("tcl", "tests/tcl", "test"),
            ("python", "tests/python", "py"),
            ("pascal", "tests/pascal", "pas"),
            ("rows", "tests/members", "rs"),
        ];
        let read = |(language, folder, extension)| {
            let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), extension);
            (language, files.iter().filter_map(|path| source(language, path)).collect())
        };
        Self(languages.into_iter().map(read).collect())
    }
}

/// A source, unless it says nothing about being used: a table of all exports, a stand-in.
fn source(language: &str, path: &Path) -> Option<Source> {
    let place = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap();
    let apart = ["tests/generated", "tests/members", "tests/abi_common", "tests/pascal/vcl"];
    if language != "rows" && apart.iter().any(|folder| place.starts_with(folder)) {
        return None;
    }
    let class = match path.file_stem()?.to_str()? {
        "web_socket" => "CkWebSocket_",
        "rest" => "CkRest_",
        "bin_data" => "CkBinData_",
        "string_builder" => "CkStringBuilder_",
        "global" => "CkGlobal_",
        "ck_string" => "CkString_",
        "ck_byte_data" => "CkByteData_",
        "main" if language == "rows" => "Ck",
        _ if language == "rows" => return None,
        _ => "",
    };
    Some(Source { class: class.to_owned(), text: fs::read_to_string(path).unwrap() })
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found
}
