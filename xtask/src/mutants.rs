//! `cargo xtask mutants`: changes `src/proto` line by line, to see whether a test notices.
//!
//! The protocol and its tests are put together as a crate of their own, without the exported
//! functions and the network, so that each change is built and tested in seconds.

use crate::context::Context;
use crate::tool;
use std::fs;
use std::io;
use std::path::Path;

/// What the protocol and its tests need beside the tests themselves, `tests/proto_*`.
const PARTS: [&str; 5] =
    ["Cargo.lock", "src/error.rs", "src/net/http1.rs", "src/net/http1", "src/proto"];

const LIB: &str = "//! The protocol alone.
#![allow(missing_docs)]
pub mod error;
pub mod net {
    pub mod http1;
}
pub mod proto;
";

/// The command; `words` go to cargo-mutants. `Ok(false)`: a change was noticed by no test.
pub(crate) fn run(context: &Context, words: &[&str]) -> Result<bool, String> {
    let program = tool::get(context, "cargo-mutants")?;
    let output = context.target.join("mutants");
    let folder = output.join("openck");
    assemble(&context.root, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = context.command(program);
    let status = command
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .arg("mutants")
        .args(["--in-place", "--timeout", "30", "--file", "src/proto/**"])
        .arg("--dir")
        .arg(&folder)
        .arg("--output")
        .arg(&output)
        .args(words)
        .args(["--", "--tests"])
        .status();
    status.map(|status| status.success()).map_err(|error| format!("cargo-mutants: {error}"))
}

fn assemble(root: &Path, folder: &Path) -> io::Result<()> {
    for part in ["src", "tests"] {
        let old = folder.join(part);
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    for part in PARTS {
        copy(&root.join(part), &folder.join(part))?;
    }
    for entry in fs::read_dir(root.join("tests"))? {
        let name = entry?.file_name();
        if name.to_string_lossy().starts_with("proto_") {
            copy(&root.join("tests").join(&name), &folder.join("tests").join(&name))?;
        }
    }
    fs::write(folder.join("src/lib.rs"), LIB)?;
    fs::write(folder.join("Cargo.toml"), manifest(&fs::read_to_string(root.join("Cargo.toml"))?))
}

/// The manifest of the whole, without the other members and the shared library.
fn manifest(whole: &str) -> String {
    let mut text = String::new();
    for line in whole.lines() {
        let other = line.starts_with("members") || line.starts_with("default-members");
        if line.starts_with("crate-type") {
            text += "crate-type = [\"lib\"]\n";
        } else if !other && !line.starts_with("openck-test-support") {
            text.extend([line, "\n"]);
        }
    }
    text
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        return fs::copy(from, to).map(drop);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::manifest;

    #[test]
    fn the_manifest_stands_alone() {
        let whole = "[workspace]\nmembers = [\"a\"]\ndefault-members = [\".\"]\n[lib]\n\
                     crate-type = [\"cdylib\"]\nopenck-test-support = {}\nproptest = \"1\"\n";
        let alone = "[workspace]\n[lib]\ncrate-type = [\"lib\"]\nproptest = \"1\"\n";
        assert_eq!(manifest(whole), alone);
    }
}
