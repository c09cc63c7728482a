//! How many instructions a message takes, and in which functions: callgrind counts the same on a busy
//! machine as on an idle one.

use super::{PEERS, Server};
use crate::context::Context;
use crate::process::which;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

/// What is counted: direction, content and size.
const LOADS: [[&str; 3]; 6] = [
    ["receive", "binary", "64"],
    ["receive", "ascii", "64"],
    ["receive", "binary", "1024"],
    ["receive", "utf8", "1024"],
    ["send", "binary", "64"],
    ["send", "ascii", "1024"],
];
/// Two runs, so that what happens once in a run cancels out.
const COUNTS: [u32; 2] = [10_000, 30_000];
/// The loads whose functions are shown, and how many instructions make a function worth a row.
const SHOWN: usize = 2;
const WORTH_A_ROW: f64 = 8.0;

/// Instructions by function.
type Costs = HashMap<String, f64>;

/// A section of the page.
pub(super) fn section(
    context: &Context,
    program: &Path,
    server: &Server,
) -> Result<String, String> {
    let mut text = "\n## Instructions\n\n".to_owned();
    if which("valgrind").is_none() {
        text += "Not counted: there is no valgrind on the machine.\n";
        return Ok(text);
    }
    text += "Instructions of user code for each message, counted by callgrind, which takes the kernel's for nothing.\n\n\
             | load | bytes | content | openck | tungstenite |\n|---|---:|---|---:|---:|\n";
    let mut shown = String::new();
    for (place, load) in LOADS.iter().enumerate() {
        let [direction, content, size] = load;
        let mut totals = Vec::new();
        for peer in PEERS {
            let costs = per_message(context, program, peer, load, server)?;
            totals.push(costs.values().sum::<f64>());
            if place < SHOWN && peer == PEERS[0] {
                shown += &functions(load, &costs);
            }
        }
        let _ = writeln!(
            text,
            "| {direction} | {size} | {content} | {:.0} | {:.0} |",
            totals[0], totals[1]
        );
    }
    Ok(text + &shown)
}

fn functions([direction, content, size]: &[&str; 3], costs: &Costs) -> String {
    let mut rows: Vec<_> = costs.iter().filter(|(_, cost)| **cost >= WORTH_A_ROW).collect();
    rows.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
    let mut text = format!(
        "\nopenck, {direction} {size} {content}, by function (what is inlined counts for its caller):\n\n\
         | instructions | function |\n|---:|---|\n"
    );
    for (function, cost) in rows {
        let _ = writeln!(text, "| {cost:.0} | `{function}` |");
    }
    text
}

/// The difference of two runs, divided by that of their messages.
fn per_message(
    context: &Context,
    program: &Path,
    peer: &str,
    load: &[&str; 3],
    server: &Server,
) -> Result<Costs, String> {
    let [fewer, more] = COUNTS;
    let before = count(context, program, peer, load, server, fewer)?;
    let mut costs = count(context, program, peer, load, server, more)?;
    for (function, cost) in &mut costs {
        *cost -= before.get(function).copied().unwrap_or(0.0);
        *cost /= f64::from(more - fewer);
    }
    Ok(costs)
}

fn count(
    context: &Context,
    program: &Path,
    peer: &str,
    [direction, content, size]: &[&str; 3],
    server: &Server,
    count: u32,
) -> Result<Costs, String> {
    let out = context.work.join("callgrind.out");
    let mut command = context.command("valgrind");
    command
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(["client", peer, direction, content, size, &server.port, &count.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("callgrind: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = std::fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    Ok(costs(&text))
}

/// The own costs of each function in a file of callgrind.
fn costs(text: &str) -> Costs {
    let (mut names, mut costs) = (HashMap::new(), Costs::new());
    let mut function = String::new();
    let mut of_a_call = false;
    for line in text.lines() {
        if let Some(named) = line.strip_prefix("fn=") {
            // `fn=(7) name` the first time, `fn=(7)` then.
            let (id, name) = named.split_once(' ').unwrap_or((named, ""));
            if !name.is_empty() {
                names.insert(id.to_owned(), name.to_owned());
            }
            function = names.get(id).cloned().unwrap_or_default();
        } else if let Some(named) = line.strip_prefix("cfn=") {
            if let Some((id, name)) = named.split_once(' ') {
                names.insert(id.to_owned(), name.to_owned());
            }
        } else if line.starts_with("calls=") {
            of_a_call = true;
        } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<f64>().ok());
            if !std::mem::take(&mut of_a_call) {
                *costs.entry(function.clone()).or_default() += cost.unwrap_or(0.0);
            }
        }
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::costs;

    #[test]
    fn own_costs_are_told_from_those_of_calls() {
        let text = "positions: line\nevents: Ir\n\nfn=(1) main\n12 5\n+1 2\ncfn=(2) f\n\
                    calls=3 20\n14 900\n15 1\n\nfn=(2)\n20 30\n* 3\nfn=(1)\n16 1\n";
        let costs = costs(text);
        assert_eq!((costs["main"], costs["f"], costs.len()), (9.0, 33.0, 2));
    }
}
