//! The project's own commands: `cargo xtask setup | demo | test [PART...] | autobahn | attacks |
//! fuzz | mutants | bench | generate [--check]`.
//!
//! Standard library only, so that it builds before anything else is installed.

mod attacks;
mod autobahn;
mod bench;
mod context;
mod demo;
mod example;
mod fuzz;
mod mutants;
mod parts;
mod process;
mod requirements;
mod setup;
mod tally;
mod test;
mod testserver;
mod tool;

use context::Context;
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND
  setup            install what the other commands need, or say how
  demo [--release] send and receive from every language, over ws and wss
  test [PART...]   run all tests, or these parts; asan-fuzz and valgrind-fuzz only when named
  autobahn [...]   run the cases of Autobahn's fuzzing server (--help: which)
  attacks          run the tests of attacks and write what they cost to docs/attacks.md
  fuzz [...]       run the fuzz targets (--help: how)
  mutants [ARGS]   change src/proto line by line, to see whether a test notices
  bench            measure against tungstenite and write docs/performance.md
  generate         write everything that is generated (--check: compare only)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let context = match Context::new() {
        Ok(context) => context,
        Err(error) => return fail(&error.to_string()),
    };
    let good = match words.as_slice() {
        ["setup"] => setup::run(&context),
        ["demo"] => demo::run(&context, false),
        ["demo", "--release"] => demo::run(&context, true),
        ["test", parts @ ..] => test::run(&context, parts),
        ["autobahn", rest @ ..] => autobahn::run(&context, rest),
        ["attacks"] => attacks::run(&context),
        ["fuzz", rest @ ..] => fuzz::run(&context, rest),
        ["mutants", rest @ ..] => mutants::run(&context, rest),
        ["bench"] => bench::run(&context),
        ["generate"] => generate(&context, false),
        ["generate", "--check"] => generate(&context, true),
        _ => return fail(USAGE),
    };
    match good {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

/// What follows from api/, and the page of requirements.
fn generate(context: &Context, check: bool) -> Result<bool, String> {
    let mut cargo = context.cargo();
    cargo.args(["run", "--quiet", "--package", "apigen", "--"]);
    cargo.args(check.then_some("--check"));
    let api = cargo.status().map_err(|error| format!("cargo: {error}"))?.success();
    Ok(requirements::run(context, check)? && api)
}

fn fail(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::FAILURE
}
