//! What a failure says: which rule, with which value. R-60.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod proto_support;

use openck::error::Error;
use openck::proto::extension::Agreed;
use openck::proto::frame::Opcode;
use openck::proto::handshake::{ClientKey, validate};
use openck::proto::mask::MaskKeys;
use openck::proto::receiver::{Limits, Receiver};
use proto_support::{bytes, hex, outcome};

const AGREED: Agreed =
    Agreed { server_bits: 15, client_bits: 15, server_takeover: true, client_takeover: true };

fn failure(mut receiver: Receiver, script: &str) -> Error {
    let (script, mut message) = (hex(script), Vec::new());
    let mut rest = &script[..];
    loop {
        match receiver.receive(rest, &mut message) {
            Ok((used, Some(_))) => rest = &rest[used..],
            Ok((_, None)) => panic!("no failure"),
            Err(error) => return error,
        }
    }
}

#[track_caller]
fn says(error: &Error, words: &str) {
    assert!(error.message().contains(words), "{error:?}");
    assert!(error.advice().is_some_and(|advice| advice.ends_with('.')));
}

#[test]
fn r30_to_r35_a_frame_that_is_forbidden_is_named() {
    for (script, words) in [
        ("8180", "a masked Text frame"),
        ("9100", "a Text frame with reserved bits set (001)"),
        ("e200", "a Binary frame with reserved bits set (110)"),
        ("c900", "a Ping frame with reserved bits set (100)"),
        ("8300", "the reserved opcode 3"),
        ("8f00", "the reserved opcode 15"),
        ("827e007d", "the frame length 125 in a longer form"),
        ("827f8000000000000000", "a frame length with the top bit set"),
        ("0900", "a fragmented Ping frame"),
        ("0800", "a fragmented Close frame"),
        ("897e", "a Ping frame with more than 125 bytes"),
        ("897f", "a Ping frame with more than 125 bytes"),
        ("0100 8200", "began a Binary message inside a fragmented one"),
        ("8000", "continued a message that was never begun"),
    ] {
        says(&failure(Receiver::new(Limits::default()), script), words);
    }
}

/// With permessage-deflate one bit is allowed in one place, and blamed nowhere else.
#[test]
fn r31_the_bit_of_compression_is_blamed_where_it_is_wrong() {
    for (script, words) in [
        ("4100 c100", "began a Text message inside a fragmented one"),
        ("0100 c000", "a Continuation frame with reserved bits set (100)"),
        ("c900", "a Ping frame with reserved bits set (100)"),
        ("d100", "a Text frame with reserved bits set (101)"),
        ("4900", "a Ping frame with reserved bits set (100)"),
    ] {
        says(&failure(Receiver::new(Limits::default()).with_deflate(&AGREED), script), words);
    }
}

/// The largest length is no violation while it arrives.
#[test]
fn r33_the_top_bit_is_not_its_neighbour() {
    for script in ["827f 7f", "827f 7fffff", "827f 7fffffffffffffff"] {
        assert_eq!(outcome(&hex(script)).code, None, "{script}");
    }
}

#[test]
fn r62_a_limit_is_named_with_what_crossed_it() {
    let limits = Limits { frame: 20, message: 30 };
    let frame = failure(Receiver::new(limits), "8215");
    says(&frame, "a frame of at least 21 bytes; the limit is 20");
    let first = format!("0214{}", "00".repeat(20));
    let message = failure(Receiver::new(limits), &format!("{first} 000b"));
    says(&message, "a message of at least 31 bytes; the limit is 30");
}

#[test]
fn r12_each_status_has_its_advice() {
    let key = ClientKey::from_field("dGhlIHNhbXBsZSBub25jZQ==").unwrap();
    let advice = |status| {
        let error = validate(status, &[], &key, &[]).unwrap_err();
        assert!(error.message().contains(&status.to_string()));
        error.advice().unwrap().to_owned()
    };
    for (statuses, words) in [
        (&[300, 302, 399][..], "redirects"),
        (&[401, 403], "server wants credentials"),
        (&[404, 405], "no WebSocket there"),
        (&[407], "proxy wants credentials"),
        (&[426], "another version"),
        (&[500, 503, 599], "try again later"),
        (&[200, 299, 400, 402, 406, 418, 499, 600], "Check host, port and path"),
    ] {
        for status in statuses {
            assert!(advice(*status).contains(words), "{status}: {}", advice(*status));
        }
    }
}

#[test]
fn opcodes_have_numbers_and_names() {
    let names = ["Continuation", "Text", "Binary", "Close", "Ping", "Pong"];
    for (code, name) in [0, 1, 2, 8, 9, 10].into_iter().zip(names) {
        let opcode = Opcode::from_code(code).unwrap();
        assert_eq!((opcode.code(), opcode.name(), opcode.is_control()), (code, name, code > 7));
    }
}

/// R-22: a log shows payload, and nothing of the generator.
#[test]
fn r22_debug_output_is_short_and_keeps_keys() {
    assert_eq!(format!("{:?}", bytes(b"a\0\"")), r#"Control("a\x00\"")"#);
    assert_eq!(format!("{:?}", MaskKeys::new().unwrap()), "MaskKeys");
}

/// R-40: else comparing payloads would prove nothing.
#[test]
fn r40_payloads_that_differ_are_not_equal() {
    assert_eq!(bytes(b"ping"), bytes(b"ping"));
    for other in [&b""[..], b"pin", b"pinG", b"ping\0"] {
        assert_ne!(bytes(b"ping"), bytes(other));
    }
}
