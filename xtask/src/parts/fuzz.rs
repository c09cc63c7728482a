//! The tests of the exported functions, a million random calls among them, where something watches
//! the memory: AddressSanitizer in the library itself, or valgrind.

use super::rust::RESULT;
use crate::context::Context;
use crate::process::Done;
use crate::tally::{self, Tally};
use std::process::Command;
use std::time::Duration;

/// An instrumented library is built first, and valgrind takes its time.
const PATIENCE: Duration = Duration::from_secs(3600);
const SANITIZED: &str = "x86_64-unknown-linux-gnu";
/// Tests that hold gigabytes or measure time are none for valgrind.
const VALGRIND_TESTS: [&str; 3] = ["abi_fuzz", "abi_handles", "abi_shared"];
const ASAN_TESTS: [&str; 9] = [
    "abi_fuzz",
    "abi_handles",
    "abi_shared",
    "abi_slots",
    "abi_text",
    "abi_bin_data",
    "abi_byte_data",
    "abi_string_builder",
    "members",
];

/// With AddressSanitizer and its search for leaks. The option of the compiler is not stable yet.
pub(crate) fn asan(context: &Context) -> Result<Tally, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(format!("needs {SANITIZED}"));
    }
    let mut cargo = context.cargo();
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address -Cforce-frame-pointers=yes")
        .env("CARGO_TARGET_DIR", context.target.join("asan"))
        .args(["test", "--target", SANITIZED]);
    Ok(run(context, cargo, &ASAN_TESTS, "asan-fuzz"))
}

/// Under valgrind: a million calls take two minutes.
pub(crate) fn valgrind(context: &Context) -> Result<Tally, String> {
    let runner = format!("CARGO_TARGET_{}_RUNNER", host()?.to_uppercase().replace('-', "_"));
    let mut cargo = context.cargo();
    cargo.env(runner, format!("valgrind {}", super::c::VALGRIND.join(" "))).arg("test");
    Ok(run(context, cargo, &VALGRIND_TESTS, "valgrind-fuzz"))
}

fn run(context: &Context, mut cargo: Command, tests: &[&str], title: &str) -> Tally {
    for test in tests {
        cargo.args(["--test", test]);
    }
    let Done { ok, output } = context.run_for(PATIENCE, &mut cargo, title);
    tally::summary(&output, |line| line.starts_with(RESULT)).checked(title, ok, &output)
}

/// The target that cargo builds for.
fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output();
    let output = output.map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc does not tell its host".into())
}
