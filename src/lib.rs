//! openck: a drop-in WebSocket client library behind a C ABI.
//!
//! Arrows point one way: `ffi, tcl -> abi -> client -> {proto, net} -> {error, log, sync}`.
//! `docs/architecture.md` tells what each part is for.

pub mod abi;
pub mod client;
pub mod error;
pub mod ffi;
pub mod log;
pub mod net;
pub mod proto;
pub mod sync;
pub mod tcl;
