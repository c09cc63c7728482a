//! Every header compiles alone, without a warning, as C99 and as C++11.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"];

#[test]
fn headers_compile_as_c_and_cpp() {
    let headers = headers();
    assert!(headers.len() >= 20, "only {} headers", headers.len());
    let (mut c, mut cpp) = (0, 0);
    for header in &headers {
        // The classes are for C++ alone.
        let name = header.file_name().unwrap().to_str().unwrap();
        let is_class = name.starts_with("Ck");
        if !is_class && compile("gcc", &["-x", "c", "-std=c99"], name) {
            c += 1;
        }
        if compile("g++", &["-x", "c++", "-std=c++11"], name) {
            cpp += 1;
        }
    }
    println!("{c} headers compiled as C99, {cpp} as C++11");
}

/// A header twice in a file of its own. False without a compiler, which a CI must have.
fn compile(compiler: &str, language: &[&str], header: &str) -> bool {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let source = format!("#include \"{header}\"\n#include \"{header}\"\nint main(void);\n");
    let path =
        std::env::temp_dir().join(format!("openck-{}-{compiler}-{header}.c", std::process::id()));
    std::fs::write(&path, source).unwrap();
    let mut command = Command::new(compiler);
    command.args(language).args(WARNINGS).arg("-I").arg(&include).arg(&path);
    let output = command.output();
    std::fs::remove_file(&path).unwrap();
    match output {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{compiler} on {header}:\n{said}");
            true
        }
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{compiler}: {error}");
            println!("skipped: {header} ({compiler}: {error})");
            false
        }
    }
}

fn headers() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "h")).collect()
}
