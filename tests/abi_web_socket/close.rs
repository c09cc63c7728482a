//! The end of a session. RFC 6455 5.5.1, 7.

use std::time::Instant;

use openck_test_support::echo;
use openck_test_support::script::Action::{
    Close, ExpectFrame, HalfClose, Ignore, Pause, Reset, Send, Stall,
};
use openck_test_support::wire::{self, Frame, frame, opcode};

use crate::common::{expect_advice, expect_words, open, scripted};

/// The reason in a Close frame.
fn reason(frame: &Frame) -> &str {
    std::str::from_utf8(&frame.payload[2..]).unwrap()
}

#[test]
fn r47_send_close_refuses_1005() {
    let (server, ws) = scripted(&[ExpectFrame, Stall]);
    for code in [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 16_383, 65_536 + 1000] {
        assert!(!ws.send_close(true, code, "reason"), "{code}");
        expect_words(&ws.error(), &[&code.to_string(), "3000"]);
        expect_advice(&ws.error());
        assert!(ws.is_connected());
    }
    assert!(ws.send("the session goes on", true));
    drop(ws);
    let transcript = server.transcript();
    assert_eq!(transcript.frames[0].text(), "the session goes on");
}

#[test]
fn r47_send_close_accepts_the_allowed_codes() {
    for code in (1000..=1003).chain(1007..=1014).chain([3000, 3999, 4000, 4999]) {
        let (server, ws) = scripted(&[ExpectFrame]);
        assert!(ws.send_close(true, code, "why"), "{code}: {}", ws.error());
        let frame = &server.transcript().frames[0];
        assert_eq!(frame.close_code().map(i32::from), Some(code));
        assert_eq!((reason(frame), frame.mask.is_some()), ("why", true));
    }
    let (server, ws) = scripted(&[ExpectFrame]);
    assert!(ws.send_close(false, 1005, "not sent"), "without a status both are ignored");
    assert_eq!(server.transcript().frames[0].payload, b"");
}

#[test]
fn r28_send_frame_fails_after_send_close() {
    let late = [wire::text("on the way"), wire::close(Some(1000), "bye")].concat();
    let (server, ws) = scripted(&[ExpectFrame, ExpectFrame, Send(late), Close]);
    assert!(ws.send_close(true, 1000, ""));
    let calls: [&dyn Fn() -> bool; 4] =
        [&|| ws.send("x", true), &|| ws.send_bytes(b"x", true), &|| ws.ping("x"), &|| {
            ws.send_close(true, 1000, "")
        }];
    for call in calls {
        assert!(!call());
        expect_words(&ws.error(), &["Close"]);
        expect_advice(&ws.error());
    }
    assert!(ws.is_connected(), "the server's Close is still to come");
    assert!(ws.send_pong(), "a Pong is allowed: {}", ws.error());
    ws.expect_text("on the way");
    ws.expect_frame("Close");
    assert!(!ws.is_connected());
    assert!(!ws.send_pong());
    let kinds: Vec<_> = server.transcript().frames.iter().map(|frame| frame.opcode).collect();
    assert_eq!(kinds, [opcode::CLOSE, opcode::PONG]);
}

#[test]
fn r46_the_answer_to_a_close_echoes_its_code() {
    for (code, text) in [(Some(1000), ""), (Some(4001), "good bye"), (None, "")] {
        let (server, ws) = scripted(&[Send(wire::close(code, text)), ExpectFrame, Close]);
        ws.expect_frame("Close");
        assert_eq!(ws.opcode_int(), 8);
        assert!(ws.close_received());
        assert_eq!(ws.close_code(), code.map_or(0, i32::from));
        assert_eq!(ws.close_reason(), text);
        assert!(!ws.is_connected());
        let frame = &server.transcript().frames[0];
        assert_eq!(frame.opcode, opcode::CLOSE);
        assert_eq!(frame.close_code(), code);
        assert_eq!(frame.payload.len(), code.map_or(0, |_| 2), "no reason goes back");
    }
}

#[test]
fn after_both_closes_reads_fail_with_reason_3() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    assert!(ws.send_close(true, 1000, "done"));
    ws.expect_frame("Close");
    assert_eq!(ws.close_code(), 1000);
    for _ in 0..2 {
        ws.expect_read_failure(3, &["Close", "1000"]);
        expect_advice(&ws.error());
        assert!(!ws.send("x", true));
        expect_advice(&ws.error());
        assert!(!ws.send_close(true, 1000, ""));
    }
    assert_eq!((ws.opcode().as_str(), ws.close_received()), ("Close", true));
}

#[test]
fn r54_a_close_inside_a_message_drops_it() {
    let script = [
        Send(wire::text("whole")),
        Send(frame(false, opcode::TEXT, b"never finished")),
        Send(wire::close(Some(1001), "going")),
        ExpectFrame,
        Close,
    ];
    let (server, ws) = scripted(&script);
    ws.expect_frame("Text");
    ws.expect_frame("Text");
    assert!(!ws.is_final());
    ws.expect_frame("Close");
    assert_eq!(ws.data_len(), 5);
    assert_eq!(ws.data().as_deref(), Some("whole"));
    assert_eq!(server.transcript().frames[0].close_code(), Some(1001));
}

#[test]
fn close_auto_respond_false_leaves_the_answer_to_the_program() {
    let (server, ws) = scripted(&[Send(wire::close(Some(3000), "your turn")), ExpectFrame, Close]);
    ws.set_close_auto(false);
    ws.expect_frame("Close");
    assert!(ws.close_received() && ws.is_connected());
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (3000, "your turn"));
    assert!(!ws.send_pong(), "the server's Close has arrived");
    assert!(server.so_far().frames.is_empty());
    assert!(ws.send_close(true, 3001, "mine"), "{}", ws.error());
    assert!(!ws.is_connected());
    let frame = &server.transcript().frames[0];
    assert_eq!((frame.close_code(), reason(frame)), (Some(3001), "mine"));
}

#[test]
fn r40_r52_what_follows_a_close_is_ignored() {
    let late = [
        wire::close(Some(1000), ""),
        frame(true, opcode::PING, b"late"),
        wire::text("late"),
        wire::close(Some(1001), ""),
    ];
    let (server, ws) = scripted(&[Send(late.concat()), ExpectFrame, Stall]);
    ws.set_close_auto(false);
    ws.set_idle_ms(100);
    ws.expect_frame("Close");
    ws.expect_read_failure(3, &["SendClose"]);
    assert_eq!((ws.close_code(), ws.data_len()), (1000, 0));
    assert!(ws.send_close(true, 1000, ""));
    let transcript = server.transcript();
    let answer = (transcript.frames[0].close_code(), transcript.dropped);
    assert_eq!(answer, (Some(1000), 0), "{transcript}");
}

/// Both sides close at once: neither answers the other.
#[test]
fn two_closes_that_cross_are_enough() {
    let (server, ws) = scripted(&[Send(wire::close(Some(1001), "theirs")), ExpectFrame, Stall]);
    assert!(ws.send_close(true, 1000, "ours"));
    ws.expect_frame("Close");
    assert_eq!(ws.close_code(), 1001);
    assert!(!ws.is_connected());
    let transcript = server.transcript();
    assert_eq!((transcript.frames.len(), transcript.dropped), (1, 0), "{transcript}");
    assert!(transcript.client_left);
}

/// the server should close TCP, but is not waited for without end.
#[test]
fn r49_a_server_that_keeps_the_connection_open_is_left() {
    let (server, ws) = scripted(&[Send(wire::close(Some(1000), "")), ExpectFrame, Ignore]);
    let begun = Instant::now();
    ws.expect_frame("Close");
    let took = begun.elapsed();
    assert!((400..3_000).contains(&took.as_millis()), "{took:?}");
    assert!(!ws.is_connected());
    ws.expect_read_failure(3, &["Close"]);
    assert_eq!(server.transcript().frames[0].close_code(), Some(1000));
}

#[test]
fn r49_the_server_ends_the_connection_first() {
    let script = [Send(wire::close(Some(1000), "")), ExpectFrame, Pause(200), HalfClose, Stall];
    let (server, ws) = scripted(&script);
    let begun = Instant::now();
    ws.expect_frame("Close");
    let took = begun.elapsed();
    assert!((200..3_000).contains(&took.as_millis()), "{took:?}");
    assert!(!ws.is_connected());
    assert!(server.transcript().client_left);
}

/// F10.
#[test]
fn a_close_and_then_a_reset_is_a_clean_end() {
    let script = [Send([wire::text("last"), wire::close(Some(1000), "bye")].concat()), Reset];
    let (server, ws) = scripted(&script);
    assert!(server.transcript().error.is_none());
    ws.expect_text("last");
    ws.expect_frame("Close");
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (1000, "bye"));
    assert!(!ws.is_connected());
    ws.expect_read_failure(3, &["1000"]);
}

/// R-50, F3, F15.
#[test]
fn r50_an_end_without_a_close_is_reason_3() {
    let declared_more = [&[0x82, 100][..], b"only this"].concat();
    for (last, words) in [
        (wire::text("data first"), &["without a Close frame", "1006"][..]),
        ([wire::text("data first"), declared_more].concat(), &["inside a message", "1006"]),
    ] {
        let (_server, ws) = scripted(&[Send(last), Close]);
        ws.expect_text("data first");
        ws.expect_read_failure(3, words);
        expect_advice(&ws.error());
        assert!(!ws.is_connected());
        assert_eq!((ws.close_received(), ws.close_code(), ws.data_len()), (false, 0, 0));
        assert_eq!(ws.data().as_deref(), Some(""), "half a frame is no data");
    }
}

#[test]
fn r48_long_reasons_are_cut_between_characters() {
    for (given, want) in
        [("\u{e9}".repeat(100), "\u{e9}".repeat(61)), ("x".repeat(200), "x".repeat(123))]
    {
        let (server, ws) = scripted(&[ExpectFrame]);
        assert!(ws.send_close(true, 1000, &given));
        assert_eq!(reason(&server.transcript().frames[0]), want);
    }
}

/// A message may be left unfinished.
#[test]
fn a_close_may_come_inside_an_own_message() {
    let (server, ws) = scripted(&[ExpectFrame, ExpectFrame]);
    assert!(ws.send("begun", false));
    assert!(ws.send_close(true, 1000, ""));
    assert_eq!(server.transcript().frames[1].close_code(), Some(1000));
}
