//! Tcl's own UTF-8 and Rust's.
//!
//! Tcl writes U+0000 as C0 80. Up to version 8 it writes a character beyond U+FFFF as its two
//! surrogates of three bytes each, from 9 on as four bytes. A script can make lone surrogates;
//! they are no text.

use std::borrow::Cow;
use std::fmt;
use std::str;

/// Why a value of a script is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoText {
    /// A surrogate without its other half.
    Surrogate(u16),
    /// A byte that begins no character.
    Byte(u8),
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Surrogate(code) => write!(f, "the unpaired surrogate U+{code:04X}"),
            Self::Byte(byte) => write!(f, "the byte {byte:02X}, which begins no character"),
        }
    }
}

/// The text that Tcl's bytes stand for; they are borrowed unless something must be rewritten.
pub(super) fn from_tcl(bytes: &[u8]) -> Result<Cow<'_, str>, NoText> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => rewritten(bytes).map(Cow::Owned),
    }
}

fn rewritten(bytes: &[u8]) -> Result<String, NoText> {
    let mut text = String::with_capacity(bytes.len());
    for chunk in Chunks(bytes) {
        match chunk? {
            Chunk::Text(part) => text.push_str(part),
            Chunk::Rewritten(character) => text.push(character),
        }
    }
    Ok(text)
}

enum Chunk<'a> {
    Text(&'a str),
    Rewritten(char),
}

/// Splits Tcl's bytes into valid UTF-8 and single characters that are written differently.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, NoText>;

    fn next(&mut self) -> Option<Self::Item> {
        let (item, rest) = match self.0 {
            [] => return None,
            [0xC0, 0x80, rest @ ..] => (Ok(Chunk::Rewritten('\0')), rest),
            &[0xED, a @ 0xA0..=0xBF, b @ 0x80..=0xBF, ref rest @ ..] => pair(surrogate(a, b), rest),
            bytes => {
                let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                let rest = bytes.get(valid.len()..).unwrap_or_default();
                match bytes {
                    [byte, ..] if valid.is_empty() => (Err(NoText::Byte(*byte)), rest),
                    _ => (Ok(Chunk::Text(valid)), rest),
                }
            }
        };
        self.0 = rest;
        Some(item)
    }
}

/// The character of the surrogate `first` and the one that must follow.
fn pair(first: u16, rest: &[u8]) -> (Result<Chunk<'_>, NoText>, &[u8]) {
    if let &[0xED, a @ 0xB0..=0xBF, b @ 0x80..=0xBF, ref after @ ..] = rest {
        let joined = char::decode_utf16([first, surrogate(a, b)]).next();
        if let Some(Ok(character)) = joined {
            return (Ok(Chunk::Rewritten(character)), after);
        }
    }
    (Err(NoText::Surrogate(first)), rest)
}

/// The code unit of ED `a` `b`.
fn surrogate(a: u8, b: u8) -> u16 {
    0xD000 | (u16::from(a & 0x3F) << 6) | u16::from(b & 0x3F)
}

/// A text as the interpreter of this major version writes it. The version is asked for only when
/// it matters.
pub(super) fn to_tcl(text: &str, major: impl FnOnce() -> i32) -> Cow<'_, [u8]> {
    let (mut has_nul, mut has_astral) = (false, false);
    for byte in text.bytes() {
        has_nul |= byte == 0;
        has_astral |= byte >= 0xF0;
    }
    let split = has_astral && major() < 9;
    if !has_nul && !split {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len() + text.len() / 2);
    for character in text.chars() {
        match character {
            '\0' => bytes.extend([0xC0, 0x80]),
            '\u{10000}'.. if split => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    bytes.extend(three_bytes(*unit));
                }
            }
            _ => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

fn three_bytes(unit: u16) -> [u8; 3] {
    let low_six = |bits: u16| 0x80 | (bits & 0x3F) as u8;
    [0xE0 | (unit >> 12) as u8, low_six(unit >> 6), low_six(unit)]
}

/// The beginning of a value, for messages.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let end = bytes.len().min(LONGEST);
    let mut text: String =
        bytes.get(..end).unwrap_or_default().utf8_chunks().fold(String::new(), |text, chunk| {
            text + chunk.valid() + if chunk.invalid().is_empty() { "" } else { "\u{FFFD}" }
        });
    if bytes.len() > LONGEST {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, Tcl 8's bytes, Tcl 9's bytes.
    const SAME_TEXT: &[(&str, &[u8], &[u8])] = &[
        ("", b"", b""),
        ("a\r\n", b"a\r\n", b"a\r\n"),
        ("\u{e9}\u{20ac}", b"\xC3\xA9\xE2\x82\xAC", b"\xC3\xA9\xE2\x82\xAC"),
        ("a\0b", b"a\xC0\x80b", b"a\xC0\x80b"),
        ("\0\0", b"\xC0\x80\xC0\x80", b"\xC0\x80\xC0\x80"),
        ("\u{1F600}", b"\xED\xA0\xBD\xED\xB8\x80", b"\xF0\x9F\x98\x80"),
        ("x\u{10FFFF}\0", b"x\xED\xAF\xBF\xED\xBF\xBF\xC0\x80", b"x\xF4\x8F\xBF\xBF\xC0\x80"),
        ("\u{D7FF}\u{E000}", b"\xED\x9F\xBF\xEE\x80\x80", b"\xED\x9F\xBF\xEE\x80\x80"),
    ];

    #[test]
    fn text_has_the_bytes_of_each_version() {
        for (text, eight, nine) in SAME_TEXT {
            assert_eq!(*to_tcl(text, || 8), **eight, "{text:?} for 8");
            assert_eq!(*to_tcl(text, || 9), **nine, "{text:?} for 9");
        }
    }

    #[test]
    fn the_bytes_of_both_versions_are_read() {
        for (text, eight, nine) in SAME_TEXT {
            assert_eq!(from_tcl(eight).as_deref(), Ok(*text), "{eight:02X?}");
            assert_eq!(from_tcl(nine).as_deref(), Ok(*text), "{nine:02X?}");
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(from_tcl("\u{e9}t\u{e9}".as_bytes()), Ok(Cow::Borrowed(_))));
        assert!(matches!(to_tcl("\u{e9}t\u{e9}", || 8), Cow::Borrowed(_)));
        assert!(matches!(to_tcl("\u{1F600}", || 9), Cow::Borrowed(_)));
    }

    #[test]
    fn the_version_is_asked_for_only_when_it_matters() {
        to_tcl("plain \0 text", || panic!("asked"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let cases: &[(&[u8], NoText)] = &[
            (b"a\xED\xA0\xBD", NoText::Surrogate(0xD83D)),
            (b"\xED\xB8\x80\xED\xA0\xBD", NoText::Surrogate(0xDE00)),
            (b"\xED\xA0\xBD\xED\xA0\xBD\xED\xB8\x80", NoText::Surrogate(0xD83D)),
            (b"\xED\xA0\xBDa", NoText::Surrogate(0xD83D)),
            (b"a\x80b", NoText::Byte(0x80)),
            (b"\xC0\x81", NoText::Byte(0xC0)),
            (b"\xF0\x9F\x98", NoText::Byte(0xF0)),
            (b"ab\xFF", NoText::Byte(0xFF)),
        ];
        for (bytes, why) in cases {
            assert_eq!(from_tcl(bytes), Err(*why), "{bytes:02X?}");
        }
    }

    #[test]
    fn long_values_are_cut_in_messages() {
        assert_eq!(excerpt(b"short"), "short");
        assert_eq!(excerpt(&[b'x'; 1000]), format!("{}...", "x".repeat(60)));
        assert_eq!(excerpt(b"a\xC0\x80b"), "a\u{FFFD}\u{FFFD}b");
    }
}
