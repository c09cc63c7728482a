//! The classes of the API: plain Rust with Rust names, usable without the C ABI.
#![forbid(unsafe_code)]

pub mod base;
pub mod frame_status;
mod outcome;
pub mod report;

pub use base::Base;
pub use frame_status::FrameStatus;

/// What every class of the API offers to the ABI.
pub trait Class: Send + Sync + 'static {
    /// A new object with the documented defaults.
    fn new_object() -> Self;

    /// The members that all classes share.
    fn base(&self) -> &Base;

    /// Uses `status` for the facts about the last frame, so that they can be read without a lock.
    fn attach(&mut self, _status: &'static FrameStatus) {}

    /// Ends every call that waits on this object. Called when the object is disposed.
    fn cancel(&self) {}
}
