//! The three spellings of text: `char`, `wchar_t` and UTF-16. Invalid text is refused, never bent.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::{CStr, c_char};

use super::ring::Buffer;
use super::types::wchar_t;
use crate::client::web_socket::FrameText;
use crate::client::{Base, charset};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::utf8::Utf8Stream;

/// One spelling of text.
pub trait Text {
    /// What its strings are made of.
    type Unit: Copy + 'static;

    /// Reads NUL-terminated text, the argument `name` of a function.
    ///
    /// # Safety
    /// `units` is not NULL and points to text that ends with a NUL unit and outlives `'a`.
    unsafe fn read<'a>(name: &str, units: *const Self::Unit) -> Result<Cow<'a, str>>;

    /// Appends the NUL and returns the buffer with a pointer to its first unit.
    #[doc(hidden)]
    fn write(text: Returned<'_>) -> (Kept, *const Self::Unit);
}

/// A text on its way out: a buffer to take over, or one to copy.
#[doc(hidden)]
pub enum Returned<'a> {
    Owned(String),
    Borrowed(&'a str),
    Received(FrameText),
}

impl From<String> for Returned<'_> {
    fn from(text: String) -> Self {
        Self::Owned(text)
    }
}

impl From<FrameText> for Returned<'_> {
    fn from(text: FrameText) -> Self {
        Self::Received(text)
    }
}

impl Returned<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Owned(text) => text,
            Self::Borrowed(text) => text,
            Self::Received(text) => text.as_str(),
        }
    }

    pub(super) fn into_string(self) -> String {
        match self {
            Self::Owned(text) => text,
            Self::Borrowed(text) => text.to_owned(),
            Self::Received(text) => text.into_string(),
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Owned(text) => text.into_bytes(),
            Self::Received(text) => text.into_bytes(),
            Self::Borrowed(text) => {
                let mut bytes = Vec::with_capacity(text.len() + 1);
                bytes.extend_from_slice(text.as_bytes());
                bytes
            }
        }
    }
}

/// A buffer that the ring keeps.
#[doc(hidden)]
pub struct Kept(pub(super) Buffer);

/// `const char *`: UTF-8; on Windows the ANSI code page while the object's `Utf8` is 0.
pub struct Utf8;
/// `const wchar_t *`: UTF-16 on Windows, UTF-32 elsewhere.
pub struct Wide;
/// `const uint16_t *`: UTF-16 on every platform.
pub struct Utf16;

/// Reads the text argument `name` of an exported function. NULL and invalid text are errors.
///
/// # Safety
/// `units` is NULL or points to text that ends with a NUL unit and outlives `'a`.
#[inline]
pub unsafe fn text<'a, T: Text>(name: &str, units: *const T::Unit) -> Result<Cow<'a, str>> {
    if units.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    unsafe { T::read(name, units) }
}

#[cold]
fn is_null(name: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("The text argument {name} is NULL."))
        .advise("Pass a text, an empty one where nothing is to be said.")
}

impl Text for Utf8 {
    type Unit = c_char;

    #[inline]
    unsafe fn read<'a>(name: &str, units: *const c_char) -> Result<Cow<'a, str>> {
        if speaks_ansi() {
            // SAFETY: the caller's promise.
            let bytes = unsafe { CStr::from_ptr(units) }.to_bytes();
            return charset::decode(bytes, "ansi").map(Cow::Owned);
        }
        // SAFETY: the caller's promise.
        unsafe { read_utf8(name, units) }.map(Cow::Borrowed)
    }

    fn write(text: Returned<'_>) -> (Kept, *const c_char) {
        let mut bytes = if speaks_ansi() {
            charset::encode_with_question_marks(text.as_str(), "ansi")
        } else {
            text.into_bytes()
        };
        bytes.push(0);
        let pointer = bytes.as_ptr().cast();
        (Kept(Buffer::Bytes(bytes)), pointer)
    }
}

thread_local! {
    static ANSI: Cell<bool> = const { Cell::new(false) };
}

/// Notes which narrow text the object of the running call speaks. Only Windows knows two kinds.
#[inline]
pub(super) fn speak_as(base: &Base) {
    if cfg!(windows) {
        let _ = ANSI.try_with(|ansi| ansi.set(!base.utf8()));
    }
}

#[inline]
fn speaks_ansi() -> bool {
    cfg!(windows) && ANSI.try_with(Cell::get).unwrap_or(false)
}

/// How much text is looked at together.
const BLOCK: usize = 16 * 1024;

/// Finds the NUL and checks the text block by block, so that a long one comes into the cache once.
///
/// # Safety
/// `units` points to text that ends with NUL and outlives `'a`.
#[inline]
unsafe fn read_utf8<'a>(name: &str, units: *const c_char) -> Result<&'a str> {
    let start = units.cast::<u8>();
    let mut utf8 = Utf8Stream::new();
    let mut len = 0;
    loop {
        // SAFETY: no byte before `len` is NUL, and strnlen stops at the NUL.
        let block = unsafe {
            let block = start.add(len);
            std::slice::from_raw_parts(block, libc::strnlen(block.cast(), BLOCK))
        };
        let valid = utf8.push(block).is_ok();
        len += block.len();
        let is_last = block.len() < BLOCK;
        if !valid || (is_last && !utf8.is_complete()) {
            // SAFETY: the caller's promise.
            return Err(not_utf8(name, unsafe { CStr::from_ptr(units) }.to_bytes()));
        }
        if is_last {
            // SAFETY: `len` bytes that were read and are UTF-8 by the check.
            return Ok(unsafe {
                std::str::from_utf8_unchecked(std::slice::from_raw_parts(start, len))
            });
        }
    }
}

#[cold]
fn not_utf8(name: &str, bytes: &[u8]) -> Error {
    let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    let byte = bytes.get(at).copied().unwrap_or_default();
    Error::new(
        ErrorKind::Text,
        format!("The text argument {name} is not valid UTF-8: byte 0x{byte:02X} at offset {at}."),
    )
    .advise("Convert the text to UTF-8 first, or pass bytes in a BinData.")
}

impl Text for Utf16 {
    type Unit = u16;

    unsafe fn read<'a>(name: &str, units: *const u16) -> Result<Cow<'a, str>> {
        // SAFETY: the caller's promise: a NUL unit ends the text.
        let units = unsafe { std::slice::from_raw_parts(units, length(units)) };
        decode_utf16(name, units).map(Cow::Owned)
    }

    fn write(text: Returned<'_>) -> (Kept, *const u16) {
        let mut units: Vec<u16> = Vec::with_capacity(text.as_str().len() + 1);
        units.extend(text.as_str().encode_utf16());
        units.push(0);
        let pointer = units.as_ptr();
        (Kept(Buffer::Units16(units)), pointer)
    }
}

fn decode_utf16(name: &str, units: &[u16]) -> Result<String> {
    let mut text = String::with_capacity(units.len());
    let mut at = 0;
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(c) => {
                text.push(c);
                at += c.len_utf16();
            }
            Err(error) => {
                return Err(not_unicode(name, u32::from(error.unpaired_surrogate()), at));
            }
        }
    }
    Ok(text)
}

#[cold]
fn not_unicode(name: &str, unit: u32, at: usize) -> Error {
    Error::new(
        ErrorKind::Text,
        format!(
            "The text argument {name} is not valid Unicode: unit 0x{unit:04X} at position {at}."
        ),
    )
    .advise("A surrogate must be one of a pair. Pass bytes in a BinData.")
}

/// How many units come before the NUL.
///
/// # Safety
/// `units` points to text that ends with a NUL unit.
unsafe fn length<U: Copy + PartialEq + Default>(units: *const U) -> usize {
    let mut n = 0;
    // SAFETY: every unit up to the NUL can be read.
    while unsafe { *units.add(n) } != U::default() {
        n += 1;
    }
    n
}

#[cfg(windows)]
impl Text for Wide {
    type Unit = wchar_t;

    unsafe fn read<'a>(name: &str, units: *const wchar_t) -> Result<Cow<'a, str>> {
        // SAFETY: the caller's promise.
        unsafe { Utf16::read(name, units) }
    }

    fn write(text: Returned<'_>) -> (Kept, *const wchar_t) {
        Utf16::write(text)
    }
}

#[cfg(not(windows))]
impl Text for Wide {
    type Unit = wchar_t;

    unsafe fn read<'a>(name: &str, units: *const wchar_t) -> Result<Cow<'a, str>> {
        // SAFETY: the caller's promise: a NUL unit ends the text.
        let units = unsafe { std::slice::from_raw_parts(units, length(units)) };
        let mut text = String::with_capacity(units.len());
        for (at, unit) in units.iter().enumerate() {
            let unit = *unit as u32;
            text.push(char::from_u32(unit).ok_or_else(|| not_unicode(name, unit, at))?);
        }
        Ok(Cow::Owned(text))
    }

    fn write(text: Returned<'_>) -> (Kept, *const wchar_t) {
        let mut units: Vec<u32> = Vec::with_capacity(text.as_str().len() + 1);
        units.extend(text.as_str().chars().map(u32::from));
        units.push(0);
        let pointer = units.as_ptr().cast();
        (Kept(Buffer::Units32(units)), pointer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Text>(units: &[T::Unit]) -> Result<String> {
        // SAFETY: every test passes NUL-terminated text.
        unsafe { text::<T>("value", units.as_ptr()) }.map(Cow::into_owned)
    }

    #[test]
    fn utf8_comes_in_and_goes_out() {
        let (_kept, pointer) = Utf8::write(Returned::Owned("gr\u{fc}n \u{1F980}".into()));
        // SAFETY: just written with its NUL.
        let back = unsafe { text::<Utf8>("value", pointer) }.unwrap();
        assert_eq!(back, "gr\u{fc}n \u{1F980}");
    }

    #[test]
    fn invalid_utf8_is_refused_with_its_offset() {
        let bytes = [b'a', 0xC0, 0x80, 0].map(|b| b as c_char);
        let error = read::<Utf8>(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Text);
        assert!(error.message().contains("0xC0 at offset 1"), "{error}");
    }

    #[test]
    fn long_text_is_checked_over_its_blocks() {
        let utf8 = |bytes: &[u8]| {
            let units: Vec<c_char> = bytes.iter().chain(&[0]).map(|b| *b as c_char).collect();
            read::<Utf8>(&units)
        };
        for len in [0, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 7] {
            let text = "a".repeat(len);
            assert_eq!(utf8(text.as_bytes()).unwrap(), text, "{len}");
        }
        for before in BLOCK - 4..=BLOCK {
            let text = "a".repeat(before) + "\u{1F980}b";
            assert_eq!(utf8(text.as_bytes()).unwrap(), text, "{before}");
            for cut in 1..4 {
                let part = text.as_bytes().get(..before + cut).unwrap();
                let error = utf8(part).unwrap_err();
                assert!(error.message().contains(&format!("offset {before}")), "{error}");
            }
            let mut bad = text.into_bytes();
            bad[before + 3] = b'c';
            assert!(utf8(&bad).is_err(), "{before}");
        }
        for at in [BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK] {
            let mut bad = vec![b'a'; 2 * BLOCK + 5];
            bad[at] = 0xFF;
            let error = utf8(&bad).unwrap_err();
            assert!(error.message().contains(&format!("0xFF at offset {at}")), "{error}");
        }
    }

    #[test]
    fn surrogates_must_be_paired() {
        assert_eq!(read::<Utf16>(&[0xD83E, 0xDD80, 0]).unwrap(), "\u{1F980}");
        for units in [&[0x61, 0xD83E, 0][..], &[0x61, 0xDD80, 0x62, 0]] {
            let error = read::<Utf16>(units).unwrap_err();
            assert!(error.message().contains("at position 1"), "{error}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn wide_text_refuses_what_is_no_character() {
        assert_eq!(read::<Wide>(&[0x1F980, 0]).unwrap(), "\u{1F980}");
        assert!(read::<Wide>(&[0xD800, 0]).is_err());
        assert!(read::<Wide>(&[0x11_0000, 0]).is_err());
        assert!(read::<Wide>(&[-1, 0]).is_err());
    }

    #[test]
    fn null_is_refused() {
        // SAFETY: NULL is allowed.
        assert!(unsafe { text::<Utf8>("value", std::ptr::null()) }.is_err());
    }
}
