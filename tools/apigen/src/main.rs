//! `apigen` writes everything that follows from `api/*.toml`.
//!
//! It writes what differs; `apigen --check` writes nothing, lists the files that differ and exits
//! with 1. `--root FOLDER` names the tree to work on; without it, it is the one around `apigen`.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("apigen: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns false if `--check` found differences.
fn run() -> apigen::Result<bool> {
    let options = Options::parse(env::args().skip(1))?;
    let files = apigen::generate(&options.root)?;
    if options.check {
        let differences = files.differences(&options.root)?;
        for difference in &differences {
            println!("{difference}");
        }
        if !differences.is_empty() {
            println!("Run `cargo xtask generate` and commit the result.");
        }
        return Ok(differences.is_empty());
    }
    for path in files.write(&options.root)? {
        println!("{path}");
    }
    Ok(true)
}

struct Options {
    check: bool,
    root: PathBuf,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> apigen::Result<Self> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut options = Self { check: false, root: home };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--check" => options.check = true,
                "--root" => {
                    options.root = args.next().ok_or("--root needs a folder")?.into();
                }
                other => return Err(format!("unknown argument {other}; use --check or --root")),
            }
        }
        Ok(options)
    }
}
