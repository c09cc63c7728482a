//! The Rest class through its exported functions, against the scripted server.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod request;
mod response;
mod secrets;
mod steps;

use openck_test_support::script::{Action, ScriptServer};

use self::common::Rest;

/// A Rest connected to a server that answers one request with these bytes and then listens.
fn served(response: &[u8]) -> (ScriptServer, Rest) {
    let script = vec![Action::ExpectRequest, Action::Send(response.to_vec()), Action::Stall];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    (server, rest)
}
