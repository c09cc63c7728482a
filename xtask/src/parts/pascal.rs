//! The Free Pascal programs, over the Delphi units.

use crate::context::{Context, stem};
use crate::tally::{self, Tally};
use std::path::Path;
use std::process::Command;

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let out = context.fresh_dir("pascal").map_err(|error| error.to_string())?;
    let mut tally = Tally::default();
    for source in context.files("tests/pascal", "pas").iter().filter(|path| is_program(path)) {
        tally += run_program(context, source, &out);
    }
    Ok(tally)
}

/// The compiler with the options that the Delphi units ask for; programs go to `out`.
pub(crate) fn compiler(context: &Context, out: &Path) -> Command {
    let mut fpc = context.command("fpc");
    fpc.args(["-MDelphiUnicode", "-FcUTF8", "-gl", "-vew"]);
    fpc.arg(format!("-Fu{}", context.root.join("bindings/delphi").display()));
    fpc.arg(format!("-Fl{}", context.lib_dir.display()));
    fpc.arg(format!("-FE{}", out.display())).arg(format!("-FU{}", out.display()));
    fpc
}

fn run_program(context: &Context, source: &Path, out: &Path) -> Tally {
    let title = stem(source);
    let mut compile = compiler(context, out);
    let done = context.run(compile.arg(source), &format!("pascal-{title}-compile"));
    if !done.ok {
        return Tally::fail(&format!("{title} does not compile"), &done.output);
    }
    let done = context.run(&mut context.command(out.join(&title)), &format!("pascal-{title}"));
    tally::tap(&done.output).checked(&title, done.ok, &done.output)
}

/// Units lie beside the programs.
fn is_program(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default().to_ascii_lowercase();
    text.lines().any(|line| line.trim_start().starts_with("program "))
}
