//! `cargo xtask test`: every part with its counts, and the truth about what did not run.

use crate::context::Context;
use crate::parts;
use crate::setup::{self, Need};
use crate::tally::Tally;
use std::io::Write;
use std::time::Instant;

/// A named part of the tests.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(&Context) -> Result<Tally, String>,
}

/// Runs all usual parts, or those that are named. `Ok(false)`: something failed.
pub(crate) fn run(context: &Context, names: &[&str]) -> Result<bool, String> {
    let known: Vec<_> = parts::ALL.iter().chain(parts::NAMED).map(|part| part.name).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(format!("no part {unknown}; there are: {}", known.join(" ")));
    }
    let missing = setup::ensure(context, &[Need::OpenSsl]);
    if !missing.is_empty() {
        setup::advise(&missing);
        return Err(format!("openck needs {}", Need::OpenSsl.name()));
    }
    context.build(false)?;
    let mut total = Tally::default();
    let named = |part: &&Part| names.contains(&part.name);
    let usual = parts::ALL.iter().filter(|part| names.is_empty() || named(part));
    for part in usual.chain(parts::NAMED.iter().filter(named)) {
        total += run_part(context, part);
    }
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    Ok(total.failed == 0)
}

fn run_part(context: &Context, part: &Part) -> Tally {
    let start = Instant::now();
    let missing = setup::ensure(context, part.needs);
    if !missing.is_empty() {
        setup::advise(&missing);
        let names: Vec<_> = missing.iter().map(|need| need.name()).collect();
        return skipped(context, part.name, &format!("needs {}", names.join(", ")));
    }
    print!("{:8} ", part.name);
    let _ = std::io::stdout().flush();
    let tally = match (part.run)(context) {
        Ok(tally) => tally.not_empty(part.name),
        Err(why) => {
            println!();
            return skipped(context, part.name, &why);
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let Tally { passed, failed, skipped, trouble } = &tally;
    println!("{passed} passed, {failed} failed, {skipped} skipped ({seconds:.1} s)");
    if !trouble.is_empty() {
        println!("{trouble}");
    }
    tally
}

/// A part that cannot run here; in a CI that is a failure.
fn skipped(context: &Context, name: &str, why: &str) -> Tally {
    if context.ci {
        println!("failed: {name} ({why})");
        return Tally { failed: 1, ..Tally::default() };
    }
    println!("skipped: {name} ({why})");
    Tally { skipped: 1, ..Tally::default() }
}
