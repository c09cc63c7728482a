//! Texts for the arguments of random calls, good and bad, in every spelling.

use openck::abi::wchar_t;

/// Texts of one kind. The spellings that a program passes end with a NUL; those of `any` know
/// their length.
pub(crate) struct Pool {
    pub(crate) narrow: Vec<Vec<u8>>,
    pub(crate) wide: Vec<Vec<wchar_t>>,
    pub(crate) utf16: Vec<Vec<u16>>,
    pub(crate) any: Vec<Vec<u8>>,
}

const GENERAL: &[&str] = &[
    "",
    "a",
    "Host",
    "X-Name",
    "/",
    "/path?a=b&c={id}",
    "id",
    "key=value&other=%20",
    "chat, superchat",
    "websocket",
    "SGVsbG8=",
    "48656c6c6f",
    "-12345678901234567890",
    "line\r\nX-Injected: 1\nend\r",
    "gr\u{fc}n \u{20AC} \u{1F980}",
    "\u{FEFF}mark",
    "%zz%",
    "ProtectFromVpn,AllowInsecureBasicAuth",
    " \t ",
    "a\u{301}\u{0130}\u{DF}\u{FB01}",
];
/// Names that never reach a resolver: addresses of this machine, and what is no host name.
const HOSTS: &[&str] =
    &["", "127.0.0.1", "[::1]", "::1", "a b", "http://127.0.0.1/", "a@b", "x\ry", "?", "#"];
/// Relative to a working directory that is there for the run only.
const PATHS: &[&str] = &["", "a.bin", "b.txt", "c.log", "missing/x", ".", "./a.bin"];
const CHARSETS: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16be",
    "ansi",
    "ascii",
    "iso-8859-1",
    "windows-1252",
    "shift_jis",
    "gb18030",
    "iso-2022-jp",
    "euc-kr",
    "no-such-charset",
    "",
];
const ENCODINGS: &[&str] = &[
    "base64",
    "base64Url",
    "base32",
    "hex",
    "hex_lower",
    "qp",
    "url",
    "url_rfc3986",
    "no-such-encoding",
    "",
];
const VERBS: &[&str] = &["GET", "POST", "HEAD", "get", "G T", "", "CONNECT"];

/// UTF-8 that is none: a bare continuation, an overlong form, a surrogate, too large, cut.
const NOT_UTF8: &[&[u8]] =
    &[b"\x80", b"a\xC0\x80b", b"\xED\xA0\x80", b"\xF4\x90\x80\x80", b"cut \xE2\x82", b"\xFF\xFE"];
/// UTF-16 that is none: half a pair, alone, swapped, at the end.
const NOT_UTF16: &[&[u16]] = &[&[0xD800], &[0x61, 0xDC00, 0x62], &[0xDC00, 0xD800], &[0xD83E]];

impl Pool {
    fn of(texts: &[&str]) -> Self {
        let mut pool =
            Self { narrow: Vec::new(), wide: Vec::new(), utf16: Vec::new(), any: Vec::new() };
        for text in texts {
            pool.add(text);
        }
        pool
    }

    fn add(&mut self, text: &str) {
        self.narrow.push([text.as_bytes(), b"\0"].concat());
        self.wide.push(super::wide(text));
        self.utf16.push(super::utf16(text));
        self.any.push(text.as_bytes().to_vec());
    }

    fn add_bad(mut self) -> Self {
        for bytes in NOT_UTF8 {
            self.narrow.push([bytes, &b"\0"[..]].concat());
            self.any.push(bytes.to_vec());
        }
        for units in NOT_UTF16 {
            self.utf16.push([units, &[0][..]].concat());
            // On Windows these are the same units; elsewhere surrogates are no characters.
            self.wide.push(units.iter().map(|unit| *unit as wchar_t).chain([0]).collect());
        }
        self.any.push(b"a\0b".to_vec());
        self
    }
}

/// The texts for each kind of argument.
pub(crate) struct Pools {
    general: Pool,
    hosts: Pool,
    paths: Pool,
    charsets: Pool,
    encodings: Pool,
    verbs: Pool,
}

impl Pools {
    pub(crate) fn new() -> Self {
        let mut general = Pool::of(GENERAL);
        general.add(&"long \u{1F980}".repeat(2000));
        Self {
            general: general.add_bad(),
            hosts: Pool::of(HOSTS).add_bad(),
            paths: Pool::of(PATHS).add_bad(),
            charsets: Pool::of(CHARSETS),
            encodings: Pool::of(ENCODINGS),
            verbs: Pool::of(VERBS),
        }
    }

    /// The texts for an argument of this name.
    pub(crate) fn of(&self, name: &str) -> &Pool {
        match name {
            "hostname" => &self.hosts,
            "path" | "pemDataOrFilename" | "DebugLogFilePath" => &self.paths,
            "charset" | "charsetEncoding" => &self.charsets,
            "encoding" => &self.encodings,
            "httpVerb" => &self.verbs,
            _ => &self.general,
        }
    }
}
