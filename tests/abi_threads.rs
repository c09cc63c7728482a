//! Several threads on one object, through the exported functions.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use openck_test_support::echo;
use openck_test_support::script::Action::{self, ExpectFrame, ExpectRequest, Send, Stall};
use openck_test_support::script::ScriptServer;
use openck_test_support::wire::{frame, opcode, text};

use self::common::{Bytes, Rest, Ws, eventually, expect_words, open, scripted, watched};

/// Long for a wake, short against every timeout here.
const SOON: Duration = Duration::from_secs(3);

/// What the blocked call came to.
struct Ended {
    read: bool,
    reason: i32,
    error: String,
}

/// A session whose thread is in ReadFrame: the server has the Pong, which only a reader sends.
fn blocked_reader() -> (ScriptServer, Arc<Ws>, JoinHandle<Ended>) {
    let ping = frame(true, opcode::PING, b"are you reading?");
    let (server, ws) = scripted(&[Send(ping), ExpectFrame, Stall]);
    let ws = Arc::new(ws);
    ws.set_idle_ms(0);
    let theirs = Arc::clone(&ws);
    let reader = spawn(move || {
        let read = theirs.read();
        Ended { read, reason: theirs.fail_reason(), error: theirs.error() }
    });
    eventually(|| server.so_far().frames.len() == 1);
    (server, ws, reader)
}

#[test]
fn r59_close_connection_ends_a_blocked_read_frame() {
    watched(60, || {
        let (server, ws, reader) = blocked_reader();
        let begun = Instant::now();
        assert!(ws.close_connection());
        let ended = reader.join().unwrap();
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(!ended.read);
        assert_eq!(ended.reason, 3, "{}", ended.error);
        expect_words(&ended.error, &["closed", "what to do"]);
        assert!(!ws.is_connected());
        assert!(server.transcript().client_left);
    });
}

#[test]
fn r58_r59_dispose_ends_a_blocked_read_frame() {
    watched(60, || {
        let (server, ws, reader) = blocked_reader();
        let begun = Instant::now();
        ws.dispose();
        let ended = reader.join().unwrap();
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(!ended.read);
        assert!(!ws.read() && !ws.send("x", true), "the handle is dead");
        assert!(server.transcript().client_left);
    });
}

#[test]
fn r58_r59_dispose_ends_a_blocked_send() {
    watched(60, || {
        let (_server, ws) = scripted(&[Action::Ignore]);
        let ws = Arc::new(ws);
        ws.set_idle_ms(0);
        let theirs = Arc::clone(&ws);
        let sender = spawn(move || theirs.send_bytes(&vec![1; 64 << 20], true));
        ws.dispose();
        assert!(!sender.join().unwrap());
    });
}

#[test]
fn r58_r59_dispose_ends_a_blocked_request() {
    watched(60, || {
        let server = ScriptServer::start(vec![ExpectRequest, Stall]);
        let rest = Arc::new(Rest::connected(server.port()));
        rest.set_idle_ms(0);
        let theirs = Arc::clone(&rest);
        let request = spawn(move || theirs.full("GET", "/"));
        eventually(|| server.so_far().request.is_some());
        let begun = Instant::now();
        rest.dispose();
        assert_eq!(request.join().unwrap(), None);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(server.transcript().client_left);
    });
}

/// Dispose of the Rest ends no session of a WebSocket.
#[test]
fn dispose_of_the_rest_leaves_a_blocked_read_frame() {
    watched(60, || {
        let server = echo::start(0, None).unwrap();
        let rest = Rest::connected(server.port());
        let ws = Arc::new(common::upgrade(&rest, "/"));
        let theirs = Arc::clone(&ws);
        let reader = spawn(move || theirs.expect_text("after"));
        rest.dispose();
        assert!(ws.send("after", true));
        reader.join().unwrap();
    });
}

#[test]
fn r58_one_thread_sends_while_another_reads() {
    watched(60, || {
        let server = echo::start(0, None).unwrap();
        let ws = Arc::new(open(server.port(), "/"));
        let theirs = Arc::clone(&ws);
        let reader = spawn(move || {
            for n in 0..3_000 {
                theirs.expect_text(&format!("message {n}"));
            }
        });
        for n in 0..3_000 {
            assert!(ws.send(&format!("message {n}"), true), "{}", ws.error());
            if n % 100 == 0 {
                assert!(ws.ping("alive"));
            }
        }
        reader.join().unwrap();
        let theirs = Arc::clone(&ws);
        let reader = spawn(move || theirs.expect_frame("Close"));
        assert!(ws.send_close(true, 1000, "done"));
        reader.join().unwrap();
        assert_eq!(ws.close_code(), 1000);
    });
}

/// two readers take turns, and each message comes once.
#[test]
fn r58_two_readers_take_turns() {
    watched(60, || {
        const MESSAGES: usize = 500;
        let server = echo::start(0, None).unwrap();
        let ws = Arc::new(open(server.port(), "/"));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let ws = Arc::clone(&ws);
                spawn(move || {
                    let mut taken = Vec::new();
                    while ws.read() && ws.opcode() != "Close" {
                        taken.extend(ws.bytes());
                    }
                    taken.extend(ws.bytes());
                    taken
                })
            })
            .collect();
        for n in 0..MESSAGES {
            assert!(ws.send_bytes(&u32::try_from(n).unwrap().to_be_bytes(), true));
        }
        assert!(ws.send_close(true, 1000, ""));
        let taken: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        let numbers = taken.iter().flat_map(|bytes| bytes.chunks(4));
        let numbers: Vec<_> =
            numbers.map(|four| u32::from_be_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers.len(), MESSAGES);
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), MESSAGES);
    });
}

/// frames of several threads are never mixed.
#[test]
fn r29_senders_take_turns() {
    watched(60, || {
        const EACH: usize = 60;
        let server = echo::start(0, None).unwrap();
        let ws = Arc::new(open(server.port(), "/"));
        let senders: Vec<_> = (0..4_u8)
            .map(|thread| {
                let ws = Arc::clone(&ws);
                spawn(move || {
                    for n in 0..EACH {
                        let size = 1 + n * 1_000 + usize::from(thread);
                        assert!(ws.send_bytes(&vec![thread; size], true), "{}", ws.error());
                    }
                })
            })
            .collect();
        let mut next = [0; 4];
        for _ in 0..4 * EACH {
            ws.expect_frame("Binary");
            let bytes = ws.bytes();
            let thread = bytes[0];
            let count: &mut usize = &mut next[usize::from(thread)];
            assert!(bytes.iter().all(|byte| *byte == thread));
            assert_eq!(bytes.len(), 1 + *count * 1_000 + usize::from(thread));
            *count += 1;
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn each_thread_sees_the_result_of_its_own_call() {
    let server = echo::start(0, None).unwrap();
    let ws = &open(server.port(), "/");
    let (failed, has_failed) = channel();
    let (others_called, have_called) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            assert!(!ws.send_close(true, 1005, ""));
            failed.send(()).unwrap();
            have_called.recv().unwrap();
            assert!(!ws.success());
            expect_words(&ws.error(), &["WebSocket.SendClose", "1005"]);
        });
        has_failed.recv().unwrap();
        assert!(ws.success(), "this thread's own last call, ValidateServerHandshake");
        expect_words(&ws.error(), &["ValidateServerHandshake"]);
        let stranger = scope.spawn(|| {
            assert!(!ws.success(), "a thread that made no call is told of the object's last");
            expect_words(&ws.error(), &["1005"]);
        });
        stranger.join().unwrap();
        assert!(ws.ping(""));
        assert!(ws.success());
        assert!(!ws.error().contains("1005"), "{}", ws.error());
        others_called.send(()).unwrap();
    });
}

/// A new session ends the one that another thread reads.
#[test]
fn use_connection_ends_a_blocked_read_frame() {
    watched(60, || {
        let (server, ws, reader) = blocked_reader();
        let other = echo::start(0, None).unwrap();
        let rest = Rest::connected(other.port());
        assert!(ws.use_connection(&rest), "{}", ws.error());
        let ended = reader.join().unwrap();
        assert!(!ended.read);
        assert!(server.transcript().client_left);
        assert!(ws.add_client_headers());
        rest.get("/");
        ws.set_idle_ms(10_000);
        assert!(ws.validate(), "{}", ws.error());
        assert!(ws.send("clean", true));
        ws.expect_text("clean");
    });
}

/// A9: nothing hangs or crashes, whatever is called from wherever.
#[test]
fn calls_of_all_kinds_from_many_threads_end() {
    watched(120, || {
        let server = echo::start(0, None).unwrap();
        for (round, threads, calls) in [(0_u32, 8_u32, 150), (1, 8, 150), (2, 8, 150), (3, 100, 50)]
        {
            let rest = Arc::new(Rest::connected(server.port()));
            let ws = Arc::new(common::upgrade(&rest, "/"));
            ws.set_idle_ms(50);
            let threads: Vec<_> = (0..threads)
                .map(|seed| {
                    let (rest, ws) = (Arc::clone(&rest), Arc::clone(&ws));
                    let mut random =
                        ((seed + 1) * (round + 1)).wrapping_mul(2_654_435_761) % 65_520 + 1;
                    spawn(move || {
                        for _ in 0..calls {
                            random = random * 17 % 65_521;
                            any_call(&ws, &rest, random);
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        }
    });
}

fn any_call(ws: &Ws, rest: &Rest, random: u32) {
    match random % 64 {
        0..16 => drop(ws.send("text of some thread", !random.is_multiple_of(3))),
        16..20 => drop(ws.send_bytes(&vec![1; 20_000], true)),
        20..36 => drop(ws.read()),
        36..42 => drop(ws.data()),
        42..45 => drop(ws.data_bd_handle(Bytes::new().h())),
        45..48 => drop(ws.ping("ping")),
        48..50 => drop(ws.send_pong()),
        50..54 => drop((ws.poll(), ws.is_connected(), ws.opcode(), ws.error())),
        54 => drop(ws.validate()),
        55 => drop(ws.add_client_headers()),
        56..60 => drop((rest.status(), rest.header(), rest.full("GET", "/"))),
        60 if random.is_multiple_of(7) => drop(ws.send_close(true, 1000, "")),
        61 if random.is_multiple_of(11) => drop(ws.close_connection()),
        62 if random.is_multiple_of(13) => drop(ws.use_connection(rest)),
        63 if random.is_multiple_of(17) => ws.dispose(),
        _ => drop((ws.data_len(), ws.fail_reason(), ws.close_reason())),
    }
}

/// A11.
#[test]
fn a_thread_with_a_small_stack_is_enough() {
    let server = ScriptServer::start(common::after_upgrade(&[Send(text("small")), Stall]));
    let port = server.port();
    let small = std::thread::Builder::new().stack_size(128 * 1024);
    let thread = small.spawn(move || open(port, "/").expect_text("small")).unwrap();
    thread.join().unwrap();
}
