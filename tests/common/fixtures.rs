//! Sessions, servers and waits for the tests.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use openck_test_support::script::{Action, ScriptServer, Upgrade};

use super::{Rest, Ws};

/// All these words are in the text.
#[track_caller]
pub(crate) fn expect_words(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

/// What happened, and what to do about it, are in the text.
#[track_caller]
pub(crate) fn expect_advice(text: &str) {
    expect_words(text, &["error: ", "what to do: ", "result: Failed."]);
}

/// Makes the opening handshake on a connected Rest.
#[track_caller]
pub(crate) fn upgrade(rest: &Rest, path: &str) -> Ws {
    upgrade_with(rest, path, |_| {})
}

/// The same with a WebSocket that was prepared.
#[track_caller]
pub(crate) fn upgrade_with(rest: &Rest, path: &str, prepare: impl FnOnce(&Ws)) -> Ws {
    let ws = Ws::new();
    ws.set_idle_ms(10_000);
    prepare(&ws);
    assert!(ws.use_connection(rest), "{}", ws.error());
    assert!(ws.add_client_headers(), "{}", ws.error());
    rest.get(path);
    assert_eq!(rest.status(), 101, "{}", rest.error());
    assert!(ws.validate(), "{}", ws.error());
    assert!(ws.is_connected());
    ws
}

/// A server that does this once it has the request, and objects that are ready to ask it.
#[track_caller]
pub(crate) fn asked(then: &[Action]) -> (ScriptServer, Rest, Ws) {
    let server = ScriptServer::start([&[Action::ExpectRequest], then].concat());
    let (rest, ws) = prepared(server.port());
    (server, rest, ws)
}

/// A Rest that is connected and has the headers of the handshake.
#[track_caller]
pub(crate) fn prepared(port: u16) -> (Rest, Ws) {
    let rest = Rest::connected(port);
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    (rest, ws)
}

/// Opens a session without TLS.
#[track_caller]
pub(crate) fn open(port: u16, path: &str) -> Ws {
    upgrade(&Rest::connected(port), path)
}

/// A right handshake, then these steps.
pub(crate) fn after_upgrade(steps: &[Action]) -> Vec<Action> {
    let opening = [Action::ExpectRequest, Action::SendUpgrade(Upgrade::default())];
    opening.into_iter().chain(steps.iter().cloned()).collect()
}

/// A session with a server that plays these steps after the handshake.
#[track_caller]
pub(crate) fn scripted(steps: &[Action]) -> (ScriptServer, Ws) {
    let server = ScriptServer::start(after_upgrade(steps));
    let ws = open(server.port(), "/");
    (server, ws)
}

/// Runs a test and fails it when it takes too long.
pub(crate) fn watched(seconds: u64, test: impl FnOnce() + Send + 'static) {
    let (done, finished) = channel();
    let runner = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(seconds)) {
        Err(RecvTimeoutError::Timeout) => panic!("the watchdog ended the test"),
        _ => runner.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}

/// Waits until `condition` holds, for a bounded time.
#[track_caller]
pub(crate) fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not come true in 10 seconds");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A file of its own for a test, removed at its end.
pub(crate) struct TestFile(PathBuf);

impl TestFile {
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("openck-{}-{name}", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
