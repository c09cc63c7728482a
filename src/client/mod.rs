//! The classes of the API: plain Rust with Rust names, usable without the C ABI.
#![forbid(unsafe_code)]

pub mod base;
pub mod bin_data;
pub(crate) mod charset;
pub mod ck_byte_data;
pub mod ck_string;
mod content;
mod encoding;
pub mod frame_status;
pub mod global;
mod outcome;
pub mod report;
pub mod rest;
pub mod string_builder;
pub mod web_socket;

pub use base::Base;
pub use bin_data::BinData;
pub use ck_byte_data::CkByteData;
pub use ck_string::CkString;
pub use frame_status::FrameStatus;
pub use global::Global;
pub use rest::Rest;
pub use string_builder::StringBuilder;
pub use web_socket::WebSocket;

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
