//! Servers for the tests of every language: an independent echo server, a scripted server that
//! sends exactly the bytes it is told, and a certification authority made at test time.
//!
//! Everything listens on loopback at port 0 and no wait is endless.

#![forbid(unsafe_code)]
// A test server that cannot start must stop the test, with its reason.
#![allow(clippy::expect_used)]

pub mod echo;
pub mod head;
pub mod pki;
pub mod scenarios;
pub mod script;
pub mod server;
pub mod stream;
pub mod wire;

use std::time::Duration;

/// No wait of a scripted server is longer than this.
pub const WATCHDOG: Duration = Duration::from_secs(10);
