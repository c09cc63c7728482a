//! UTF-8 in pieces, RFC 6455 8.1.

use openck::proto::mask;
use openck::proto::utf8::{self, Utf8Stream};

use crate::input::Input;

/// The stream agrees with the standard library after each piece: it fails when no continuation can
/// be valid, and not before; it ends well when the whole is valid; then it is as new. R-38.
pub fn utf8(data: &[u8]) {
    let mut input = Input::new(data);
    let count = input.below(8);
    let sizes: Vec<usize> = (0..=count).map(|_| 1 + input.below(160)).collect();
    let text = input.rest();
    assert_eq!(utf8::is_utf8(text), std::str::from_utf8(text).is_ok(), "{text:02x?}");
    let mut stream = Utf8Stream::new();
    check(&mut stream, text, &sizes);
    stream.reset();
    check(&mut stream, text, &[1]);
    stream.reset();
    check(&mut stream, text, &[usize::MAX]);
    stream.reset();
    // Long text is checked in another way, by blocks.
    let script = ["a", "\u{436}", "\u{4e16}", "\u{d55c}"][count % 4];
    let around = script.repeat(260 + sizes[0]);
    let long = [around.as_bytes(), text, around.as_bytes()].concat();
    check(&mut stream, &long, &[usize::MAX]);
    check_masked(&long);
    check_masked(&long.repeat(5));
}

/// Checking while masking agrees with the standard library and with masking alone..
fn check_masked(text: &[u8]) {
    let key = [0x5a, 0x01, 0xc3, 0xff];
    let (mut out, mut masked) = (Vec::new(), Vec::new());
    let checked = utf8::copy_masked(&mut out, text, key);
    assert_eq!(checked.is_ok(), std::str::from_utf8(text).is_ok(), "{text:02x?}");
    if checked.is_ok() {
        mask::copy_masked(&mut masked, text, key);
        assert!(out == masked, "{text:02x?}");
    }
}

fn check(stream: &mut Utf8Stream, text: &[u8], sizes: &[usize]) {
    let mut fed = 0_usize;
    for size in sizes.iter().cycle() {
        let end = text.len().min(fed.saturating_add(*size));
        let refused = stream.push(&text[fed..end]).is_err();
        fed = end;
        let error = std::str::from_utf8(&text[..fed]).err();
        let certain = error.is_some_and(|error| error.error_len().is_some());
        assert_eq!(refused, certain, "after {fed} bytes of {text:02x?}");
        if refused {
            return;
        }
        if fed == text.len() {
            break;
        }
    }
    assert_eq!(stream.finish().is_ok(), std::str::from_utf8(text).is_ok(), "{text:02x?}");
    assert!(stream.push("\u{20ac}".as_bytes()).is_ok() && stream.finish().is_ok());
}
