//! client

pub mod base;
pub mod bin_data;
pub mod ck_byte_data;
pub mod ck_string;
pub mod global;
pub mod string_builder;

mod charset;
mod content;
mod encoding;

/// A class of the API.
pub trait Class: Send + Sync + 'static {
    /// A new object with the defaults of its class.
    fn new_object() -> Self;
    /// What every object has.
    fn base(&self) -> &base::Base;
}
