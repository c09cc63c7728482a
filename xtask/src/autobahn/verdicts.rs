//! What the fuzzing server thought of each case.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Verdicts by case, in the order of the suite.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdicts(BTreeMap<Id, Verdict>);

/// `6.4.1` as numbers, so that 10 comes after 9.
type Id = Vec<u32>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    /// Whether the right thing came back.
    behavior: String,
    /// Whether the connection ended in the right way.
    close: String,
}

impl Verdicts {
    /// Reads what `to_json` and `autobahn/fuzzingserver.py` write: JSON with one case a line.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lines = text.trim().strip_prefix('{')?.strip_suffix('}')?.lines();
        let lines = lines.filter(|line| !line.trim().is_empty());
        lines.map(case).collect::<Option<_>>().map(Self)
    }

    pub(crate) fn to_json(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(id, verdict)| line(id, verdict)).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.keys().map(name).collect()
    }

    pub(crate) fn filter(&self, mut select: impl FnMut(&str) -> bool) -> Self {
        let selected = self.0.iter().filter(|(id, _)| select(&name(id)));
        Self(selected.map(|(id, verdict)| (id.clone(), verdict.clone())).collect())
    }

    /// These with `actual` instead of `old`.
    pub(crate) fn replaced(mut self, old: &Self, actual: &Self) -> Self {
        self.0.retain(|id, _| !old.0.contains_key(id));
        self.0.extend(actual.0.iter().map(|(id, verdict)| (id.clone(), verdict.clone())));
        self
    }

    /// `301 cases: 298 OK, 3 INFORMATIONAL; close: ...`
    pub(crate) fn counts(&self) -> String {
        let behavior = counts(self.0.values().map(|verdict| verdict.behavior.as_str()));
        let close = counts(self.0.values().map(|verdict| verdict.close.as_str()));
        format!("{} cases: {behavior}; close: {close}", self.len())
    }

    /// One line for each case that `actual` has not, has besides these, or judges differently,
    /// and for each that is not acceptable whatever was expected.
    pub(crate) fn differences(&self, actual: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (id, expected) in &self.0 {
            match actual.0.get(id) {
                None => lines.push(format!("{}: missing", name(id))),
                Some(verdict) if verdict != expected => {
                    lines.push(format!("{}: {verdict}, expected {expected}", name(id)));
                }
                Some(_) => {}
            }
        }
        let unknown = actual.0.iter().filter(|(id, _)| !self.0.contains_key(*id));
        lines.extend(unknown.map(|(id, verdict)| format!("{}: {verdict}, not expected", name(id))));
        lines.extend(actual.unacceptable());
        lines
    }

    /// One line for each case that must not be so, even if it always was.
    pub(crate) fn unacceptable(&self) -> Vec<String> {
        let good = |word: &str| ["OK", "INFORMATIONAL"].contains(&word);
        let bad =
            self.0.iter().filter(|(_, verdict)| !good(&verdict.behavior) || !good(&verdict.close));
        bad.map(|(id, verdict)| format!("{}: {verdict} is never acceptable", name(id))).collect()
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (close {})", self.behavior, self.close)
    }
}

/// `  "6.4.1": {"behavior": "OK", "behaviorClose": "OK"},`
fn case(line: &str) -> Option<(Id, Verdict)> {
    let words: Vec<&str> = line.split('"').collect();
    let [
        "  ",
        id,
        ": {",
        "behavior",
        ": ",
        behavior,
        ", ",
        "behaviorClose",
        ": ",
        close,
        "}" | "},",
    ] = words.as_slice()
    else {
        return None;
    };
    let id = id.split('.').map(|part| part.parse().ok()).collect::<Option<Id>>()?;
    Some((id, Verdict { behavior: (*behavior).into(), close: (*close).into() }))
}

fn line(id: &Id, verdict: &Verdict) -> String {
    let Verdict { behavior, close } = verdict;
    format!(r#"  "{}": {{"behavior": "{behavior}", "behaviorClose": "{close}"}}"#, name(id))
}

fn name(id: &Id) -> String {
    id.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

fn counts<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    let mut text = String::new();
    for (word, count) in counts.iter().rev() {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{count} {word}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(cases: &[(&str, &str)]) -> Verdicts {
        let cases = cases.iter().map(|(id, behavior)| {
            format!(r#"  "{id}": {{"behavior": "{behavior}", "behaviorClose": "OK"}}"#)
        });
        let text = format!("{{\n{}\n}}\n", cases.collect::<Vec<_>>().join(",\n"));
        let verdicts = Verdicts::parse(&text).unwrap();
        assert_eq!(Verdicts::parse(&verdicts.to_json()).unwrap(), verdicts);
        verdicts
    }

    #[test]
    fn cases_are_in_the_order_of_the_suite() {
        let verdicts = verdicts(&[("10.1.1", "OK"), ("9.1.1", "OK"), ("2.10", "NON-STRICT")]);
        assert_eq!(verdicts.ids(), ["2.10", "9.1.1", "10.1.1"]);
        assert_eq!(verdicts.counts(), "3 cases: 2 OK, 1 NON-STRICT; close: 3 OK");
    }

    #[test]
    fn other_text_is_refused() {
        for text in
            ["", "{", "{\n  \"1.x\": {\"behavior\": \"OK\", \"behaviorClose\": \"OK\"}\n}", "{ 7 }"]
        {
            assert_eq!(Verdicts::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_difference_is_named() {
        let expected = verdicts(&[("1.1", "OK"), ("1.2", "OK"), ("1.3", "INFORMATIONAL")]);
        assert!(expected.differences(&expected).is_empty());
        let actual = verdicts(&[("1.2", "NON-STRICT"), ("1.3", "INFORMATIONAL"), ("1.4", "OK")]);
        assert_eq!(
            expected.differences(&actual),
            [
                "1.1: missing",
                "1.2: NON-STRICT (close OK), expected OK (close OK)",
                "1.4: OK (close OK), not expected",
                "1.2: NON-STRICT (close OK) is never acceptable"
            ]
        );
    }

    #[test]
    fn a_run_replaces_what_it_covers() {
        let expected = verdicts(&[("1.1", "OK"), ("1.2", "OK"), ("2.1", "OK")]);
        let old = expected.filter(|id| id.starts_with("1."));
        let replaced = expected.replaced(&old, &verdicts(&[("1.2", "NON-STRICT"), ("1.3", "OK")]));
        assert_eq!(replaced, verdicts(&[("1.2", "NON-STRICT"), ("1.3", "OK"), ("2.1", "OK")]));
    }

    #[test]
    fn failures_cannot_be_expected() {
        for verdict in ["FAILED", "UNIMPLEMENTED", "UNCLEAN"] {
            let verdicts = verdicts(&[("1.1", verdict), ("1.2", "INFORMATIONAL")]);
            assert_eq!(verdicts.differences(&verdicts).len(), 1, "{verdict}");
        }
    }
}
