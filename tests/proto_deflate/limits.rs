//! Bombs, limits, and text that is not UTF-8.

use std::time::{Duration, Instant};

use openck::proto::extension::Agreed;
use openck::proto::frame::Opcode;
use openck::proto::receiver::{Limits, Receiver};

use crate::proto_support::{Outcome, data, frame};
use crate::*;

// Bombs

const MIB: usize = 1 << 20;

/// Something that is a thousand times longer when it is inflated.
fn bomb(len: usize) -> Vec<u8> {
    let payload = Peer::new(9, 15).payload(&vec![0; len]);
    assert!(payload.len() < len / 900, "{}", payload.len());
    payload
}

/// What a bomb comes to: the close code, the memory it took, and how many bytes were inflated.
fn explode(agreed: &Agreed, limits: Limits, script: &[u8]) -> (Option<u16>, usize) {
    let mut receiver = Receiver::new(limits).with_deflate(agreed);
    let mut message = Vec::new();
    let mut rest = script;
    while !rest.is_empty() {
        match receiver.receive(rest, &mut message) {
            Ok((used, _)) => rest = &rest[used..],
            Err(error) => return (error.kind().close_code(), message.capacity()),
        }
    }
    (None, message.capacity())
}

#[test]
fn r88_a_bomb_is_noticed_while_it_is_inflated() {
    let bomb = bomb(64 * MIB);
    for (agreed, limit) in [(AGREED, MIB), (NO_TAKEOVER, MIB), (AGREED, 10), (AGREED, 3 * MIB + 7)]
    {
        let by_message = Limits { frame: 0, message: limit as u64 };
        let by_frame = Limits { frame: limit as u64, message: 0 };
        for (limits, script) in [
            (by_message, frame(BINARY, &bomb)),
            (by_message, fragmented(TEXT, &bomb, &[1, 50, 900, 901])),
            (by_frame, frame(TEXT, &bomb)),
        ] {
            let start = Instant::now();
            let (code, memory) = explode(&agreed, limits, &script);
            assert_eq!(code, Some(1009), "{limits:?}");
            assert!(memory <= limit + 64 * 1024, "{limits:?}: {memory}");
            assert!(start.elapsed() < Duration::from_secs(5));
        }
    }
}

#[test]
fn r88_a_message_doubles_but_not_beyond_its_limit() {
    for (limit, kib, memory) in [(0, 128, 128 << 10), (100 << 10, 100, (100 << 10) + 1)] {
        let script = frame(BINARY, &Peer::once(&vec![0; kib << 10]));
        let limits = Limits { frame: 0, message: limit };
        assert_eq!(explode(&AGREED, limits, &script), (None, memory));
    }
}

#[test]
fn r88_a_bomb_in_many_frames_and_messages() {
    let payload = bomb(4 * MIB);
    let cuts: Vec<usize> = (0..400).map(|n| n * 11).collect();
    let limits = Limits { frame: 0, message: MIB as u64 };
    let (code, memory) = explode(&AGREED, limits, &fragmented(BINARY, &payload, &cuts));
    assert_eq!(code, Some(1009));
    assert!(memory <= MIB + 64 * 1024, "{memory}");
    // Messages within the limit are the program's to take; here nobody does.
    let mut script = Vec::new();
    for _ in 0..3 {
        script.extend(frame(BINARY, &bomb(MIB)));
    }
    assert_eq!(explode(&NO_TAKEOVER, limits, &script).0, None);
}

#[test]
fn r89_limits_count_inflated_bytes() {
    let plain = prose(10_000);
    let len = plain.len() as u64;
    let script = frame(TEXT, &Peer::once(&plain));
    assert_eq!(limited(len, &script).code, None);
    assert_eq!(limited(len - 1, &script).code, Some(1009));
    // What compression makes longer is not too long for that.
    let noise = noise(10_000);
    let payload = Peer::once(&noise);
    assert!(payload.len() > noise.len());
    assert_eq!(limited(10_000, &frame(BINARY, &payload)).message, noise);
    assert_eq!(limited(9_999, &frame(BINARY, &payload)).code, Some(1009));
    for len in 0..20 {
        let payload = Peer::once(&noise[..len]);
        assert_eq!(limited(len.max(1) as u64, &frame(BINARY, &payload)).code, None, "{len}");
    }
}

#[test]
fn r89_the_limit_of_a_frame_counts_each_frame() {
    let plain = prose(3000);
    let mut peer = Peer::new(6, 15);
    let mut script = Vec::new();
    for n in 0..5 {
        // Each frame with the tail of its own flush, but for the last.
        let mut payload = peer.payload(&plain);
        let first = if n == 0 { 0x41 } else { 0 };
        if n < 4 {
            payload.extend([0, 0, 0xff, 0xff]);
        }
        script.extend(frame(first | if n == 4 { 0x80 } else { 0 }, &payload));
    }
    let len = plain.len() as u64;
    let with =
        |frame, message| Outcome::deflated(&AGREED, Limits { frame, message }, [&script[..]]).code;
    assert_eq!(with(len, 5 * len), None);
    assert_eq!(with(len - 1, 0), Some(1009));
    assert_eq!(with(0, 5 * len - 1), Some(1009));
}

/// compressed data eight times longer than the limit and a little are read, no more.
#[test]
fn r89_a_compressed_frame_of_senseless_length_is_refused() {
    for limits in [
        Limits { frame: 10, message: 0 },
        Limits { frame: 0, message: 10 },
        Limits { frame: 10, message: 5 },
    ] {
        for (len, code) in [(144, None), (145, Some(1009))] {
            let header = &frame(BINARY, &vec![0; len])[..4];
            assert_eq!(Outcome::deflated(&AGREED, limits, [header]).code, code, "{limits:?}");
        }
    }
}

/// F-4 of compressed frames: no compressor makes that long a frame of what the limit allows.
#[test]
fn r42_absurd_lengths_fail_at_the_header() {
    for len in [1_u64 << 40, 1 << 62, (1 << 63) - 1] {
        let header = [&[BINARY, 127][..], &len.to_be_bytes()].concat();
        assert_eq!(limited(1 << 20, &header).code, Some(1009), "{len}");
        let frame = Limits { frame: 1 << 20, message: 0 };
        assert_eq!(Outcome::deflated(&AGREED, frame, [&header[..]]).code, Some(1009), "{len}");
        let outcome = of(&header);
        assert_eq!((outcome.code, outcome.message.capacity()), (None, 0), "{len}");
    }
}

#[test]
fn r63_empty_blocks_without_end_take_no_memory() {
    let mut receiver = Receiver::new(Limits { frame: 0, message: 100 }).with_deflate(&AGREED);
    let mut message = Vec::new();
    receiver.receive(&[0x42, 0], &mut message).unwrap();
    let blocks = frame(0, &[0, 0, 0, 0xff, 0xff].repeat(100));
    for _ in 0..10_000 {
        let (used, event) = receiver.receive(&blocks, &mut message).unwrap();
        assert_eq!((used, event), (blocks.len(), Some(data(Opcode::Continuation, false))));
    }
    assert!(message.capacity() <= 2048, "{}", message.capacity());
}

// UTF-8

#[test]
fn r89_inflated_text_is_utf8() {
    for text in ["\u{20ac}", "a\u{1f600}\u{0}b", ""] {
        assert_eq!(inflated(&frame(TEXT, &Peer::once(text.as_bytes()))), text.as_bytes());
    }
    for bad in [&b"\xff"[..], b"ok\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut \xe2\x82"]
    {
        let payload = Peer::once(bad);
        fails(&frame(TEXT, &payload), 1007);
        assert_eq!(inflated(&frame(BINARY, &payload)), bad);
        for cut in 0..payload.len() {
            fails(&fragmented(TEXT, &payload, &[cut]), 1007);
        }
    }
}

#[test]
fn r89_bad_text_is_noticed_inside_an_unfinished_frame() {
    let payload = Peer::new(0, 15).payload(b"good so far \xf8 and more than that");
    let script = frame(TEXT, &payload);
    for len in 0..script.len() {
        let code = of(&script[..len]).code;
        // The frame's header, the block's, and the text up to the byte that cannot be.
        assert_eq!(code, (len > 2 + 5 + 12).then_some(1007), "{len}");
    }
}

#[test]
fn r89_characters_may_be_cut_anywhere() {
    let text = "\u{e9}\u{20ac}\u{1f600}".repeat(20);
    let payload = Peer::new(0, 15).payload(text.as_bytes());
    for cut in 0..payload.len() {
        assert_eq!(inflated(&fragmented(TEXT, &payload, &[cut])), text.as_bytes(), "{cut}");
    }
}
