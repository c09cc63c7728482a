//! UTF-8 that arrives in pieces, RFC 6455 8.1, R-38.

mod ascii;
mod common;

use ascii::is_ascii;

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
        let mut rest = piece;
        while self.len != 0 {
            let Some((&byte, more)) = rest.split_first() else { return Ok(()) };
            self.open_character(byte)?;
            rest = more;
        }
        let whole = rest.len() - cut_tail(rest);
        let (whole, tail) = rest.split_at(whole);
        if !is_utf8(whole) {
            return Err(Invalid);
        }
        tail.iter().try_for_each(|byte| self.open_character(*byte))
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

fn is_utf8(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = rest.split_at(common::known_len(rest)).1;
        if rest.is_empty() {
            return true;
        }
        let whole = match rest.get(..STRETCH) {
            Some(stretch) => STRETCH - cut_tail(stretch),
            None => rest.len(),
        };
        let (stretch, more) = rest.split_at(whole);
        if simdutf8::basic::from_utf8(stretch).is_err() {
            return false;
        }
        rest = more;
    }
}

/// How many bytes at the end belong to a character that does not end there.
#[inline]
fn cut_tail(bytes: &[u8]) -> usize {
    for (back, byte) in bytes.iter().rev().take(3).enumerate() {
        let needed = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        return if back + 1 < needed { back + 1 } else { 0 };
    }
    0
}
