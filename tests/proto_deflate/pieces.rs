//! What the pieces in which bytes arrive do not change.

use flate2::{Decompress, FlushDecompress};
use openck::proto::receiver::{Limits, Receiver};

use crate::proto_support::{Outcome, frame, hex};
use crate::*;

/// text that is not UTF-8, then a broken block or the limit; and the limit, then such text.
#[test]
fn r39_the_first_fault_counts_in_any_split() {
    for (payload, limit, code) in [
        ("000100feffff 06", 0, 1007),
        ("000200fdff61ff 06", 0, 1007),
        ("000100feff61 06", 0, 1002),
        ("000300fcffff6161 00", 1, 1007),
        ("000400fbff6161ff61 00", 1, 1009),
    ] {
        let script = frame(TEXT, &hex(payload));
        let limits = Limits { frame: 0, message: limit };
        for size in 1..=script.len() {
            let outcome = Outcome::deflated(&AGREED, limits, script.chunks(size));
            assert_eq!(outcome.code, Some(code), "{payload} in pieces of {size}");
        }
    }
}

/// one byte of input can hold more than there is room for; it comes out all the same,
/// also when it is the last.
#[test]
fn r87_nothing_is_left_behind_a_piece() {
    for len in (1..6000).step_by(37) {
        let script = frame(BINARY, &Peer::new(9, 15).payload(&vec![0; len]));
        for size in [1, 2, script.len()] {
            let outcome = Outcome::deflated(&AGREED, Limits::default(), script.chunks(size));
            assert_eq!((outcome.code, outcome.message.len()), (None, len), "in pieces of {size}");
        }
    }
}

/// a fragment gives all that its bytes mean, wherever the message is cut. 16 KiB come
/// out at once, and then the next.
#[test]
fn r85_a_fragment_gives_all_that_its_bytes_mean() {
    for len in [16_000, 16_384, 16_385, 16_500, 16_700, 40_000] {
        let payload = Peer::new(9, 15).payload(&vec![0; len]);
        for cut in 1..payload.len() {
            let mut inflate = Decompress::new(false);
            let mut expected = Vec::with_capacity(len + 1);
            inflate.decompress_vec(&payload[..cut], &mut expected, FlushDecompress::None).unwrap();
            let mut receiver = Receiver::new(Limits::default()).with_deflate(&AGREED);
            let mut message = Vec::new();
            let fragment = frame(BINARY & 0x7f, &payload[..cut]);
            let (_, event) = receiver.receive(&fragment, &mut message).unwrap();
            assert!(event.is_some());
            assert_eq!(message.len(), expected.len(), "{cut} of {len}");
        }
    }
}

/// The tail becomes the end of a stored block that says it is four bytes longer.
#[test]
fn r85_a_tail_that_becomes_data_fails() {
    fails(&message("000900f6ff48656c6c6f"), 1002);
    assert_eq!(without_takeover(&message("000900f6ff48656c6c6f")).code, Some(1002));
}
