//! Pings and Pongs. RFC 6455 5.5.2, 5.5.3.

use std::time::{Duration, Instant};

use openck_test_support::script::Action::{self, ExpectFrame, Send, Stall};
use openck_test_support::wire::{self, frame, opcode};
use openck_test_support::{echo, scenarios};

use crate::common::{eventually, open, scripted};

fn ping(payload: &[u8]) -> Vec<u8> {
    frame(true, opcode::PING, payload)
}

#[test]
fn r40_pings_are_answered_with_their_data() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/ping-then-text");
    ws.expect_text("after ping");
    assert!(!ws.need_pong());
    ws.expect_text("fin=1 rsv=0 opcode=10 masked=1 payload=are you there");
}

#[test]
fn r40_send_pong_carries_the_data_of_the_ping() {
    let script = [Send([ping(b"first"), ping(b"second")].concat()), ExpectFrame, ExpectFrame];
    let (server, ws) = scripted(&script);
    ws.set_ping_auto(false);
    ws.expect_frame("Ping");
    assert_eq!(ws.opcode_int(), 9);
    assert!(ws.need_pong());
    ws.expect_frame("Ping");
    assert!(ws.need_pong());
    assert!(ws.send_pong(), "{}", ws.error());
    assert!(!ws.need_pong());
    assert!(ws.send_pong(), "one that nobody asked for is allowed");
    let frames = server.transcript().frames;
    let payloads: Vec<_> = frames.iter().map(wire::Frame::text).collect();
    assert_eq!(payloads, ["second", ""], "the latest is to be answered");
    assert!(frames.iter().all(|frame| frame.opcode == opcode::PONG && frame.mask.is_some()));
}

#[test]
fn r41_pongs_are_passed_over_and_noted() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/pong");
    ws.expect_text("after pong");
    assert!(ws.pong_consumed());
    ws.set_idle_ms(50);
    ws.expect_read_failure(1, &["50 ms"]);
    assert!(!ws.pong_consumed(), "each ReadFrame starts anew");
}

#[test]
fn r41_no_pong_is_answered() {
    let pong = frame(true, opcode::PONG, b"unasked");
    let (server, ws) = scripted(&[Send([pong, wire::text("after")].concat()), ExpectFrame, Stall]);
    ws.expect_text("after");
    assert!(ws.ping("asked"));
    eventually(|| !server.so_far().frames.is_empty());
    ws.dispose();
    let transcript = server.transcript();
    assert_eq!(
        (transcript.frames[0].opcode, transcript.dropped),
        (opcode::PING, 0),
        "{transcript}"
    );
}

#[test]
fn a_pong_is_noted_also_when_read_frame_then_times_out() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    assert!(ws.ping("alive?"));
    eventually(|| ws.poll());
    ws.set_idle_ms(50);
    ws.expect_read_failure(1, &[]);
    assert!(ws.pong_consumed());
    assert!(ws.is_connected());
}

#[test]
fn pongs_are_returned_when_asked_for() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/pong");
    ws.set_pong_auto(false);
    ws.expect_frame("Pong");
    assert_eq!((ws.opcode_int(), ws.pong_consumed(), ws.data_len()), (10, false, 0));
    ws.expect_text("after pong");
}

#[test]
fn control_frames_do_not_touch_the_data() {
    let script = [
        Send(frame(false, opcode::TEXT, b"one ")),
        Send(ping(b"ping data")),
        Send(frame(true, opcode::PONG, b"pong data")),
        Send(frame(true, opcode::CONTINUATION, b"two")),
        Stall,
    ];
    let (_server, ws) = scripted(&script);
    ws.set_ping_auto(false);
    ws.set_pong_auto(false);
    ws.expect_frame("Text");
    assert!(!ws.is_final());
    for kind in ["Ping", "Pong"] {
        ws.expect_frame(kind);
        assert!(!ws.is_final());
        assert_eq!(ws.data_len(), 4);
    }
    ws.expect_frame("Continuation");
    assert!(ws.is_final());
    assert_eq!(ws.data_len(), 7);
    assert_eq!(ws.data().as_deref(), Some("one two"));
}

#[test]
fn r36_pings_between_fragments_are_answered_on_the_way() {
    let script = [
        Send(frame(false, opcode::TEXT, b"one ")),
        Send(ping(b"first")),
        Send(frame(false, opcode::CONTINUATION, b"two ")),
        ExpectFrame,
        Send(ping(b"second")),
        Send(frame(true, opcode::CONTINUATION, b"three")),
        ExpectFrame,
        Stall,
    ];
    let (server, ws) = scripted(&script);
    for (kind, last, length) in
        [("Text", false, 4), ("Continuation", false, 8), ("Continuation", true, 13)]
    {
        ws.expect_frame(kind);
        assert_eq!((ws.is_final(), ws.data_len()), (last, length));
    }
    assert_eq!(ws.data().as_deref(), Some("one two three"));
    eventually(|| server.so_far().frames.len() == 2);
    let answers = server.transcript().frames;
    let answers = answers.iter().map(|frame| (frame.opcode, frame.text()));
    assert!(answers.eq([(opcode::PONG, "first".into()), (opcode::PONG, "second".into())]));
}

/// Many control frames in one segment: what follows them is not waited for in vain.
#[test]
fn a_message_behind_a_thousand_pings_is_read_at_once() {
    let mut burst = ping(b"x").repeat(1_000);
    burst.extend(wire::text("behind"));
    let (_server, ws) = scripted(&[Send(burst), Stall]);
    ws.expect_text("behind");
}

/// control frames are no progress.
#[test]
fn r63_pings_alone_do_not_hold_a_reader() {
    let pings = ping(b"still nothing").repeat(4);
    let script: Vec<_> =
        (0..200).flat_map(|_| [Send(pings.clone()), Action::Pause(10)]).chain([Stall]).collect();
    let (_server, ws) = scripted(&script);
    ws.set_idle_ms(300);
    let begun = Instant::now();
    ws.expect_read_failure(1, &["300 ms"]);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(ws.is_connected());
}

/// 125 bytes at most, cut between characters.
#[test]
fn r48_long_ping_data_is_cut_between_characters() {
    let (server, ws) = scripted(&[ExpectFrame, ExpectFrame]);
    assert!(ws.ping(&"\u{e9}".repeat(100)));
    assert!(ws.ping(&"x".repeat(125)));
    let frames = server.transcript().frames;
    assert_eq!(frames[0].text(), "\u{e9}".repeat(62));
    assert_eq!(frames[1].payload.len(), 125);
}
