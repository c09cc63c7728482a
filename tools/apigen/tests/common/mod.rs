//! Small trees with an API description, for the tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A class with a property and two methods.
pub(crate) const ECHO: &str = r#"
[class]
name = "Echo"
doc = """
Sends text back.
For tests only."""
source = "no RFC"
shared = true

[[property]]
name = "Prefix"
type = "string"
access = "rw"
default = ""
doc = "What is put before the text."
source = "Echo.Prefix"

[[method]]
name = "GetEcho"
returns = "string"
args = [ { name = "text", type = "string", doc = "The text." } ]
doc = "Returns the text."
source = "Echo.GetEcho"

[[method]]
name = "CopyTo"
returns = "bool"
args = [ { name = "other", type = "Echo", doc = "Where to." } ]
doc = "Copies the prefix."
source = "Echo.CopyTo"
"#;

/// One shared member.
pub(crate) const SHARED: &str = r#"
[[property]]
name = "LastErrorText"
type = "string"
access = "r"
doc = "What the last call did."
source = "shared"
"#;

/// An empty folder of the test's own with these files in `api/`.
pub(crate) fn tree(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if root.exists() {
        fs::remove_dir_all(&root).unwrap();
    }
    fs::create_dir_all(root.join("api")).unwrap();
    for (file, text) in files {
        fs::write(root.join("api").join(file), text).unwrap();
    }
    root
}
