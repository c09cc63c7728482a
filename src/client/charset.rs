//! Text to bytes and back, by the name of a character set.
//!
//! Nothing is ever lost silently: bytes that are not valid in the charset, and characters that it
//! does not have, are errors that say where.
//!
//! Names are those of the WHATWG Encoding Standard ("windows-1252", "shift_jis", "gbk", "big5",
//! "koi8-r", ...) in any case, and these, which differ from it or are not in it:
//!
//! | name | meaning |
//! |---|---|
//! | `utf-16`, `utf-16le`, `unicode` | UTF-16, little-endian |
//! | `utf-16be` | UTF-16, big-endian |
//! | `iso-8859-1`, `latin1` | the first 256 characters of Unicode, not windows-1252 |
//! | `us-ascii`, `ascii` | 7 bits, not windows-1252 |
//! | `ansi` | `Global.AnsiCodePage`; while that is 0, windows-1252 on Windows and UTF-8 elsewhere |

use encoding_rs::{DecoderResult, EncoderResult, Encoding, mem};

use super::global;
use crate::error::{Error, ErrorKind, Result};

/// The bytes of `text` in `charset`, without a byte order mark.
pub(crate) fn encode(text: &str, charset: &str) -> Result<Vec<u8>> {
    let found = Charset::named(charset)?;
    let encoded = match found {
        Charset::Utf8 => Ok(text.as_bytes().to_vec()),
        Charset::Utf16Le => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Charset::Utf16Be => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        Charset::Latin1 => encode_below(text, '\u{100}'),
        Charset::Ascii => encode_below(text, '\u{80}'),
        Charset::Table(table) => encode_by_table(text, table),
    };
    encoded.map_err(|character| not_in_charset(text, character, charset))
}

/// The text that `bytes` are in `charset`. A byte order mark is a character like any other.
pub(crate) fn decode(bytes: &[u8], charset: &str) -> Result<String> {
    Charset::named(charset)?.decode(bytes, 0, charset)
}

/// As [`decode`], for a whole file or message: a leading byte order mark of the charset is not
/// part of the text, and turns "utf-16" to big-endian when it is the big-endian one.
pub(crate) fn decode_document(bytes: &[u8], charset: &str) -> Result<String> {
    let named = Charset::named(charset)?;
    let found = match named {
        Charset::Utf16Le if bytes.starts_with(Charset::Utf16Be.mark()) => Charset::Utf16Be,
        other => other,
    };
    match bytes.strip_prefix(found.mark()) {
        Some(text) => found.decode(text, found.mark().len(), charset),
        None => found.decode(bytes, 0, charset),
    }
}

/// The byte order mark of the charset; empty for charsets that have none.
pub(crate) fn byte_order_mark(charset: &str) -> Result<&'static [u8]> {
    Ok(Charset::named(charset)?.mark())
}

/// Whether `Global.AnsiCodePage` may be set to `page`.
pub(crate) fn is_code_page(page: i32) -> bool {
    page == 0 || Charset::of_code_page(page).is_some()
}

#[derive(Clone, Copy)]
enum Charset {
    Utf8,
    Utf16Le,
    Utf16Be,
    Latin1,
    Ascii,
    Table(&'static Encoding),
}

impl Charset {
    fn named(name: &str) -> Result<Self> {
        let lower = name.trim().to_ascii_lowercase();
        let found = match lower.as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "utf-16" | "utf16" | "utf-16le" | "utf16le" | "unicode" => Some(Self::Utf16Le),
            "utf-16be" | "utf16be" => Some(Self::Utf16Be),
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" => Some(Self::Latin1),
            "us-ascii" | "ascii" => Some(Self::Ascii),
            "ansi" => Self::of_code_page(global::ansi_code_page()).or(Some(Self::of_system())),
            label => Encoding::for_label_no_replacement(label.as_bytes()).map(Self::of_encoding),
        };
        found.ok_or_else(|| {
            Error::new(ErrorKind::Argument, format!("There is no charset \"{name}\".")).advise(
                "Use utf-8, utf-16, utf-16be, ansi, us-ascii, iso-8859-1 to -16, windows-1250 \
                     to -1258, shift_jis, gbk, gb18030, big5, euc-jp, euc-kr, koi8-r or another \
                     name of the WHATWG Encoding Standard.",
            )
        })
    }

    fn of_encoding(encoding: &'static Encoding) -> Self {
        // encoding_rs reads UTF-16 but does not write it.
        if encoding == encoding_rs::UTF_8 {
            Self::Utf8
        } else if encoding == encoding_rs::UTF_16LE {
            Self::Utf16Le
        } else if encoding == encoding_rs::UTF_16BE {
            Self::Utf16Be
        } else {
            Self::Table(encoding)
        }
    }

    /// The code pages of Windows that a program may choose as "ansi".
    fn of_code_page(page: i32) -> Option<Self> {
        Some(match page {
            65001 => Self::Utf8,
            20127 => Self::Ascii,
            28591 => Self::Latin1,
            874 => Self::Table(encoding_rs::WINDOWS_874),
            932 => Self::Table(encoding_rs::SHIFT_JIS),
            936 => Self::Table(encoding_rs::GBK),
            949 => Self::Table(encoding_rs::EUC_KR),
            950 => Self::Table(encoding_rs::BIG5),
            1250..=1258 => Self::labelled(&format!("windows-{page}"))?,
            28592..=28606 => Self::labelled(&format!("iso-8859-{}", page - 28590))?,
            _ => return None,
        })
    }

    fn labelled(label: &str) -> Option<Self> {
        Encoding::for_label(label.as_bytes()).map(Self::Table)
    }

    fn of_system() -> Self {
        if cfg!(windows) { Self::Table(encoding_rs::WINDOWS_1252) } else { Self::Utf8 }
    }

    fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xEF\xBB\xBF",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
            Self::Latin1 | Self::Ascii | Self::Table(_) => b"",
        }
    }

    /// `skipped` bytes stood before `bytes`; they count in the position that an error names.
    fn decode(self, bytes: &[u8], skipped: usize, charset: &str) -> Result<String> {
        let decoded = match self {
            Self::Utf8 => decode_utf8(bytes),
            Self::Utf16Le => decode_utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => decode_utf16(bytes, u16::from_be_bytes),
            Self::Latin1 => Ok(mem::decode_latin1(bytes).into_owned()),
            Self::Ascii => decode_ascii(bytes),
            Self::Table(table) => decode_by_table(bytes, table),
        };
        decoded.map_err(|offset| invalid_bytes(bytes, offset, skipped, charset))
    }
}

// The decoders below return the offset of the first invalid byte on failure, the encoders the
// first character that the charset does not have.

fn decode_utf8(bytes: &[u8]) -> std::result::Result<String, usize> {
    simdutf8::compat::from_utf8(bytes).map(str::to_owned).map_err(|error| error.valid_up_to())
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> std::result::Result<String, usize> {
    let (units, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(units.iter().copied().map(unit)) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err(text.encode_utf16().count() * 2),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(bytes.len() - 1) }
}

fn decode_ascii(bytes: &[u8]) -> std::result::Result<String, usize> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        Some(offset) => Err(offset),
        None => Ok(mem::decode_latin1(bytes).into_owned()),
    }
}

fn decode_by_table(bytes: &[u8], table: &'static Encoding) -> std::result::Result<String, usize> {
    let mut decoder = table.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or_default());
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::Malformed(length, after), read) => {
            Err(read.saturating_sub(usize::from(length) + usize::from(after)))
        }
        (DecoderResult::OutputFull, read) => Err(read),
    }
}

fn encode_below(text: &str, limit: char) -> std::result::Result<Vec<u8>, char> {
    text.chars()
        .map(|character| {
            u8::try_from(character).ok().filter(|_| character < limit).ok_or(character)
        })
        .collect()
}

fn encode_by_table(text: &str, table: &'static Encoding) -> std::result::Result<Vec<u8>, char> {
    let mut encoder = table.new_encoder();
    let mut rest = text;
    let mut bytes = Vec::new();
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        bytes.reserve(room.unwrap_or_default());
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Ok(bytes),
            EncoderResult::Unmappable(character) => return Err(character),
            EncoderResult::OutputFull => {}
        }
    }
}

fn not_in_charset(text: &str, character: char, charset: &str) -> Error {
    let index = text.chars().position(|each| each == character).unwrap_or_default();
    let code = u32::from(character);
    Error::new(
        ErrorKind::Text,
        format!(
            "Character {index} of the text, {character:?} (U+{code:04X}), does not exist in the \
             charset \"{charset}\"."
        ),
    )
    .advise("Use utf-8, which has every character, or replace the character first.")
}

fn invalid_bytes(bytes: &[u8], offset: usize, skipped: usize, charset: &str) -> Error {
    let byte = bytes.get(offset).map(|byte| format!(" (0x{byte:02X})")).unwrap_or_default();
    let offset = offset + skipped;
    Error::new(
        ErrorKind::Text,
        format!("Byte {offset}{byte} of the data is not valid in the charset \"{charset}\"."),
    )
    .advise(
        "Name the charset that the bytes are in, such as windows-1252 or utf-16; if they are not \
         text, take them as bytes or encoded as base64 or hex.",
    )
}
