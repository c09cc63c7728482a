//! `cargo xtask bench`: openck against tungstenite over loopback, in interleaved rounds.
//!
//! Writes `docs/performance.md` from the medians, callgrind's counts and `benches/notes.md`, and each
//! round to `benches/rounds.csv`.

mod instructions;

use crate::context::Context;
use std::fmt::Write;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const ROUNDS: usize = 9;
const PEERS: [&str; 2] = ["openck", "tungstenite"];

/// One row of the table.
struct Row {
    direction: &'static str,
    content: &'static str,
    size: &'static str,
    /// Messages in a turn.
    count: u32,
    /// The peers take turns so often in a round: what else the machine does for a second or two is
    /// to befall both alike.
    turns: usize,
    /// Of each peer, a pair a round: messages per second, nanoseconds of CPU per message.
    rounds: [Vec<(f64, f64)>; 2],
}

/// Measures every load. `Ok(false)` never comes: a load that fails is an error.
pub(crate) fn run(context: &Context) -> Result<bool, String> {
    context.build(true)?;
    let mut cargo = context.cargo();
    cargo.args(["build", "--release", "--package", "openck-bench"]);
    if !cargo.status().is_ok_and(|status| status.success()) {
        return Err("the benchmark does not build".into());
    }
    let program = context.target.join("release/openck-bench");
    let server = Server::start(&program)?;
    let mut rows = rows();
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        for row in &mut rows {
            let mut turns = [const { Vec::new() }; 2];
            for turn in 0..row.turns * PEERS.len() {
                // Who is first changes from turn to turn: a b, b a, a b.
                let peer = (turn + turn / PEERS.len() + round) % PEERS.len();
                turns[peer].push(measure(context, &program, PEERS[peer], row, &server.port)?);
            }
            for (rounds, turns) in row.rounds.iter_mut().zip(turns) {
                rounds.push(together(&turns));
            }
        }
    }
    let write = |name: &str, text: String| {
        std::fs::write(context.root.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    write("benches/rounds.csv", raw(&rows))?;
    let mut page = page(&rows);
    page += &instructions::section(context, &program, &server)?;
    page.push('\n');
    page += include_str!("../../benches/notes.md");
    println!("{page}");
    write("docs/performance.md", page)?;
    Ok(true)
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    // Messages in a turn, and turns. In a short turn the beginning of a connection counts; and what a
    // send costs depends on whether the server sleeps.
    for (direction, loads) in [
        ("receive", [(3_000_000, 2), (2_000_000, 4), (2_000, 1)]),
        ("send", [(150_000, 2), (40_000, 16), (2_000, 1)]),
        ("echo", [(6_000, 8), (6_000, 16), (500, 1)]),
    ] {
        for (size, (count, turns)) in ["64", "1024", "1048576"].into_iter().zip(loads) {
            for content in ["binary", "ascii", "utf8"] {
                rows.push(Row {
                    direction,
                    content,
                    size,
                    count,
                    turns,
                    rounds: Default::default(),
                });
            }
        }
    }
    rows
}

struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(program: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        let spawned = command.arg("server").stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{}: {error}", program.display()))?;
        let mut port = String::new();
        if let Some(output) = child.stdout.take() {
            let read = BufReader::new(output).read_line(&mut port);
            read.map_err(|error| format!("the server's port: {error}"))?;
        }
        Ok(Self { child, port: port.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rate and CPU of turns of the same number of messages.
fn together(turns: &[(f64, f64)]) -> (f64, f64) {
    let count = turns.len() as f64;
    let time: f64 = turns.iter().map(|(rate, _)| rate.recip()).sum();
    let cpu: f64 = turns.iter().map(|(_, cpu)| cpu).sum();
    (count / time, cpu / count)
}

/// One turn.
fn measure(
    context: &Context,
    program: &Path,
    peer: &str,
    row: &Row,
    port: &str,
) -> Result<(f64, f64), String> {
    let count = row.count.to_string();
    let mut command = context.command(program);
    command.args(["client", peer, row.direction, row.content, row.size, port, &count]);
    let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|n| n.parse().ok()).collect();
    match numbers.as_slice() {
        [rate, cpu] if output.status.success() => Ok((*rate, *cpu)),
        _ => Err(format!(
            "{peer} {} failed: {}",
            row.name(),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

impl Row {
    fn name(&self) -> String {
        format!("{} {} {}", self.direction, self.size, self.content)
    }

    /// The median over the rounds of one number of one peer.
    fn median(&self, peer: usize, number: fn(&(f64, f64)) -> f64) -> f64 {
        median(self.rounds[peer].iter().map(number).collect())
    }

    /// openck over tungstenite, round by round: median, least and greatest.
    fn ratio(&self, number: fn(&(f64, f64)) -> f64) -> (f64, f64, f64) {
        let [ours, theirs] = &self.rounds;
        let ratios: Vec<f64> =
            ours.iter().zip(theirs).map(|(a, b)| number(a) / number(b)).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().copied().fold(0.0, f64::max);
        (median(ratios), least, greatest)
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn raw(rows: &[Row]) -> String {
    let mut text =
        "direction,size,content,round,peer,messages_per_second,cpu_ns_per_message\n".to_owned();
    for row in rows {
        for (peer, rounds) in PEERS.iter().zip(&row.rounds) {
            for (round, (rate, cpu)) in rounds.iter().enumerate() {
                let (direction, size, content) = (row.direction, row.size, row.content);
                let _ = writeln!(
                    text,
                    "{direction},{size},{content},{},{peer},{rate},{cpu}",
                    round + 1
                );
            }
        }
    }
    text
}

/// The processor, where the system tells. Its vector instructions decide what checking UTF-8 costs.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, value)| value.trim())
    };
    let with = if field("flags").contains("avx512vbmi") { "with" } else { "without" };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores of {}, {with} AVX-512", field("model name"))
}

fn page(rows: &[Row]) -> String {
    let mut text = "\
# Performance

openck through the exported C functions of its shared library against tungstenite, which is used directly from Rust, over loopback; written
by `cargo xtask bench`.
Nine rounds, in each of which the two take turns, up to sixteen times; a ratio is the median of the rounds' ratios openck / tungstenite, with the least and the greatest. CPU is user and
system time of the client per message. For each message received, openck makes the six calls of a program: ReadFrame, FinalFrame,
FrameOpcodeInt, FrameDataLen, then GetFrameData and ReadFrameFailReason, or GetFrameDataBd and Clear. Each round is in `benches/rounds.csv`.
Measured on {machine}; on Linux the server has one to itself, the clients another.

| load | bytes | content | messages/s | ratio | CPU ns/message | ratio |
|---|---:|---|---:|---|---:|---|
"
    .replace("{machine}", &machine());
    for row in rows {
        let (rate, cpu) = (row.median(0, |pair| pair.0), row.median(0, |pair| pair.1));
        let (r, r_least, r_most) = row.ratio(|pair| pair.0);
        let (c, c_least, c_most) = row.ratio(|pair| pair.1);
        let (direction, size, content) = (row.direction, row.size, row.content);
        let _ = writeln!(
            text,
            "| {direction} | {size} | {content} | {rate:.0} | {r:.2} ({r_least:.2} to {r_most:.2}) \
             | {cpu:.0} | {c:.2} ({c_least:.2} to {c_most:.2}) |"
        );
    }
    text
}
