//! Text to bytes and back, by the name of a character set.
//!
//! Nothing is ever lost silently: bytes that are not valid in the charset, and characters that it
//! does not have, are errors that say where.
//!
//! Names are those of the WHATWG Encoding Standard ("windows-1252", "shift_jis", "gbk", "big5",
//! "koi8-r", ...) in any case; iso-8859-9 and -11 mean windows-1254 and -874 there, which contain
//! them. These differ from it or are not in it:
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

/// As [`encode`], with "?" for each character that `charset` does not have.
pub(crate) fn encode_with_question_marks(text: &str, charset: &str) -> Vec<u8> {
    let encode_one = |c: char| encode(c.encode_utf8(&mut [0; 4]), charset).unwrap_or(vec![b'?']);
    encode(text, charset).unwrap_or_else(|_| text.chars().flat_map(encode_one).collect())
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

/// What is said of the text argument `name` that is not UTF-8.
#[cold]
pub(crate) fn not_utf8(name: &str, bytes: &[u8]) -> Error {
    let at = decode_utf8(bytes).map_or_else(|at| at, |text| text.len());
    let byte = bytes.get(at).copied().unwrap_or_default();
    Error::new(
        ErrorKind::Text,
        format!("The text argument {name} is not valid UTF-8: byte 0x{byte:02X} at offset {at}."),
    )
    .advise("Convert the text to UTF-8 first, or pass bytes in a BinData.")
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_in_many_charsets() {
        let cases: [(&str, &str, &[u8]); 14] = [
            ("UTF-8", "é€😀", b"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
            ("utf-16", "é😀", b"\xE9\x00\x3D\xD8\x00\xDE"),
            ("unicode", "A", b"A\0"),
            ("utf-16be", "é😀", b"\x00\xE9\xD8\x3D\xDE\x00"),
            ("iso-8859-1", "é\u{80}ÿ", b"\xE9\x80\xFF"),
            ("latin1", "é", b"\xE9"),
            ("windows-1252", "é€", b"\xE9\x80"),
            ("iso-8859-15", "€", b"\xA4"),
            ("windows-1251", "Ж", b"\xC6"),
            ("us-ascii", "A~", b"A~"),
            (" ASCII ", "A", b"A"),
            ("shift_jis", "日", b"\x93\xFA"),
            ("gb18030", "😀", b"\x94\x39\xFC\x36"),
            ("big5", "中", b"\xA4\xA4"),
        ];
        for (charset, text, bytes) in cases {
            assert_eq!(encode(text, charset).unwrap(), bytes, "{charset}");
            assert_eq!(decode(bytes, charset).unwrap(), text, "{charset}");
        }
        for charset in ["utf-8", "utf-16", "ascii", "iso-8859-1", "gbk"] {
            assert_eq!(encode("", charset).unwrap(), b"");
            assert_eq!(decode(b"", charset).unwrap(), "");
        }
    }

    #[test]
    fn unknown_names_are_refused() {
        for name in ["", "utf-9", "replacement", "iso-2022-kr", "utf-7"] {
            for outcome in [encode("x", name).map(drop), decode(b"x", name).map(drop)] {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Argument, "{name}");
                assert!(error.message().contains(&format!("\"{name}\"")), "{error}");
            }
        }
    }

    #[test]
    fn invalid_bytes_are_errors_that_say_where() {
        let cases: [(&str, &[u8], &str); 9] = [
            ("utf-8", b"ab\xFFc", "Byte 2 (0xFF)"),
            ("utf-8", b"ab\xE2\x82", "Byte 2 (0xE2)"),
            ("utf-16", b"A\0\x00\xDEB\0", "Byte 2 (0x00)"),
            ("utf-16", b"A\0\x3D\xD8", "Byte 2 (0x3D)"),
            ("utf-16be", b"\0A\0", "Byte 2 (0x00)"),
            ("ascii", b"abc\x80", "Byte 3 (0x80)"),
            ("shift_jis", b"a\xFD", "Byte 1 (0xFD)"),
            ("gbk", b"ab\x81", "Byte 2 (0x81)"),
            ("iso-8859-6", b"ab\xA1", "Byte 2 (0xA1)"),
        ];
        for (charset, bytes, place) in cases {
            let error = decode(bytes, charset).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Text, "{charset}");
            assert!(error.message().starts_with(place), "{charset}: {error}");
            assert!(error.advice().is_some());
        }
    }

    #[test]
    fn missing_characters_are_errors_that_say_which() {
        for charset in ["ascii", "iso-8859-1", "windows-1251", "shift_jis", "iso-2022-jp"] {
            let error = encode("ab😀", charset).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Text, "{charset}");
            assert!(error.message().contains("Character 2 "), "{charset}: {error}");
            assert!(error.message().contains("U+1F600"), "{charset}: {error}");
        }
        assert!(encode("\u{80}", "ascii").is_err());
        assert!(encode("\u{100}", "iso-8859-1").is_err());
    }

    #[test]
    fn byte_order_marks_belong_to_documents_only() {
        assert_eq!(decode(b"\xEF\xBB\xBFa", "utf-8").unwrap(), "\u{FEFF}a");
        assert_eq!(decode_document(b"\xEF\xBB\xBFa", "utf-8").unwrap(), "a");
        assert_eq!(decode_document(b"\xFF\xFEa\0", "utf-16").unwrap(), "a");
        assert_eq!(decode_document(b"\xFE\xFF\0a", "utf-16").unwrap(), "a");
        assert_eq!(decode_document(b"\xFE\xFF\0a", "utf-16be").unwrap(), "a");
        assert_eq!(decode_document(b"a\0", "utf-16").unwrap(), "a");
        assert_eq!(decode_document(b"\xEF\xBB\xBF", "windows-1252").unwrap(), "ï»¿");
        let error = decode_document(b"\xEF\xBB\xBFa\xFF", "utf-8").unwrap_err();
        assert!(error.message().starts_with("Byte 4 (0xFF)"), "{error}");
        assert_eq!(byte_order_mark("utf-16").unwrap(), b"\xFF\xFE");
        assert_eq!(byte_order_mark("iso-8859-1").unwrap(), b"");
        assert!(byte_order_mark("utf-9").is_err());
    }

    #[test]
    fn code_pages_of_windows() {
        let known = [0, 874, 932, 936, 949, 950, 1250, 1258, 20127, 28591, 28592, 28605, 65001];
        for page in known {
            assert!(is_code_page(page), "{page}");
        }
        for page in [-1, 1, 437, 1249, 1259, 1200, 28590, 28607, i32::MAX, i32::MIN] {
            assert!(!is_code_page(page), "{page}");
        }
    }

    proptest! {
        #[test]
        fn unicode_text_comes_back(text in any::<String>()) {
            for charset in ["utf-8", "utf-16", "utf-16be"] {
                let bytes = encode(&text, charset).unwrap();
                prop_assert_eq!(&decode(&bytes, charset).unwrap(), &text, "{}", charset);
            }
        }

        #[test]
        fn all_bytes_are_text_in_single_byte_charsets(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            for charset in ["iso-8859-1", "windows-1252"] {
                let text = decode(&bytes, charset).unwrap();
                prop_assert_eq!(&encode(&text, charset).unwrap(), &bytes, "{}", charset);
            }
        }

        #[test]
        fn any_bytes_decode_or_fail_with_a_place(
            bytes in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            for charset in ["utf-8", "utf-16", "shift_jis", "gb18030", "iso-2022-jp", "euc-kr"] {
                if let Err(error) = decode(&bytes, charset) {
                    let place = error.message().strip_prefix("Byte ").unwrap();
                    let offset: usize = place.split(' ').next().unwrap().parse().unwrap();
                    prop_assert!(offset < bytes.len(), "{}: {}", charset, error);
                }
            }
        }
    }
}
