//! What hostile servers cost in memory, counted by the allocator. One test at a time.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/measure.rs"]
mod measure;

use openck_test_support::script::Action::{
    self, ExpectFrame, ExpectRequest, Ignore, Send, SendUpgrade, Stall,
};
use openck_test_support::script::{ScriptServer, Upgrade};
use openck_test_support::wire::{frame, opcode, raw_frame, text};

use self::common::{Bytes, Rest, open, scripted, upgrade_with};
use self::measure::Turn;

/// Reads up to the text "end" while the server sends this, and nothing reads what goes back.
fn peak_of_flood(turn: &Turn, flood: Vec<u8>, times: usize) -> usize {
    let mut steps = vec![Send(flood); times];
    steps.extend([Send(text("end")), Ignore]);
    let (_server, ws) = scripted(&steps);
    let cost = turn.cost(|| {
        while ws.data().as_deref() != Some("end") {
            assert!(ws.read(), "{}", ws.error());
        }
    });
    cost.peak
}

/// R-63, F13: the Pongs that nobody reads are not piled up.
#[test]
fn a_flood_of_pings_uses_bounded_memory() {
    let turn = Turn::take();
    let pings = frame(true, opcode::PING, &[b'p'; 100]).repeat(600);
    let peak = peak_of_flood(&turn, pings, 500);
    assert!(peak < 2 << 20, "{peak} bytes for 300000 Pings");
}

/// R-63, F5.
#[test]
fn r63_empty_frames_and_pongs_cost_no_memory() {
    let turn = Turn::take();
    let pongs = frame(true, opcode::PONG, b"unasked").repeat(5_000);
    let peak = peak_of_flood(&turn, pongs, 100);
    assert!(peak < 2 << 20, "{peak} bytes for 500000 Pongs");
    let mut fragments = frame(false, opcode::TEXT, b"");
    fragments.extend(frame(false, opcode::CONTINUATION, b"").repeat(50_000));
    fragments.extend(frame(true, opcode::CONTINUATION, b""));
    let peak = peak_of_flood(&turn, fragments, 1);
    assert!(peak < 2 << 20, "{peak} bytes for 50000 empty fragments");
}

/// a header that promises much costs little.
#[test]
fn r42_no_memory_is_taken_on_the_word_of_a_length() {
    let turn = Turn::take();
    for declared in [60_u64 << 20, 1 << 40, 1 << 62] {
        let header = [&[0x82, 127][..], &declared.to_be_bytes(), b"a few bytes"].concat();
        let server = ScriptServer::start(common::after_upgrade(&[Send(header), Action::Close]));
        let ws = open(server.port(), "/");
        let peak = turn.cost(|| assert!(!ws.read())).peak;
        assert!(peak < 1 << 20, "{peak} bytes for a promise of {declared}");
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfew".to_vec();
    let server = ScriptServer::start(vec![ExpectRequest, Send(head), Stall]);
    let rest = Rest::connected(server.port());
    rest.set_idle_ms(100);
    let peak = turn.cost(|| assert_eq!(rest.full("GET", "/"), None)).peak;
    assert!(peak < 512 << 10, "{peak} bytes for a promised body");
}

/// An idle session keeps little.
#[test]
fn idle_sessions_are_small() {
    let turn = Turn::take();
    let (_server, ws) = scripted(&[Send(frame(true, opcode::BINARY, &vec![1; 8 << 20])), Ignore]);
    let cost = turn.cost(|| {
        ws.expect_frame("Binary");
        assert_eq!(ws.bytes().len(), 8 << 20);
        ws.set_idle_ms(20);
        ws.expect_read_failure(1, &[]);
    });
    let kept = cost.kept;
    assert!(kept < 512 << 10, "{kept} bytes are kept after a large message");
}

/// what inflates and deflates is made for the first compressed message, and given back after
/// each when nothing of it serves the next.
#[test]
fn r83_compression_takes_memory_only_while_it_needs_it() {
    let turn = Turn::take();
    // RFC 7692 7.2.3.1.
    let hello = raw_frame(0xc1, None, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    for (parameters, is_kept) in
        [("", true), ("; client_no_context_takeover; server_no_context_takeover", false)]
    {
        let answer = format!("permessage-deflate{parameters}");
        let upgrade = Upgrade::default().with("Sec-WebSocket-Extensions", &answer);
        let steps = [ExpectRequest, SendUpgrade(upgrade), ExpectFrame, Send(hello.clone()), Ignore];
        let server = ScriptServer::start(steps.to_vec());
        let rest = Rest::connected(server.port());
        let mut session = None;
        let opened = turn.cost(|| {
            session = Some(upgrade_with(&rest, "/", |ws| ws.set_deflate(true)));
        });
        assert!(opened.kept < 64 << 10, "{} bytes for an idle session", opened.kept);
        let ws = session.unwrap();
        let talked = turn.cost(|| {
            assert!(ws.send(&"x".repeat(1_000), true), "{}", ws.error());
            ws.expect_text("Hello");
        });
        let frame = &server.so_far().frames[0];
        assert!(frame.payload.len() < 100, "it was compressed: {frame:?}");
        assert!(talked.peak > 128 << 10, "{} bytes at once", talked.peak);
        assert_eq!(talked.kept > 64 << 10, is_kept, "{} bytes{parameters}", talked.kept);
    }
}

/// A few messages that a program keeps do not keep the receive buffers that they came in.
#[test]
fn kept_messages_cost_what_they_hold() {
    const KEPT: usize = 300;
    let turn = Turn::take();
    let flood = frame(true, opcode::BINARY, &[7; 1000]).repeat(200);
    let mut steps = vec![Send(flood); KEPT];
    steps.push(Ignore);
    let (_server, ws) = scripted(&steps);
    let objects: Vec<Bytes> = (0..KEPT).map(|_| Bytes::new()).collect();
    let passing = Bytes::new();
    let cost = turn.cost(|| {
        for object in &objects {
            for n in 0..200 {
                ws.expect_frame("Binary");
                let bytes = if n == 0 { object } else { &passing };
                assert!(passing.clear());
                assert!(ws.data_bd_handle(bytes.h()), "{}", ws.error());
            }
        }
    });
    assert!(objects.iter().all(|object| object.with(|bytes| bytes == [7; 1000])));
    let kept = cost.kept;
    assert!(kept < 6 << 20, "{kept} bytes are kept for {KEPT} messages of 1000");
}

/// As many sessions that each keep the last message of a flood keep no more.
#[test]
fn messages_kept_of_many_sessions_cost_little() {
    const SESSIONS: usize = 60;
    const MESSAGES: usize = 600;
    let turn = Turn::take();
    let flood = frame(true, opcode::BINARY, &[7; 1000]).repeat(MESSAGES);
    let sessions: Vec<_> =
        (0..SESSIONS).map(|_| (scripted(&[Send(flood.clone()), Ignore]), Bytes::new())).collect();
    // The whole flood waits, so that the buffers become large.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let cost = turn.cost(|| {
        for ((_server, ws), bytes) in &sessions {
            for _ in 0..MESSAGES {
                ws.expect_frame("Binary");
                assert!(bytes.clear());
                assert!(ws.data_bd_handle(bytes.h()), "{}", ws.error());
            }
            ws.set_idle_ms(10);
            ws.expect_read_failure(1, &[]);
        }
    });
    assert!(sessions.iter().all(|(_, bytes)| bytes.with(|bytes| bytes == [7; 1000])));
    let kept = cost.kept;
    assert!(kept < 8 << 20, "{kept} bytes are kept for {SESSIONS} messages of 1000");
}
