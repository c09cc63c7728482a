//! `autobahn PORT JOBS`: goes through every case of the fuzzing server on 127.0.0.1, JOBS at a
//! time, then has it write its reports. The server judges; this program only fails when a case
//! cannot be run or does not end. `cargo xtask autobahn` starts both.

mod session;

use session::Session;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const AGENT: &str = "openck";

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("{failures} cases did not run to their end");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns how many cases went wrong.
fn run() -> Result<usize, String> {
    let numbers: Option<Vec<u16>> =
        std::env::args().skip(1).map(|word| word.parse().ok()).collect();
    let Some([port, jobs]) = numbers.as_deref() else {
        return Err("usage: autobahn PORT JOBS".into());
    };
    let count = Session::open(*port, "/getCaseCount")?.text()?;
    let count: usize = count.parse().map_err(|_| format!("the server counts {count} cases"))?;
    let (next, failures) = (AtomicUsize::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..*jobs {
            scope.spawn(|| {
                while let Some(case) = take(&next, count) {
                    if let Err(error) = run_case(*port, case) {
                        eprintln!("case {case}: {error}");
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // The server writes its reports before it answers with a Close.
    Session::open(*port, &format!("/updateReports?agent={AGENT}"))?.echo()?;
    println!("{count} cases");
    Ok(failures.into_inner())
}

fn take(next: &AtomicUsize, count: usize) -> Option<usize> {
    let case = next.fetch_add(1, Ordering::Relaxed);
    (case <= count).then_some(case)
}

fn run_case(port: u16, case: usize) -> Result<(), String> {
    Session::open(port, &format!("/runCase?case={case}&agent={AGENT}"))?.echo()
}
