//! Servers that keep the program waiting: no call spins, none waits longer than it was told.
//! CVE-2025-5399; list F: 10, 14.

use std::io::Write;
use std::time::{Duration, Instant};

use openck_test_support::script::Action::{
    self, HalfClose, Ignore, Pause, Reset, Send, SendPieces, Stall,
};
use openck_test_support::wire::{self, frame, opcode, raw_frame};

use crate::common::{expect_words, scripted};
use crate::hostile::{Attack, Hold, hostile};
use crate::measure::Turn;

/// Processor time of a call that waits for half a second; one that spins has all of it.
const CALM_MS: u64 = 150;

/// Each script leaves ReadFrame without a frame.
#[test]
fn r55_no_hostile_silence_makes_a_reader_spin() {
    let turn = Turn::take();
    let pings = || {
        let ping = Send(frame(true, opcode::PING, b"?"));
        (0..40).flat_map(|_| [ping.clone(), Pause(20)]).collect()
    };
    let trickle = |bytes: &[u8]| -> Vec<Action> {
        bytes.iter().flat_map(|byte| [Send(vec![*byte]), Pause(20)]).collect()
    };
    for (what, mut script, reason) in [
        ("silence", vec![], 1),
        ("half a header", vec![Send(vec![0x82, 127, 0, 0])], 1),
        ("half a frame", vec![Send(raw_frame(0x82, None, &[1; 100])[..50].to_vec())], 1),
        (
            "half of a large frame",
            vec![Send(raw_frame(0x82, None, &vec![1; 1 << 20])[..600_000].to_vec())],
            1,
        ),
        ("half a message", vec![Send(frame(false, opcode::TEXT, b"half"))], 1),
        ("a Ping now and then", pings(), 1),
        ("a header byte by byte", trickle(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), 1),
        ("the end of the sending side", vec![HalfClose], 3),
        ("the end inside a frame", vec![Send(vec![0x81, 5, b'a']), HalfClose], 3),
        ("a reset", vec![Reset], 3),
    ] {
        script.push(Ignore);
        let (_server, ws) = scripted(&script);
        ws.set_idle_ms(500);
        let attack = Attack {
            id: "R-55",
            what,
            size: "500 ms".to_owned(),
            memory: 2 << 20,
            cpu_ms: CALM_MS,
        };
        let begun = Instant::now();
        attack.measure(&turn, || {
            while ws.read() {}
            assert_eq!(ws.fail_reason(), reason, "{what}: {}", ws.error());
        });
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}: {:?}", begun.elapsed());
    }
}

/// F10: a Close is a Close, even if a reset follows at once or in the middle of our answer.
#[test]
fn f10_r50_a_close_and_then_a_reset() {
    let turn = Turn::take();
    for code in [None, Some(1000), Some(4321)] {
        let bytes = [wire::text("last"), wire::close(code, "")].concat();
        let (server, ws) = scripted(&[Send(bytes), Reset]);
        assert_eq!(server.transcript().error, None);
        let attack = Attack {
            id: "F10 R-50",
            what: "a reset behind a Close",
            size: "a session".to_owned(),
            memory: 256 << 10,
            cpu_ms: CALM_MS,
        };
        attack.measure(&turn, || {
            ws.expect_text("last");
            ws.expect_frame("Close");
        });
        assert_eq!(ws.close_code(), code.map_or(0, i32::from));
        ws.expect_read_failure(3, &["Close"]);
    }
}

/// F14, R-29: a server that reads nothing. The frame is queued once, and the wait is a wait.
#[test]
fn f14_r55_a_server_that_never_reads() {
    let turn = Turn::take();
    let size = 32 << 20;
    let (_server, ws) = scripted(&[Ignore]);
    let message = crate::common::Bytes::holding(&vec![7; size]);
    ws.set_idle_ms(500);
    let begun = Instant::now();
    let attack = Attack {
        id: "F14 R-55",
        what: "a server that never reads, IdleTimeoutMs of 500",
        size: format!("a frame of {} MiB", size >> 20),
        memory: size + (1 << 20),
        cpu_ms: 2_000,
    };
    attack.measure(&turn, || assert!(!ws.send_bd_handle(message.h(), true)));
    expect_words(&ws.error(), &["took no data for 500 ms"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!ws.is_connected(), "nothing can follow half a frame");
    assert!(!ws.send("x", true) && !ws.ping("x") && !ws.read());
}

/// F14: small frames until the socket is full: then one call fails and the session is over.
#[test]
fn f14_r29_small_frames_to_a_server_that_never_reads() {
    let turn = Turn::take();
    let (_server, ws) = scripted(&[Ignore]);
    ws.set_idle_ms(300);
    let text = "z".repeat(10_000);
    let attack = Attack {
        id: "F14 R-29",
        what: "the same with small frames, until one fails",
        size: "frames of 10 kB".to_owned(),
        memory: 1 << 20,
        cpu_ms: 5_000,
    };
    attack.measure(&turn, || {
        let sent = (0..10_000).take_while(|_| ws.send(&text, true)).count();
        assert!(sent < 10_000, "100 MB went into a socket that nobody reads");
    });
    assert!(!ws.is_connected());
}

/// Many threads that send at once hold one frame and what else is queued, not a frame each.
#[test]
fn f14_r62_many_threads_send_to_a_server_that_never_reads() {
    const THREADS: usize = 16;
    let turn = Turn::take();
    let size = 8 << 20;
    let (_server, ws) = scripted(&[Ignore]);
    let message = crate::common::Bytes::holding(&vec![7; size]);
    ws.set_idle_ms(500);
    let attack = Attack {
        id: "F14 R-62",
        what: "16 threads send to a server that never reads",
        size: format!("a frame of {} MiB each", size >> 20),
        memory: size + (2 << 20),
        cpu_ms: 2_000,
    };
    attack.measure(&turn, || {
        std::thread::scope(|scope| {
            let send = || assert!(!ws.send_bd_handle(message.h(), true));
            (0..THREADS).for_each(|_| drop(scope.spawn(send)));
        });
    });
    assert!(!ws.is_connected(), "nothing can follow half a frame");
}

/// While we wait to send, what comes in is taken in, but not without end.
#[test]
fn f14_r63_a_server_that_sends_and_never_reads() {
    let turn = Turn::take();
    let (_held, hold) = Hold::new();
    let piece = frame(true, opcode::BINARY, &vec![7; 64 << 10]);
    let server = hostile(openck_test_support::script::Upgrade::default(), move |stream| {
        while stream.write_all(&piece).is_ok() {}
        hold.wait();
        Ok(())
    });
    let ws = crate::common::open(server.port(), "/");
    let message = crate::common::Bytes::holding(&vec![7; 16 << 20]);
    ws.set_idle_ms(500);
    let attack = Attack {
        id: "F14 R-63",
        what: "a server that sends without end and never reads",
        size: "a frame of 16 MiB".to_owned(),
        // The frame, and what is taken in meanwhile: 1 MiB, in a buffer that doubles.
        memory: (16 << 20) + (4 << 20),
        cpu_ms: 2_000,
    };
    attack.measure(&turn, || assert!(!ws.send_bd_handle(message.h(), true)));
    expect_words(&ws.error(), &["took no data for 500 ms"]);
}

/// A message in segments of one byte costs a system call for each, and no more than that.
#[test]
fn r39_a_message_in_single_bytes_is_linear() {
    let turn = Turn::take();
    let measure = |len: usize| {
        let text = frame(true, opcode::TEXT, &vec![b'x'; len]);
        let (_server, ws) = scripted(&[SendPieces(text, 1), Stall]);
        let attack = Attack {
            id: "R-39",
            what: "a text in segments of a byte",
            size: format!("{len} segments"),
            memory: 1 << 20,
            cpu_ms: 3_000,
        };
        attack.measure(&turn, || ws.expect_frame("Text"))
    };
    let (quarter, whole) = (measure(10_000), measure(40_000));
    let most = quarter.cpu * 8 + Duration::from_millis(100);
    assert!(whole.cpu < most, "{:?} for a quarter, {:?}", quarter.cpu, whole.cpu);
}
