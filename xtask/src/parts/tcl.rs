//! The Tcl tests, by tcltest.

use crate::context::Context;
use crate::tally::{self, Tally};

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let mut command = context.command("tclsh");
    command.arg(context.root.join("tests/tcl/all.tcl"));
    let done = context.run(&mut command, "tcl");
    let counts = tally::tcltest(&done.output);
    // tcltest ends with 0 also when a file of tests breaks off.
    let whole = done.ok && !done.output.contains("Test file error");
    Ok(counts.checked("tests/tcl/all.tcl", whole, &done.output))
}
