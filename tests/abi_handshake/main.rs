//! Opening handshakes that go wrong, through the exported functions: list H of the hostile
//! inputs, and what other libraries are known to have failed at.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod credentials;
mod dispose;
mod splitting;
mod statuses;
