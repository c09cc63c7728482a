//! The test servers themselves, seen by a tungstenite client and by bare sockets.

// A test stops with the reason.
#![allow(clippy::unwrap_used)]

use openck_test_support::pki::{Kind, Pki};
use openck_test_support::script::{Action, ScriptServer, Upgrade};
use openck_test_support::{echo, scenarios, wire};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tungstenite::{Message, WebSocket, client};

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

fn connect(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

fn open(port: u16, path: &str) -> WebSocket<TcpStream> {
    client(format!("ws://127.0.0.1:{port}{path}"), connect(port)).unwrap().0
}

fn connect_tls(port: u16, ca_pem: &str) -> std::io::Result<TlsStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = connect(port);
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(connection, socket))
}

#[test]
fn echo_sends_text_and_binary_back_and_closes() {
    let server = echo::start(0, None).unwrap();
    let mut socket = open(server.port(), "/echo");
    let messages = [Message::text("a\0b \u{1F600}"), Message::binary(vec![7; 100_000])];
    for message in messages {
        socket.send(message.clone()).unwrap();
        assert_eq!(socket.read().unwrap(), message);
    }
    socket.close(None).unwrap();
    assert!(matches!(socket.read(), Ok(Message::Close(None))));
    assert!(matches!(socket.read(), Err(tungstenite::Error::ConnectionClosed)));
}

#[test]
fn echo_changes_its_tls_keys() {
    let pki = Pki::default();
    let config = pki.identity(Kind::Good).server_config();
    let server = echo::start(0, Some(config)).unwrap();
    let stream = connect_tls(server.port(), &pki.ca_pem()).unwrap();
    let (mut socket, _) = client("wss://localhost/echo?keyupdate=2", stream).unwrap();
    for i in 0..10 {
        socket.send(Message::text(format!("message {i}"))).unwrap();
        assert_eq!(socket.read().unwrap(), Message::text(format!("message {i}")));
    }
}

#[test]
fn echo_answers_the_asked_subprotocol() {
    let server = echo::start(0, None).unwrap();
    let mut socket = connect(server.port());
    let request = "GET /?protocol=chat.v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                   Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Version: 13\r\n\r\n";
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let n = socket.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..n]).to_ascii_lowercase();
    assert!(answer.contains("sec-websocket-protocol: chat.v2\r\n"), "{answer}");
}

#[test]
fn only_the_good_certificate_is_accepted() {
    let pki = Pki::default();
    for kind in Kind::ALL {
        let config = pki.identity(kind).server_config();
        let server = echo::start(0, Some(config)).unwrap();
        let result = connect_tls(server.port(), &pki.ca_pem());
        assert_eq!(result.is_ok(), kind == Kind::Good, "{kind:?}: {:?}", result.err());
    }
}

#[test]
fn a_script_records_request_and_frames() {
    let pki = Pki::default();
    for tls in [None, Some(pki.identity(Kind::Good).server_config())] {
        let secure = tls.is_some();
        let server = ScriptServer::start_all(
            vec![vec![
                Action::ExpectRequest,
                Action::SendUpgrade(Upgrade::default().with("X-Test", "1").in_pieces(7)),
                Action::ExpectFrame,
                Action::SendPieces(wire::text("answer"), 1),
                Action::Close,
            ]],
            tls,
        );
        if secure {
            let stream = connect_tls(server.port(), &pki.ca_pem()).unwrap();
            talk(client("wss://localhost/path?q", stream).unwrap().0);
        } else {
            talk(open(server.port(), "/path?q"));
        }
        let transcript = server.transcript();
        assert!(transcript.error.is_none(), "{transcript}");
        assert_eq!(transcript.request.unwrap().target, "/path?q");
        assert_eq!(transcript.frames[0].text(), "question");
        assert!(transcript.frames[0].mask.is_some());
    }
}

fn talk<S: Read + Write>(mut socket: WebSocket<S>) {
    socket.send(Message::text("question")).unwrap();
    assert_eq!(socket.read().unwrap(), Message::text("answer"));
    assert!(socket.read().is_err());
}

#[test]
fn reset_stall_and_half_close_do_what_they_say() {
    let server = ScriptServer::start_all(
        vec![
            vec![Action::Reset],
            vec![Action::Send(b"x".to_vec()), Action::Stall],
            vec![Action::HalfClose, Action::ExpectRequest, Action::Ignore],
        ],
        None,
    );
    let mut byte = [0];
    let error = connect(server.port()).read(&mut byte).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let mut socket = connect(server.port());
    socket.read_exact(&mut byte).unwrap();
    socket.write_all(b"12345").unwrap();
    drop(socket);
    let transcript = server.transcript_of(1);
    assert!(transcript.client_left && transcript.dropped == 5, "{transcript}");

    let mut socket = connect(server.port());
    assert_eq!(socket.read(&mut byte).unwrap(), 0);
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let transcript = server.transcript_of(2);
    assert_eq!(transcript.request.unwrap().target, "/");
}

#[test]
fn a_script_that_fails_says_where() {
    let server = ScriptServer::start(vec![Action::ExpectRequest, Action::ExpectFrame]);
    drop(connect(server.port()));
    let transcript = server.transcript();
    assert!(transcript.error.as_ref().unwrap().starts_with("ExpectRequest"), "{transcript}");
}

#[test]
fn scenarios_answer_by_path() {
    let server = scenarios::start(0, None).unwrap();
    let expected = [("/nul-text", scenarios::NUL_TEXT), ("/fragments", "one two three")];
    for (path, text) in expected {
        let mut socket = open(server.port(), path);
        let mut message = socket.read().unwrap();
        while message.is_ping() {
            message = socket.read().unwrap();
        }
        assert_eq!(message, Message::text(text), "{path}");
    }
    let mut socket = open(server.port(), "/close?code=4000&reason=bye%21");
    let Message::Close(Some(close)) = socket.read().unwrap() else { panic!("no Close") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4000, "bye!"));
    for path in ["/wrong-accept", "/no-upgrade", "/no-connection", "/garbage", "/status/401"] {
        let url = format!("ws://127.0.0.1:{}{path}", server.port());
        assert!(client(url, connect(server.port())).is_err(), "{path}");
    }
}

#[test]
fn frames_are_reported() {
    let server = scenarios::start(0, None).unwrap();
    let mut socket = open(server.port(), "/report");
    socket.send(Message::Ping(b"abc".as_slice().into())).unwrap();
    let text = socket.read().unwrap().into_text().unwrap();
    assert_eq!(text.as_str(), "fin=1 rsv=0 opcode=9 masked=1 payload=abc");
    socket.close(None).unwrap();
    let text = socket.read().unwrap().into_text().unwrap();
    assert_eq!(text.as_str(), "fin=1 rsv=0 opcode=8 masked=1 payload=");
    assert!(matches!(socket.read(), Ok(Message::Close(None))));
}

#[test]
fn http_answers_share_a_connection() {
    let server = scenarios::start(0, None).unwrap();
    let mut socket = connect(server.port());
    let request = |path: &str| format!("POST {path} HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    for (path, status, end) in [
        ("/status/404", "HTTP/1.1 404 Not Found\r\n", "\r\n\r\nstatus 404\n"),
        ("/request", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhi"),
    ] {
        socket.write_all(request(path).as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            let mut chunk = [0; 1024];
            let n = socket.read(&mut chunk).unwrap();
            assert!(n > 0, "{path}: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&chunk[..n]);
        }
        assert!(answer.starts_with(status.as_bytes()), "{path}");
    }
}
