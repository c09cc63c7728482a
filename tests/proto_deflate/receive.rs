//! Messages that are right. RFC 7692 6, 7.2.

use openck::proto::extension::Agreed;
use openck::proto::frame::Opcode;
use openck::proto::receiver::{Event, Limits, Receiver};

use crate::proto_support::{Outcome, bytes, data, frame, hex};
use crate::*;

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
