//! Very many frames, none of which is worth anything.; list F: 5, 6, 9, 13.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use openck_test_support::script::Upgrade;
use openck_test_support::server::Server;
use openck_test_support::stream::Stream;
use openck_test_support::wire::{self, frame, opcode};

use crate::common::{Ws, open};
use crate::hostile::{Attack, Hold, hostile, next_frame};
use crate::measure::{Cost, Turn};

const MILLION: usize = 1_000_000;
/// A connection that is busy: its buffer grows to this.
const BUFFERS: usize = 1 << 20;

/// Writes `first`, then `piece` again and again until so many bytes are out, then `last`.
fn flood(first: Vec<u8>, piece: Vec<u8>, total: usize, last: Vec<u8>) -> Server {
    hostile(Upgrade::default(), move |stream| {
        stream.write_all(&first)?;
        repeat(stream, &piece, total)?;
        stream.write_all(&last)?;
        next_frame(stream);
        Ok(())
    })
}

fn repeat(stream: &mut Stream, piece: &[u8], total: usize) -> io::Result<()> {
    let mut left = total;
    while left > 0 {
        let now = left.min(piece.len());
        stream.write_all(&piece[..now])?;
        left -= now;
    }
    Ok(())
}

/// So many frames of 64 KiB at a time.
fn many(one: &[u8]) -> Vec<u8> {
    one.repeat((64 << 10) / one.len())
}

fn read_to_the_end(ws: &Ws) {
    while ws.data().as_deref() != Some("end") {
        assert!(ws.read(), "{}", ws.error());
    }
}

/// F5: a million frames without a byte of data in them.
#[test]
fn f05_r63_a_million_empty_frames_cost_no_memory() {
    let turn = Turn::take();
    let empty = |fin, opcode| frame(fin, opcode, b"");
    for (what, first, one, last) in [
        (
            "empty continuations",
            empty(false, opcode::TEXT),
            empty(false, opcode::CONTINUATION),
            frame(true, opcode::CONTINUATION, b"end"),
        ),
        ("empty messages", vec![], empty(true, opcode::TEXT), wire::text("end")),
        (
            "Pongs that nobody asked for",
            vec![],
            frame(true, opcode::PONG, b"unasked"),
            wire::text("end"),
        ),
    ] {
        let total = MILLION * one.len();
        let server = flood(first, many(&one), total, last);
        let ws = open(server.port(), "/");
        let attack = Attack {
            id: "F5 R-63",
            what,
            size: format!("{MILLION} frames"),
            memory: BUFFERS,
            cpu_ms: 5_000,
        };
        attack.measure(&turn, || read_to_the_end(&ws));
    }
}

/// F5: a message of a million bytes in as many frames. What it takes is the message.
#[test]
fn f05_r42_a_message_of_a_million_fragments_is_linear() {
    let turn = Turn::take();
    let one = frame(false, opcode::CONTINUATION, b"x");
    let measure = |count: usize| {
        let begin = frame(false, opcode::TEXT, b"");
        let last = frame(true, opcode::CONTINUATION, b"");
        let server = flood(begin, many(&one), count * one.len(), last);
        let ws = open(server.port(), "/");
        let attack = Attack {
            id: "F5 R-42",
            what: "a text in fragments of a byte",
            size: format!("{count} frames"),
            memory: 2 * count + BUFFERS,
            cpu_ms: 5_000,
        };
        let cost = attack.measure(&turn, || while ws.read() && !ws.is_final() {});
        assert_eq!(ws.fail_reason(), 0, "{}", ws.error());
        assert_eq!(usize::try_from(ws.data_len()).unwrap(), count);
        cost
    };
    let (quarter, whole) = (measure(MILLION / 4), measure(MILLION));
    expect_linear(&quarter, &whole, 4);
}

/// `times` as much costs `times` the processor; a quadratic way would be `times` worse than that.
#[track_caller]
fn expect_linear(less: &Cost, more: &Cost, times: u32) {
    let most = less.cpu * times * 2 + Duration::from_millis(50);
    assert!(more.cpu < most, "{:?} for one, {:?} for {times}", less.cpu, more.cpu);
}

/// F6: the limit ends what has no end.
#[test]
fn f06_r42_r62_an_endless_message_ends_at_the_limit() {
    let turn = Turn::take();
    for (what, limit, size) in [
        ("a message without end, frames of 64 KiB", 64 << 20, 64 << 10),
        ("the same, frames of 1000 bytes", 64 << 20, 1000),
        ("the same, MaxMessageSize of 1 MiB", 1 << 20, 1000),
    ] {
        let piece = frame(false, opcode::CONTINUATION, &vec![7; size]);
        let server = hostile(Upgrade::default(), move |stream| {
            stream.write_all(&frame(false, opcode::BINARY, b""))?;
            loop {
                stream.write_all(&piece)?;
            }
        });
        let ws = open(server.port(), "/");
        ws.set_max_message(limit as i32);
        let attack = Attack {
            id: "F6 R-62",
            what,
            size: "endless".to_owned(),
            // 64 KiB are more than an empty buffer has room for: one grows, another is kept.
            memory: limit + BUFFERS + (256 << 10),
            cpu_ms: 5_000,
        };
        attack.measure(&turn, || while ws.read() {});
        assert_eq!(ws.fail_reason(), 4, "{}", ws.error());
        assert!(!ws.is_connected());
        assert!(usize::try_from(ws.data_len()).unwrap() <= limit);
    }
}

/// F9: what follows a Close is neither read nor kept, and does not hold the program.
#[test]
fn f09_r52_a_flood_behind_a_close_is_dropped() {
    let turn = Turn::take();
    let piece = frame(true, opcode::BINARY, &vec![7; 64 << 10]);
    let server = hostile(Upgrade::default(), move |stream| {
        stream.write_all(&wire::close(Some(1000), "bye"))?;
        loop {
            stream.write_all(&piece)?;
        }
    });
    let ws = open(server.port(), "/");
    let begun = Instant::now();
    let attack = Attack {
        id: "F9 R-52",
        what: "data without end behind a Close",
        size: "endless".to_owned(),
        memory: BUFFERS,
        cpu_ms: 2_000,
    };
    attack.measure(&turn, || ws.expect_frame("Close"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!((ws.close_code(), ws.data_len(), ws.is_connected()), (1000, 0, false));
    ws.expect_read_failure(3, &["1000"]);
}

/// F13: nobody reads our Pongs. Five times as many Pings take no more memory: CVE-2026-11586.
#[test]
fn f13_r40_r63_ten_million_pings_that_cannot_be_answered() {
    let turn = Turn::take();
    let _warm = pings(&turn, 100_000);
    let (two, ten) = (pings(&turn, 2 * MILLION), pings(&turn, 10 * MILLION));
    let most = two.peak + two.peak / 5;
    assert!(ten.peak < most, "{} bytes, and {} for five times as many", two.peak, ten.peak);
    expect_linear(&two, &ten, 5);
}

fn pings(turn: &Turn, count: usize) -> Cost {
    let (_held, hold) = Hold::new();
    let one = frame(true, opcode::PING, b"?!");
    let (piece, total) = (many(&one), count * one.len());
    let server = hostile(Upgrade::default(), move |stream| {
        repeat(stream, &piece, total)?;
        stream.write_all(&wire::text("end"))?;
        hold.wait();
        Ok(())
    });
    let ws = open(server.port(), "/");
    ws.set_idle_ms(60_000);
    let attack = Attack {
        id: "F13 R-63",
        what: "Pings, and nobody reads our Pongs",
        size: format!("{count} frames"),
        memory: BUFFERS,
        cpu_ms: 20_000,
    };
    attack.measure(turn, || ws.expect_text("end"))
}

/// F13: the deadline comes while the Pings or Pongs go on, and the session lives.
#[test]
fn f13_r55_r63_a_flood_of_control_frames_does_not_outrun_the_deadline() {
    let turn = Turn::take();
    endless(&turn, "Pings without end, IdleTimeoutMs of 300", opcode::PING);
    endless(&turn, "Pongs without end, IdleTimeoutMs of 300", opcode::PONG);
}

fn endless(turn: &Turn, what: &'static str, opcode: u8) {
    let piece = many(&frame(true, opcode, &[b'p'; 125]));
    let server = hostile(Upgrade::default(), move |stream| {
        loop {
            stream.write_all(&piece)?;
        }
    });
    let ws = open(server.port(), "/");
    ws.set_idle_ms(300);
    let begun = Instant::now();
    let attack =
        Attack { id: "F13 R-55", what, size: "endless".to_owned(), memory: BUFFERS, cpu_ms: 3_000 };
    attack.measure(turn, || ws.expect_read_failure(1, &["300 ms"]));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(ws.is_connected());
}
