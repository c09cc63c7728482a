//! `docs/requirements.md`: the rules of `tests/requirements.txt`, and which tests check them.
//!
//! A test names its rules at the start of its own name, in every language: `fn r81_r82_...`,
//! `def test_r40_...`, `static void r18_...`. A rule without a test, and a test of an unknown
//! rule, are failures.

use crate::context::Context;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = "tests/requirements.txt";
const PAGE: &str = "docs/requirements.md";

/// Where tests are.
const FOLDERS: [&str; 2] = ["tests", "src"];
const LANGUAGES: [&str; 7] = ["rs", "py", "c", "cpp", "tcl", "test", "pas"];

/// What stands before the name of a test.
const KEYWORDS: [&str; 5] = ["fn", "def", "void", "procedure", "test"];

/// Writes the page, or with `check` compares it. `Ok(false)`: it differs.
pub(crate) fn run(context: &Context, check: bool) -> Result<bool, String> {
    let path = context.root.join(TABLE);
    let table = fs::read_to_string(&path).map_err(|error| format!("{TABLE}: {error}"))?;
    let rules = parse(&table)?;
    let tests = tests_in(&context.root)?;
    let wrong = mistakes(&rules, &tests);
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    let page = page(&rules, &tests);
    let path = context.root.join(PAGE);
    if fs::read_to_string(&path).is_ok_and(|found| found == page) {
        return Ok(true);
    }
    if check {
        println!("{PAGE}: differs from what `cargo xtask generate` writes");
        return Ok(false);
    }
    fs::write(&path, page).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("{PAGE}");
    Ok(true)
}

#[derive(Debug, PartialEq, Eq)]
struct Rule {
    /// `R-34`.
    id: String,
    source: String,
    text: String,
    /// Why it has no test.
    exempt: Option<String>,
}

fn parse(table: &str) -> Result<Vec<Rule>, String> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rules: Vec<Rule> = lines.map(rule).collect::<Result<_, _>>()?;
    match rules.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        Some(pair) => Err(format!("{TABLE}: {} comes after {}", pair[1].id, pair[0].id)),
        None => Ok(rules),
    }
}

fn rule(line: &str) -> Result<Rule, String> {
    let own = str::to_owned;
    match line.split(" | ").collect::<Vec<_>>().as_slice() {
        [id, source, text] => {
            Ok(Rule { id: own(id), source: own(source), text: own(text), exempt: None })
        }
        [id, source, text, why] => {
            Ok(Rule { id: own(id), source: own(source), text: own(text), exempt: Some(own(why)) })
        }
        _ => Err(format!("{TABLE}: not three or four parts: {line}")),
    }
}

/// The names of tests by file, by rule.
type Tests = BTreeMap<String, BTreeMap<String, Vec<String>>>;

fn tests_in(root: &Path) -> Result<Tests, String> {
    let mut tests = Tests::new();
    let mut pending: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = pending.pop() {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(failed)? {
                pending.push(entry.map_err(failed)?.path());
            }
            continue;
        }
        let extension = path.extension().unwrap_or_default();
        if !LANGUAGES.iter().any(|language| extension == *language) {
            continue;
        }
        let source = fs::read(&path).map_err(failed)?;
        let file = relative(root, &path);
        for (ids, name) in named(&String::from_utf8_lossy(&source)) {
            for id in ids {
                tests.entry(id).or_default().entry(file.clone()).or_default().push(name.clone());
            }
        }
    }
    Ok(tests)
}

/// The tests of a source whose names begin with rules: `(["R-81", "R-82"], "r81_r82_...")`.
fn named(source: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for line in source.lines() {
        let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        while let Some(word) = words.next() {
            let Some(name) = KEYWORDS.contains(&word).then(|| words.next()).flatten() else {
                continue;
            };
            let ids = ids(name.strip_prefix("test_").unwrap_or(name));
            if !ids.is_empty() {
                found.push((ids, name.to_owned()));
            }
        }
    }
    found
}

/// The rules that a name begins with, also behind and between ids of the lists of hostile inputs:
/// `r12_h06_...`, `f01_r30_to_r35_...`.
fn ids(name: &str) -> Vec<String> {
    let mut rules: Vec<u8> = Vec::new();
    let mut range = false;
    for part in name.split('_') {
        match (id(part), rules.last().copied()) {
            (Some(('r', end)), Some(start)) if range => rules.extend(start + 1..=end),
            (Some(('r', rule)), _) => rules.push(rule),
            (None, _) if part != "to" => break,
            _ => {}
        }
        range = part == "to";
    }
    rules.iter().map(|rule| format!("R-{rule:02}")).collect()
}

/// A letter and two digits.
fn id(part: &str) -> Option<(char, u8)> {
    let mut rest = part.chars();
    let list = rest.next().filter(char::is_ascii_lowercase)?;
    let digits = rest.as_str();
    let two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| two).map(|number| (list, number))
}

/// Rules without a test, and tests without a rule.
fn mistakes(rules: &[Rule], tests: &Tests) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in rules {
        let id = &rule.id;
        match (&rule.exempt, tests.contains_key(id)) {
            (None, false) => wrong.push(format!("{id} has no test: {}", rule.text)),
            (Some(why), true) => wrong.push(format!("{id} has tests, but {TABLE} says: {why}")),
            _ => {}
        }
    }
    for (id, files) in tests {
        if !rules.iter().any(|rule| rule.id == *id) {
            wrong.push(format!("{TABLE} does not know {id}: {files:?}"));
        }
    }
    wrong
}

fn page(rules: &[Rule], tests: &Tests) -> String {
    let mut page = format!(
        "<!-- Generated by `cargo xtask generate` from {TABLE} and the names of the tests. \
         Do not edit. -->\n\
         # Requirements\n\n\
         What openck promises, where that comes from, and which tests check it. \"own\" are \
         promises beyond the RFCs.\n\n\
         | id | rule | source | tests |\n|---|---|---|---|\n"
    );
    for Rule { id, source, text, exempt } in rules {
        let tests = match exempt {
            Some(why) => format!("none: {why}"),
            None => cell(tests.get(id)),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {id} | {text} | {source} | {tests} |");
    }
    page
}

fn cell(files: Option<&BTreeMap<String, Vec<String>>>) -> String {
    let files = files.into_iter().flatten();
    let file = |(file, names): (&String, &Vec<String>)| {
        format!("[{file}](../{file}): {}", names.join(", "))
    };
    files.map(file).collect::<Vec<_>>().join("<br>")
}

fn relative(root: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(names: &[&str]) -> Tests {
        let mut tests = Tests::new();
        for (ids, name) in names.iter().flat_map(|name| named(name)) {
            for id in ids {
                tests.entry(id).or_default().entry("a.rs".into()).or_default().push(name.clone());
            }
        }
        tests
    }

    #[test]
    fn names_in_every_language() {
        for (line, ids) in [
            ("    fn r34_long() {", &["R-34"][..]),
            ("fn r81_r82_h09_both(", &["R-81", "R-82"]),
            ("fn f01_r30_to_r32_h09_r40_x(", &["R-30", "R-31", "R-32", "R-40"]),
            ("fn a10_loads(", &[]),
            ("fn the_r34_x(", &[]),
            ("    def test_r40_ping(self):", &["R-40"]),
            ("static void r18_first(void)", &["R-18"]),
            ("procedure R12;", &[]),
            ("test r41_pong-1 {text} -body {", &["R-41"]),
            ("let r34_x = fn_r35_y();", &[]),
            ("fn r3_x() r345_y()", &[]),
        ] {
            let found: Vec<_> = named(line).into_iter().flat_map(|(ids, _)| ids).collect();
            assert_eq!(found, ids, "{line}");
        }
    }

    #[test]
    fn rules_and_tests_belong_together() {
        let rules = parse("# x\nR-01 | own | One.\n\nR-02 | own | Two. | Not yet.\n").unwrap();
        assert_eq!(mistakes(&rules, &tests(&["fn r01_a"])), [""; 0]);
        assert_eq!(mistakes(&rules, &tests(&[])), ["R-01 has no test: One."]);
        assert_eq!(mistakes(&rules, &tests(&["fn r01_r02_r03_a"])).len(), 2);
        let page = page(&rules, &tests(&["fn r01_a", "fn r01_b"]));
        assert!(page.contains("| R-01 | One. | own | [a.rs](../a.rs): r01_a, r01_b |\n"));
        assert!(page.contains("| R-02 | Two. | own | none: Not yet. |\n"));
        assert!(parse("R-02 | own | Two.\nR-01 | own | One.").is_err());
        assert!(parse("R-02 | own").is_err());
    }
}
