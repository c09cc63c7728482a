//! Compressed messages both ways. RFC 7692 6, 7.2.

use std::ffi::CString;

use openck_test_support::script::Action::{self, ExpectFrame, Send, Stall};
use openck_test_support::wire::{self, raw_frame};

use crate::common::{Bytes, expect_advice, expect_words};
use crate::compressed;
use crate::inflate::Oracle;

/// "Hello", compressed: the example of RFC 7692 7.2.3.1.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
/// The same again, as a reference to the first: 7.2.3.2.
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

/// An unmasked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(first, None, payload)
}

/// The server sends this; ReadFrame fails with reason 4, and this Close goes out.
#[track_caller]
fn forbidden(parameters: &str, name: &str, bytes: Vec<u8>, code: u16) {
    let steps = [Send(bytes), ExpectFrame, Action::Close];
    let (server, ws) = compressed(parameters, |ws| ws.set_max_message(1 << 20), &steps);
    let mut reads = 0;
    while ws.read() {
        reads += 1;
        assert!(reads < 10, "{name}: accepted");
    }
    assert_eq!(ws.fail_reason(), 4, "{name}: {}", ws.error());
    expect_advice(&ws.error());
    assert!(!ws.is_connected(), "{name}");
    let transcript = server.transcript();
    let sent = transcript.frames.first().and_then(wire::Frame::close_code);
    assert_eq!(sent, Some(code), "{name}: {transcript}");
    ws.expect_read_failure(3, &[]);
}

#[test]
fn r84_a_compressed_message_is_read_as_a_plain_one() {
    let script = [
        Send(frame(0xc1, HELLO)),
        Send(frame(0xc1, AGAIN)),
        Send(frame(0x81, b"plain")),
        Send([frame(0x42, &HELLO[..3]), frame(0x89, b"p"), frame(0x80, &HELLO[3..])].concat()),
        Send(frame(0xc1, b"\x00")),
        Stall,
    ];
    let (_server, ws) = compressed("", |_| {}, &script);
    ws.expect_frame("Text");
    assert_eq!(ws.data_len(), 5, "inflated bytes");
    assert_eq!(ws.data().as_deref(), Some("Hello"));
    ws.expect_text("Hello");
    ws.expect_text("plain");
    ws.expect_frame("Binary");
    assert!(!ws.is_final());
    ws.expect_frame("Continuation");
    assert!(ws.is_final());
    assert_eq!(ws.bytes(), b"Hello");
    ws.expect_text("");
}

#[test]
fn r85_r87_r88_broken_messages_fail_with_close_1002() {
    for parameters in ["", "; server_no_context_takeover", "; server_max_window_bits=9"] {
        for (name, payload) in [
            ("a block of type 3", &b"\x06"[..]),
            ("a stored block with a wrong length", b"\x00\x05\x00\xfa\xfeHello\x00"),
            ("a dynamic block without codes", b"\x04\x00\x00\x00\x00\x00\x00\x00"),
            ("a distance too far back", AGAIN),
            ("half a block", &HELLO[..5]),
            ("a tail that was not cut", b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"),
            ("nothing", b""),
        ] {
            forbidden(parameters, name, frame(0xc2, payload), 1002);
            let plain_first = [frame(0x81, b"Hello"), frame(0xc2, payload)].concat();
            forbidden(parameters, name, plain_first, 1002);
        }
    }
    let twice = [frame(0xc1, HELLO), frame(0xc1, AGAIN)].concat();
    forbidden("; server_no_context_takeover", "a forgotten message", twice, 1002);
}

#[test]
fn r31_r90_rsv1_in_wrong_places_fails_with_close_1002() {
    forbidden("", "a compressed Ping", frame(0xc9, HELLO), 1002);
    forbidden("", "a compressed Close", frame(0xc8, HELLO), 1002);
    let continuation = [frame(0x41, &HELLO[..3]), frame(0xc0, &HELLO[3..])].concat();
    forbidden("", "a compressed continuation", continuation, 1002);
    forbidden("", "another reserved bit", frame(0xe1, HELLO), 1002);
}

#[test]
fn r89_inflated_text_that_is_not_utf8_fails_with_close_1007() {
    // "H\xff" and "\xe2\x82" in stored blocks.
    forbidden("", "no UTF-8", frame(0xc1, b"\x00\x02\x00\xfd\xffH\xff\x00"), 1007);
    let cut = b"\x00\x02\x00\xfd\xff\xe2\x82\x00";
    forbidden("", "half a character", frame(0xc1, cut), 1007);
    forbidden("", "in two frames", [frame(0x41, &cut[..6]), frame(0x80, &cut[6..])].concat(), 1007);
}

/// A megabyte and a byte of zeros in a kilobyte: one literal, then matches of 258 from one back.
fn bomb() -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let mut out = Vec::with_capacity(1 << 20);
    let mut stream = Compress::new(Compression::best(), false);
    stream.compress_vec(&vec![0; (1 << 20) + 1], &mut out, FlushCompress::Sync).unwrap();
    assert!(out.len() < 2000, "{}", out.len());
    out.truncate(out.len() - 4);
    out
}

#[test]
fn r88_bombs_fail_with_close_1009() {
    let bomb = bomb();
    for parameters in ["", "; server_no_context_takeover"] {
        forbidden(parameters, "a bomb", frame(0xc2, &bomb), 1009);
        let (a, b) = bomb.split_at(500);
        let pieces = [frame(0x42, a), frame(0, b""), frame(0x80, b)].concat();
        forbidden(parameters, "a bomb in fragments", pieces, 1009);
    }
}

#[test]
fn r88_bombs_within_the_limit_are_the_programs_to_take() {
    let bomb = frame(0xc2, &bomb());
    let script = vec![Send(bomb.repeat(5)), ExpectFrame, Stall];
    let set = |ws: &crate::Ws| ws.set_max_message((4 << 20) + 4);
    let parameters = "; server_no_context_takeover";
    let (server, ws) = compressed(parameters, set, &script);
    for _ in 0..4 {
        ws.expect_frame("Binary");
    }
    ws.expect_read_failure(4, &["not taken", "4194308", "GetFrameData"]);
    assert_eq!(server.transcript().frames[0].close_code(), Some(1009));
}

// Sending

/// The payloads of what the client sends, and first bytes as RSV and opcode.
fn sent(parameters: &str, count: usize, send: impl FnOnce(&crate::Ws)) -> Vec<wire::Frame> {
    let (server, ws) = compressed(parameters, |_| {}, &vec![ExpectFrame; count]);
    send(&ws);
    let transcript = server.transcript();
    assert_eq!(transcript.frames.len(), count, "{transcript}");
    assert!(transcript.frames.iter().all(|frame| frame.mask.is_some()));
    transcript.frames
}

#[test]
fn r84_messages_are_compressed_from_the_minimum_size_on() {
    let long = "compress me, ".repeat(100);
    let frames = sent("", 4, |ws| {
        assert!(ws.send("short", true) && ws.send(&long, true));
        ws.set_min_size(0);
        assert!(ws.send("short", true));
        ws.set_min_size(i32::MAX);
        assert!(ws.send(&long, true));
    });
    let rsv: Vec<u8> = frames.iter().map(|frame| frame.rsv).collect();
    assert_eq!(rsv, [0, 4, 4, 0]);
    assert_eq!(frames[0].text(), "short");
    assert_eq!(frames[3].text(), long);
    let mut oracle = Oracle::default();
    assert!(frames[1].payload.len() < 100);
    assert_eq!(oracle.message(&frames[1].payload), long.as_bytes());
    assert_eq!(oracle.message(&frames[2].payload), b"short");
}

#[test]
fn r84_the_frames_of_a_message_are_one_compressed_message() {
    let frames = sent("", 6, |ws| {
        assert!(ws.send("one, ", false) && ws.ping("alive?") && ws.send("", false));
        assert!(!ws.send_bytes(b"other", true), "another message inside");
        assert!(ws.send("two", true));
        assert!(ws.send_bytes(b"\xff\x00", false) && ws.send_bytes(b"", true));
    });
    let first: Vec<_> = frames.iter().map(|f| (f.fin, f.rsv, f.opcode)).collect();
    assert_eq!(
        first,
        [(false, 4, 1), (true, 0, 9), (false, 0, 0), (true, 0, 0), (false, 4, 2), (true, 0, 0),]
    );
    assert_eq!(frames[1].payload, b"alive?");
    let joined = |places: &[usize]| -> Vec<u8> {
        places.iter().flat_map(|place| frames[*place].payload.clone()).collect()
    };
    let mut oracle = Oracle::default();
    assert_eq!(oracle.message(&joined(&[0, 2, 3])), b"one, two");
    assert_eq!(oracle.message(&joined(&[4, 5])), b"\xff\x00");
}

#[test]
fn r82_the_agreed_window_is_kept() {
    let text: String = (0..4000).map(|n| format!("{} ", n * 7919 % 611)).collect();
    for bits in 9..=15 {
        let parameters = format!("; client_max_window_bits={bits}");
        let frames = sent(&parameters, 1, |ws| assert!(ws.send(&text, true)));
        let mut oracle = Oracle::default();
        assert_eq!(frames[0].rsv, 4);
        assert_eq!(oracle.message(&frames[0].payload), text.as_bytes());
        assert!(oracle.farthest <= 1 << bits, "{bits}: {}", oracle.farthest);
    }
    // No library compresses with 8 bits: not to compress is always allowed.
    let frames = sent("; client_max_window_bits=8", 1, |ws| assert!(ws.send(&text, true)));
    assert_eq!((frames[0].rsv, frames[0].text()), (0, text));
}

#[test]
fn r83_messages_without_takeover_stand_alone() {
    let text = "the same text again and again, ".repeat(20);
    for (parameters, alone) in [("", false), ("; client_no_context_takeover", true)] {
        let frames = sent(parameters, 2, |ws| {
            assert!(ws.send(&text, true) && ws.send(&text, true));
        });
        assert_eq!(frames[0].payload == frames[1].payload, alone);
        let mut oracle = Oracle::default();
        for frame in &frames {
            if alone {
                oracle.forget();
            }
            assert_eq!(oracle.message(&frame.payload), text.as_bytes());
        }
    }
}

#[test]
fn the_level_decides_the_size() {
    let text: String = (0..4000).map(|n| format!("{} ", n * 7919 % 611)).collect();
    let size = |level| {
        let set = |ws: &crate::Ws| ws.set_level(level);
        let (server, ws) = compressed("", set, &[ExpectFrame]);
        assert!(ws.send(&text, true));
        server.transcript().frames[0].payload.len()
    };
    let (stored, fast, usual) = (size(0), size(1), size(6));
    assert!(stored > text.len() && fast < text.len() && usual < fast, "{stored} {fast} {usual}");
}

#[test]
fn closing_works_as_without_compression() {
    let script = [ExpectFrame, ExpectFrame, Send(wire::close(Some(1000), "bye")), Action::Close];
    let (server, ws) = compressed("", |ws| ws.set_min_size(0), &script);
    assert!(ws.send_bytes(b"begun", false), "a message that is never ended");
    assert!(ws.send_close(true, 1000, "enough"));
    assert!(!ws.send("more", true));
    expect_words(&ws.error(), &["Close"]);
    ws.expect_frame("Close");
    assert_eq!((ws.close_code(), ws.close_reason()), (1000, "bye".to_owned()));
    let close = server.transcript().frames[1].clone();
    assert_eq!((close.rsv, close.close_code()), (0, Some(1000)));
}

#[test]
fn a_large_message_both_ways() {
    let data: Vec<u8> = (0_u32..1 << 20).flat_map(|n| (n / 5 * 7919).to_le_bytes()).collect();
    let (server, ws) = compressed("", |_| {}, &[ExpectFrame]);
    assert!(ws.send_bytes(&data, true), "{}", ws.error());
    let payload = server.transcript().frames[0].payload.clone();
    assert!(payload.len() < data.len() / 2, "{}", payload.len());
    let (_server, ws) = compressed("", |_| {}, &[Send(frame(0xc2, &payload)), Stall]);
    ws.expect_frame("Binary");
    let bytes = Bytes::new();
    assert!(ws.data_bd_handle(bytes.h()));
    assert!(bytes.with(|bytes| bytes == data));
}

#[test]
fn r27_long_text_that_is_not_utf8_is_not_compressed() {
    let (server, ws) = compressed("", |_| {}, &[ExpectFrame]);
    let long = "\u{436}\u{4e16}".repeat(20_000);
    let bad = [long.as_bytes(), b"\xff"].concat();
    assert!(!ws.send_c(&CString::new(bad).unwrap(), true));
    let place = format!("byte 0xFF at offset {}", long.len());
    expect_words(&ws.error(), &["not valid UTF-8", &place]);
    assert!(ws.is_connected());
    assert!(ws.send(&long, true), "{}", ws.error());
    let frames = server.transcript().frames;
    assert_eq!(frames.len(), 1);
    assert!(Oracle::default().message(&frames[0].payload) == long.as_bytes());
}
