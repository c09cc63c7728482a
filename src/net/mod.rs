//! Everything that touches the outside, as non-blocking steps and one place that waits.
//!
//! A step does what can be done now and says what it waits for; [`wait::block_on`] is the one
//! loop around steps. No lock is held while waiting.

pub mod buffer;
mod certificate;
pub mod connection;
pub mod dial;
pub mod http1;
mod lookup;
pub mod pool;
mod server_hello;
pub(crate) mod spare;
mod sys;
pub mod tls;
pub mod wait;
