//! `api/*.toml`, as far as tests look at it.

use std::path::Path;

use toml::{Table, Value};

/// A property or a method of a class.
pub(crate) struct Described {
    pub(crate) class: String,
    /// The names in C follow it as they are, in one family.
    pub(crate) exact: bool,
    pub(crate) name: String,
    /// `None` for a method.
    pub(crate) property: Option<Property>,
}

/// What only properties have.
pub(crate) struct Property {
    pub(crate) kind: String,
    pub(crate) writable: bool,
    pub(crate) default: String,
}

/// All members of all classes, the shared ones in each class that has them.
pub(crate) fn members() -> Vec<Described> {
    let shared = table("shared");
    let mut all = Vec::new();
    for class in crate::CLASSES {
        let own = table(class);
        let head = own["class"].as_table().unwrap();
        let exact = head.get("style").and_then(Value::as_str) == Some("exact");
        let takes = |member: &Table| match head.get("shared") {
            Some(Value::Boolean(all)) => *all,
            Some(_) => member.contains_key("success"),
            None => false,
        };
        for kind in ["property", "method"] {
            let inherited = rows(&shared, kind).filter(|row| takes(row));
            for row in rows(&own, kind).chain(inherited) {
                all.push(Described {
                    class: (*class).to_owned(),
                    exact,
                    name: word(row, "name"),
                    property: (kind == "property").then(|| property(row)),
                });
            }
        }
    }
    all
}

fn property(row: &Table) -> Property {
    let writable = word(row, "access") == "rw";
    Property { kind: word(row, "type"), writable, default: word(row, "default") }
}

fn table(name: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("api/{name}.toml"));
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn rows<'a>(table: &'a Table, kind: &str) -> impl Iterator<Item = &'a Table> {
    let rows = table.get(kind).and_then(Value::as_array);
    rows.into_iter().flatten().map(|row| row.as_table().unwrap())
}

fn word(row: &Table, key: &str) -> String {
    row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
