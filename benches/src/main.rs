//! One side of a measurement: the server, or one client doing one load.
//!
//!     openck-bench server                                    prints its port
//!     openck-bench client openck receive binary 64 PORT COUNT
//!
//! A client prints one line: messages per second, and nanoseconds of its own CPU per message.
//! `cargo xtask bench` runs both in many rounds and writes the table.

mod cores;
mod load;
mod openck_client;
mod server;
mod tungstenite_client;

use std::process::ExitCode;

use load::{Direction, Load};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let run = match args.as_slice() {
        ["server"] => {
            cores::keep_to(1);
            server::run()
        }
        ["client", peer, direction, content, size, port, count] => {
            cores::keep_to(0);
            client(peer, direction, content, size, port, count)
        }
        _ => {
            Err("usage: openck-bench server | client PEER DIRECTION CONTENT SIZE PORT COUNT".into())
        }
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("openck-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn client(
    peer: &str,
    direction: &str,
    content: &str,
    size: &str,
    port: &str,
    count: &str,
) -> Result<(), Failure> {
    let load = Load::parse(direction, content, size, count)?;
    let port = port.parse()?;
    let measured = match peer {
        "openck" => openck_client::run(&load, port)?,
        "tungstenite" => tungstenite_client::run(&load, port)?,
        _ => return Err(format!("no such peer: {peer}").into()),
    };
    let count = load.count as f64;
    let (seconds, cpu) = (measured.wall.as_secs_f64(), measured.cpu.as_nanos() as f64);
    println!("{:.1} {:.1}", count / seconds, cpu / count);
    Ok(())
}

impl Direction {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "receive" => Some(Self::Receive),
            "send" => Some(Self::Send),
            "echo" => Some(Self::Echo),
            _ => None,
        }
    }
}
