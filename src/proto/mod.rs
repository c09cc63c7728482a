//! The WebSocket protocol without I/O: bytes in, events and bytes out.
//!
//! No sockets, no clock, no threads, no unsafe code. [`receiver`] takes what arrived apart,
//! [`sender`] puts together what goes out, [`handshake`] checks the opening.
#![forbid(unsafe_code)]

pub mod close;
pub mod deflate;
pub mod extension;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod receiver;
pub mod sender;
pub mod utf8;
