//! Bytes written as printable text and back: base64, hex, quoted-printable and the like.
//!
//! | name (any case) | written | read |
//! |---|---|---|
//! | `base64` | RFC 4648 4, padded, one line | whitespace ignored, padding may be missing |
//! | `base64Url`, `modBase64` | RFC 4648 5 (`-` and `_`), not padded | the same, padding allowed |
//! | `base32` | RFC 4648 6, padded | either case, whitespace ignored, padding may be missing |
//! | `hex` | upper case | either case, whitespace ignored |
//! | `hex_lower` | lower case | as `hex` |
//! | `qp`, `quoted-printable` | RFC 2045 6.7, lines of at most 76 | soft line ends of CRLF or LF |
//! | `url` | RFC 3986 2.3: all but letters, digits and `-._~` as %XX | %XX; `+` is a space |
//! | `url_rfc3986` | as `url` | %XX; `+` is itself |
//!
//! Anything else in encoded text is an error that says where; nothing is skipped silently.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD_INDIFFERENT};
use data_encoding::{BASE32, BASE32_NOPAD, HEXLOWER, HEXUPPER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::error::{Error, ErrorKind, Result};

/// `bytes` as text in the encoding called `name`.
pub(crate) fn encode(bytes: &[u8], name: &str) -> Result<String> {
    Ok(match Encoding::named(name)? {
        Encoding::Base64 => STANDARD_PAD_INDIFFERENT.encode(bytes),
        Encoding::Base64Url => URL_SAFE_NO_PAD_INDIFFERENT.encode(bytes),
        Encoding::Base32 => BASE32.encode(bytes),
        Encoding::Hex => HEXUPPER.encode(bytes),
        Encoding::HexLower => HEXLOWER.encode(bytes),
        Encoding::QuotedPrintable => encode_quoted_printable(bytes),
        Encoding::Url | Encoding::UrlRfc3986 => percent_encode(bytes, RESERVED).to_string(),
    })
}

/// The bytes that `text` stands for in the encoding called `name`.
pub(crate) fn decode(text: &str, name: &str) -> Result<Vec<u8>> {
    match Encoding::named(name)? {
        Encoding::Base64 => decode_base64(text, &STANDARD_PAD_INDIFFERENT, name, b"+/"),
        Encoding::Base64Url => decode_base64(text, &URL_SAFE_NO_PAD_INDIFFERENT, name, b"-_"),
        Encoding::Base32 => decode_base32(text, name),
        Encoding::Hex | Encoding::HexLower => decode_hex(text, name),
        Encoding::QuotedPrintable => decode_quoted_printable(text, name),
        Encoding::Url => decode_url(&text.replace('+', " "), name),
        Encoding::UrlRfc3986 => decode_url(text, name),
    }
}

/// Whether `text` has only characters of base64 and whitespace, and `=` only where padding is.
pub(crate) fn looks_like_base64(text: &str) -> bool {
    let symbols: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let data = symbols.trim_end_matches('=');
    symbols.len() - data.len() <= 2 && data.bytes().all(|byte| is_base64(byte, b"+/"))
}

/// RFC 3986 2.3: everything but the unreserved characters is written as %XX.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Copy)]
enum Encoding {
    Base64,
    Base64Url,
    Base32,
    Hex,
    HexLower,
    QuotedPrintable,
    Url,
    UrlRfc3986,
}

const NAMES: [(&str, Encoding); 10] = [
    ("base64", Encoding::Base64),
    ("base64Url", Encoding::Base64Url),
    ("modBase64", Encoding::Base64Url),
    ("base32", Encoding::Base32),
    ("hex", Encoding::Hex),
    ("hex_lower", Encoding::HexLower),
    ("qp", Encoding::QuotedPrintable),
    ("quoted-printable", Encoding::QuotedPrintable),
    ("url", Encoding::Url),
    ("url_rfc3986", Encoding::UrlRfc3986),
];

impl Encoding {
    fn named(name: &str) -> Result<Self> {
        let wanted = name.trim();
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(wanted));
        found.map(|(_, encoding)| *encoding).ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(known, _)| *known).collect();
            Error::new(ErrorKind::Argument, format!("There is no encoding \"{name}\"."))
                .advise(format!("Use one of {}.", known.join(", ")))
        })
    }
}

fn is_base64(byte: u8, extra: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || extra.contains(&byte)
}

fn decode_base64(text: &str, engine: &GeneralPurpose, name: &str, extra: &[u8]) -> Result<Vec<u8>> {
    let symbols = symbols(text, name, |byte| is_base64(byte, extra) || byte == b'=')?;
    engine.decode(&symbols).map_err(|error| incomplete(name, error))
}

fn decode_base32(text: &str, name: &str) -> Result<Vec<u8>> {
    let is_base32 = |byte: u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'2'..=b'7' | b'=');
    let mut symbols = symbols(text, name, is_base32)?;
    symbols.make_ascii_uppercase();
    let data = symbols.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    symbols.truncate(data);
    BASE32_NOPAD.decode(&symbols).map_err(|error| incomplete(name, error))
}

fn decode_hex(text: &str, name: &str) -> Result<Vec<u8>> {
    let mut symbols = symbols(text, name, |byte| byte.is_ascii_hexdigit())?;
    symbols.make_ascii_uppercase();
    HEXUPPER.decode(&symbols).map_err(|error| incomplete(name, error))
}

/// The bytes of `text` that are not whitespace; all must be `allowed`.
fn symbols(text: &str, name: &str, allowed: impl Fn(u8) -> bool) -> Result<Vec<u8>> {
    let mut symbols = Vec::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match u8::try_from(character) {
            Ok(byte) if character.is_ascii() && allowed(byte) => symbols.push(byte),
            _ if character.is_whitespace() => {}
            _ => return Err(misplaced(index, character, name)),
        }
    }
    Ok(symbols)
}

fn decode_url(text: &str, name: &str) -> Result<Vec<u8>> {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'%', bytes) {
        if !matches!(bytes.get(at + 1..at + 3), Some([a, b]) if is_hex_pair(*a, *b)) {
            return Err(misplaced(index_at(text, at), '%', name));
        }
    }
    Ok(percent_decode(bytes).collect())
}

fn is_hex_pair(first: u8, second: u8) -> bool {
    first.is_ascii_hexdigit() && second.is_ascii_hexdigit()
}

/// RFC 2045 6.7: a line has at most 76 characters, the `=` of a soft line end included.
const QP_LINE: usize = 76;

/// CRLF stays a line end; every other control character is escaped, so that all bytes survive.
fn encode_quoted_printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut column = 0;
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\r\n") {
            out.push_str("\r\n");
            column = 0;
            rest = after;
            continue;
        }
        let at_end = after.is_empty() || after.starts_with(b"\r\n");
        let literal = match byte {
            b'=' => false,
            b' ' | b'\t' => !at_end,
            _ => byte.is_ascii_graphic(),
        };
        let width = if literal { 1 } else { 3 };
        // The last column is for the `=` of a soft line end, unless the line ends here.
        if column + width > if at_end { QP_LINE } else { QP_LINE - 1 } {
            out.push_str("=\r\n");
            column = 0;
        }
        if literal {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
        column += width;
        rest = after;
    }
    out
}

/// Line ends and unescaped characters are kept as they are.
fn decode_quoted_printable(text: &str, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (literal, escape) = rest.split_at(at);
        bytes.extend_from_slice(literal);
        rest = match escape {
            // A soft line end; at the end of the text it has nothing to join.
            [b'=', b'\r', b'\n', after @ ..] | [b'=', b'\n', after @ ..] => after,
            [b'='] => b"",
            [b'=', first, second, after @ ..] if is_hex_pair(*first, *second) => {
                bytes.push(hex_value(*first) << 4 | hex_value(*second));
                after
            }
            _ => return Err(misplaced(index_at(text, text.len() - escape.len()), '=', name)),
        };
    }
    bytes.extend_from_slice(rest);
    Ok(bytes)
}

/// The value of a digit that is known to be hexadecimal.
fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a') + 10,
    }
}

/// The index of the character that starts at `offset`.
fn index_at(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().chars().count()
}

fn misplaced(index: usize, character: char, name: &str) -> Error {
    Error::new(
        ErrorKind::Text,
        format!("Character {index} of the text, {character:?}, cannot stand there in {name}."),
    )
    .advise(format!("Check that the text is {name} and was not cut."))
}

fn incomplete(name: &str, error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Text, format!("The text is not complete {name}: {error}."))
        .advise("Check that the text was not cut: characters are missing at its end.")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position(text: &str, name: &str) -> String {
        let error = decode(text, name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Text, "{text:?} as {name}");
        assert!(error.advice().is_some());
        error.message().to_owned()
    }

    // RFC 4648 10.
    #[test]
    fn vectors_of_the_standard() {
        let cases = [
            ("", "", "", ""),
            ("f", "Zg==", "MY======", "66"),
            ("fo", "Zm8=", "MZXQ====", "666F"),
            ("foo", "Zm9v", "MZXW6===", "666F6F"),
            ("foob", "Zm9vYg==", "MZXW6YQ=", "666F6F62"),
            ("fooba", "Zm9vYmE=", "MZXW6YTB", "666F6F6261"),
            ("foobar", "Zm9vYmFy", "MZXW6YTBOI======", "666F6F626172"),
        ];
        for (plain, base64, base32, hex) in cases {
            for (name, written) in [("base64", base64), ("base32", base32), ("hex", hex)] {
                assert_eq!(encode(plain.as_bytes(), name).unwrap(), written);
                assert_eq!(decode(written, name).unwrap(), plain.as_bytes());
                assert_eq!(decode(written.trim_end_matches('='), name).unwrap(), plain.as_bytes());
            }
        }
    }

    #[test]
    fn names_are_known_in_any_case_and_listed_when_unknown() {
        assert_eq!(encode(b"\xFB\xFF", "BASE64").unwrap(), "+/8=");
        assert_eq!(encode(b"\xFB\xFF", "base64URL").unwrap(), "-_8");
        assert_eq!(encode(b"\xFB\xFF", "ModBase64").unwrap(), "-_8");
        assert_eq!(encode(b"\xFB\xFF", " Hex ").unwrap(), "FBFF");
        assert_eq!(encode(b"\xFB\xFF", "hex_lower").unwrap(), "fbff");

        for outcome in [encode(b"x", "base63").map(drop), decode("x", "").map(drop)] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument);
            assert!(error.advice().unwrap().contains("quoted-printable, url"), "{error:?}");
        }
    }

    #[test]
    fn whitespace_and_case_do_not_matter_where_they_cannot() {
        assert_eq!(decode(" Zm9v\r\nYmFy\n", "base64").unwrap(), b"foobar");
        assert_eq!(decode("666f 6F62\t6172", "hex").unwrap(), b"foobar");
        assert_eq!(decode("mzxw6 ytboi", "base32").unwrap(), b"foobar");
        assert_eq!(decode("-_8=", "base64Url").unwrap(), b"\xFB\xFF");
    }

    #[test]
    fn wrong_characters_are_errors_that_say_where() {
        assert_eq!(
            position("Zm9v!", "base64"),
            "Character 4 of the text, '!', cannot stand there in base64."
        );
        assert!(position("ä-_8", "base64Url").starts_with("Character 0 of the text, 'ä'"));
        assert!(position("-_8", "base64").starts_with("Character 0 "));
        assert!(position("+/8", "base64Url").starts_with("Character 0 "));
        assert!(position("60x1", "hex").starts_with("Character 2 "));
        assert!(position("MY1", "base32").starts_with("Character 2 "));
        assert!(position("Straße%2", "url").starts_with("Character 6 "));
        assert!(position("%zz", "url").starts_with("Character 0 "));
        assert!(position("ä=4G", "qp").starts_with("Character 1 "));
        assert!(position("a= \r\n", "qp").starts_with("Character 1 "));
    }

    #[test]
    fn cut_text_is_an_error() {
        for (text, name) in [("Zm9vY", "base64"), ("Z=g=", "base64"), ("====", "base64")] {
            assert!(position(text, name).contains("not complete base64"), "{text}");
        }
        assert!(position("ABC", "hex").contains("not complete hex"));
        assert!(position("M", "base32").contains("not complete base32"));
        // Bits that stand for nothing: the text was damaged.
        assert!(position("Zh==", "base64").contains("not complete base64"));
    }

    #[test]
    fn url_encoding_keeps_the_unreserved_characters_only() {
        assert_eq!(encode("aZ09-._~ +/ä".as_bytes(), "url").unwrap(), "aZ09-._~%20%2B%2F%C3%A4");
        assert_eq!(decode("ABC+1%203%2b", "url").unwrap(), b"ABC 1 3+");
        assert_eq!(decode("ABC+1%203", "url_rfc3986").unwrap(), b"ABC+1 3");
        assert_eq!(decode("ä", "url").unwrap(), "ä".as_bytes());
    }

    // RFC 2045 6.7.
    #[test]
    fn quoted_printable_lines() {
        assert_eq!(encode("a=ä \r\nb\t".as_bytes(), "qp").unwrap(), "a=3D=C3=A4=20\r\nb=09");
        assert_eq!(encode(b"a\nb\rc", "qp").unwrap(), "a=0Ab=0Dc");
        assert_eq!(
            decode("a=3d=C3=a4=20\r\nb=\r\nc=\nd=", "qp").unwrap(),
            "a=ä \r\nbcd".as_bytes()
        );

        let line76 = "x".repeat(76);
        assert_eq!(encode(line76.as_bytes(), "qp").unwrap(), line76);
        let wrapped = encode("x".repeat(77).as_bytes(), "qp").unwrap();
        assert_eq!(wrapped, format!("{}=\r\nxx", "x".repeat(75)));
        let escaped = encode(&[0u8; 100], "qp").unwrap();
        assert!(escaped.lines().all(|line| line.len() <= 76), "{escaped}");
    }

    #[test]
    fn base64_is_told_by_its_characters() {
        for text in ["", "Zm9v", "Zg==", "Z g\r\n=\t=", "+/+/"] {
            assert!(looks_like_base64(text), "{text:?}");
        }
        for text in ["Zg===", "=Zg=", "Zm-v", "Zm9v.", "ä"] {
            assert!(!looks_like_base64(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn all_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for (name, _) in NAMES {
                let written = encode(&bytes, name).unwrap();
                prop_assert!(written.is_ascii());
                prop_assert_eq!(&decode(&written, name).unwrap(), &bytes, "{}", name);
            }
        }

        #[test]
        fn any_text_decodes_or_fails_without_panic(text in "[A-Za-z=%+ \r\n0-9é]{0,40}") {
            for (name, _) in NAMES {
                if let Err(error) = decode(&text, name) {
                    prop_assert_eq!(error.kind(), ErrorKind::Text);
                }
            }
        }
    }
}
