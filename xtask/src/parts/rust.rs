//! The Rust tests of the whole workspace, and the examples in its documentation.

use crate::context::Context;
use crate::process::succeeds;
use crate::tally::{self, Tally};
use std::time::Duration;

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let nextest = succeeds("cargo", &["nextest", "--version"]);
    let (arguments, summary): (&[&str], _) = match nextest {
        true => (&["nextest", "run", "--no-fail-fast", "--workspace"], "Summary"),
        false => (&["test", "--no-fail-fast", "--workspace", "--lib", "--bins", "--tests"], RESULT),
    };
    tally += cargo(context, arguments, summary);
    let documentation = cargo(context, &["test", "--workspace", "--doc"], RESULT);
    // A workspace may have no examples in its documentation.
    tally += documentation;
    Ok(tally)
}

/// Cargo builds before it tests, and nextest has its own watchdog for each test.
const BUILDING: Duration = Duration::from_secs(3600);

pub(super) const RESULT: &str = "test result:";

fn cargo(context: &Context, arguments: &[&str], summary: &str) -> Tally {
    let title = format!("cargo {}", arguments.join(" "));
    let mut command = context.cargo();
    command.args(arguments);
    let done = context.run_for(BUILDING, &mut command, &format!("rust-{}", arguments.join("-")));
    let is_summary = |line: &str| line.trim_start().starts_with(summary);
    let counts = tally::summary(&done.output, is_summary);
    let none = done.ok && counts == Tally::default() && done.output.contains(summary);
    if none { counts } else { counts.checked(&title, done.ok, &done.output) }
}
