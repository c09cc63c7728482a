//! What several threads, wrong order and half done calls must not break.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use openck::client::web_socket::TextToSend;
use openck::client::{BinData, Class, Rest, WebSocket};
use openck::error::ErrorKind;
use openck_test_support::head::Request;
use openck_test_support::scenarios;
use openck_test_support::script::Upgrade;
use openck_test_support::server::Server;
use openck_test_support::stream::Stream;
use openck_test_support::wire::{self, Frame, opcode};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Far above what any call here may take.
const LONG: i32 = 10_000;

fn connected(port: u16) -> Rest {
    let rest = Rest::new_object();
    rest.set_idle_timeout_ms(LONG).unwrap();
    rest.connect("127.0.0.1", i32::from(port), false, false).unwrap();
    rest
}

fn session(port: u16, path: &str) -> (Rest, WebSocket) {
    let (rest, ws) = (connected(port), WebSocket::new_object());
    ws.set_idle_timeout_ms(LONG).unwrap();
    ws.use_connection(&rest).unwrap();
    ws.add_client_headers().unwrap();
    rest.full_request_no_body("GET", path).unwrap();
    ws.validate_server_handshake().unwrap();
    (rest, ws)
}

#[test]
fn a_reader_hears_of_what_a_poll_received() {
    const ROUNDS: u32 = 5_000;
    let server = scenarios::start(0, None).unwrap();
    let (_rest, ws) = session(server.port(), "/echo");
    let done = AtomicBool::new(false);
    let longest = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                ws.poll_data_available().unwrap();
            }
        });
        let mut longest = Duration::ZERO;
        for _ in 0..ROUNDS {
            ws.send_frame("x", true).unwrap();
            let begun = Instant::now();
            ws.read_frame().unwrap();
            ws.get_frame_data().unwrap();
            longest = longest.max(begun.elapsed());
        }
        done.store(true, Ordering::Relaxed);
        longest
    });
    assert!(longest < Duration::from_millis(LONG as u64 / 2), "{longest:?}");
}

#[test]
fn two_readers_share_what_one_received() {
    const ROUNDS: u32 = 1_000;
    let server = scenarios::start(0, None).unwrap();
    let (_rest, ws) = session(server.port(), "/echo");
    for round in 0..ROUNDS {
        let longest = std::thread::scope(|scope| {
            let read = || {
                let begun = Instant::now();
                ws.read_frame().unwrap();
                begun.elapsed()
            };
            let readers = [scope.spawn(read), scope.spawn(read)];
            // Both frames mostly come in one segment.
            ws.send_frame("one", true).unwrap();
            ws.send_frame("two", true).unwrap();
            readers.map(|reader| reader.join().unwrap()).into_iter().max().unwrap()
        });
        assert!(longest < Duration::from_millis(LONG as u64 / 2), "round {round}: {longest:?}");
        ws.get_frame_data_bd(&BinData::new_object()).unwrap();
    }
}

/// Sends two Pings and a text when a frame has begun to come, and reads on at `go`; then tells each
/// frame, and answers a Pong with another text.
fn pinging_server(go: mpsc::Receiver<()>, tell: mpsc::Sender<(u8, usize)>) -> Server {
    let go = std::sync::Mutex::new(go);
    Server::start(0, None, move |mut stream| {
        let request = Request::read(&mut stream)?.unwrap();
        stream.write_all(&Upgrade::default().bytes(&request))?;
        let (mut bytes, mut chunk) = (vec![0], vec![0; 1 << 20]);
        stream.read_exact(&mut bytes)?;
        stream.write_all(&wire::frame(true, opcode::PING, b"not this"))?;
        stream.write_all(&wire::frame(true, opcode::PING, b"there?"))?;
        stream.write_all(&wire::text("both are out"))?;
        go.lock().unwrap().recv().unwrap();
        loop {
            let n = stream.read(&mut chunk)?;
            bytes.extend_from_slice(chunk.get(..n).unwrap_or_default());
            while let Some(frame) = Frame::take(&mut bytes) {
                let _ = tell.send((frame.opcode, frame.payload.len()));
                if frame.opcode == opcode::PONG {
                    stream.write_all(&wire::text("thanks"))?;
                }
            }
            if n == 0 {
                return Ok(());
            }
        }
    })
    .unwrap()
}

/// Of the Pings that came while a large frame was on its way the newest is answered before the next
/// frame, also when nobody is in ReadFrame any more.
#[test]
fn r40_r62_one_waiting_pong_goes_out_before_the_next_frame() {
    let ((go, wait), (tell, told)) = (mpsc::channel(), mpsc::channel());
    let server = pinging_server(wait, tell);
    let (_rest, ws) = session(server.port(), "/");
    let large = "x".repeat(30 << 20);
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| ws.send_frame(large.as_str(), true));
        ws.read_frame().unwrap();
        go.send(()).unwrap();
        sender.join().unwrap().unwrap();
    });
    ws.send_frame("next", true).unwrap();
    let frames = [0; 3].map(|_| told.recv_timeout(Duration::from_secs(10)).unwrap());
    assert_eq!(frames, [(opcode::TEXT, 30 << 20), (opcode::PONG, 6), (opcode::TEXT, 4)]);
}

/// And at once when the frame is out, while somebody is.
#[test]
fn r40_a_waiting_pong_is_sent_by_the_reader_when_there_is_room() {
    for _ in 0..20 {
        let ((go, wait), (tell, told)) = (mpsc::channel(), mpsc::channel());
        let server = pinging_server(wait, tell);
        let (_rest, ws) = session(server.port(), "/");
        let large = "x".repeat(12 << 20);
        let unchecked = TextToSend::Unchecked(large.as_bytes());
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| ws.send_frame(unchecked, true));
            ws.read_frame().unwrap();
            assert_eq!(ws.get_frame_data().unwrap().as_str(), "both are out");
            let reader = scope.spawn(|| ws.read_frame());
            std::thread::sleep(Duration::from_millis(20));
            go.send(()).unwrap();
            sender.join().unwrap().unwrap();
            let frames = [0; 2].map(|_| told.recv_timeout(Duration::from_secs(5)).unwrap());
            assert_eq!(frames, [(opcode::TEXT, 12 << 20), (opcode::PONG, 6)]);
            reader.join().unwrap().unwrap();
        });
        assert_eq!(ws.get_frame_data().unwrap().as_str(), "thanks");
    }
}

/// While frames of others wait, long text that is not UTF-8 is refused and other long text waits.
#[test]
fn r27_r62_long_text_that_is_refused_does_not_wait_for_room() {
    let ((go, wait), (tell, told)) = (mpsc::channel(), mpsc::channel());
    let server = pinging_server(wait, tell);
    let (_rest, ws) = session(server.port(), "/");
    let (first, second) = ("x".repeat(30 << 20), "\u{e9}".repeat(16 << 10));
    let bad = [second.as_bytes(), b"\xff"].concat();
    std::thread::scope(|scope| {
        let senders = [first.as_str(), second.as_str()].map(|text| {
            let sender =
                scope.spawn(|| ws.send_frame(TextToSend::Unchecked(text.as_bytes()), true));
            std::thread::sleep(Duration::from_millis(200));
            sender
        });
        let begun = Instant::now();
        let error = ws.send_frame(TextToSend::Unchecked(&bad), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Text);
        assert!(error.message().contains("0xFF at offset 32768"), "{}", error.message());
        assert!(begun.elapsed() < Duration::from_millis(LONG as u64 / 2));
        assert!(!senders[0].is_finished());
        go.send(()).unwrap();
        for sender in senders {
            sender.join().unwrap().unwrap();
        }
    });
    let mut frames = [0; 2].map(|_| told.recv_timeout(Duration::from_secs(10)).unwrap());
    // On a starved machine the second may be the first.
    frames.sort_unstable();
    assert_eq!(frames, [(opcode::TEXT, 32 << 10), (opcode::TEXT, 30 << 20)]);
}

/// Sends a Ping when a frame has begun to come, then one text after the other until it has a Pong,
/// and "thanks"; begins to read at `go`. Tells what it was sent.
fn flooding_server(listener: &TcpListener, go: &mpsc::Receiver<()>) -> Vec<u8> {
    let (mut socket, _) = listener.accept().unwrap();
    let mut stream = Stream::accept(socket.try_clone().unwrap(), None).unwrap();
    let request = Request::read(&mut stream).unwrap().unwrap();
    stream.write_all(&Upgrade::default().bytes(&request)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(LONG as u64))).unwrap();
    socket.peek(&mut [0]).unwrap();
    stream.write_all(&wire::frame(true, opcode::PING, b"there?")).unwrap();
    let (mut bytes, mut chunk, mut seen) = (Vec::new(), vec![0; 1 << 20], Vec::new());
    let answered = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let text = wire::text(&"flood".repeat(1000));
            while !answered.load(Ordering::Relaxed) {
                stream.write_all(&text).unwrap();
            }
            stream.write_all(&wire::text("thanks")).unwrap();
        });
        go.recv().unwrap();
        while seen.last() != Some(&opcode::PONG) {
            match socket.read(&mut chunk) {
                Ok(n) if n > 0 => bytes.extend_from_slice(chunk.get(..n).unwrap_or_default()),
                _ => break,
            }
            seen.extend(std::iter::from_fn(|| Frame::take(&mut bytes)).map(|frame| frame.opcode));
        }
        answered.store(true, Ordering::Relaxed);
    });
    seen
}

/// Also when the server is never silent, so that a reader hardly ever waits.
#[test]
fn r40_a_waiting_pong_is_sent_to_a_server_that_never_pauses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::scope(|scope| {
        // In here, so that a client that fails lets the server go.
        let (go, wait) = mpsc::channel();
        let server = scope.spawn(move || flooding_server(&listener, &wait));
        let (_rest, ws) = session(port, "/");
        let read = || {
            // Slower than the server, so that there is always more.
            std::thread::sleep(Duration::from_micros(50));
            ws.read_frame().unwrap();
            ws.get_frame_data().unwrap()
        };
        let large = "x".repeat(12 << 20);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| ws.send_frame(large.as_str(), true));
            read();
            std::thread::sleep(Duration::from_millis(50));
            go.send(()).unwrap();
            while read().as_str() != "thanks" {}
            sender.join().unwrap().unwrap();
        });
        assert_eq!(server.join().unwrap(), [opcode::TEXT, opcode::PONG]);
    });
}

#[test]
fn close_connection_before_the_handshake_closes_it() {
    let server = scenarios::start(0, None).unwrap();
    let (rest, ws) = (connected(server.port()), WebSocket::new_object());
    ws.use_connection(&rest).unwrap();
    ws.close_connection().unwrap();
    assert!(rest.full_request_no_body("GET", "/status/200").is_err());
    // A connection that another WebSocket has got meanwhile is not this one's.
    let rest = connected(server.port());
    ws.use_connection(&rest).unwrap();
    let other = WebSocket::new_object();
    other.use_connection(&rest).unwrap();
    other.add_client_headers().unwrap();
    rest.full_request_no_body("GET", "/echo").unwrap();
    other.validate_server_handshake().unwrap();
    ws.close_connection().unwrap();
    other.send_frame("still here", true).unwrap();
    other.read_frame().unwrap();
}

#[test]
fn a_missing_add_client_headers_is_named_even_when_the_server_has_gone() {
    let server = scenarios::start(0, None).unwrap();
    let (rest, ws) = (connected(server.port()), WebSocket::new_object());
    ws.use_connection(&rest).unwrap();
    let _ = rest.full_request_no_body("GET", "/echo");
    let error = ws.validate_server_handshake().unwrap_err();
    assert!(error.message().contains("AddClientHeaders"), "{error}");
}

/// Else the next request would get the answer to the one that was given up.
#[test]
fn an_aborted_request_ends_the_connection() {
    let server = scenarios::start(0, None).unwrap();
    let rest = connected(server.port());
    openck::net::wait::set_interrupt(Some(|| true));
    let error = rest.full_request_no_body("GET", "/silence").unwrap_err();
    openck::net::wait::set_interrupt(None);
    assert_eq!(error.kind(), ErrorKind::Aborted);
    let error = rest.full_request_no_body("GET", "/status/200").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

/// A server whose first session sends three texts with the 101, and whose later ones send `new`.
fn old_and_new() -> Server {
    let count = AtomicUsize::new(0);
    let serve = move |mut stream: Stream| {
        let request = Request::read(&mut stream)?.unwrap();
        let mut bytes = Upgrade::default().bytes(&request);
        let texts: &[&str] = match count.fetch_add(1, Ordering::SeqCst) {
            0 => &["old1", "old2", "old3"],
            _ => &["new"],
        };
        for text in texts {
            bytes.extend(wire::frame(true, opcode::TEXT, text.as_bytes()));
        }
        stream.write_all(&bytes)?;
        // Until the client leaves.
        stream.read_to_end(&mut Vec::new()).map(drop)
    };
    Server::start(0, None, serve).unwrap()
}

#[test]
fn r61_frames_of_the_last_connection_are_not_read_from_the_next() {
    let server = old_and_new();
    let (rest, ws) = session(server.port(), "/");
    ws.read_frame().unwrap();
    assert_eq!(ws.get_frame_data().unwrap().as_str(), "old1");
    // One that was read and not taken, and one that was only received.
    ws.read_frame().unwrap();
    ws.close_connection().unwrap();
    connect_again(&rest, &ws, server.port(), "/");
    assert_eq!(ws.status().frame_data_len(), 0);
    ws.read_frame().unwrap();
    assert_eq!(ws.get_frame_data().unwrap().as_str(), "new");
}

#[test]
fn r61_the_close_of_the_last_connection_is_not_that_of_the_next() {
    let server = scenarios::start(0, None).unwrap();
    let (rest, ws) = session(server.port(), "/echo");
    ws.send_close(true, 1000, "").unwrap();
    while !ws.status().close_received() {
        ws.read_frame().unwrap();
    }
    connect_again(&rest, &ws, server.port(), "/echo");
    assert!(!ws.status().close_received());
    ws.send_frame("again", true).unwrap();
    ws.read_frame().unwrap();
    assert_eq!(ws.get_frame_data().unwrap().as_str(), "again");
}

/// Another connection of the same Rest, without another UseConnection.
fn connect_again(rest: &Rest, ws: &WebSocket, port: u16, path: &str) {
    rest.connect("127.0.0.1", i32::from(port), false, false).unwrap();
    ws.add_client_headers().unwrap();
    rest.full_request_no_body("GET", path).unwrap();
    ws.validate_server_handshake().unwrap();
}
