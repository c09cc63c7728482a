//! Programs of cargo that some commands need, installed into the target directory if missing.

use crate::context::Context;
use crate::process::which;
use std::path::PathBuf;

/// The program `name` of the package of that name: from PATH, or installed under `target/tools`.
pub(crate) fn get(context: &Context, name: &str) -> Result<PathBuf, String> {
    if let Some(found) = which(name) {
        return Ok(found);
    }
    let root = context.target.join("tools");
    let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("installing {name}");
        let mut cargo = context.cargo();
        cargo
            .env_remove("CARGO_TARGET_DIR")
            .args(["install", "--quiet", "--locked", name, "--root"]);
        let status = cargo.arg(&root).status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("to install {name}: cargo install --locked {name}"));
        }
    }
    Ok(program)
}
