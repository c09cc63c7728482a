//! `cargo xtask autobahn`: Autobahn's fuzzing server judges openck, case by case, and the verdicts
//! must be those of `autobahn/expected-results.json`.

mod suite;
mod verdicts;

pub(crate) use suite::{install, is_installed, python27};

use crate::context::Context;
use crate::setup::{self, Need};
use crate::tally::Tally;
use std::time::{Duration, Instant};
use suite::Server;
use verdicts::Verdicts;

pub(crate) const USAGE: &str =
    "usage: cargo xtask autobahn [--quick | --quarter | CASE...] [--jobs N] [--write]
  --quick    all cases but those that measure speed (9.*) and those of compression (12.*, 13.*)
  --quarter  the same and every fourth of compression
  CASE...    a case such as 6.4.1, or a group such as 6.*
  --jobs N   that many cases at a time (default 2)
  --write    make the verdicts of this run the expected ones";

const EXPECTED: &str = "autobahn/expected-results.json";
/// The whole suite takes some minutes, most of it for the cases of compression.
const PATIENCE: Duration = Duration::from_secs(3000);

/// Which cases to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    Quick,
    Quarter,
    Named(Vec<String>),
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    selection: Selection,
    jobs: usize,
    write: bool,
}

/// The command. `Ok(false)`: a verdict is not the expected one.
pub(crate) fn run(context: &Context, words: &[&str]) -> Result<bool, String> {
    let options = Options::parse(words).ok_or(USAGE)?;
    let missing = setup::ensure(context, &[Need::OpenSsl, Need::Autobahn]);
    if !missing.is_empty() {
        setup::advise(&missing);
        let names: Vec<_> = missing.iter().map(|need| need.name()).collect();
        println!("skipped: autobahn (needs {})", names.join(", "));
        return Ok(!context.ci);
    }
    let start = Instant::now();
    let expected = expected(context)?;
    let actual = judge(context, &options.selection, options.jobs, &expected)?;
    println!("{} ({:.1} s)", actual.counts(), start.elapsed().as_secs_f64());
    let selected = options.selection.of(&expected);
    let trouble = if options.write {
        let file = context.root.join(EXPECTED);
        let text = expected.replaced(&selected, &actual).to_json();
        std::fs::write(&file, text).map_err(|error| error.to_string())?;
        actual.unacceptable()
    } else {
        selected.differences(&actual)
    };
    trouble.iter().for_each(|line| println!("{line}"));
    println!("reports: {}", suite::reports(context).join("index.html").display());
    Ok(trouble.is_empty())
}

/// The part of the tests: all but the slow cases, each counted.
pub(crate) fn test(context: &Context) -> Result<Tally, String> {
    let expected = expected(context)?;
    let actual = match judge(context, &Selection::Quarter, 2, &expected) {
        Ok(actual) => actual,
        Err(error) => return Ok(Tally::fail("autobahn", &error)),
    };
    let selected = Selection::Quarter.of(&expected);
    let trouble = selected.differences(&actual);
    if trouble.is_empty() {
        return Ok(Tally { passed: actual.len(), ..Tally::default() });
    }
    let failed = trouble.len();
    let passed = selected.len().saturating_sub(failed);
    Ok(Tally { passed, failed, ..Tally::fail("autobahn", &trouble.join("\n")) })
}

fn expected(context: &Context) -> Result<Verdicts, String> {
    let file = context.root.join(EXPECTED);
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
    Verdicts::parse(&text).ok_or_else(|| format!("{} cannot be read", file.display()))
}

/// Has the server judge these cases.
fn judge(
    context: &Context,
    selection: &Selection,
    jobs: usize,
    known: &Verdicts,
) -> Result<Verdicts, String> {
    let mut build = context.cargo();
    build.args(["build", "--quiet", "--package", "autobahn"]);
    let built = context.run(&mut build, "autobahn-build");
    if !built.ok {
        return Err(built.output);
    }
    let server = Server::start(context, &selection.patterns(known))?;
    let driver =
        context.target.join("debug").join(format!("autobahn{}", std::env::consts::EXE_SUFFIX));
    let mut command = context.command(driver);
    command.args([server.port(), &jobs.to_string()]);
    let done = context.run_for(PATIENCE, &mut command, "autobahn");
    if !done.ok {
        return Err(done.output);
    }
    server.results()
}

impl Options {
    fn parse(words: &[&str]) -> Option<Self> {
        let mut options = Self { selection: Selection::All, jobs: 2, write: false };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match (word, &mut options.selection) {
                ("--jobs", _) => options.jobs = words.next()?.parse().ok().filter(|n| *n > 0)?,
                ("--write", _) => options.write = true,
                ("--quick", Selection::All) => options.selection = Selection::Quick,
                ("--quarter", Selection::All) => options.selection = Selection::Quarter,
                (word, _) if word.starts_with('-') => return None,
                (word, Selection::All) => options.selection = Selection::Named(vec![word.into()]),
                (word, Selection::Named(names)) => names.push(word.into()),
                _ => return None,
            }
        }
        Some(options)
    }
}

impl Selection {
    /// What the server is told to offer.
    fn patterns(&self, known: &Verdicts) -> Vec<String> {
        match self {
            Self::All => vec!["*".into()],
            Self::Named(patterns) => patterns.clone(),
            Self::Quick | Self::Quarter => self.of(known).ids(),
        }
    }

    /// The selected ones of these verdicts.
    fn of(&self, verdicts: &Verdicts) -> Verdicts {
        let mut compressed = 0;
        verdicts.filter(|id| match (self, id.split('.').next()) {
            (Self::All, _) => true,
            (Self::Named(patterns), _) => patterns.iter().any(|pattern| fits(id, pattern)),
            (_, Some("9")) => false,
            (Self::Quarter, Some("12" | "13")) => {
                compressed += 1;
                compressed % 4 == 1
            }
            (_, Some("12" | "13")) => false,
            _ => true,
        })
    }
}

fn fits(id: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(id == pattern, |start| id.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(ids: &[&str]) -> Verdicts {
        let lines: Vec<String> = ids
            .iter()
            .map(|id| format!(r#"  "{id}": {{"behavior": "OK", "behaviorClose": "OK"}}"#))
            .collect();
        Verdicts::parse(&format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap()
    }

    #[test]
    fn selections_leave_out_what_is_slow() {
        let all = ["1.1.1", "9.1.1", "10.1.1", "12.1.1", "12.1.2", "12.1.3", "13.1.1", "13.1.2"];
        let all = verdicts(&all);
        let ids = |selection: Selection| selection.of(&all).ids();
        assert_eq!(ids(Selection::Quick), ["1.1.1", "10.1.1"]);
        assert_eq!(ids(Selection::Quarter), ["1.1.1", "10.1.1", "12.1.1", "13.1.2"]);
        assert_eq!(ids(Selection::Named(vec!["9.*".into(), "13.1.1".into()])), ["9.1.1", "13.1.1"]);
        assert_eq!(ids(Selection::All).len(), 8);
    }

    #[test]
    fn options_are_read() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().collect::<Vec<_>>());
        let named = Selection::Named(vec!["6.*".into(), "7.1.1".into()]);
        assert_eq!(
            parse("6.* --jobs 3 7.1.1"),
            Some(Options { selection: named, jobs: 3, write: false })
        );
        assert!(parse("--write").is_some_and(|options| options.write));
        for wrong in ["--jobs", "--jobs 0", "--fast", "--quick 6.*"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
