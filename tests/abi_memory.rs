//! What hostile servers cost in memory, counted by the allocator. One test at a time.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use openck_test_support::script::Action::{self, ExpectRequest, Ignore, Send, Stall};
use openck_test_support::script::ScriptServer;
use openck_test_support::wire::{frame, opcode, text};

use self::common::{Rest, open, scripted};

/// Counts what is in use and the most that ever was.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static TURN: Mutex<()> = Mutex::new(());

// SAFETY: all work is the system allocator's; counting changes nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::SeqCst) + layout.size();
        PEAK.fetch_max(used, Ordering::SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most memory that `run` took beyond what was in use before.
fn peak_of(run: impl FnOnce()) -> usize {
    let before = USED.load(Ordering::SeqCst);
    PEAK.store(before, Ordering::SeqCst);
    run();
    PEAK.load(Ordering::SeqCst).saturating_sub(before)
}

/// Reads up to the text "end" while the server sends this, and nothing reads what goes back.
fn peak_of_flood(flood: Vec<u8>, times: usize) -> usize {
    let mut steps = vec![Send(flood); times];
    steps.extend([Send(text("end")), Ignore]);
    let (_server, ws) = scripted(&steps);
    peak_of(|| {
        while ws.data().as_deref() != Some("end") {
            assert!(ws.read(), "{}", ws.error());
        }
    })
}

/// R-63, F13: the Pongs that nobody reads are not piled up.
#[test]
fn a_flood_of_pings_uses_bounded_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let pings = frame(true, opcode::PING, &[b'p'; 100]).repeat(600);
    let peak = peak_of_flood(pings, 500);
    assert!(peak < 2 << 20, "{peak} bytes for 300000 Pings");
}

/// R-63, F5.
#[test]
fn r63_empty_frames_and_pongs_cost_no_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let pongs = frame(true, opcode::PONG, b"unasked").repeat(5_000);
    let peak = peak_of_flood(pongs, 100);
    assert!(peak < 2 << 20, "{peak} bytes for 500000 Pongs");
    let mut fragments = frame(false, opcode::TEXT, b"");
    fragments.extend(frame(false, opcode::CONTINUATION, b"").repeat(50_000));
    fragments.extend(frame(true, opcode::CONTINUATION, b""));
    let peak = peak_of_flood(fragments, 1);
    assert!(peak < 2 << 20, "{peak} bytes for 50000 empty fragments");
}

/// a header that promises much costs little.
#[test]
fn r42_no_memory_is_taken_on_the_word_of_a_length() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for declared in [60_u64 << 20, 1 << 40, 1 << 62] {
        let header = [&[0x82, 127][..], &declared.to_be_bytes(), b"a few bytes"].concat();
        let server = ScriptServer::start(common::after_upgrade(&[Send(header), Action::Close]));
        let ws = open(server.port(), "/");
        let peak = peak_of(|| assert!(!ws.read()));
        assert!(peak < 1 << 20, "{peak} bytes for a promise of {declared}");
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfew".to_vec();
    let server = ScriptServer::start(vec![ExpectRequest, Send(head), Stall]);
    let rest = Rest::connected(server.port());
    rest.set_idle_ms(100);
    let peak = peak_of(|| assert_eq!(rest.full("GET", "/"), None));
    assert!(peak < 512 << 10, "{peak} bytes for a promised body");
}

/// An idle session keeps little.
#[test]
fn idle_sessions_are_small() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_server, ws) = scripted(&[Send(frame(true, opcode::BINARY, &vec![1; 8 << 20])), Ignore]);
    let before = USED.load(Ordering::SeqCst);
    ws.expect_frame("Binary");
    assert_eq!(ws.bytes().len(), 8 << 20);
    ws.set_idle_ms(20);
    ws.expect_read_failure(1, &[]);
    let kept = USED.load(Ordering::SeqCst).saturating_sub(before);
    assert!(kept < 512 << 10, "{kept} bytes are kept after a large message");
}
