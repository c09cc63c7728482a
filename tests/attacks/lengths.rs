//! Headers that promise what never comes. R-42; list F: 3, 4, 7.

use openck_test_support::wire::{frame, opcode};

use crate::common::{Ws, expect_words};
use crate::hostile::{Attack, Sessions};
use crate::measure::Turn;

/// Buffers of a connection and the texts of a failure.
const A_SESSION: usize = 256 << 10;
/// Payload is received straight into the message in blocks of this size.
const A_BLOCK: usize = 64 << 10;

/// A header with the length in the form it needs.
fn header(first: u8, declared: u64) -> Vec<u8> {
    match declared {
        0..126 => vec![first, declared as u8],
        126..65536 => [&[first, 126][..], &(declared as u16).to_be_bytes()].concat(),
        _ => [&[first, 127][..], &declared.to_be_bytes()].concat(),
    }
}

/// Lengths at which numbers of 31, 32, 40, 53 and 62 bits end, and those to which the length of a
/// header must not be added.
fn absurd() -> Vec<u64> {
    let around = |bits: u32| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1_u64];
    let top = [15, 14, 10, 4, 2, 1, 0].map(|less| i64::MAX.unsigned_abs() - less);
    [31, 32, 40, 53, 62].into_iter().flat_map(around).chain(top).collect()
}

/// F3: the end comes inside the frame.
#[test]
fn f03_r50_a_length_that_is_not_kept() {
    let turn = Turn::take();
    let sessions = Sessions::new();
    for length in [1_u64, 125, 126, 65535, 65536, 1 << 20, 64 << 20] {
        let bytes = [header(0x82, length), vec![7; 1000.min(length as usize - 1)]].concat();
        let ws = sessions.open(bytes);
        let attack = Attack {
            id: "F3 R-50",
            what: "a frame ends before its declared length",
            size: length.to_string(),
            memory: A_SESSION + A_BLOCK,
            cpu_ms: 100,
        };
        attack.measure(&turn, || expect_end(&ws));
        assert!(!ws.is_connected());
        assert_eq!(sessions.answer(), None);
    }
}

#[track_caller]
fn expect_end(ws: &Ws) {
    ws.expect_read_failure(3, &["inside a message", "1006"]);
}

/// F4: refused at the header, with the limits that a program has if it sets none.
#[test]
fn f04_r42_a_declared_length_takes_no_memory() {
    let turn = Turn::take();
    let sessions = Sessions::new();
    for length in absurd().into_iter().chain([(64 << 20) + 1]) {
        for first in [0x81, 0x02] {
            let ws = sessions.open([header(first, length), b"and a little".to_vec()].concat());
            let attack = Attack {
                id: "F4 R-42",
                what: "a frame declares an absurd length",
                size: length.to_string(),
                memory: A_SESSION,
                cpu_ms: 100,
            };
            attack.measure(&turn, || ws.expect_read_failure(4, &[&length.to_string()]));
            sessions.expect_refusal_sent(&ws, 1009);
        }
    }
}

/// F4: without limits, and with the largest that can be set, a length is still only a number.
#[test]
fn f04_r42_r62_limits_of_zero_and_of_the_maximum() {
    let turn = Turn::take();
    let sessions = Sessions::new();
    for limit in [0, i32::MAX] {
        for length in absurd() {
            let set = |ws: &Ws| {
                ws.set_max_message(limit);
                ws.set_max_frame(limit);
            };
            let bytes = [header(0x82, length), b"and a little".to_vec()].concat();
            let ws = sessions.open_with(bytes, set);
            let attack = Attack {
                id: "F4 R-42",
                what: if limit == 0 {
                    "the same without limits"
                } else {
                    "the same, limits 2^31-1"
                },
                size: length.to_string(),
                memory: A_SESSION + A_BLOCK,
                cpu_ms: 100,
            };
            if limit == 0 || length <= 0x7fff_ffff {
                attack.measure(&turn, || expect_end(&ws));
                assert_eq!(sessions.answer(), None);
            } else {
                attack.measure(&turn, || ws.expect_read_failure(4, &["MaxMessageSize"]));
                sessions.expect_refusal_sent(&ws, 1009);
            }
        }
    }
}

/// F4: lengths whose sum over the frames of a message overflows.
#[test]
fn f04_r42_the_sum_of_the_lengths_cannot_overflow() {
    let turn = Turn::take();
    let sessions = Sessions::new();
    for length in [i64::MAX.unsigned_abs(), (1 << 63) - 4, (1 << 62), (64 << 20) - 3] {
        let bytes = [frame(false, opcode::BINARY, b"four"), header(0x80, length)].concat();
        let ws = sessions.open(bytes);
        let attack = Attack {
            id: "F4 R-42",
            what: "the second frame of a message declares it",
            size: length.to_string(),
            memory: A_SESSION,
            cpu_ms: 100,
        };
        attack.measure(&turn, || {
            ws.expect_frame("Binary");
            ws.expect_read_failure(4, &["MaxMessageSize"]);
        });
        sessions.expect_refusal_sent(&ws, 1009);
    }
}

/// F7, R-34: before any of the payload is waited for.
#[test]
fn f07_r34_control_frames_with_absurd_lengths() {
    let turn = Turn::take();
    let sessions = Sessions::new();
    for first in [0x88, 0x89, 0x8a] {
        for length in absurd().into_iter().chain([126, 127, 65535, 65536]) {
            let ws = sessions.open(header(first, length));
            let attack = Attack {
                id: "F7 R-34",
                what: "a control frame declares more than 125 bytes",
                size: length.to_string(),
                memory: A_SESSION,
                cpu_ms: 100,
            };
            attack.measure(&turn, || ws.expect_read_failure(4, &[]));
            expect_words(&ws.error(), &["125"]);
            sessions.expect_refusal_sent(&ws, 1002);
        }
    }
}

/// bit 63 set is no length at all, whatever the limits.
#[test]
fn f04_r33_a_length_over_63_bits_is_a_violation() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    for length in [1 << 63, u64::MAX, (1 << 63) | 5, u64::MAX - 13] {
        let ws = sessions.open_with(header(0x82, length), |ws| {
            ws.set_max_message(0);
            ws.set_max_frame(0);
        });
        sessions.expect_refusal(&ws, &format!("{length:#x}"), 1002);
    }
}
