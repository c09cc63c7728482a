//! Hostile servers and hostile arguments through the exported functions, with what they cost.
//!
//! `cargo xtask attacks` runs this program and writes the figures to `docs/attacks.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

#[path = "../abi_common/mod.rs"]
mod abi_common;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../proto_support/peer.rs"]
mod peer;
#[path = "../generated/static_calls.rs"]
mod static_calls;
#[path = "../proto_support/tables.rs"]
mod tables;

mod abi;
mod deflate;
mod floods;
mod frames;
mod heads;
mod hostile;
mod lengths;
mod masks;
mod texts;
mod waits;

/// A frame of a server, for `peer`.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    openck_test_support::wire::raw_frame(first, None, payload)
}
