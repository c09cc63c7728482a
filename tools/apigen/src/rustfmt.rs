//! Runs rustfmt over generated Rust, so that `cargo fmt` never changes it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::model::Result;

/// Formats a file with the settings of the workspace.
pub(crate) fn format(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--quiet", "--edition", "2024", "--config"])
        .arg("max_width=100,use_small_heuristics=Max,newline_style=Unix")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustfmt: {e}; install it with `rustup component add rustfmt`"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|e| format!("rustfmt: {e}"))?;
    }
    let output = child.wait_with_output().map_err(|e| format!("rustfmt: {e}"))?;
    if !output.status.success() {
        return Err(format!("rustfmt refused generated text: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}
