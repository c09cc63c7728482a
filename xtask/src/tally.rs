//! Counting what passed, from what the test programs print.

use std::ops::AddAssign;

/// Numbers of tests, and the output of what failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// What to show about the failures.
    pub(crate) trouble: String,
}

impl Tally {
    /// One success.
    pub(crate) fn pass() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// One failure.
    pub(crate) fn fail(title: &str, output: &str) -> Self {
        let trouble = format!("--- {title}\n{}\n", output.trim_end());
        Self { failed: 1, trouble, ..Self::default() }
    }

    /// A part without any test has not passed.
    pub(crate) fn not_empty(self, what: &str) -> Self {
        match self.passed + self.failed + self.skipped {
            0 => Self::fail(what, "no tests found"),
            _ => self,
        }
    }

    /// Counts that must agree with the way the program ended.
    pub(crate) fn checked(mut self, title: &str, ok: bool, output: &str) -> Self {
        let silent = self.passed + self.failed + self.skipped == 0;
        if self.failed == 0 && (!ok || silent) {
            self.failed = 1;
        }
        if self.failed > 0 {
            self.trouble = format!("--- {title}\n{}\n", output.trim_end());
        }
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.trouble += &other.trouble;
    }
}

/// Lines of the Test Anything Protocol.
pub(crate) fn tap(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().map(str::trim_start) {
        let skip = line.to_ascii_lowercase().contains("# skip");
        if line.starts_with("not ok ") {
            tally.failed += 1;
        } else if line.starts_with("ok ") && skip {
            tally.skipped += 1;
        } else if line.starts_with("ok ") {
            tally.passed += 1;
        }
    }
    tally
}

/// The sum of all numbers before the words "passed", "failed" … in the lines that `select`
/// picks: the summaries of cargo, nextest and pytest.
pub(crate) fn summary(output: &str, select: impl Fn(&str) -> bool) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter(|line| select(line)) {
        let clean = line.replace([',', ';', '.', '=', ':'], " ");
        let words: Vec<&str> = clean.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed" | "xfailed" => tally.passed += number,
                "failed" | "error" | "errors" | "timed" | "xpassed" => tally.failed += number,
                "skipped" | "ignored" | "deselected" => tally.skipped += number,
                _ => {}
            }
        }
    }
    tally
}

/// The totals that tcltest prints: `all.tcl: Total 3 Passed 2 Skipped 0 Failed 1`.
pub(crate) fn tcltest(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter(|line| line.contains("\tTotal\t")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let number = pair[1].parse().unwrap_or(0);
            match pair[0] {
                "Passed" => tally.passed += number,
                "Failed" => tally.failed += number,
                "Skipped" => tally.skipped += number,
                _ => {}
            }
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(tally: &Tally) -> [usize; 3] {
        [tally.passed, tally.failed, tally.skipped]
    }

    #[test]
    fn tap_lines_are_counted() {
        let text = "1..4\nok 1 a\nnot ok 2 b\n# ok c\nok 3 d # SKIP no d\n  ok 4 e\nokay\n";
        assert_eq!(counts(&tap(text)), [2, 1, 1]);
    }

    #[test]
    fn summaries_are_counted() {
        let nextest = "  Summary [ 0.063s] 13 tests run: 11 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
        assert_eq!(counts(&summary(nextest, |line| line.contains("Summary"))), [11, 2, 2]);
        let cargo = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                     test result: ok. 4 passed; 2 failed; 0 ignored";
        assert_eq!(counts(&summary(cargo, |line| line.starts_with("test result"))), [7, 2, 1]);
        let pytest = "==== 2 failed, 31 passed, 1 skipped, 1 error in 0.12s ====";
        assert_eq!(counts(&summary(pytest, |line| line.starts_with("=="))), [31, 3, 1]);
    }

    #[test]
    fn tcltest_totals_are_counted() {
        let text = "all.tcl:\tTotal\t5\tPassed\t3\tSkipped\t1\tFailed\t1\n";
        assert_eq!(counts(&tcltest(text)), [3, 1, 1]);
    }

    #[test]
    fn a_crash_after_good_lines_is_a_failure() {
        assert_eq!(counts(&tap("ok 1 a\n").checked("a", false, "ok 1 a\n")), [1, 1, 0]);
        assert_eq!(counts(&tap("").checked("a", true, "")), [0, 1, 0]);
        assert_eq!(counts(&tap("ok 1 a\n").checked("a", true, "ok 1 a\n")), [1, 0, 0]);
    }
}
