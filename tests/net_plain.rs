//! Connections without TLS: connecting, both directions at once, ending.

#![allow(clippy::unwrap_used)] // Tests and their helpers.

mod net_common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use net_common::{
    dial, listener, narrow_listener, pair, pattern, read_exactly, read_some, read_until, watched,
    write,
};
use openck::error::{Error, ErrorKind};
use openck::log::Log;
use openck::net::connection::{Connection, Fill, QUEUE_LIMIT};
use openck::net::dial::{self, DialOptions};
use openck::net::wait::{self, Cancel, Step, Watch};

/// What a wake-up may cost, with other tests running at the same time.
const AT_ONCE: Duration = Duration::from_millis(100);

#[test]
fn bytes_go_both_ways() {
    watched(|| {
        let (connection, mut peer) = pair();
        assert!(connection.is_open() && !connection.is_tls());
        assert_eq!(connection.peer_addr(), peer.local_addr().unwrap());
        assert_eq!(connection.local_addr(), Some(peer.peer_addr().unwrap()));
        write(&connection, b"question", None).unwrap();
        let mut question = [0; 8];
        peer.read_exact(&mut question).unwrap();
        assert_eq!(&question, b"question");
        peer.write_all(b"answer").unwrap();
        assert_eq!(read_exactly(&connection, 6).unwrap(), b"answer");
    });
}

#[test]
fn a_refused_connection_says_where_and_what_to_check() {
    watched(|| {
        let (listener, options) = listener();
        drop(listener);
        let error = dial(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectFailed);
        let server = format!("127.0.0.1:{}", options.port);
        assert!(error.message().contains(&server), "{}", error.message());
        assert!(error.message().contains("os error"), "{}", error.message());
        let advice = error.advice().unwrap();
        assert!(advice.contains("Is a server listening") && advice.contains("TLS"), "{advice}");
    });
}

#[test]
fn wrong_names_are_told_apart() {
    watched(|| {
        let error = dial(&DialOptions::new("", 80)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EmptyHost);
        let error = dial(&DialOptions::new("no-such-host.invalid", 80)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Dns);
        assert!(error.message().contains("no-such-host.invalid"));
    });
}

#[test]
fn the_other_family_is_tried_when_one_refuses() {
    watched(|| {
        let (listener, mut options) = listener();
        options.host = "localhost".to_owned();
        for prefer_ipv6 in [false, true] {
            options.prefer_ipv6 = prefer_ipv6;
            let connection = dial(&options).unwrap();
            assert_eq!(connection.peer_addr(), listener.local_addr().unwrap());
        }
    });
}

/// A listener whose queue is full drops the packets that would open a connection.
fn blackhole() -> (TcpListener, Vec<socket2::Socket>, DialOptions) {
    let socket = socket2::Socket::new(
        socket2::Domain::IPV4,
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )
    .unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let listener: TcpListener = socket.into();
    let address = listener.local_addr().unwrap();
    let filling = (0..4).map(|_| {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address.into());
        socket
    });
    let filling: Vec<_> = filling.collect();
    let mut options = DialOptions::new("127.0.0.1", address.port());
    options.connect_timeout = Some(Duration::from_millis(300));
    (listener, filling, options)
}

#[test]
fn silence_ends_with_the_connect_timeout() {
    watched(|| {
        let (_listener, _filling, options) = blackhole();
        let begun = Instant::now();
        let error = dial(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
        assert!(begun.elapsed() >= Duration::from_millis(300));
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(error.message().contains("300 ms"), "{}", error.message());
    });
}

#[test]
fn cancelling_ends_a_connection_attempt() {
    watched(|| {
        let (_listener, _filling, mut options) = blackhole();
        options.connect_timeout = None;
        let cancel = Arc::new(Cancel::new());
        let (send, begun) = mpsc::channel();
        let waiting = {
            let cancel = Arc::clone(&cancel);
            thread::spawn(move || {
                send.send(()).unwrap();
                dial::dial(&options, &cancel, &mut Log::new())
            })
        };
        begun.recv().unwrap();
        let at = Instant::now();
        cancel.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Aborted);
        assert!(at.elapsed() < AT_ONCE, "{:?}", at.elapsed());
    });
}

#[test]
fn the_log_tells_the_steps() {
    watched(|| {
        let (_listener, options) = listener();
        let mut log = Log::new();
        dial::dial(&options, &Cancel::new(), &mut log).unwrap();
        let text = format!("{:?}", log.entries());
        for word in ["connect", "host", "port", "addresses", "connected"] {
            assert!(text.contains(word), "{text}");
        }
    });
}

/// Starts a reader that is given the chance to block, and ends it by `end`.
fn end_a_blocked_read(end: impl FnOnce(&Connection, &Cancel)) -> (ErrorKind, Duration) {
    let (connection, _peer) = pair();
    let (connection, cancel) = (Arc::new(connection), Arc::new(Cancel::new()));
    let (send, begun) = mpsc::channel();
    let reader = {
        let (connection, cancel) = (Arc::clone(&connection), Arc::clone(&cancel));
        thread::spawn(move || {
            send.send(()).unwrap();
            let error = read_some(&connection, &[&cancel]).unwrap_err();
            (error.kind(), Instant::now())
        })
    };
    begun.recv().unwrap();
    // Not needed for the result; it makes blocking likely.
    thread::yield_now();
    let at = Instant::now();
    end(&connection, &cancel);
    let (kind, ended) = reader.join().unwrap();
    (kind, ended.saturating_duration_since(at))
}

#[test]
fn r59_cancelling_wakes_a_blocked_reader_at_once() {
    watched(|| {
        for _ in 0..50 {
            let (kind, after) = end_a_blocked_read(|_, cancel| cancel.cancel());
            assert_eq!(kind, ErrorKind::Aborted);
            assert!(after < AT_ONCE, "{after:?}");
        }
    });
}

#[test]
fn closing_from_another_thread_wakes_a_blocked_reader_at_once() {
    watched(|| {
        for _ in 0..50 {
            let (kind, after) = end_a_blocked_read(|connection, _| connection.close());
            assert_eq!(kind, ErrorKind::NotConnected);
            assert!(after < AT_ONCE, "{after:?}");
        }
    });
}

#[test]
fn closing_wakes_a_blocked_sender_too() {
    watched(|| {
        let (connection, _peer) = pair();
        let connection = Arc::new(connection);
        let sender = {
            let connection = Arc::clone(&connection);
            thread::spawn(move || write(&connection, &vec![1; 64 << 20], None).unwrap_err().kind())
        };
        while connection.queued() == 0 {
            thread::yield_now();
        }
        connection.close();
        assert_eq!(sender.join().unwrap(), ErrorKind::NotConnected);
        assert!(!connection.is_open());
        assert_eq!(connection.flush().unwrap_err().kind(), ErrorKind::NotConnected);
        let error = connection.fill(&mut connection.lock_input()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn r56_a_read_timeout_loses_nothing() {
    watched(|| {
        let (connection, mut peer) = pair();
        let soon = || Some(Instant::now() + Duration::from_millis(30));
        let error = read_until(&connection, soon(), &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        peer.write_all(b"late").unwrap();
        assert_eq!(read_exactly(&connection, 4).unwrap(), b"late");
        // A deadline that has passed still takes what is there.
        peer.write_all(b"there").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        while connection.fill_now(&mut connection.lock_input()).unwrap() == Fill::Pending {
            thread::yield_now();
        }
        assert_eq!(read_until(&connection, Some(Instant::now()), &[]).unwrap(), b"there");
    });
}

#[test]
fn r55_r29_a_peer_that_never_reads_ends_a_send_and_the_order_stays() {
    watched(|| {
        let (connection, mut peer) = pair();
        let data = pattern(0, 24 << 20);
        let idle = Some(Duration::from_millis(100));
        let error = write(&connection, &data, idle).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.message().contains("bytes"), "{}", error.message());
        assert!(connection.queued() >= QUEUE_LIMIT);
        assert_eq!(connection.make_room(idle, &[]).unwrap_err().kind(), ErrorKind::Timeout);
        let ticket = connection.send_with(|out| {
            out.extend_from_slice(b"end");
            Ok(())
        });
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).unwrap();
            all
        });
        connection.send_all(ticket.unwrap(), None, &[]).unwrap();
        connection.make_room(idle, &[]).unwrap();
        connection.shut_down();
        let all = reader.join().unwrap();
        assert_eq!(all.len(), data.len() + 3);
        assert!(all.starts_with(&data) && all.ends_with(b"end"));
    });
}

#[test]
fn r62_a_frame_that_is_refused_leaves_no_room_behind() {
    const LARGE: usize = 64 << 20;
    watched(|| {
        for waiting in [0, 24 << 20] {
            let (connection, _peer) = pair();
            let idle = Some(Duration::from_millis(50));
            let sent = write(&connection, &pattern(0, waiting), idle);
            assert_eq!(sent.is_ok(), waiting == 0);
            let error = connection.send_with(|out| {
                out.resize(out.len() + LARGE, 0);
                Err(Error::new(ErrorKind::Text, "refused"))
            });
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Text);
            let mut room = LARGE;
            let seen = connection.send_with(|out| {
                room = out.capacity();
                Ok(())
            });
            assert!(seen.is_ok());
            assert!(room <= waiting + (1 << 20), "{room} with {waiting} waiting");
        }
    });
}

#[test]
fn two_peers_that_both_only_send_do_not_block_each_other() {
    watched(|| {
        let (listener, options) = narrow_listener();
        let ours = dial(&options).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        theirs.set_nodelay(true).unwrap();
        let other = {
            let data = pattern(0, 900_000);
            thread::spawn(move || {
                let mut theirs = theirs;
                theirs.write_all(&data).unwrap();
                let mut back = vec![0; 900_000];
                theirs.read_exact(&mut back).unwrap();
                back
            })
        };
        // The peer reads only after it has sent all: without taking its bytes in, both would wait.
        let data = pattern(7, 900_000);
        write(&ours, &data, Some(Duration::from_secs(20))).unwrap();
        assert!(other.join().unwrap() == data);
        assert!(read_exactly(&ours, 900_000).unwrap() == pattern(0, 900_000));
    });
}

#[test]
fn a_waiting_reader_hears_of_bytes_that_a_sender_took_in() {
    watched(|| {
        let (listener, options) = narrow_listener();
        for _ in 0..5 {
            let ours = Arc::new(dial(&options).unwrap());
            let (mut theirs, _) = listener.accept().unwrap();
            let reader = {
                let ours = Arc::clone(&ours);
                thread::spawn(move || read_exactly(&ours, 300_000).unwrap())
            };
            let sender = {
                let ours = Arc::clone(&ours);
                thread::spawn(move || write(&ours, &pattern(3, 600_000), None).unwrap())
            };
            theirs.write_all(&pattern(0, 300_000)).unwrap();
            // All 300 000 bytes are taken although nothing is read here yet.
            assert!(reader.join().unwrap() == pattern(0, 300_000));
            let mut all = vec![0; 600_000];
            theirs.read_exact(&mut all).unwrap();
            assert!(all == pattern(3, 600_000));
            sender.join().unwrap();
        }
    });
}

#[test]
fn what_a_sender_takes_in_is_told_to_a_waiting_reader() {
    watched(|| {
        let (listener, options) = narrow_listener();
        let ours = Arc::new(dial(&options).unwrap());
        let (mut theirs, _) = listener.accept().unwrap();
        let sender = {
            let ours = Arc::clone(&ours);
            thread::spawn(move || write(&ours, &pattern(0, 600_000), None).unwrap())
        };
        while ours.queued() == 0 {
            thread::yield_now();
        }
        // This reader does not look at the socket: only the sender can tell it.
        let (send, looked) = mpsc::channel();
        let reader = {
            let ours = Arc::clone(&ours);
            thread::spawn(move || {
                wait::block_on(&[], || {
                    let _ = send.send(());
                    let input = ours.lock_input();
                    if !input.is_empty() {
                        return Ok(Step::Done(input.bytes().to_vec()));
                    }
                    let watch = Watch { writable: false, ..ours.watch(false) };
                    Ok(Step::Wait { watch, deadline: None })
                })
            })
        };
        looked.recv().unwrap();
        theirs.write_all(b"news").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), b"news");
        let mut all = vec![0; 600_000];
        theirs.read_exact(&mut all).unwrap();
        sender.join().unwrap();
    });
}

#[test]
fn a_waiting_reader_sends_what_a_sender_left() {
    watched(|| {
        let (listener, options) = narrow_listener();
        let ours = Arc::new(dial(&options).unwrap());
        let (mut theirs, _) = listener.accept().unwrap();
        let (send, begun) = mpsc::channel();
        let reader = {
            let ours = Arc::clone(&ours);
            thread::spawn(move || {
                send.send(()).unwrap();
                read_exactly(&ours, 4).unwrap()
            })
        };
        begun.recv().unwrap();
        let idle = Some(Duration::from_millis(50));
        let error = write(&ours, &pattern(0, 600_000), idle).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let mut all = vec![0; 600_000];
        theirs.read_exact(&mut all).unwrap();
        assert!(all == pattern(0, 600_000));
        theirs.write_all(b"done").unwrap();
        assert_eq!(reader.join().unwrap(), b"done");
    });
}

#[test]
fn several_senders_and_a_reader_at_once() {
    const FRAME: usize = 5000;
    watched(|| {
        let (listener, options) = narrow_listener();
        let ours = Arc::new(dial(&options).unwrap());
        let (theirs, _) = listener.accept().unwrap();
        let mut senders = Vec::new();
        for id in 0..4u8 {
            let ours = Arc::clone(&ours);
            senders.push(thread::spawn(move || {
                for _ in 0..100 {
                    write(&ours, &[id; FRAME], Some(Duration::from_secs(20))).unwrap();
                }
            }));
        }
        let mut echo_from = theirs.try_clone().unwrap();
        let echo = thread::spawn(move || std::io::copy(&mut echo_from, &mut &theirs).unwrap());
        let all = read_exactly(&ours, 400 * FRAME).unwrap();
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        let mut count = [0; 4];
        for frame in all.chunks(FRAME) {
            assert!(frame.iter().all(|byte| *byte == frame[0]), "frames are mixed up");
            count[usize::from(frame[0])] += 1;
        }
        assert_eq!(count, [100; 4]);
        ours.shut_down();
        assert_eq!(echo.join().unwrap(), (400 * FRAME) as u64);
        assert_eq!(read_some(&ours, &[]).unwrap(), b"");
    });
}

#[test]
fn data_before_the_end_is_delivered_first_and_the_end_stays() {
    watched(|| {
        let (connection, mut peer) = pair();
        peer.write_all(b"last words").unwrap();
        drop(peer);
        assert_eq!(read_exactly(&connection, 10).unwrap(), b"last words");
        for _ in 0..3 {
            assert_eq!(read_some(&connection, &[]).unwrap(), b"");
        }
        assert!(!connection.is_open());
    });
}

#[test]
fn a_reset_is_a_lost_connection_with_its_cause() {
    watched(|| {
        let (connection, peer) = pair();
        let peer = socket2::Socket::from(peer);
        peer.set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        let error = read_some(&connection, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert!(error.message().contains("os error"), "{}", error.message());
        // writing to it is an error, not a signal.
        let error = write(&connection, &[0; 100], None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);
        assert_eq!(read_some(&connection, &[]).unwrap_err().kind(), ErrorKind::ConnectionLost);
    });
}

#[test]
fn a_failed_encode_queues_nothing() {
    watched(|| {
        let (connection, mut peer) = pair();
        let failed = connection.send_with(|out| {
            out.extend_from_slice(b"half a frame");
            Err(Error::new(ErrorKind::Argument, "no"))
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Argument);
        write(&connection, b"whole", None).unwrap();
        connection.shut_down();
        let refused = write(&connection, b"more", None).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotConnected);
        let mut all = String::new();
        peer.read_to_string(&mut all).unwrap();
        assert_eq!(all, "whole");
    });
}

#[test]
fn r42_receiving_directly_grows_with_the_bytes_not_with_the_promise() {
    watched(|| {
        let (connection, mut peer) = pair();
        let data = pattern(0, 3_000_000);
        let sender = {
            let data = data.clone();
            thread::spawn(move || peer.write_all(&data).map(|()| peer).unwrap())
        };
        let mut all = read_some(&connection, &[]).unwrap();
        let mut input = connection.lock_input();
        while all.len() < data.len() {
            let fill = connection.fill_direct(&mut input, &mut all, 1 << 40).unwrap();
            assert_ne!(fill, Fill::End);
            assert!(all.capacity() <= 2 * all.len() + (64 << 10), "{}", all.capacity());
        }
        assert!(all == data);
        drop(sender.join().unwrap());
        // Exactly as much as asked for; the rest stays for later.
        let (connection, mut peer) = pair();
        peer.write_all(b"0123456789").unwrap();
        drop(peer);
        let mut some = Vec::new();
        let mut input = connection.lock_input();
        while some.len() < 4 {
            let max = 4 - some.len();
            connection.fill_direct(&mut input, &mut some, max).unwrap();
        }
        assert_eq!(some, b"0123");
        drop(input);
        assert_eq!(read_exactly(&connection, 6).unwrap(), b"456789");
    });
}

/// Waits as a reader that misses `missing` bytes, and says what had come when it was woken.
#[cfg(target_os = "linux")]
fn wait_for(
    connection: &Connection,
    missing: usize,
    deadline: Instant,
) -> openck::error::Result<Vec<u8>> {
    let mut asked = false;
    wait::block_on(&[], || {
        let mut input = connection.lock_input();
        if asked {
            connection.fill_now(&mut input)?;
        }
        asked = true;
        if input.is_empty() {
            let deadline = Some(deadline);
            return Ok(Step::Wait { watch: connection.watch_for(missing), deadline });
        }
        let bytes = input.bytes().to_vec();
        input.consume(bytes.len());
        Ok(Step::Done(bytes))
    })
}

#[test]
#[cfg(target_os = "linux")]
fn who_misses_much_is_woken_for_much_and_in_time() {
    watched(|| {
        let (listener, mut options) = listener();
        // The mark is a part of the room that the system has.
        options.receive_buffer = Some(1 << 20);
        let connection = dial(&options).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_nodelay(true).unwrap();
        let later = || Instant::now() + Duration::from_secs(20);
        // Less than the mark is taken too, after a while, long before the deadline.
        let begun = Instant::now();
        peer.write_all(&pattern(0, 1000)).unwrap();
        assert_eq!(wait_for(&connection, 1 << 20, later()).unwrap(), pattern(0, 1000));
        assert!((50..5000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        // Afterwards a single byte is told at once.
        let begun = Instant::now();
        peer.write_all(b"x").unwrap();
        assert_eq!(wait_for(&connection, 1, later()).unwrap(), b"x");
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        // Much ends the wait at once.
        let sender =
            thread::spawn(move || peer.write_all(&pattern(0, 1 << 20)).map(|()| peer).unwrap());
        let begun = Instant::now();
        let mut all = wait_for(&connection, 1 << 20, later()).unwrap();
        assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
        while all.len() < 1 << 20 {
            all.extend(wait_for(&connection, (1 << 20) - all.len(), later()).unwrap());
        }
        assert!(all == pattern(0, 1 << 20));
        let peer = sender.join().unwrap();
        // Looking again does not put the deadline off.
        let begun = Instant::now();
        let waited = wait_for(&connection, 1 << 20, begun + Duration::from_millis(250));
        assert_eq!(waited.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        drop(peer);
    });
}

/// A reader that waited for much and gave up leaves no mark that keeps a sender from taking in what
/// comes.
#[test]
#[cfg(target_os = "linux")]
fn a_sender_does_not_wait_for_as_much_as_a_reader_did() {
    watched(|| {
        let (listener, mut options) = narrow_listener();
        options.receive_buffer = Some(1 << 20);
        let connection = dial(&options).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_nodelay(true).unwrap();
        let deadline = Instant::now() + Duration::from_millis(20);
        assert!(wait_for(&connection, 1 << 20, deadline).is_err());
        connection.unwatch();
        let data = pattern(0, 1 << 20);
        thread::scope(|scope| {
            let sender = scope.spawn(|| write(&connection, &data, None));
            thread::sleep(Duration::from_millis(50));
            // The sender waits; little comes, and is taken in by it.
            peer.write_all(b"little").unwrap();
            let begun = Instant::now();
            while connection.lock_input().is_empty() {
                assert!(begun.elapsed() < Duration::from_secs(5), "nobody took it in");
                thread::sleep(Duration::from_millis(1));
            }
            let mut all = vec![0; data.len()];
            peer.read_exact(&mut all).unwrap();
            assert!(all == data);
            sender.join().unwrap().unwrap();
        });
    });
}
