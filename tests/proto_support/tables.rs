//! Tables for the tests of the protocol and of the exported functions.
#![allow(dead_code, reason = "each test program uses a part")]

/// RFC 6455 in other words than the parser's: the Close code that answers the first frame of
/// a connection, `None` if it is legal. Its payload is all "a".
pub(crate) fn first_frame(first: u8, len: usize, masked: bool) -> Option<u16> {
    let (fin, reserved, opcode) = (first >> 7 == 1, (first >> 4) & 7, first & 15);
    let legal = match opcode {
        1 | 2 => true,
        // "aa" is the code 24929, and one byte is none.
        8 => fin && len == 0,
        9 | 10 => fin && len < 126,
        _ => false,
    };
    if legal && reserved == 0 && !masked { None } else { Some(1002) }
}

/// F-11: what is text.
pub(crate) const VALID: &[&[u8]] = &[
    b"",
    b"\0",
    b"plain",
    "\u{80}\u{7ff}".as_bytes(),
    "\u{800}\u{d7ff}\u{e000}\u{fffe}\u{ffff}".as_bytes(),
    "\u{10000}\u{10ffff}".as_bytes(),
    "\u{feff}caf\u{e9} \u{20ac}100 \u{65e5}\u{672c} \u{1f600}".as_bytes(),
    b"\xef\xbf\xbe",
];

/// What is wrong, and how many bytes prove it.
pub(crate) const INVALID: &[(&[u8], usize)] = &[
    (b"\x80", 1),
    (b"a\xbfb", 2),
    (b"\xc0\x80", 1),
    (b"\xc1\xbf", 1),
    (b"\xe0\x80\x80", 2),
    (b"\xe0\x9f\xbf", 2),
    (b"\xed\xa0\x80", 2),
    (b"\xed\xbf\xbf", 2),
    (b"\xf0\x80\x80\x80", 2),
    (b"\xf0\x8f\xbf\xbf", 2),
    (b"\xf4\x90\x80\x80", 2),
    (b"\xf5\x80\x80\x80", 1),
    (b"\xf8\x88\x80\x80\x80", 1),
    (b"\xfe", 1),
    (b"\xff", 1),
    (b"\xc3(", 2),
    (b"\xe2\x82(", 3),
    (b"\xf0\x9f\x98(", 4),
    (b"ok \xce\xba\xe1\xbd\xb9 \xed\xa0\x80 edited", 11),
];

/// Cut inside a character.
pub(crate) const TRUNCATED: &[&[u8]] =
    &[b"\xc3", b"a\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9f", b"\xf0\x9f\x98"];
