//! Ends of messages, last blocks, and data that is broken. RFC 7692 7.2.2, 7.2.3.

use openck::proto::receiver::{Limits, Receiver};

use crate::proto_support::{frame, hex};
use crate::*;

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
