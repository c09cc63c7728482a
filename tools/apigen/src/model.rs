//! The public API as `api/*.toml` describe it: read, resolved and validated.

mod file;

use std::{fs, path::Path};

use serde::Deserialize;

use self::file::{RawFile, SharedMembers, resolve_class};
use crate::names;

/// Failures are sentences for the person who edits `api/`.
pub type Result<T> = std::result::Result<T, String>;

/// All classes, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) classes: Vec<Class>,
}

/// One class with its own members first and the shared ones after them.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) id: u8,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) source: String,
    /// Names are exported verbatim, in one family.
    pub(crate) exact: bool,
    pub(crate) properties: Vec<Property>,
    pub(crate) methods: Vec<Method>,
}

/// A property of a class.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) writable: bool,
    pub(crate) default: Option<String>,
    pub(crate) scalar: bool,
    pub(crate) common: Common,
}

/// A method of a class.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) returns: Returns,
    pub(crate) args: Vec<Arg>,
    pub(crate) blocking: bool,
    pub(crate) common: Common,
}

/// What properties and methods have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) doc: String,
    pub(crate) result: Option<String>,
    pub(crate) errors: Option<String>,
    pub(crate) ownership: Option<String>,
    pub(crate) threads: Option<String>,
    pub(crate) source: String,
    pub(crate) only: Vec<Binding>,
    pub(crate) addition: bool,
    /// The member comes from `api/shared.toml` and lives in the object's base.
    pub(crate) shared: bool,
}

/// An argument of a method.
#[derive(Debug, Clone)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) doc: String,
    /// Text that may be long: the client checks it while it uses it.
    pub(crate) long: bool,
}

/// The type of a property or an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    ULong,
    Int64,
    Text(TextKind),
    Bytes,
    Ptr,
    Object(String),
}

/// What a method returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    /// True or false for success or failure.
    Success,
    /// The answer to a question.
    Query,
    Int,
    ULong,
    Text(TextKind),
    Bytes,
    Void,
    Ptr,
}

/// The encoding of a text in C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// That of the family of exports.
    Family,
    Narrow,
    Wide,
    Utf16,
}

/// A language that the API is offered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Binding {
    C,
    Cpp,
    Delphi,
    Tcl,
    Python,
}

impl Common {
    /// Whether `binding` offers the member.
    pub(crate) fn allows(&self, binding: Binding) -> bool {
        self.only.is_empty() || self.only.contains(&binding)
    }
}

impl Property {
    /// `Utf8` says what `const char*` means, so only the narrow family has it.
    pub(crate) fn is_narrow_only(&self) -> bool {
        self.name == "Utf8"
    }
}

impl Method {
    /// Raw pointers cannot go through the dynamic call.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.returns != Returns::Ptr && self.args.iter().all(|arg| arg.ty != Type::Ptr)
    }
}

impl Class {
    /// The name in C, C++ and Tcl.
    pub(crate) fn c_name(&self) -> String {
        names::c_class(&self.name)
    }

    /// The name of the class's files in `src/`.
    pub(crate) fn module(&self) -> String {
        names::snake(&self.name)
    }
}

impl Api {
    /// Reads and validates all files in `folder`.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let mut sources = Vec::new();
        let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
            if path.extension().is_some_and(|ext| ext == "toml") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let text =
                    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                sources.push((name, text));
            }
        }
        sources.sort();
        Self::parse(&sources)
    }

    /// Builds the API from files given as name and content.
    pub(crate) fn parse(sources: &[(String, String)]) -> Result<Self> {
        let mut shared = SharedMembers::default();
        let mut raw = Vec::new();
        for (file, text) in sources {
            let parsed: RawFile = toml::from_str(text)
                .map_err(|e| format!("api/{file}: {}", e.to_string().trim()))?;
            if file == "shared.toml" {
                shared = SharedMembers::resolve(&parsed)?;
            } else {
                raw.push((file.as_str(), parsed));
            }
        }
        let mut classes = Vec::new();
        for (file, parsed) in &raw {
            classes.push(resolve_class(file, parsed, &shared)?);
        }
        if classes.is_empty() {
            return Err("api/: no class is described".into());
        }
        classes.sort_by_key(|class| (rank(&class.name), class.name.clone()));
        for (index, class) in classes.iter_mut().enumerate() {
            class.id = u8::try_from(index + 1).map_err(|_| "api/: more than 255 classes")?;
        }
        let api = Self { classes };
        api.validate()?;
        Ok(api)
    }

    /// Looks a class up by its name in the API.
    pub(crate) fn class(&self, name: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == name)
    }

    fn validate(&self) -> Result<()> {
        for class in &self.classes {
            for method in &class.methods {
                for arg in &method.args {
                    if let Type::Object(name) = &arg.ty
                        && self.class(name).is_none()
                    {
                        let place = format!("api/{}.toml: method {}", class.name, method.name);
                        return Err(format!(
                            "{place}: argument {} has the type {name:?}, which is neither a type \
                             nor a class described in api/; the types are bool, int, ulong, int64, \
                             string, bytes, ptr, and utf8, ansi, wide, utf16 in exact classes",
                            arg.name
                        ));
                    }
                }
            }
        }
        names::check_unique(self)
    }
}

/// The order of the class ids; classes that are not listed follow by name.
const ORDER: [&str; 9] = [
    "WebSocket",
    "Rest",
    "BinData",
    "StringBuilder",
    "Global",
    "CkString",
    "CkByteData",
    "Socket",
    "Task",
];

fn rank(class: &str) -> usize {
    ORDER.iter().position(|name| *name == class).unwrap_or(ORDER.len())
}
