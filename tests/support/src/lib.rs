//! Servers for the tests of every language: an independent echo server, a scripted server that
//! sends exactly the bytes it is told, and a certification authority made at test time.
//!
//! Everything listens on loopback at port 0 and no wait is endless.

#![forbid(unsafe_code)]
// A test server that cannot start must stop the test, with its reason.
#![allow(clippy::expect_used)]

pub mod conversation;
pub mod echo;
pub mod head;
pub mod pki;
pub mod scenarios;
pub mod script;
pub mod server;
pub mod stream;
pub mod wire;

use std::io::Read;
use std::time::Duration;

/// No wait of a scripted server is longer than this.
pub const WATCHDOG: Duration = Duration::from_secs(10);

/// Waits until the standard input is closed, so that a server never outlives its parent.
pub fn wait_for_parent() {
    let mut buffer = [0; 256];
    while std::io::stdin().read(&mut buffer).is_ok_and(|n| n > 0) {}
}
