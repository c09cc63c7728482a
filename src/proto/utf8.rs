//! UTF-8 that arrives in pieces, RFC 6455 8.1, R-38.

mod ascii;
mod common;
mod masked;

use ascii::is_ascii;
pub use masked::copy_masked;

/// The bytes are not UTF-8, and no further bytes can make them so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid;

/// Checks one text that arrives in pieces, which may be cut anywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Utf8Stream {
    /// The start of a character whose other bytes have not arrived.
    open: [u8; 4],
    len: u8,
}

impl Utf8Stream {
    /// The check at the start of a text.
    pub const fn new() -> Self {
        Self { open: [0; 4], len: 0 }
    }

    /// Takes the next piece; fails as soon as no continuation could make the text valid.
    #[inline]
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Invalid> {
        if self.len == 0 && is_ascii(piece) {
            return Ok(());
        }
        self.push_any(piece)
    }

    /// Ends the text: fails when a character is incomplete. Ready for the next text then.
    #[inline]
    pub fn finish(&mut self) -> Result<(), Invalid> {
        let complete = self.is_complete();
        self.reset();
        if complete { Ok(()) } else { Err(Invalid) }
    }

    /// Whether no character is open.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.len == 0
    }

    /// Forgets the text.
    #[inline]
    pub fn reset(&mut self) {
        self.len = 0;
    }

    fn push_any(&mut self, piece: &[u8]) -> Result<(), Invalid> {
        let rest = if self.is_complete() { piece } else { self.close_character(piece)? };
        let (whole, tail) = rest.split_at(rest.len() - cut_tail(rest));
        if !is_utf8_beyond_ascii(whole) {
            return Err(Invalid);
        }
        if tail.is_empty() { Ok(()) } else { self.close_character(tail).map(|_| ()) }
    }

    /// Adds bytes until a character is complete or there are no more; what is left.
    #[inline(never)]
    fn close_character<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], Invalid> {
        let mut rest = piece;
        while let Some((&byte, more)) = rest.split_first() {
            self.open_character(byte)?;
            rest = more;
            if self.is_complete() {
                break;
            }
        }
        Ok(rest)
    }

    /// Adds a byte to the incomplete character.
    fn open_character(&mut self, byte: u8) -> Result<(), Invalid> {
        let slot = self.open.get_mut(usize::from(self.len)).ok_or(Invalid)?;
        *slot = byte;
        self.len += 1;
        let bytes = self.open.get(..usize::from(self.len)).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(_) => self.len = 0,
            // Only an incomplete character has no length of its fault: E0 80 and F4 90 have.
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return Err(Invalid),
        }
        Ok(())
    }
}

/// How much text is checked in general when it is not of the common kind, before it is tried again.
const STRETCH: usize = 4096;

/// Whether a whole text is UTF-8.
#[inline]
pub fn is_utf8(text: &[u8]) -> bool {
    is_ascii(text) || is_utf8_beyond_ascii(text)
}

#[inline]
fn is_utf8_beyond_ascii(text: &[u8]) -> bool {
    let known = common::known_len(text);
    known == text.len() || is_utf8_in_general(text.split_at(known).1)
}

#[inline(never)]
fn is_utf8_in_general(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let (stretch, more) = split_stretch(rest);
        if simdutf8::basic::from_utf8(stretch).is_err() {
            return false;
        }
        rest = more.split_at(common::known_len(more)).1;
    }
    true
}

/// The next stretch, which cuts no character, and what follows it.
fn split_stretch(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.get(..STRETCH).map_or(text.len(), |stretch| STRETCH - cut_tail(stretch));
    text.split_at(len)
}

/// How many bytes at the end belong to a character that does not end there.
#[inline]
fn cut_tail(bytes: &[u8]) -> usize {
    match bytes {
        [.., 0xC0..=0xFF] => 1,
        [.., 0xE0..=0xFF, 0x80..=0xBF] => 2,
        [.., 0xF0..=0xFF, 0x80..=0xBF, 0x80..=0xBF] => 3,
        _ => 0,
    }
}
