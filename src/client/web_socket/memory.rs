//! What receive buffers a session holds while it does not read.

use std::time::{Duration, Instant};

use openck_test_support::script::Action::{self, ExpectFrame, ExpectRequest, Ignore, Pause, Send};
use openck_test_support::script::{ScriptServer, Upgrade};
use openck_test_support::wire::{frame, opcode};

use std::sync::MutexGuard;

use super::{TextToSend, WebSocket};
use crate::client::base::lock;
use crate::client::bin_data::BinData;
use crate::client::{Class, Rest};
use crate::error::ErrorKind;

/// These tests lend.
fn turn() -> MutexGuard<'static, ()> {
    lock(&crate::net::pool::tests::TURN)
}

/// A session with a server that plays these steps after the handshake.
fn session(steps: &[Action]) -> (ScriptServer, WebSocket) {
    let opening = [ExpectRequest, Action::SendUpgrade(Upgrade::default())];
    let server = ScriptServer::start(opening.into_iter().chain(steps.iter().cloned()).collect());
    let (rest, ws) = (Rest::new_object(), WebSocket::new_object());
    rest.connect("127.0.0.1", i32::from(server.port()), false, false).unwrap();
    ws.use_connection(&rest).unwrap();
    ws.add_client_headers().unwrap();
    rest.full_request_no_body("GET", "/").unwrap();
    ws.validate_server_handshake().unwrap();
    (server, ws)
}

/// Of the reading side, and of the connection.
fn held(ws: &WebSocket) -> (usize, usize) {
    let connection = ws.connection();
    let shared = connection.map_or(0, |connection| lock(&connection.input).capacity());
    (ws.read.lock().input.capacity(), shared)
}

fn read_in_vain(ws: &WebSocket) {
    ws.set_idle_timeout_ms(20).unwrap();
    assert_eq!(ws.read_frame().unwrap_err().kind(), ErrorKind::Timeout);
    ws.set_idle_timeout_ms(20_000).unwrap();
}

/// How many of them were lent.
fn read_messages(ws: &WebSocket, count: usize) -> usize {
    let bytes = BinData::new_object();
    let mut lent = 0;
    for _ in 0..count {
        ws.read_frame().unwrap();
        bytes.clear().unwrap();
        ws.get_frame_data_bd(&bytes).unwrap();
        assert_eq!(bytes.num_bytes(), 1000);
        lent += usize::from(bytes.is_lent());
    }
    lent
}

fn messages(count: usize) -> Vec<u8> {
    frame(true, opcode::BINARY, &[7; 1000]).repeat(count)
}

#[test]
fn nothing_after_a_wait_that_failed() {
    let _turn = turn();
    let (_server, ws) = session(&[Send(messages(500)), Ignore]);
    assert!(read_messages(&ws, 500) > 0);
    read_in_vain(&ws);
    assert_eq!(held(&ws), (0, 0));
    assert!(!ws.poll_data_available().unwrap());
    assert_eq!(held(&ws), (0, 0));
}

/// Of the handshake, when nothing else came.
#[test]
fn nothing_of_the_handshake() {
    let _turn = turn();
    let ask: fn(&WebSocket) = |ws| assert!(!ws.poll_data_available().unwrap());
    for look in [ask, read_in_vain] {
        let (_server, ws) = session(&[Ignore]);
        assert_eq!(held(&ws), (0, 4096));
        look(&ws);
        assert_eq!(held(&ws), (0, 0));
    }
}

#[test]
fn at_most_a_small_buffer_during_a_wait() {
    let _turn = turn();
    for count in [500, 1] {
        let (_server, ws) = session(&[Send(messages(count)), Ignore]);
        read_messages(&ws, count);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| ws.read_frame());
            let begun = Instant::now();
            while held(&ws) > (4096, 0) || held(&ws).1 > 0 {
                assert!(begun.elapsed() < Duration::from_secs(20), "{:?} are held", held(&ws));
                std::thread::yield_now();
            }
            ws.cancel();
            assert!(reader.join().unwrap().is_err());
        });
    }
}

#[test]
fn nothing_of_what_a_sender_took_in() {
    let _turn = turn();
    let (_server, ws) = session(&[Send(messages(900)), Pause(300), ExpectFrame, Ignore]);
    ws.send_frame("x".repeat(20 << 20).as_str(), true).unwrap();
    let (_, shared) = held(&ws);
    assert!(
        shared > 900_000,
        "the sender took in little, its buffer has {shared} bytes: this test says nothing"
    );
    read_messages(&ws, 900);
    read_in_vain(&ws);
    assert_eq!(held(&ws), (0, 0));
}

#[test]
fn nothing_of_a_text_that_was_refused() {
    let (server, ws) = session(&[ExpectFrame, Ignore]);
    let bad = [&vec![b'a'; 3 << 20][..], b"\xff"].concat();
    let error = ws.send_frame(TextToSend::Unchecked(&bad), true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Text);
    assert_eq!(ws.connection().unwrap().send_buffer(), 0);
    ws.send_frame(TextToSend::Unchecked(b"after"), true).unwrap();
    assert_eq!(server.transcript().frames[0].payload, b"after");
}

/// Also of what a server sends behind its Close.
#[test]
fn nothing_after_a_close() {
    let close = frame(true, opcode::CLOSE, b"");
    let (_server, ws) = session(&[Send(close), Pause(50), Send(messages(1)), Ignore]);
    ws.read_frame().unwrap();
    assert!(!ws.connection().unwrap().is_open());
    assert_eq!(held(&ws), (0, 0));
}

/// The server is gone.
#[test]
fn nothing_after_the_end() {
    let _turn = turn();
    let (_server, ws) = session(&[Send(messages(500)), Action::Close]);
    read_messages(&ws, 500);
    assert_eq!(ws.read_frame().unwrap_err().kind(), ErrorKind::ConnectionLost);
    assert_eq!(held(&ws), (0, 0));
}
