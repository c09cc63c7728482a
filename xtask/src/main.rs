//! The project's own commands: `cargo xtask setup | demo | test [PART...] | autobahn | fuzz |
//! mutants | bench | generate`.
//!
//! Standard library only, so that it builds before anything else is installed.

mod autobahn;
mod bench;
mod context;
mod demo;
mod example;
mod fuzz;
mod mutants;
mod parts;
mod process;
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
  fuzz [...]       run the fuzz targets (--help: how)
  mutants [ARGS]   change src/proto line by line, to see whether a test notices
  bench            measure against tungstenite and write docs/performance.md
  generate [ARGS]  write everything that is generated from api/ (--check: compare only)";

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
        ["fuzz", rest @ ..] => fuzz::run(&context, rest),
        ["mutants", rest @ ..] => mutants::run(&context, rest),
        ["bench"] => bench::run(&context),
        ["generate", rest @ ..] => generate(&context, rest),
        _ => return fail(USAGE),
    };
    match good {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

fn generate(context: &Context, words: &[&str]) -> Result<bool, String> {
    let mut cargo = context.cargo();
    cargo.args(["run", "--quiet", "--package", "apigen", "--"]).args(words);
    cargo.status().map(|status| status.success()).map_err(|error| format!("cargo: {error}"))
}

fn fail(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::FAILURE
}
