//! signals during calls that wait, and connections that are gone.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use openck_test_support::pki::{Kind, Pki};
use openck_test_support::script::Action::{self, ExpectRequest, Pause, Reset, Send, Stall};
use openck_test_support::script::ScriptServer;
use openck_test_support::wire;

use self::common::{Rest, after_upgrade, expect_advice, scripted, upgrade};

static CAUGHT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::SeqCst);
}

/// Installs the handler without SA_RESTART, so that each signal interrupts a system call.
fn interrupt_on_sigusr1() {
    let handler: extern "C" fn(libc::c_int) = count;
    // SAFETY: a zeroed sigaction is a valid one, without flags; the handler only adds to an atomic.
    let installed = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut())
    };
    assert_eq!(installed, 0);
}

/// Runs `call` while its thread gets a signal every half millisecond.
fn under_fire<T>(call: impl FnOnce() -> T) -> T {
    interrupt_on_sigusr1();
    // SAFETY: a question about this thread.
    let target = unsafe { libc::pthread_self() };
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let before = CAUGHT.load(Ordering::SeqCst);
    let shooter = std::thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            // SAFETY: the target waits below for this thread, so it is alive.
            assert_eq!(unsafe { libc::pthread_kill(target, libc::SIGUSR1) }, 0);
            std::thread::sleep(Duration::from_micros(500));
        }
    });
    let result = call();
    over.store(true, Ordering::SeqCst);
    shooter.join().unwrap();
    let caught = CAUGHT.load(Ordering::SeqCst) - before;
    assert!(caught > 50, "only {caught} signals arrived");
    result
}

#[test]
fn r57_signals_do_not_end_a_read_frame() {
    let message = vec![7; 1 << 20];
    let frame = wire::frame(true, wire::opcode::BINARY, &message);
    let (half, rest) = frame.split_at(frame.len() / 2);
    let steps = [Pause(200), Send(half.to_vec()), Pause(200), Send(rest.to_vec()), Stall];
    let (_server, ws) = scripted(&steps);
    under_fire(|| ws.expect_frame("Binary"));
    assert!(ws.bytes() == message);
    // They neither shorten a timeout nor make it longer.
    ws.set_idle_ms(200);
    let begun = std::time::Instant::now();
    under_fire(|| ws.expect_read_failure(1, &["200 ms"]));
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200) && took < Duration::from_secs(2), "{took:?}");
}

/// Many short writes, each of which may be interrupted.
#[test]
fn r57_signals_do_not_end_a_send() {
    let message: Vec<u8> = (0..8 << 20).map(|at: u32| (at >> 8) as u8).collect();
    let (server, ws) = scripted(&[Pause(200), Action::ExpectFrame]);
    under_fire(|| assert!(ws.send_bytes(&message, true), "{}", ws.error()));
    assert!(server.transcript().frames[0].payload == message);
}

#[test]
fn r57_signals_do_not_end_a_connect_or_a_request() {
    let pki = Pki::default();
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let script = vec![
        ExpectRequest,
        Pause(100),
        Send(answer.to_vec()),
        Pause(100),
        Send(b"ok".to_vec()),
        Stall,
    ];
    let server = ScriptServer::start_tls(script, pki.identity(Kind::Good).server_config());
    let rest = Rest::new();
    assert!(rest.trust(&pki.ca_pem()));
    under_fire(|| {
        assert!(rest.connect("localhost", server.port(), true), "{}", rest.error());
        assert_eq!(rest.get("/"), "ok");
    });
}

/// In a process of its own, as Rust programs ignore SIGPIPE and other programs do not.
#[test]
fn r57_a_dead_connection_raises_no_sigpipe() {
    const CHILD: &str = "OPENCK_TEST_SIGPIPE";
    if std::env::var_os(CHILD).is_some() {
        return send_to_the_dead();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "r57_a_dead_connection_raises_no_sigpipe", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stderr);
    assert_eq!(child.status.signal(), None, "the child died of a signal: {output}");
    assert!(child.status.success(), "{output}");
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{output}");
}

fn send_to_the_dead() {
    // SAFETY: no handler, only the default.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let pki = Pki::default();
    for tls in [None, Some(pki.identity(Kind::Good).server_config())] {
        let secure = tls.is_some();
        // A reset that follows an orderly end is what the system reports by SIGPIPE.
        for end in [&[][..], &[Reset]] {
            let scripts = vec![after_upgrade(end), [&[Pause(100)], end].concat()];
            let server = ScriptServer::start_all(scripts, tls.clone());
            let connected = || {
                let rest = Rest::new();
                assert!(rest.trust(&pki.ca_pem()));
                assert!(rest.connect("localhost", server.port(), secure), "{}", rest.error());
                rest
            };
            let ws = upgrade(&connected(), "/");
            assert!(server.transcript().error.is_none());
            let mut sent = 0;
            while ws.send("to nobody", true) && ws.ping("") {
                sent += 1;
                assert!(sent < 10_000, "sending to a dead connection should fail");
            }
            expect_advice(&ws.error());
            assert!(!ws.send("again", true) && !ws.ping("") && !ws.send_close(true, 1000, ""));
            let rest = connected();
            assert!(server.transcript_of(1).error.is_none());
            assert!(!rest.send_req_string("POST", "/", &"x".repeat(8 << 20)));
            expect_advice(&rest.error());
            assert!(rest.disconnect(100) && ws.close_connection());
        }
    }
    // SAFETY: asks for the handler and sets the default again.
    let handler = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    assert_eq!(handler, libc::SIG_DFL, "the library leaves the program's signals alone");
}
