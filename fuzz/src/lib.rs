//! What holds for any input: one function for each fuzz target, which panics when it does not hold.
//!
//! The targets in `fuzz_targets` and the tests in `tests` call the same functions.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a property fails")]

mod abi_calls;
#[path = "../../tests/abi_common/mod.rs"]
mod abi_common;
mod connection;
mod decoder;
mod deflate;
mod frame_header;
mod handshake_response;
mod http;
mod input;
mod mask;
#[path = "../../tests/proto_support/mod.rs"]
mod proto_support;
mod sending;
#[path = "../../tests/generated/static_calls.rs"]
mod static_calls;
mod utf8;

pub use abi_calls::abi_calls;
pub use connection::connection;
pub use decoder::decoder;
pub use deflate::deflate;
pub use frame_header::frame_header;
pub use handshake_response::handshake_response;
pub use http::http_head_and_body;
pub use mask::mask;
pub use utf8::utf8;
