//! The Python tests, by pytest; those with the independent peers are a part of their own.

use crate::context::Context;
use crate::setup;
use crate::tally::{self, Tally};

const PEERS: &str = "tests/python/peers";

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    pytest(context, "python", &["tests/python", "--ignore", PEERS])
}

pub(crate) fn peers(context: &Context) -> Result<Tally, String> {
    pytest(context, "peers", &[PEERS])
}

fn pytest(context: &Context, log: &str, tests: &[&str]) -> Result<Tally, String> {
    let mut command = context.command(setup::python(context));
    command.args(["-m", "pytest", "-p", "no:cacheprovider", "--color=no"]).args(tests);
    command.env("NODE_PATH", setup::node_modules(context));
    let done = context.run(&mut command, log);
    let is_summary = |line: &str| line.starts_with("=") && line.contains(" in ");
    let counts = tally::summary(&done.output, is_summary);
    Ok(counts.checked(&format!("pytest {}", tests[0]), done.ok, &done.output))
}
