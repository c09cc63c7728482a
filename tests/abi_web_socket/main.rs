//! The WebSocket class through its exported functions, against the scripted server and tungstenite.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod close;
mod control;
mod echo;
mod frames;
mod handshake;
mod handshake_input;
mod lent;
mod order;
