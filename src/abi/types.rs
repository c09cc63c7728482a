//! The C types of the exported functions, under the names that the headers show.
#![allow(non_camel_case_types)]

use std::ffi::{c_int, c_void};

/// A C truth value: 0 is false, anything else is true; openck returns exactly 0 or 1.
pub type BOOL = c_int;

/// The unit of wide text: 16 bits on Windows, 32 bits elsewhere.
#[cfg(windows)]
pub type wchar_t = u16;
/// The unit of wide text: 16 bits on Windows, 32 bits elsewhere.
#[cfg(not(windows))]
pub type wchar_t = libc::wchar_t;

macro_rules! handles {
    ($($narrow:ident $wide:ident $utf16:ident)*) => { $(
        /// A handle; never a pointer to be followed.
        pub type $narrow = *mut c_void;
        /// The same handle, as the `wchar_t` functions spell it.
        pub type $wide = *mut c_void;
        /// The same handle, as the UTF-16 functions spell it.
        pub type $utf16 = *mut c_void;
    )* };
}

handles! {
    HCkWebSocket HCkWebSocketW HCkWebSocketU
    HCkRest HCkRestW HCkRestU
    HCkBinData HCkBinDataW HCkBinDataU
    HCkStringBuilder HCkStringBuilderW HCkStringBuilderU
    HCkGlobal HCkGlobalW HCkGlobalU
    HCkString HCkStringW HCkStringU
    HCkByteData HCkByteDataW HCkByteDataU
}
