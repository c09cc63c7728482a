//! The three spellings of text: `char`, `wchar_t` and UTF-16. Invalid text is refused, never bent.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::{CStr, c_char};

use super::ring::Buffer;
use super::types::wchar_t;
use crate::client::web_socket::{FrameText, TextToSend};
use crate::client::{Base, charset};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::utf8::is_utf8;

/// One spelling of text.
pub trait Text {
    /// What its strings are made of.
    type Unit: Copy + 'static;

    /// Reads NUL-terminated text, the argument `name` of a function.
    ///
    /// # Safety
    /// `units` is not NULL and points to text that ends with a NUL unit and outlives `'a`.
    unsafe fn read<'a>(name: &str, units: *const Self::Unit) -> Result<Cow<'a, str>>;

    /// The same for an argument that may be long.
    ///
    /// # Safety
    /// As [`Text::read`].
    unsafe fn read_long<'a>(name: &str, units: *const Self::Unit) -> Result<LongText<'a>> {
        // SAFETY: the caller's promise.
        unsafe { Self::read(name, units) }.map(LongText::Checked)
    }

    /// Appends the NUL and returns the buffer with a pointer to its first unit.
    #[doc(hidden)]
    fn write(text: Returned<'_>) -> (Kept, *const Self::Unit);
}

/// A text argument that may be long: a long one is checked while it is sent.
#[derive(Debug)]
pub enum LongText<'a> {
    /// Text.
    Checked(Cow<'a, str>),
    /// Bytes that should be UTF-8.
    Unchecked(&'a [u8]),
}

impl<'a> From<&'a LongText<'_>> for TextToSend<'a> {
    fn from(text: &'a LongText<'_>) -> Self {
        match text {
            LongText::Checked(text) => Self::Checked(text),
            LongText::Unchecked(bytes) => Self::Unchecked(bytes),
        }
    }
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

/// The same for an argument that may be long.
///
/// # Safety
/// As [`text`].
#[inline]
pub unsafe fn long_text<'a, T: Text>(name: &str, units: *const T::Unit) -> Result<LongText<'a>> {
    if units.is_null() {
        return Err(is_null(name));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    unsafe { T::read_long(name, units) }
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
        check(name, unsafe { CStr::from_ptr(units) }.to_bytes()).map(Cow::Borrowed)
    }

    #[inline]
    unsafe fn read_long<'a>(name: &str, units: *const c_char) -> Result<LongText<'a>> {
        if speaks_ansi() {
            // SAFETY: the caller's promise.
            return unsafe { Self::read(name, units) }.map(LongText::Checked);
        }
        // SAFETY: the caller's promise.
        let bytes = unsafe { CStr::from_ptr(units) }.to_bytes();
        if bytes.len() < LONG {
            return check(name, bytes).map(Cow::Borrowed).map(LongText::Checked);
        }
        Ok(LongText::Unchecked(bytes))
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

/// An argument that may be long is checked while it is used from this length on.
const LONG: usize = 16 * 1024;

#[inline]
fn check<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str> {
    if !is_utf8(bytes) {
        return Err(charset::not_utf8(name, bytes));
    }
    // SAFETY: UTF-8 by the check.
    Ok(unsafe { std::str::from_utf8_unchecked(bytes) })
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
    fn long_text_is_left_unchecked() {
        let read = |bytes: &[u8]| {
            let units: Vec<c_char> = bytes.iter().chain(&[0]).map(|b| *b as c_char).collect();
            // SAFETY: NUL-terminated; only lengths outlive it.
            match unsafe { long_text::<Utf8>("value", units.as_ptr()) }? {
                LongText::Checked(text) => Ok((text.len(), true)),
                LongText::Unchecked(bytes) => Ok((bytes.len(), false)),
            }
        };
        for len in [0, 1, LONG - 1, LONG, LONG + 1, 3 * LONG + 7] {
            let text: Vec<u8> = vec![b'a'; len];
            assert_eq!(read(&text).unwrap(), (len, len < LONG));
        }
        let mut bad = vec![b'a'; LONG - 1];
        bad[LONG - 2] = 0xFF;
        let error: Error = read(&bad).unwrap_err();
        let place = format!("value is not valid UTF-8: byte 0xFF at offset {}", LONG - 2);
        assert!(error.message().contains(&place), "{error}");
        bad.push(b'a');
        assert_eq!(read(&bad).unwrap(), (LONG, false));
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
