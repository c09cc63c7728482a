//! permessage-deflate, receiving: hex in, events or a close code out. RFC 7692 6 and 7.2.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod proto_support;

use std::time::{Duration, Instant};

use flate2::{Compress, Compression, FlushCompress};
use openck::proto::extension::Agreed;
use openck::proto::frame::Opcode;
use openck::proto::receiver::{Event, Limits, Receiver};
use proptest::prelude::*;
use proto_support::{Outcome, bytes, data, frame, hex};

const AGREED: Agreed =
    Agreed { server_bits: 15, client_bits: 15, server_takeover: true, client_takeover: true };
const NO_TAKEOVER: Agreed = Agreed { server_takeover: false, client_takeover: false, ..AGREED };

/// "Hello" as RFC 7692 7.2.3 has it.
const HELLO: &str = "f248cdc9c90700";

fn of(script: &[u8]) -> Outcome {
    Outcome::deflated(&AGREED, Limits::default(), [script])
}

fn without_takeover(script: &[u8]) -> Outcome {
    Outcome::deflated(&NO_TAKEOVER, Limits::default(), [script])
}

fn limited(limit: u64, script: &[u8]) -> Outcome {
    let limits = Limits { frame: 0, message: limit };
    Outcome::deflated(&AGREED, limits, [script])
}

/// The plain data of a script that must not fail.
#[track_caller]
fn inflated(script: &[u8]) -> Vec<u8> {
    let outcome = of(script);
    assert_eq!(outcome.code, None, "{outcome:?}");
    outcome.message
}

#[track_caller]
fn fails(script: &[u8], code: u16) {
    let outcome = of(script);
    assert_eq!(outcome.code, Some(code), "{script:02x?}: {outcome:?}");
}

/// The first byte of a message of one frame, compressed.
const TEXT: u8 = 0xc1;
const BINARY: u8 = 0xc2;

/// A compressed message of one frame, from hex.
fn message(payload: &str) -> Vec<u8> {
    frame(BINARY, &hex(payload))
}

/// A server's compressor.
struct Peer {
    stream: Compress,
}

impl Peer {
    fn new(level: u32, bits: u8) -> Self {
        Self { stream: Compress::new_with_window_bits(Compression::new(level), false, bits) }
    }

    /// The payload of a whole message.
    fn payload(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() * 2 + 1024);
        self.stream.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        if out.ends_with(&[0, 0, 0xff, 0xff]) {
            out.truncate(out.len() - 4);
        } else {
            out.push(0);
        }
        out
    }

    fn once(plain: &[u8]) -> Vec<u8> {
        Self::new(6, 15).payload(plain)
    }
}

/// Text with some order in it, so that it is compressed into blocks with codes of their own.
fn prose(len: usize) -> Vec<u8> {
    let words = ["alpha", "beta ", "gamma,", " delta", "\u{20ac}", "epsilon\n", "12", "{\"id\":"];
    let mut seed = 7_u32;
    let mut text = String::new();
    while text.len() < len {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
        text.push_str(words[(seed >> 16) as usize % words.len()]);
        text.push(char::from(b'a' + (seed >> 24) as u8 % 26));
    }
    text.into_bytes()
}

/// Bytes without any order.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(step).collect()
}

/// Splits a payload into the frames of one compressed message, at these places.
fn fragmented(first: u8, payload: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
    cuts.sort_unstable();
    let mut script = Vec::new();
    let mut from = 0;
    for (n, to) in cuts.iter().copied().chain([payload.len()]).enumerate() {
        let opcode = if n == 0 { first & 0x7f } else { 0 };
        let fin = if n == cuts.len() { 0x80 } else { 0 };
        script.extend(frame(opcode | fin, &payload[from..to]));
        from = to;
    }
    script
}

// RFC 7692 7.2.3, the examples

#[test]
fn r84_the_examples_of_the_rfc() {
    let hello = |script: &str| assert_eq!(inflated(&hex(script)), b"Hello", "{script}");
    // One compressed block.
    hello("c107 f248cdc9c90700");
    // In two frames.
    hello("4103 f248cd 8004 c9c90700");
    // A block without compression.
    hello("c10b 000500faff48656c6c6f00");
    // A block that is marked as the last.
    hello("c108 f348cdc9c9070000");
    // Two blocks.
    hello("c10d f248050000 00ffffcac9c90700");
    // The same message again, as a reference to the first.
    assert_eq!(inflated(&hex("c107 f248cdc9c90700 c105 f200110000")), b"HelloHello");
}

#[test]
fn r84_the_events_are_those_of_plain_messages() {
    let outcome = of(&hex("4103 f248cd 8901 70 0000 8004 c9c90700 c207 f248cdc9c90700"));
    assert_eq!(outcome.code, None);
    assert_eq!(
        outcome.events,
        [
            data(Opcode::Text, false),
            Event::Ping(bytes(b"p")),
            data(Opcode::Continuation, false),
            data(Opcode::Continuation, true),
            data(Opcode::Binary, true),
        ]
    );
    assert_eq!(outcome.message, b"HelloHello");
}

#[test]
fn r84_empty_messages() {
    for script in ["c101 00", "c201 00", "c101 00 c101 00 c101 00", "c106 000000ffff00 8100"] {
        assert_eq!(outcome_of(script).message, b"", "{script}");
    }
    for script in ["4101 00 8000", "4100 8001 00", "4100 0000 0001 00 8000"] {
        assert_eq!(outcome_of(script).message, b"", "{script}");
    }
    assert_eq!(inflated(&[hex("c101 00"), message(HELLO)].concat()), b"Hello");
}

#[track_caller]
fn outcome_of(script: &str) -> Outcome {
    let outcome = of(&hex(script));
    assert_eq!(outcome.code, None, "{script}");
    outcome
}

// Where RSV1 may stand, RFC 7692 6

#[test]
fn r31_r90_rsv1_where_it_may_not_be() {
    // Control frames, continuations, and together with the other bits.
    for script in ["c900", "ca00", "c800", "c802 03e8", "c980"] {
        fails(&hex(script), 1002);
    }
    fails(&hex("4103 f248cd c004 c9c90700"), 1002);
    fails(&hex("0101 61 c001 62"), 1002);
    for bits in [0x20, 0x10, 0x30, 0x60, 0x50, 0x70] {
        fails(&[0x81 | bits], 1002);
    }
    // Without the extension.
    let plain = Outcome::of([&hex("c107 f248cdc9c90700")[..]]);
    assert_eq!(plain.code, Some(1002));
}

#[test]
fn r90_control_frames_go_as_they_are() {
    let outcome = of(&hex("8904 00ff f248 8a01 00 8804 03e8 6f6b"));
    assert_eq!(outcome.code, None);
    assert_eq!(outcome.events.len(), 3);
    assert_eq!(outcome.events[0], Event::Ping(bytes(&[0, 0xff, 0xf2, 0x48])));
}

#[test]
fn r86_plain_and_compressed_messages_mix() {
    let mut peer = Peer::new(6, 15);
    let mut script = Vec::new();
    let mut expected = Vec::new();
    for n in 0..20 {
        let text = prose(50 + 40 * n);
        match n % 3 {
            0 => script.extend(frame(0x81, &text)),
            1 => script.extend(fragmented(0x81, &text, &[10, 20])),
            _ => script.extend(frame(TEXT, &peer.payload(&text))),
        }
        expected.extend_from_slice(&text);
    }
    assert_eq!(inflated(&script), expected);
}

#[test]
fn r86_a_plain_message_is_not_part_of_the_context() {
    let mut peer = Peer::new(9, 15);
    let text = prose(500);
    let first = peer.payload(&text);
    let again = peer.payload(&text);
    assert!(again.len() < 30, "it refers to the first");
    let script = [frame(TEXT, &first), frame(0x81, &prose(9000)), frame(TEXT, &again)].concat();
    let message = inflated(&script);
    assert_eq!(message[text.len() + prose(9000).len()..], text);
}

// Context takeover

#[test]
fn r83_without_takeover_nothing_earlier_is_known() {
    let twice = hex("c107 f248cdc9c90700 c105 f200110000");
    let outcome = without_takeover(&twice);
    assert_eq!(outcome.code, Some(1002));
    assert_eq!(outcome.message, b"HelloH", "up to the reference");
    let twice = hex("c107 f248cdc9c90700 c107 f248cdc9c90700");
    assert_eq!(without_takeover(&twice).message, b"HelloHello");
}

#[test]
fn r83_every_window_of_the_server() {
    for bits in 9..=15 {
        for level in [1, 6, 9] {
            let agreed = Agreed { server_bits: bits, ..AGREED };
            let mut peer = Peer::new(level, bits);
            let mut script = Vec::new();
            let mut expected = Vec::new();
            for n in 0..12 {
                let plain = [prose(3000 * n), noise(700), prose(100)].concat();
                let payload = peer.payload(&plain);
                script.extend(fragmented(BINARY, &payload, &[n * 31, n * 1007, n * 5]));
                expected.extend(plain);
            }
            for size in [1000, script.len()] {
                let pieces = script.chunks(size);
                let outcome = Outcome::deflated(&agreed, Limits::default(), pieces);
                assert_eq!(outcome.code, None, "{bits} bits, level {level}, pieces of {size}");
                assert_eq!(outcome.message, expected);
            }
        }
    }
}

/// A window of 256 bytes: distances up to there, by hand.
#[test]
fn r81_the_smallest_window() {
    let agreed = Agreed { server_bits: 8, ..AGREED };
    // 256 bytes as a stored block; then 3 bytes from 256 back: length symbol 257, distance
    // symbol 15 (193 to 256) with 6 extra bits set.
    let stored = [hex("000001fffe"), (0..=255).collect(), hex("00")].concat();
    let back =
        deflate_bits(&[(0b010, 3), (0b100_0000, 7), (0b1_1110, 5), (0b11_1111, 6), (0, 7), (0, 3)]);
    let script = [frame(BINARY, &stored), frame(BINARY, &back)].concat();
    let outcome = Outcome::deflated(&agreed, Limits::default(), [&script[..]]);
    assert_eq!(outcome.code, None);
    assert_eq!(outcome.message[256..], [0, 1, 2]);
}

/// Packs values of so many bits each, the lowest bit first.
fn deflate_bits(values: &[(u32, usize)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    for (value, count) in values {
        for bit in 0..*count {
            if at % 8 == 0 {
                out.push(0);
            }
            *out.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (at % 8);
            at += 1;
        }
    }
    out
}

// The tail, RFC 7692 7.2.2

#[test]
fn r85_the_tail_is_cut_once_in_a_message() {
    // A fragment that ends with a flush of its own still has its tail.
    let script = hex("410b f248cdc9c907000000ffff 8007 f248cdc9c90700");
    assert_eq!(inflated(&script), b"HelloHello");
    // With further empty blocks before it.
    let script = hex("c116 f248cdc9c907000000ffff 000000ffff 000000ffff 00");
    assert_eq!(inflated(&script), b"Hello");
}

#[test]
fn r85_a_tail_too_many_or_too_few_fails() {
    for payload in [
        // Not cut at all; cut and half of it left.
        "f248cdc9c907000000ffff",
        "f248cdc9c90700000",
        "f248cdc9c907000000ff",
        // Cut twice: the end of the block is missing.
        "f248cdc9c907",
        "f248cdc9",
        "f2",
        // A stored block without its data, its length, its header.
        "000500faff48656c6c",
        "000500faff",
        "0005",
        "000500faff48656c6c6f",
    ] {
        let payload = if payload.len() % 2 == 1 { &payload[..payload.len() - 1] } else { payload };
        for first in [BINARY, TEXT] {
            fails(&frame(first, &hex(payload)), 1002);
            assert_eq!(without_takeover(&frame(first, &hex(payload))).code, Some(1002));
        }
    }
    // Nothing at all: an empty message is a block as well.
    fails(&hex("c100"), 1002);
    fails(&hex("c107 f248cdc9c90700 c200"), 1002);
    fails(&hex("4100 0000 8000"), 1002);
}

/// A block with codes of its own, cut off at every byte of it.
#[test]
fn r85_a_message_that_ends_inside_a_block_fails() {
    let plain = prose(2000);
    let payload = Peer::once(&plain);
    assert_eq!(payload[0] & 6, 4, "a dynamic block");
    let whole = inflated(&frame(TEXT, &payload));
    assert_eq!(whole, plain);
    for len in 0..payload.len() {
        let outcome = of(&frame(BINARY, &payload[..len]));
        assert_eq!(outcome.code, Some(1002), "{len} of {}", payload.len());
    }
}

#[test]
fn r87_a_last_block_may_be_followed_by_others() {
    // By an empty block's header, as the RFC has it; by nothing; by a block with data.
    for payload in ["f348cdc9c9070000", "f348cdc9c90700"] {
        let script = [message(payload), message(payload)].concat();
        assert_eq!(inflated(&script), b"HelloHello", "{payload}");
        let script = fragmented(BINARY, &hex(payload), &[1, 7, 7]);
        assert_eq!(inflated(&script), b"Hello", "{payload}");
    }
    let both = format!("f348cdc9c90700{HELLO}");
    assert_eq!(inflated(&message(&both)), b"HelloHello");
    let thrice = "f348cdc9c90700 010500faff48656c6c6f f348cdc9c90700 00";
    assert_eq!(inflated(&message(thrice)), b"HelloHelloHello");
    // What is behind it is a block, not rubbish.
    fails(&message("f348cdc9c90700 ff"), 1002);
    fails(&message("f348cdc9c90700 0000"), 1002);
}

#[test]
fn r87_a_last_block_ends_the_context() {
    // The second message refers to the first, whose writer has forgotten it.
    fails(&[message("f348cdc9c9070000"), message("f200110000")].concat(), 1002);
    // After it everything works as before.
    let script = [message("f348cdc9c90700"), message(HELLO), message("f200110000")].concat();
    assert_eq!(inflated(&script), b"HelloHelloHello");
}

#[test]
fn r87_stored_fixed_and_dynamic_blocks() {
    let plain = prose(70_000);
    for level in 0..=9 {
        let payload = Peer::new(level, 15).payload(&plain);
        assert_eq!(inflated(&frame(TEXT, &payload)), plain, "level {level}");
    }
    let noise = noise(200_000);
    assert_eq!(inflated(&frame(BINARY, &Peer::once(&noise))), noise);
}

// Broken data

#[test]
fn r88_broken_data_fails_with_1002() {
    for (what, payload) in [
        ("a block of type 3", "06"),
        ("a stored block whose length does not agree", "000500faee48656c6c6f00"),
        ("too many length symbols", "fc00000000000000"),
        ("a dynamic block without code lengths", "0400000000000000"),
        ("code lengths that are too many for a code", "04c0ffffffffffffff"),
        ("a length symbol that does not exist", "1a0700"),
        ("a distance symbol that does not exist", "027c00"),
        ("a distance before the beginning", "022200"),
    ] {
        fails(&message(payload), 1002);
        // Also as the second message, and not at once.
        fails(&[message(HELLO), fragmented(BINARY, &hex(payload), &[1, 2])].concat(), 1002);
        assert_eq!(without_takeover(&message(payload)).code, Some(1002), "{what}");
    }
}

/// Distances are measured from the beginning of the context.
#[test]
fn r88_distances_too_far_back() {
    // "Hello", then three bytes from 5 back: allowed. From 6 back: not.
    let back = |distance: u32| {
        let (symbol, extra) = if distance < 7 { (4_u32, distance - 5) } else { (5, distance - 7) };
        let reversed = symbol.reverse_bits() >> 27;
        deflate_bits(&[(0b010, 3), (0b100_0000, 7), (reversed, 5), (extra, 1), (0, 7), (0, 3)])
    };
    let script = |distance| [message(HELLO), frame(BINARY, &back(distance))].concat();
    assert_eq!(inflated(&script(5)), b"HelloHel");
    for distance in 6..=8 {
        fails(&script(distance), 1002);
    }
    assert_eq!(without_takeover(&script(5)).code, Some(1002));
}

#[test]
fn r88_a_failure_is_for_good() {
    let mut receiver = Receiver::new(Limits::default()).with_deflate(&AGREED);
    let mut message = Vec::new();
    let error = receiver.receive(&hex("c101 06"), &mut message).unwrap_err();
    assert!(error.message().contains("inflated") && error.advice().is_some());
    for more in [&hex("c107 f248cdc9c90700")[..], &[0x81, 0], &[]] {
        let again = receiver.receive(more, &mut message).unwrap_err();
        assert_eq!(again.message(), error.message());
    }
    assert_eq!((receiver.direct(), message.len()), (0, 0));
}

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

// Splits

#[test]
fn r39_every_split_of_a_script() {
    let mut peer = Peer::new(6, 15);
    let mut script = fragmented(TEXT, &peer.payload(&prose(300)), &[7, 100]);
    script.extend(hex("8902 7071"));
    script.extend(frame(0x82, b"plain"));
    script.extend(frame(BINARY, &peer.payload(&noise(150))));
    script.extend(frame(TEXT, &peer.payload(b"")));
    script.extend(hex("8802 03e8"));
    let whole = of(&script);
    assert_eq!((whole.code, whole.events.len()), (None, 8));
    for at in 0..=script.len() {
        let (a, b) = script.split_at(at);
        assert_eq!(Outcome::deflated(&AGREED, Limits::default(), [a, b]), whole, "{at}");
    }
    for size in 1..20 {
        let pieces = script.chunks(size);
        assert_eq!(Outcome::deflated(&AGREED, Limits::default(), pieces), whole, "{size}");
    }
}

#[test]
fn payload_of_compressed_frames_is_not_received_directly() {
    let mut receiver = Receiver::new(Limits::default()).with_deflate(&AGREED);
    let mut message = Vec::new();
    receiver.receive(&hex("c107 f248"), &mut message).unwrap();
    assert!(receiver.in_progress());
    assert_eq!(receiver.direct(), 0);
    assert_eq!(receiver.appended(&message, message.len()).unwrap(), None);
    let (_, event) = receiver.receive(&hex("cdc9c90700"), &mut message).unwrap();
    assert_eq!(event, Some(data(Opcode::Text, true)));
    assert!(!receiver.in_progress());
    // Plain frames of the same connection are.
    receiver.receive(&hex("827e ffff 61"), &mut message).unwrap();
    assert_eq!(receiver.direct(), 65534);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// D-10: one message, fragmented and split at random.
    #[test]
    fn r87_random_fragmentations_of_one_message(
        cuts in prop::collection::vec(any::<usize>(), 0..40),
        size in 1_usize..5000,
        takeover in any::<bool>(),
    ) {
        let plain = [prose(5000), noise(500), prose(9000)].concat();
        let script = fragmented(BINARY, &Peer::once(&plain), &cuts);
        let agreed = Agreed { server_takeover: takeover, ..AGREED };
        let outcome = Outcome::deflated(&agreed, Limits::default(), script.chunks(size));
        prop_assert_eq!(outcome.code, None);
        prop_assert_eq!(outcome.events.len(), cuts.len() + 1);
        prop_assert_eq!(outcome.message, plain);
    }

    /// Whatever comes: no panic, the limit holds, and the split does not matter for the code.
    #[test]
    fn r88_any_payload_is_inflated_or_refused(
        payload in prop::collection::vec(any::<u8>(), 0..300),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        size in 1_usize..64,
    ) {
        let mut flipped = Peer::once(&prose(400));
        for (at, bits) in changes {
            let at = at % flipped.len();
            flipped[at] ^= bits;
        }
        let limits = Limits { frame: 0, message: 2000 };
        for payload in [payload, flipped] {
            let script = [frame(BINARY, &payload), frame(BINARY, &payload)].concat();
            let whole = Outcome::deflated(&AGREED, limits, [&script[..]]);
            let pieces = Outcome::deflated(&AGREED, limits, script.chunks(size));
            prop_assert_eq!(whole.code, pieces.code);
            prop_assert_eq!(whole.events, pieces.events);
            prop_assert!(whole.message.capacity() <= 4000 + 1024 + 64 * 1024);
        }
    }
}
