//! `cargo xtask demo`: the same program in every language talks to an independent server, plain
//! and over TLS.

use crate::context::Context;
use crate::example::Language;
use crate::process::Done;
use crate::setup::{self, Need};
use crate::testserver::TestServer;
use std::process::Command;

const EXAMPLE: &str = "frames";

/// Runs the demonstration and prints each program's output. `Ok(false)`: one failed.
pub(crate) fn run(context: &Context, release: bool) -> Result<bool, String> {
    let missing = setup::ensure(context, &[Need::OpenSsl]);
    if !missing.is_empty() {
        setup::advise(&missing);
        return Err(format!("openck needs {}", Need::OpenSsl.name()));
    }
    context.build(release)?;
    let server = TestServer::start(context)?;
    let mut table = Vec::new();
    for language in Language::ALL {
        let missing = setup::ensure(context, &[language.need()]);
        if !missing.is_empty() {
            setup::advise(&missing);
            let state = format!("skipped (needs {})", language.need().name());
            table.push((language.name(), "", state, !context.ci));
            continue;
        }
        for (scheme, done) in run_language(context, language, &server)? {
            println!("\n== {} over {scheme}\n{}", language.name(), done.output.trim_end());
            let state = if done.ok { "ok" } else { "FAILED" };
            table.push((language.name(), scheme, state.to_owned(), done.ok));
        }
    }
    println!("\n{:10} {:4} result", "language", "");
    for (language, scheme, state, _) in &table {
        println!("{language:10} {scheme:4} {state}");
    }
    Ok(table.iter().all(|row| row.3))
}

fn run_language(
    context: &Context,
    language: Language,
    server: &TestServer,
) -> Result<Vec<(&'static str, Done)>, String> {
    let mut results = Vec::new();
    for (scheme, tls) in [("ws", "0"), ("wss", "1")] {
        let done = match language.prepare(context, EXAMPLE) {
            Err(done) => done,
            Ok(mut command) => {
                command.args(["localhost", &server.value(scheme)?, tls]);
                talk(context, command.arg(server.value("ca")?), language, scheme)
            }
        };
        results.push((scheme, done));
    }
    Ok(results)
}

fn talk(context: &Context, command: &mut Command, language: Language, scheme: &str) -> Done {
    context.run(command, &format!("demo-{}-{scheme}", language.name()))
}
