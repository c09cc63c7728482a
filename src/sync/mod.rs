//! Synchronisation that costs a thread nothing while no other thread is near.
//!
//! A locked instruction takes longer than all else that a call on a small message does. Here the
//! usual path has none: a thread announces what it does by a plain store, and whoever must know
//! pays for a barrier in all threads, where the system has such. The only unsafe code beside that of `net`, `abi`, `ffi` and `tcl`.

pub mod barrier;
pub mod mutex;
pub mod thread;

pub use mutex::{Mutex, MutexGuard};
