//! Compression and limits through the exported functions, against scripted servers.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../proto_support/inflate.rs"]
mod inflate;

mod limits;
mod offer;
mod session;

use common::{Rest, Ws};
use openck_test_support::script::{Action, ScriptServer, Upgrade};

const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// The answer to an opening request that has this in its Sec-WebSocket-Extensions.
fn agreeing(answer: &str) -> Upgrade {
    Upgrade::default().with(EXTENSIONS, answer)
}

/// What the handshake comes to: the server answers like this and then plays these steps.
fn handshake(ws: &Ws, upgrade: Upgrade, steps: &[Action]) -> (ScriptServer, Rest, bool) {
    let mut script = vec![Action::ExpectRequest, Action::SendUpgrade(upgrade)];
    script.extend(steps.iter().cloned());
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    ws.set_idle_ms(10_000);
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    rest.get("/");
    let valid = ws.validate();
    assert_eq!(ws.is_connected(), valid);
    (server, rest, valid)
}

/// A session with compression; the server agrees with these parameters and then plays these steps.
#[track_caller]
fn compressed(parameters: &str, prepare: impl FnOnce(&Ws), steps: &[Action]) -> (ScriptServer, Ws) {
    let ws = Ws::new();
    ws.set_deflate(true);
    prepare(&ws);
    let answer = format!("permessage-deflate{parameters}");
    let (server, _rest, valid) = handshake(&ws, agreeing(&answer), steps);
    assert!(valid, "{}", ws.error());
    (server, ws)
}
