//! Reading and sending at once on one object, with buffers so small that both stall all the time.
//!
//! The server reads in one thread and sends in another. With TLS it changes its keys at intervals
//! and asks the client to do the same (RFC 8446 4.6.3).
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

use openck_test_support::head::Request;
use openck_test_support::pki::{Kind, Pki};
use openck_test_support::script::Upgrade;
use openck_test_support::wire::{Frame, frame, opcode};
use rustls::{ServerConfig, ServerConnection};
use socket2::{Domain, Socket, Type};

use self::common::{Bytes, Rest, Ws, upgrade, watched};

/// The buffers of the server's sockets: what the client sends and reads stalls again and again.
const BUFFER: usize = 16 * 1024;
/// After so many frames the server changes its keys.
const FRAMES_A_KEY: usize = 100;

/// A running pattern: the byte at each place of a direction's whole data is known.
struct Pattern(Vec<u8>);

/// Coprime to all powers of two, so that no shift by a buffer's size goes unnoticed.
const PERIOD: usize = 65_521;
/// No frame is larger.
const LARGEST: usize = 200_000;

impl Pattern {
    fn new(seed: usize) -> Self {
        let byte = |i: usize| (((i % PERIOD) * (i % PERIOD + seed)) >> 5) as u8;
        Self((0..PERIOD + LARGEST).map(byte).collect())
    }

    fn at(&self, place: usize, length: usize) -> &[u8] {
        &self.0[place % PERIOD..][..length]
    }
}

/// Lengths of frames, from none to large, in an order without a short cycle.
fn lengths(seed: u64, total: usize) -> impl Iterator<Item = usize> {
    let mut random = seed;
    let mut left = total;
    std::iter::from_fn(move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bits = random >> 33;
        let most = [0, 125, 70_000, LARGEST, LARGEST][(bits % 5) as usize];
        let length = left.min((bits as usize >> 3) % (most + 1));
        left -= length;
        (left > 0 || length > 0).then_some(length)
    })
}

/// The TLS session of the server, or none. Only the sending thread takes its output.
type Tls = Option<Arc<Mutex<ServerConnection>>>;

/// Accepts one client, upgrades it, then reads and sends `total` bytes at once.
fn serve(listener: TcpListener, config: Option<Arc<ServerConfig>>, total: usize) -> JoinHandle<()> {
    spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_nodelay(true).unwrap();
        let tls = config.map(|config| handshake(&mut socket, config));
        let mut incoming = Incoming::new(socket.try_clone().unwrap(), tls.clone());
        let mut outgoing = Outgoing { socket, tls };
        let request = incoming.request();
        outgoing.send(&Upgrade::default().bytes(&request)).unwrap();
        let reader = spawn(move || incoming.check(total));
        let pattern = Pattern::new(1);
        let mut place = 0;
        for (count, length) in lengths(7, total).enumerate() {
            let bytes = frame(true, opcode::BINARY, pattern.at(place, length));
            outgoing.send(&bytes).unwrap();
            place += length;
            if count % FRAMES_A_KEY == FRAMES_A_KEY - 1 {
                outgoing.change_keys();
            }
        }
        assert_eq!(place, total);
        reader.join().unwrap();
    })
}

fn handshake(socket: &mut TcpStream, config: Arc<ServerConfig>) -> Arc<Mutex<ServerConnection>> {
    let mut connection = ServerConnection::new(config).unwrap();
    connection.set_buffer_limit(None);
    while connection.is_handshaking() {
        connection.complete_io(socket).unwrap();
    }
    Arc::new(Mutex::new(connection))
}

struct Outgoing {
    socket: TcpStream,
    tls: Tls,
}

impl Outgoing {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(tls) = &self.tls else { return self.socket.write_all(bytes) };
        let mut ciphertext = Vec::new();
        let mut connection = tls.lock().unwrap();
        connection.writer().write_all(bytes)?;
        while connection.wants_write() {
            connection.write_tls(&mut ciphertext)?;
        }
        drop(connection);
        self.socket.write_all(&ciphertext)
    }

    fn change_keys(&mut self) {
        if let Some(tls) = &self.tls {
            tls.lock().unwrap().refresh_traffic_keys().unwrap();
        }
    }
}

struct Incoming {
    socket: TcpStream,
    tls: Tls,
    plain: Vec<u8>,
}

impl Incoming {
    fn new(socket: TcpStream, tls: Tls) -> Self {
        Self { socket, tls, plain: Vec::new() }
    }

    /// Receives once, waiting without the lock of the session.
    fn receive(&mut self) {
        let mut chunk = [0; 32 * 1024];
        let n = self.socket.read(&mut chunk).unwrap();
        assert!(n > 0, "the client left");
        let mut rest = &chunk[..n];
        let Some(tls) = self.tls.clone() else { return self.plain.extend_from_slice(rest) };
        let mut connection = tls.lock().unwrap();
        while !rest.is_empty() {
            connection.read_tls(&mut rest).unwrap();
            self.take_plain(&mut connection);
        }
    }

    fn take_plain(&mut self, connection: &mut ServerConnection) {
        let state = connection.process_new_packets().unwrap();
        let from = self.plain.len();
        self.plain.resize(from + state.plaintext_bytes_to_read(), 0);
        connection.reader().read_exact(&mut self.plain[from..]).unwrap();
    }

    fn request(&mut self) -> Request {
        // The request may have come with the end of the handshake.
        if let Some(tls) = self.tls.clone() {
            self.take_plain(&mut tls.lock().unwrap());
        }
        while !self.plain.ends_with(b"\r\n\r\n") {
            self.receive();
        }
        let head = String::from_utf8(std::mem::take(&mut self.plain)).unwrap();
        let fields = head.lines().filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Request { fields, ..Request::default() }
    }

    /// Reads frames until `total` bytes of the client's pattern have come.
    fn check(mut self, total: usize) {
        let pattern = Pattern::new(2);
        let mut place = 0;
        while place < total {
            self.receive();
            while let Some(frame) = Frame::take(&mut self.plain) {
                assert_eq!((frame.fin, frame.opcode, frame.rsv), (true, opcode::BINARY, 0));
                assert!(frame.mask.is_some());
                let length = frame.payload.len();
                assert!(frame.payload == pattern.at(place, length), "wrong bytes at {place}");
                place += length;
            }
        }
        assert_eq!((place, self.plain.len()), (total, 0));
    }
}

/// A listener whose connections have small buffers.
fn listener() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_send_buffer_size(BUFFER).unwrap();
    socket.set_recv_buffer_size(BUFFER).unwrap();
    // A segment of loopback is larger than these buffers: TCP would wait for its timers.
    #[cfg(unix)]
    socket.set_tcp_mss(4096).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(1).unwrap();
    socket.into()
}

/// One thread reads the server's pattern while this one sends its own.
fn exchange(ws: Ws, total: usize) {
    let ws = Arc::new(ws);
    ws.set_idle_ms(30_000);
    let theirs = Arc::clone(&ws);
    let reader = spawn(move || {
        let pattern = Pattern::new(1);
        let (mut place, message) = (0, Bytes::new());
        while place < total {
            assert!(theirs.read(), "after {place} bytes: {}", theirs.error());
            assert!(theirs.is_final() && theirs.opcode_int() == 2);
            assert!(message.clear() && theirs.data_bd_handle(message.h()));
            place += message.with(|bytes| {
                assert!(bytes == pattern.at(place, bytes.len()), "wrong bytes at {place}");
                bytes.len()
            });
        }
        assert_eq!(place, total);
    });
    let pattern = Pattern::new(2);
    let mut place = 0;
    for length in lengths(3, total) {
        let sent = ws.send_bytes(pattern.at(place, length), true);
        assert!(sent, "after {place} bytes: {}", ws.error());
        place += length;
    }
    assert_eq!(place, total);
    reader.join().unwrap();
}

#[test]
fn a_reader_and_a_sender_on_one_object_over_wss_with_key_updates() {
    watched(110, || {
        let total = 200 << 20;
        let pki = Pki::default();
        let listener = listener();
        let port = listener.local_addr().unwrap().port();
        let config = pki.identity(Kind::Good).server_config();
        let server = serve(listener, Some(config), total);
        let rest = Rest::new();
        assert!(rest.trust(&pki.ca_pem()));
        assert!(rest.connect("localhost", port, true), "{}", rest.error());
        assert_eq!(rest.tls_version(), "TLS 1.3");
        exchange(upgrade(&rest, "/"), total);
        server.join().unwrap();
    });
}

#[test]
fn a_reader_and_a_sender_on_one_object_over_ws() {
    watched(110, || {
        let total = 64 << 20;
        let listener = listener();
        let port = listener.local_addr().unwrap().port();
        let server = serve(listener, None, total);
        exchange(upgrade(&Rest::connected(port), "/"), total);
        server.join().unwrap();
    });
}
