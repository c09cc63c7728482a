//! Every static export behind one signature: what gives its arguments, what takes its result.

use std::ffi::{c_char, c_int, c_uchar, c_ulong, c_void};

use openck::abi::wchar_t;

use super::{from_narrow, from_utf16, from_wide};

/// Gives the arguments of a call, one after the other; the first handle is the object itself.
pub(crate) trait Source {
    fn handle(&mut self, class: &'static str) -> *mut c_void;
    fn narrow(&mut self, name: &'static str) -> *const c_char;
    fn wide(&mut self, name: &'static str) -> *const wchar_t;
    fn utf16(&mut self, name: &'static str) -> *const u16;
    fn flag(&mut self) -> c_int;
    fn int(&mut self, name: &'static str) -> c_int;
    fn ulong(&mut self) -> c_ulong;
    fn int64(&mut self) -> i64;
    fn bytes(&mut self) -> (*const c_void, c_ulong);
}

/// One static export.
pub(crate) struct StaticCall {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) run: fn(&mut dyn Source) -> Given,
}

/// What a call returned.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Given {
    Nothing,
    Int(c_int),
    ULong(c_ulong),
    Handle(*mut c_void),
    Narrow(*const c_char),
    Wide(*const wchar_t),
    Utf16(*const u16),
    Bytes(*const c_uchar),
}

impl Given {
    /// Whether it is what a call on a bad handle gives.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Int(value) => value == 0,
            Self::ULong(value) => value == 0,
            Self::Handle(handle) => handle.is_null(),
            Self::Narrow(text) => text.is_null(),
            Self::Wide(text) => text.is_null(),
            Self::Utf16(text) => text.is_null(),
            Self::Bytes(bytes) => bytes.is_null(),
        }
    }

    /// The text, read to its NUL; it must be valid.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Narrow(text) => from_narrow(text),
            Self::Wide(text) => from_wide(text),
            Self::Utf16(text) => from_utf16(text),
            _ => None,
        }
    }
}
