//! Connecting through the exported functions: names, addresses, time limits.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openck_test_support::{echo, scenarios};
use socket2::{Domain, Socket, Type};

use self::common::{Rest, Ws, expect_advice, expect_words, upgrade, watched};

/// Connecting fails with this ConnectFailReason and all these words.
#[track_caller]
fn refused(rest: &Rest, host: &str, port: i32, reason: i32, words: &[&str]) {
    assert!(!rest.connect_with(host, port, false, false));
    assert_eq!(rest.connect_reason(), reason, "{}", rest.error());
    assert!(!rest.success());
    expect_words(&rest.error(), words);
    expect_advice(&rest.error());
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn a_refused_port_is_reason_7() {
    let port = closed_port();
    let rest = Rest::new();
    refused(&rest, "127.0.0.1", i32::from(port), 7, &["127.0.0.1", &port.to_string()]);
    let ws = Ws::new();
    assert!(!ws.use_connection(&rest));
    expect_words(&ws.error(), &[&port.to_string()]);
}

#[test]
fn an_unknown_name_is_reason_2() {
    watched(60, || {
        let rest = Rest::new();
        refused(&rest, "does-not-exist.invalid", 80, 2, &["does-not-exist.invalid"]);
    });
}

///
#[test]
fn r01_what_is_no_host_or_port_is_refused_at_once() {
    let rest = Rest::new();
    refused(&rest, "", 80, 1, &["empty"]);
    refused(&rest, "  ", 80, 1, &["empty"]);
    for host in ["ws://example.com", "example.com/path", "a b", "a\r\nb", "h#f", "h?q", "u@h"] {
        refused(&rest, host, 80, 7, &["host"]);
    }
    for port in [0, -1, 65_536, i32::MIN] {
        refused(&rest, "127.0.0.1", port, 7, &[&port.to_string(), "65535"]);
    }
}

#[test]
fn a_success_resets_the_fail_reason() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::new();
    refused(&rest, "", 80, 1, &[]);
    for host in ["127.0.0.1", " 127.0.0.1 ", "localhost"] {
        assert!(rest.connect(host, server.port(), false), "{}", rest.error());
        assert_eq!(rest.connect_reason(), 0);
    }
}

#[test]
fn ipv6_addresses_may_be_in_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        // A machine without IPv6: the addresses must still be understood.
        refused(&Rest::new(), "[::1]", 1, 7, &["::1"]);
        return;
    };
    let port = listener.local_addr().unwrap().port();
    for host in ["::1", "[::1]"] {
        let rest = Rest::new();
        assert!(rest.connect(host, port, false), "{}", rest.error());
    }
}

/// A port of this machine that never answers: its queue is full.
fn silent_port() -> (Socket, Vec<Socket>, u16) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let filling = (0..4).map(|_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address);
        socket
    });
    let filling = filling.collect();
    (listener, filling, address.as_socket().unwrap().port())
}

#[test]
#[cfg(target_os = "linux")] // A full queue drops the packets there.
fn r55_silence_ends_with_the_connect_timeout() {
    let (_listener, _filling, port) = silent_port();
    let rest = Rest::new();
    rest.set_connect_ms(300);
    let begun = Instant::now();
    refused(&rest, "127.0.0.1", i32::from(port), 6, &["300 ms", "no answer"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn dispose_ends_a_connect_that_hangs() {
    watched(30, || {
        let (_listener, _filling, port) = silent_port();
        let rest = Arc::new(Rest::new());
        rest.set_connect_ms(0);
        let theirs = Arc::clone(&rest);
        let connecting = std::thread::spawn(move || theirs.connect("127.0.0.1", port, false));
        // Before, during or after the call begins: it ends.
        rest.dispose();
        assert!(!connecting.join().unwrap());
    });
}

/// R-08 as docs/architecture.md decides it: a Connect is one attempt to an address and no more.
#[test]
fn r08_a_connect_makes_one_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = |listener: &TcpListener| {
        listener.set_nonblocking(true).unwrap();
        std::iter::from_fn(|| listener.accept().ok()).map(|(socket, _)| socket).collect::<Vec<_>>()
    };
    let rest = Rest::new();
    assert!(rest.connect("127.0.0.1", port, false), "{}", rest.error());
    assert_eq!(accepted(&listener).len(), 1);
    // A failure is not tried again: a TLS server that hangs up at once.
    rest.set_idle_ms(300);
    assert!(!rest.connect("127.0.0.1", port, true));
    let sockets = accepted(&listener);
    assert_eq!(sockets.len(), 1);
}

/// Attempts that lose the race, or its time limit, are ended.
#[test]
#[cfg(target_os = "linux")] // The descriptors of a process are files there.
fn r08_a_connect_leaves_at_most_one_socket() {
    let sockets = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (_silent, _filling, port) = silent_port();
    // Where there is IPv6, it answers a quarter of a second later and wins.
    let _listener = TcpListener::bind(("::1", port));
    let rest = Rest::new();
    rest.set_connect_ms(50);
    // What is made once, such as the bell of a thread that waits, exists after this.
    assert!(!rest.connect("127.0.0.1", port, false));
    rest.set_connect_ms(1_000);
    let before = sockets();
    let connected = rest.connect("localhost", port, false);
    assert!(connected || rest.connect_reason() == 6, "{}", rest.error());
    assert_eq!(sockets() - before, usize::from(connected), "{}", rest.error());
}

/// Connects of one object take turns.
#[test]
fn r08_two_connects_of_one_object_are_one_after_the_other() {
    watched(60, || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let rest = Arc::new(Rest::new());
        rest.set_idle_ms(300);
        let begun = Instant::now();
        // A server that takes the connection and says nothing to the TLS handshake.
        let threads = [(); 2].map(|()| {
            let rest = Arc::clone(&rest);
            std::thread::spawn(move || assert!(!rest.connect("127.0.0.1", port, true)))
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    });
}

/// Objects do not wait for one another, not even for the same server.
#[test]
fn r08_objects_connect_independently() {
    watched(60, || {
        let server = scenarios::start(0, None).unwrap();
        let port = server.port();
        let slow = Arc::new(Rest::new());
        slow.set_idle_ms(0);
        let theirs = Arc::clone(&slow);
        // The server waits for a line end that no TLS client sends.
        let hanging = std::thread::spawn(move || theirs.connect("127.0.0.1", port, true));
        for _ in 0..10 {
            let begun = Instant::now();
            drop(upgrade(&Rest::connected(port), "/"));
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        }
        assert!(!hanging.is_finished());
        slow.dispose();
        assert!(!hanging.join().unwrap());
    });
}

#[test]
fn many_connections_at_once() {
    let server = scenarios::start(0, None).unwrap();
    let port = server.port();
    let threads = (0..16).map(|n| {
        std::thread::spawn(move || {
            let rest = Rest::connected(port);
            let ws = upgrade(&rest, "/");
            let text = format!("thread {n}");
            for _ in 0..50 {
                assert!(ws.send(&text, true));
                ws.expect_text(&text);
            }
        })
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
}
