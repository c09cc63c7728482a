//! The test servers as a program, for tests that are not written in Rust.
//!
//! Prints one line of JSON with the ports, the path of the CA's certificate and a folder that also
//! holds the good certificate and its key (`good.pem`, `good.key`), and runs until its standard
//! input is closed, so that it never outlives its parent.
//!
//! `--ws-port N` (or `--port N`) and `--wss-port N` fix a port; `--name HOST` adds a name to the
//! good certificate.

use openck_test_support::pki::{Kind, Pki};
use openck_test_support::scenarios;
use openck_test_support::server::Server;
use openck_test_support::wait_for_parent;
use std::error::Error;
use std::io::Write;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let names: Vec<&str> = options.names.iter().map(String::as_str).collect();
    let pki = Pki::new(&names);
    let dir = std::env::temp_dir().join(format!("openck-test-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let ca = pki.write_ca(&dir)?;
    let good = pki.identity(Kind::Good);
    good.write(&dir, Kind::Good.name())?;

    let ws = scenarios::start(options.ws_port, None)?;
    let mut line = format!("{{\"ws\":{}", ws.port());
    let mut servers = vec![ws];
    for kind in Kind::ALL {
        let port = if kind == Kind::Good { options.wss_port } else { 0 };
        let server = scenarios::start(port, Some(pki.identity(kind).server_config()))?;
        line += &format!(",\"{}\":{}", key(kind), server.port());
        servers.push(server);
    }
    let old = pki.identity(Kind::Good).server_config_for(&[&rustls::version::TLS12]);
    servers.push(scenarios::start(0, Some(old))?);
    line += &format!(",\"wss_tls12\":{}", servers.last().map_or(0, Server::port));
    println!("{line},\"ca\":{:?},\"dir\":{:?}}}", ca.display(), dir.display());
    std::io::stdout().flush()?;

    wait_for_parent();
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn key(kind: Kind) -> String {
    match kind {
        Kind::Good => "wss".into(),
        other => format!("wss_{}", other.name()),
    }
}

#[derive(Default)]
struct Options {
    ws_port: u16,
    wss_port: u16,
    names: Vec<String>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--port" | "--ws-port" => options.ws_port = value.parse()?,
                "--wss-port" => options.wss_port = value.parse()?,
                "--name" => options.names.push(value),
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(options)
    }
}
