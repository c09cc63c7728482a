//! H4, H9, H12: answers that are no HTTP, and heads with odd bytes.

use openck_test_support::script::Action::{Send, SendPieces, SendUpgrade, Stall};
use openck_test_support::script::Upgrade;

use crate::common::{asked, expect_advice, expect_words};

/// Noise of a fixed seed that does not begin as HTTP does.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next).take(64).collect();
    if bytes[0] == b'H' {
        bytes[0] = b'h';
    }
    bytes
}

#[test]
fn r12_h04_noise_is_refused_with_an_excerpt() {
    for seed in 0..50 {
        let bytes = noise(seed);
        let start = bytes[0].escape_ascii().to_string();
        let send = match seed % 2 {
            0 => Send(bytes),
            _ => SendPieces(bytes, 1),
        };
        let (server, rest, ws) = asked(&[send, Stall]);
        rest.expect_failure("/", &["not HTTP/1.1", &format!("\"{start}")]);
        expect_advice(&rest.error());
        assert!(!ws.validate() && !ws.is_connected());
        expect_words(&ws.error(), &["not HTTP/1.1"]);
        ws.expect_read_failure(3, &["handshake"]);
        // It may have left before the last piece.
        let transcript = server.transcript();
        assert!(transcript.client_left || transcript.error.is_some(), "{transcript}");
    }
}

#[test]
fn r12_h04_other_protocols_are_named_in_any_pieces() {
    for (answer, words) in [
        (&b"SSH-2.0-OpenSSH_9.2p1\r\n"[..], &["\"S", "SSH server"][..]),
        (b"\x15\x03\x01\x00\x02\x02\x46", &["\\x15", "TLS"]),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &["\"P"]),
        (b"HTTP/2.0 101 x\r\n\r\n", &["HTTP/2", "another version"]),
        (b"HTTP/0.9 101 x\r\n\r\n", &["HTTP/0", "another version"]),
        (b"http/1.1 101 x\r\n\r\n", &["\"h"]),
        (b"\r\n\r\nHTTP/1.1 101 x\r\n\r\n", &["\\r"]),
        (b"HTTP/1.1 1o1 x\r\n\r\n", &["malformed", "HTTP/1.1 1o1 x"]),
        (b"HTTP/1.1 099 x\r\n\r\n", &["malformed", "HTTP/1.1 099 x"]),
        (b"HTTP/1.1101 x\r\n\r\n", &["malformed", "HTTP/1.1101"]),
        (b"HTTP/1.1 101 x\r\nno colon\r\n\r\n", &["malformed", "no colon"]),
    ] {
        for size in [1, 2, answer.len()] {
            let (_server, rest, ws) = asked(&[SendPieces(answer.to_vec(), size), Stall]);
            // What an SSH server is takes three bytes to tell.
            let words = if size == 1 { &words[..1] } else { words };
            if size != 2 {
                rest.expect_failure("/", words);
            } else {
                assert_eq!(rest.full("GET", "/"), None);
            }
            expect_advice(&rest.error());
            assert!(!ws.validate());
        }
    }
}

/// The right value in lower case is another value.
#[test]
fn r15_h09_accept_has_one_spelling() {
    let name = "Sec-WebSocket-Accept";
    for wrong in ["{lower}", "{accept}, {accept}", "\"{accept}\"", "x{accept}", "{accept}\u{a0}"] {
        let upgrade = Upgrade::default().replacing(name, wrong);
        let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
        rest.get("/");
        assert!(!ws.validate(), "{wrong}");
        expect_words(&ws.error(), &[name, "does not answer the key"]);
    }
}

#[test]
fn r19_h12_bytes_that_no_header_may_have() {
    for bad in ["a\0b", "a\rb", "\u{1}", "a\u{7f}b"] {
        let upgrade = Upgrade::default().with("X-Odd", bad);
        let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
        rest.expect_failure("/", &["malformed", "X-Odd"]);
        expect_advice(&rest.error());
        assert!(!ws.validate());
        assert!(!ws.is_connected());
    }
    let (_server, rest, ws) =
        asked(&[SendUpgrade(Upgrade::default().replacing("Upgrade", "web\0socket")), Stall]);
    rest.expect_failure("/", &["malformed", r"web\x00socket"]);
    assert!(!ws.validate());
}

#[test]
fn r19_h12_bytes_beyond_ascii_and_folded_lines_have_one_meaning() {
    let upgrade = Upgrade::default().with("X-Odd", "J\u{fc}rgen").with("X-Folded", "a\r\n\tb");
    let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
    rest.get("/");
    assert!(ws.validate(), "{}", ws.error());
    assert_eq!(rest.header_by_name("X-Odd").as_deref(), Some("J\u{fc}rgen"));
    assert_eq!(rest.header_by_name("X-Folded").as_deref(), Some("a b"));
    // In a field of the handshake they are as wrong as any other value.
    for (name, value, shown) in [
        ("Upgrade", "websocket\u{e9}", r"websocket\xc3\xa9"),
        ("Upgrade", "web\r\n socket", "web socket"),
        ("Sec-WebSocket-Protocol", "\u{e9}", r"\xc3\xa9"),
        ("Sec-WebSocket-Extensions", "\u{e9}", r"\xc3\xa9"),
    ] {
        let upgrade = Upgrade::default().replacing(name, value);
        let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Stall]);
        rest.get("/");
        assert!(!ws.validate(), "{name}");
        expect_words(&ws.error(), &[name, shown]);
        expect_advice(&ws.error());
    }
}
