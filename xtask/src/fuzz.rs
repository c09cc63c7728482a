//! `cargo xtask fuzz`: builds the fuzz targets and runs them one after the other.

use crate::context::{Context, stem};
use crate::process;
use crate::tool;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) const USAGE: &str = "usage: cargo xtask fuzz [TARGET...] [--seconds N] [--report]
  TARGET...    some of the targets in fuzz/fuzz_targets (default: all)
  --seconds N  how long each runs (default 60)
  --report     run nothing, show what the last runs did";

/// Building with AddressSanitizer takes a while, and a run may be paused.
const BUILDING: Duration = Duration::from_secs(3600);

#[derive(Debug, PartialEq, Eq)]
struct Options {
    targets: Vec<String>,
    seconds: u64,
    report: bool,
}

/// The command. `Ok(false)`: a target found something.
pub(crate) fn run(context: &Context, words: &[&str]) -> Result<bool, String> {
    let mut options = Options::parse(words).ok_or(USAGE)?;
    let known: Vec<_> =
        context.files("fuzz/fuzz_targets", "rs").iter().map(|path| stem(path)).collect();
    if let Some(unknown) = options.targets.iter().find(|target| !known.contains(target)) {
        return Err(format!("no target {unknown}; there are: {}", known.join(" ")));
    }
    if options.targets.is_empty() {
        options.targets = known;
    }
    let mut good = true;
    if !options.report {
        let tool = tool::get(context, "cargo-fuzz")?;
        for target in &options.targets {
            good &= run_target(context, &tool, target, options.seconds)?;
        }
    }
    print!("{}", table(context, &options.targets));
    Ok(good)
}

impl Options {
    fn parse(words: &[&str]) -> Option<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 60, report: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => options.seconds = words.next()?.parse().ok()?,
                "--report" => options.report = true,
                option if option.starts_with('-') => return None,
                target => options.targets.push(target.to_owned()),
            }
        }
        Some(options)
    }
}

/// Builds a target and runs it; new inputs are kept under `target/fuzz`, seeds only read.
fn run_target(context: &Context, tool: &Path, target: &str, seconds: u64) -> Result<bool, String> {
    println!("{target}: {seconds} s");
    let folder = |kind: &str| {
        let folder = context.target.join("fuzz").join(kind).join(target);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok::<_, String>(folder)
    };
    let (corpus, artifacts) = (folder("corpus")?, folder("artifacts")?);
    let mut command = Command::new(tool);
    command
        .current_dir(&context.root)
        // Instrumentation is not stable yet; fat LTO would take longer than a short run.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .args(["fuzz", "run", "--features", "libfuzzer", "--target-dir"])
        .arg(context.target.join("fuzz"))
        .arg(target)
        .arg(corpus)
        .arg(context.root.join("fuzz/seeds").join(target))
        .args(["--", "-timeout=25", "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    let patience = BUILDING + Duration::from_secs(seconds);
    let done = process::run(&mut command, &log(context, target), patience);
    if !done.ok {
        let from = done.output.len().saturating_sub(4000);
        println!("{}", done.output.get(from..).unwrap_or(&done.output));
    }
    Ok(done.ok)
}

fn log(context: &Context, target: &str) -> PathBuf {
    context.target.join("fuzz-logs").join(format!("{target}.log"))
}

/// What the last run of each target did, as libFuzzer tells it at the end.
fn table(context: &Context, targets: &[String]) -> String {
    let mut text = "| target | seconds | executions | ending |\n|---|---|---|---|\n".to_owned();
    for target in targets {
        let output = std::fs::read(log(context, target)).unwrap_or_default();
        text += &format!("| {target} | {} |\n", row(&String::from_utf8_lossy(&output)));
    }
    text
}

/// Seconds, executions and the ending, from the log of one run.
fn row(output: &str) -> String {
    let number = |before: &str, after: &str| {
        let (_, rest) = output.rsplit_once(before)?;
        Some(rest.split_once(after)?.0.trim())
    };
    let executions = number("stat::number_of_executed_units:", "\n").unwrap_or("-");
    let found = output.lines().find_map(|line| line.split_once("SUMMARY: "));
    match (number("\nDone ", " second"), found) {
        (_, Some((_, what))) => format!("- | {executions} | {what}"),
        (Some(done), None) => {
            let seconds = done.rsplit(' ').next().unwrap_or("-");
            format!("{seconds} | {executions} | nothing found")
        }
        (None, None) => format!("- | {executions} | did not end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = |words: &[&str]| Options::parse(words);
        let all = Options { targets: Vec::new(), seconds: 60, report: false };
        assert_eq!(options(&[]), Some(all));
        let one = Options { targets: vec!["mask".to_owned()], seconds: 620, report: true };
        assert_eq!(options(&["mask", "--seconds", "620", "--report"]), Some(one));
        assert_eq!(options(&["--seconds", "x"]), None);
        assert_eq!(options(&["--jobs"]), None);
    }

    #[test]
    fn logs_are_read() {
        let good = "#9\tDONE\nDone 5678 runs in 621 second(s)\n\
                    stat::number_of_executed_units: 5678\nstat::new_units_added: 1\n";
        assert_eq!(row(good), "621 | 5678 | nothing found");
        let bad = "==1== ERROR: libFuzzer: deadly signal\nSUMMARY: libFuzzer: deadly signal\n\
                   stat::number_of_executed_units: 12\n";
        assert_eq!(row(bad), "- | 12 | libFuzzer: deadly signal");
        assert_eq!(row(""), "- | - | did not end");
    }
}
