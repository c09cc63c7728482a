//! The Python tests, by pytest.

use crate::context::Context;
use crate::setup;
use crate::tally::{self, Tally};

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let mut command = context.command(setup::python(context));
    command.args(["-m", "pytest", "-p", "no:cacheprovider", "--color=no", "tests/python"]);
    let done = context.run(&mut command, "python");
    let is_summary = |line: &str| line.starts_with("=") && line.contains(" in ");
    let counts = tally::summary(&done.output, is_summary);
    Ok(counts.checked("pytest tests/python", done.ok, &done.output))
}
