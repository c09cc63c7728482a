//! `cargo xtask attacks`: the tests of attacks, and what each attack cost, in `docs/attacks.md`.

use crate::context::Context;
use crate::process::Done;
use std::fmt::Write;
use std::time::Duration;

/// Cargo builds before it tests.
const PATIENCE: Duration = Duration::from_secs(3600);
/// What a line of figures begins with, maybe behind the name of the test.
const MARK: &str = "attack | ";

/// The figures of one attack, of all its sizes the worst.
struct Row {
    id: String,
    what: String,
    /// The first size and the last.
    sizes: [String; 2],
    runs: usize,
    memory: u64,
    peak: u64,
    largest: u64,
    cpu_most: u64,
    cpu: f64,
}

/// Runs the tests, each in a process of its own, so that none finds buffers of another.
/// `Ok(false)`: one failed, and nothing is written.
pub(crate) fn run(context: &Context) -> Result<bool, String> {
    let list = test(context, &["--list", "--format", "terse"]);
    let names: Vec<_> =
        list.output.lines().filter_map(|line| line.trim().strip_suffix(": test")).collect();
    if !list.ok || names.is_empty() {
        return Err(format!("no tests of attacks:\n{}", list.output));
    }
    let mut output = String::new();
    for name in names {
        eprintln!("{name}");
        let done = test(context, &["--exact", name, "--nocapture"]);
        if !done.ok {
            println!("{}", done.output);
            return Ok(false);
        }
        output += &done.output;
    }
    let page = page(&rows(&output)?);
    println!("{page}");
    let path = context.root.join("docs/attacks.md");
    std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}

fn test(context: &Context, arguments: &[&str]) -> Done {
    let mut cargo = context.cargo();
    cargo.args(["test", "--quiet", "--package", "openck", "--test", "attacks", "--"]);
    cargo.args(arguments);
    context.run_for(PATIENCE, &mut cargo, "attacks")
}

fn rows(output: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    for line in output.lines() {
        let Some((_, figures)) = line.split_once(MARK) else { continue };
        let row = Row::parse(figures).ok_or_else(|| format!("no figures: {line}"))?;
        match rows.iter_mut().find(|other| (&other.id, &other.what) == (&row.id, &row.what)) {
            Some(other) => other.join(row),
            None => rows.push(row),
        }
    }
    rows.sort_by_key(|row| row.place());
    if rows.is_empty() { Err("the tests printed no figures".into()) } else { Ok(rows) }
}

impl Row {
    fn parse(figures: &str) -> Option<Self> {
        let fields: Vec<&str> = figures.split(" | ").map(str::trim).collect();
        let [id, what, size, memory, peak, largest, cpu_most, cpu] = *fields.as_slice() else {
            return None;
        };
        Some(Self {
            id: id.into(),
            what: what.into(),
            sizes: [size.into(), size.into()],
            runs: 1,
            memory: memory.parse().ok()?,
            peak: peak.parse().ok()?,
            largest: largest.parse().ok()?,
            cpu_most: cpu_most.parse().ok()?,
            cpu: cpu.parse().ok()?,
        })
    }

    fn join(&mut self, other: Self) {
        let [_, last] = other.sizes;
        self.sizes[1] = last;
        self.runs += 1;
        self.memory = self.memory.max(other.memory);
        self.peak = self.peak.max(other.peak);
        self.largest = self.largest.max(other.largest);
        self.cpu_most = self.cpu_most.max(other.cpu_most);
        self.cpu = self.cpu.max(other.cpu);
    }

    /// Lists in the order H, F, D, A; in each the number of the item.
    fn place(&self) -> (usize, u32) {
        let item = self.id.split(' ').next().unwrap_or_default();
        let list = ["H", "F", "D", "A"].iter().position(|list| item.starts_with(list)).unwrap_or(9);
        (list, item.trim_start_matches(char::is_alphabetic).parse().unwrap_or(u32::MAX))
    }

    fn size(&self) -> String {
        let [first, last] = &self.sizes;
        match self.runs {
            1 => first.clone(),
            runs if first == last => format!("{first} ({runs} runs)"),
            runs => format!("{first} to {last} ({runs} runs)"),
        }
    }
}

fn page(rows: &[Row]) -> String {
    let mut text = "\
# What attacks cost

Hostile servers and hostile arguments against the exported functions; written by `cargo xtask attacks` from the tests in `tests/attacks`, built
for debugging with the library at `opt-level` 1. Each test asserts both bounds. An attack that was run in several forms has one row, with the
worst figures: lengths from the first to the last, compression with and without context takeover.

Memory is counted by the allocator of the test program, which is the library's as well: the most bytes in use at once beyond what was in use
before, and the largest block that was asked for. A block that grows counts once. Processor time is that of the thread that makes the calls;
its bound is generous, as machines are busy, and fails what spins or is quadratic. The letters are those of the lists of attacks (H the
opening handshake, F frames, D permessage-deflate, A arguments), R the requirement. Attacks that cannot cost anything, such as a wrong first byte, have tests in
`tests/attacks` and no row here.

| item | attack | size | peak | at most | largest block | CPU ms | at most |
|---|---|---|---:|---:|---:|---:|---:|
"
    .to_owned();
    for row in rows {
        let Row { id, what, memory, peak, largest, cpu, cpu_most, .. } = row;
        let (peak, memory, largest) = (bytes(*peak), bytes(*memory), bytes(*largest));
        let size = row.size();
        let _ = writeln!(
            text,
            "| {id} | {what} | {size} | {peak} | {memory} | {largest} | {cpu:.1} | {cpu_most} |"
        );
    }
    text
}

fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} B"),
        10_240..10_485_760 => format!("{} KiB", count.div_ceil(1024)),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_joined() {
        let output = "\
test a ... attack | F10 R-1 | ten | 5 frames | 100 | 50 | 20 | 9 | 1.5
noise
attack | F2 R-2 | two | all | 100 | 50 | 20 | 9 | 1.5
attack | F10 R-1 | ten | 7 frames | 100 | 60 | 10 | 9 | 0.5";
        let rows = rows(output).unwrap();
        assert_eq!(
            rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
            ["F2 R-2", "F10 R-1"]
        );
        assert_eq!(rows[1].size(), "5 frames to 7 frames (2 runs)");
        assert_eq!((rows[1].peak, rows[1].largest, rows[1].cpu), (60, 20, 1.5));
        assert!(super::rows("attack | F1").is_err() && super::rows("").is_err());
    }
}
