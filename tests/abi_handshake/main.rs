//! Opening handshakes that go wrong, through the exported functions: list H of the hostile
//! inputs, and what other libraries are known to have failed at.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod credentials;
mod dispose;
mod limits;
mod splitting;
mod statuses;

use std::time::Duration;

use openck_test_support::script::{Action, ScriptServer};

use self::common::{Rest, Ws};

/// A server that does this once it has the request, and objects that are ready to ask it.
fn asked(then: &[Action]) -> (ScriptServer, Rest, Ws) {
    let script = [&[Action::ExpectRequest], then].concat();
    let server = ScriptServer::start(script);
    let (rest, ws) = prepared(server.port());
    (server, rest, ws)
}

fn prepared(port: u16) -> (Rest, Ws) {
    let rest = Rest::connected(port);
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    (rest, ws)
}

/// The processor time that this thread takes for it.
fn cpu_time_of(run: impl FnOnce()) -> Duration {
    let before = cpu_time();
    run();
    cpu_time() - before
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec to be filled.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}
