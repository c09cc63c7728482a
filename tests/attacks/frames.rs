//! Frames of every kind, split anywhere. RFC 6455 5; list F: 1, 2, 7, 8, 15.

use openck_test_support::script::Action::{ExpectFrame, Send, Stall};
use openck_test_support::wire::{self, frame, opcode, raw_frame};

use crate::common::{Ws, eventually, scripted};
use crate::hostile::Sessions;
use crate::measure::Turn;
use crate::tables::first_frame;

const NAMES: [(u8, &str); 5] = [
    (opcode::TEXT, "Text"),
    (opcode::BINARY, "Binary"),
    (opcode::CLOSE, "Close"),
    (opcode::PING, "Ping"),
    (opcode::PONG, "Pong"),
];

/// F1: a session for each first byte, class of length and mask bit.
#[test]
fn f01_r30_to_r35_every_first_byte_length_and_mask() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    let mut accepted = 0;
    for first in 0..=255_u8 {
        for len in [0_usize, 1, 125, 126, 127, 65535, 65536] {
            for mask in [None, Some([1, 2, 3, 4])] {
                let name = format!("{first:02x}, {len} bytes, mask {mask:?}");
                let ws = sessions.open(raw_frame(first, mask, &vec![b'a'; len]));
                ws.set_ping_auto(false);
                ws.set_pong_auto(false);
                match first_frame(first, len, mask.is_some()) {
                    Some(code) => sessions.expect_refusal(&ws, &name, code),
                    None => {
                        expect_first(&sessions, &ws, &name, (first, len));
                        accepted += 1;
                    }
                }
            }
        }
    }
    // Text and Binary, last or not, of 7 lengths; Close of none; Ping and Pong of up to 125.
    assert_eq!(accepted, 4 * 7 + 1 + 2 * 3);
}

#[track_caller]
fn expect_first(sessions: &Sessions, ws: &Ws, name: &str, (first, len): (u8, usize)) {
    assert!(ws.read(), "{name}: {}", ws.error());
    let (_, opcode) = NAMES.iter().find(|(code, _)| *code == first & 15).unwrap();
    assert_eq!(ws.opcode(), *opcode, "{name}");
    let data = matches!(*opcode, "Text" | "Binary");
    let held = usize::try_from(ws.data_len()).unwrap();
    assert_eq!(held, if data { len } else { 0 }, "{name}");
    assert!(!data || ws.is_final() == (first >= 0x80), "{name}");
    assert!(ws.close_connection());
    let answer = sessions.answer().map(|frame| (frame.opcode, frame.payload.len()));
    let echo = (*opcode == "Close").then_some((opcode::CLOSE, 0));
    assert_eq!(answer, echo, "{name}");
}

/// F2: the script in two pieces, cut anywhere, and in pieces of a byte. A Ping tells the server
/// that all of the piece was read; what is in between is a read that times out.
#[test]
fn f02_r39_every_split_gives_the_same_frames() {
    let _turn = Turn::take();
    let script = [
        frame(false, opcode::TEXT, "a\u{20ac}".as_bytes()),
        frame(true, opcode::PONG, b"pong"),
        frame(true, opcode::CONTINUATION, &[b'z'; 126]),
    ]
    .concat();
    let two = (1..script.len()).map(|cut| script.split_at(cut)).map(|(a, b)| vec![a, b]);
    for pieces in two.chain([script.chunks(1).collect()]) {
        let mut steps = Vec::new();
        for piece in &pieces {
            steps.extend([Send(piece.to_vec()), ExpectFrame]);
        }
        steps.push(Stall);
        let (_server, ws) = scripted(&steps);
        expect_script(&ws, pieces.len());
    }
}

#[track_caller]
fn expect_script(ws: &Ws, pieces: usize) {
    ws.set_pong_auto(false);
    ws.set_idle_ms(1);
    let mut seen = Vec::new();
    for piece in 0..pieces {
        eventually(|| ws.poll());
        while ws.read() {
            seen.push((ws.opcode(), ws.is_final(), ws.data_len()));
        }
        assert_eq!(ws.fail_reason(), 1, "piece {piece}: {}", ws.error());
        assert!(ws.ping(""));
    }
    let seen: Vec<_> =
        seen.iter().map(|(opcode, fin, len)| (opcode.as_str(), *fin, *len)).collect();
    assert_eq!(seen, [("Text", false, 4), ("Pong", false, 4), ("Continuation", true, 130)]);
    assert_eq!(ws.data(), Some("a\u{20ac}".to_owned() + &"z".repeat(126)));
}

/// F7, R-34: too long, in parts, masked; the lengths of a header alone are in `lengths`.
#[test]
fn f07_r34_control_frames_that_are_none() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    for opcode in [opcode::CLOSE, opcode::PING, opcode::PONG] {
        let payload = [&1000_u16.to_be_bytes()[..], &[b'a'; 124]].concat();
        for (name, bytes) in [
            ("126 bytes", frame(true, opcode, &payload)),
            ("no FIN", frame(false, opcode, &payload[..2])),
            ("masked", raw_frame(0x80 | opcode, Some([9, 8, 7, 6]), &payload[..2])),
            ("RSV1", raw_frame(0xc0 | opcode, None, &payload[..2])),
        ] {
            let in_message = [frame(false, opcode::TEXT, b"begun"), bytes.clone()].concat();
            for bytes in [bytes, in_message] {
                let ws = sessions.open(bytes);
                sessions.expect_refusal(&ws, &format!("{name}, opcode {opcode}"), 1002);
            }
        }
    }
}

/// F8, R-44: all that fit into two bytes.
#[test]
fn f08_r44_close_codes() {
    let _turn = Turn::take();
    std::thread::scope(|scope| {
        for first in 0..4 {
            scope.spawn(move || expect_codes((first..=u16::MAX).step_by(4)));
        }
    });
}

fn expect_codes(codes: impl Iterator<Item = u16>) {
    let sessions = Sessions::new();
    for code in codes {
        let ws = sessions.open(wire::close(Some(code), "bye"));
        let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        if !allowed {
            sessions.expect_refusal(&ws, &format!("code {code}"), 1002);
            continue;
        }
        ws.expect_frame("Close");
        assert_eq!((ws.close_code(), ws.close_reason().as_str()), (i32::from(code), "bye"));
        assert!(!ws.is_connected());
        assert_eq!(sessions.answer().unwrap().close_code(), Some(code));
    }
}

/// F8, R-43, R-45: the rest of a Close.
#[test]
fn f08_r43_r45_close_payloads() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    let close = |payload: &[u8]| frame(true, opcode::CLOSE, payload);
    let with_reason = |reason: &[u8]| close(&[&1000_u16.to_be_bytes()[..], reason].concat());
    let longest = "\u{20ac}".repeat(41);
    for (bytes, code, reason) in [
        (close(b""), 0, ""),
        (with_reason(b""), 1000, ""),
        (with_reason(longest.as_bytes()), 1000, longest.as_str()),
    ] {
        let ws = sessions.open(bytes);
        ws.expect_frame("Close");
        assert_eq!((ws.close_code(), ws.close_reason().as_str()), (code, reason));
        let answer = sessions.answer().unwrap();
        assert_eq!(answer.close_code(), (code != 0).then_some(1000));
    }
    for (name, bytes, code) in [
        ("one byte", close(b"\x03"), 1002),
        ("a reason of 124 bytes", with_reason(&[b'a'; 124]), 1002),
        ("a reason that is no text", with_reason(b"\xc0\x80"), 1007),
        ("a reason that ends in a character", with_reason(b"\xe2\x82"), 1007),
    ] {
        let ws = sessions.open(bytes);
        sessions.expect_refusal(&ws, name, code);
    }
}

/// F15: what was sent before the end is delivered first.
#[test]
fn f15_data_before_a_half_close_is_delivered() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    let part = |first, byte| raw_frame(first, None, &vec![byte; 300_000]);
    let bytes = [part(0x02, 1), part(0x00, 2), part(0x80, 3), wire::text("last")].concat();
    let ws = sessions.open(bytes);
    for length in [300_000, 600_000, 900_000] {
        assert!(ws.read(), "{}", ws.error());
        assert_eq!(ws.data_len(), length);
    }
    assert_eq!(ws.bytes().len(), 900_000);
    ws.expect_text("last");
    ws.expect_read_failure(3, &["without a Close frame", "1006"]);
    assert!(!ws.is_connected());
}
