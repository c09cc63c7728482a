//! Everything between the exported functions and the classes: handles, panics, text, results.
//!
//! The generated exports are one call into this module each. Nothing here knows a single member.

mod call;
mod dynamic;
mod handle;
mod ring;
mod slot;
mod text;
pub mod types;

pub use call::{
    Scalar, bytes, call, call_bytes_into, call_int, call_ptr, call_query, call_text,
    call_text_into, call_ulong, call_void, create, dispose, dispose_handle, flag, get, get_text,
    get_text_into, last_error_text, last_error_text_into, object, put, raw_bytes, scalar, ulong,
};
pub use dynamic::{
    Arg, Args, BadCall, IntoValue, Kind, Member, Role, Value, check, dynamic, dynamic_get,
    dynamic_put,
};
pub use handle::{Handle, Pinned, Registered};
pub use text::{LongText, Text, Utf8, Utf16, Wide, long_text, text};
pub use types::*;
