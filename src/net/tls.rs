//! TLS without sockets: ciphertext in, ciphertext out, from and to memory.
//!
//! native-tls runs over an in-memory duplex and never sees a socket. Sharing one non-blocking TLS
//! stream over a socket between two directions breaks: a KeyUpdate or a pong between a partial
//! write and its retry ends the connection. Here a write into memory never has to be retried.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use native_tls::{
    Certificate, HandshakeError, MidHandshakeTlsStream, Protocol, TlsConnector, TlsStream,
};
use socket2::Socket;

use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::certificate;
use crate::net::pool::Buffer;
use crate::net::server_hello::{Seen, Sniffer};
use crate::net::sys;
use crate::net::wait::lock;

/// One TLS record's worth of plaintext (RFC 8446 5.1).
const RECORD: usize = 16 * 1024;
/// How long a connector is used again before the system's certificates are read anew.
const CONNECTOR_LIFE: Duration = Duration::from_secs(600);
/// How many connectors with different options are kept.
const CONNECTORS: usize = 4;
/// OpenSSL takes from the duplex only what the record at hand needs; others read ahead, so that an
/// empty duplex does not mean that all is decrypted.
const READS_AHEAD: bool = cfg!(any(windows, target_vendor = "apple"));

/// How to secure a connection. TLS 1.2 is the least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions {
    /// Whether the certificate and its host name are verified. On unless switched off.
    pub verify: bool,
    /// The name that the certificate must have, and that is sent as SNI; the host when `None`.
    pub server_name: Option<String>,
    /// Trusted CA certificates beside those of the system, each item one or more in PEM.
    pub roots_pem: Vec<Vec<u8>>,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self { verify: true, server_name: None, roots_pem: Vec::new() }
    }
}

/// Checks a PEM text of trusted CA certificates; the number of certificates in it. `source` names
/// it in errors.
///
/// Fails with [`ErrorKind::Argument`] when there is none or one cannot be read.
pub fn check_roots_pem(source: &str, pem: &[u8]) -> Result<usize> {
    certificates(source, pem).map(|certificates| certificates.len())
}

/// Ends the first line of each kind of certificate.
const LABEL_END: &[u8] = b"CERTIFICATE-----";

fn certificates(source: &str, pem: &[u8]) -> Result<Vec<Certificate>> {
    // Some systems take every block for a certificate, and a key for a broken one.
    let has_any = pem.windows(LABEL_END.len()).any(|text| text == LABEL_END);
    let pem = if has_any { pem } else { &[] };
    let certificates = Certificate::stack_from_pem(pem).map_err(|e| {
        Error::new(
            ErrorKind::Argument,
            format!("{source} holds a CA certificate that cannot be read: {e}."),
        )
        .advise("Take the PEM file anew from where it came: it is damaged or cut off.")
    })?;
    if certificates.is_empty() {
        return Err(Error::new(ErrorKind::Argument, format!("{source} holds no CA certificate."))
            .advise("It must have a line -----BEGIN CERTIFICATE-----; a key is no certificate."));
    }
    Ok(certificates)
}

/// What was negotiated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// Such as `TLS 1.3`.
    pub version: String,
    /// The IANA name of the cipher suite, or its number if the name is not known here.
    pub cipher: String,
    /// The server's certificate in words; empty if it could not be read.
    pub certificate: String,
}

/// A handshake on its way.
pub(crate) struct Handshake {
    state: Option<MidHandshakeTlsStream<Duplex>>,
    duplex: Duplex,
    host: String,
    flights: u32,
}

impl Handshake {
    /// Computes the ClientHello; nothing is sent yet. `host` is the name to verify and to report.
    pub(crate) fn start(options: &TlsOptions, host: &str) -> Result<Self> {
        let connector = connector(options)?;
        let duplex =
            Duplex(Arc::new(Mutex::new(Pipe { sniffer: Some(Box::default()), ..Pipe::default() })));
        let name = options.server_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(host);
        let name = checked_name(name)?;
        let state = match connector.connect(name, duplex.clone()) {
            Err(HandshakeError::WouldBlock(state)) => Some(state),
            Err(HandshakeError::Failure(error)) => return Err(setup_failure(&error)),
            // Impossible without an answer from the server.
            Ok(_) => None,
        };
        Ok(Self { state, duplex, host: host.to_owned(), flights: 0 })
    }

    /// Sends, receives and computes what can be now.
    ///
    /// `Some` when the handshake is complete; its last bytes may still have to be sent.
    pub(crate) fn advance(&mut self, socket: &Socket) -> Result<Option<(TlsEngine, TlsFacts)>> {
        loop {
            let sent = self.send(socket);
            let received = lock(&self.duplex.0).receive(socket);
            match received {
                Ok((0, _)) => return Err(self.ended("closed")),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return sent.map(|()| None).map_err(|error| self.lost(&error));
                }
                Err(error) => return Err(self.lost(&error)),
            }
            let Some(state) = self.state.take() else {
                return Err(Error::new(ErrorKind::TlsInternal, "The TLS handshake is over."));
            };
            match state.handshake() {
                Ok(stream) => return Ok(Some(self.complete(stream))),
                Err(HandshakeError::WouldBlock(state)) => self.state = Some(state),
                Err(HandshakeError::Failure(error)) => return Err(self.failed(socket, &error)),
            }
            if lock(&self.duplex.0).is_stranger() {
                return Err(self.failed(socket, &"the answer is not TLS"));
            }
            self.flights += u32::from(self.has_output());
        }
    }

    /// Whether there is something to send.
    pub(crate) fn has_output(&self) -> bool {
        !lock(&self.duplex.0).outgoing.is_empty()
    }

    /// How often the server said enough to be answered. A server that sends byte by byte makes no
    /// progress by that.
    pub(crate) fn flights(&self) -> u32 {
        self.flights
    }

    fn send(&mut self, socket: &Socket) -> io::Result<()> {
        let mut pipe = lock(&self.duplex.0);
        if pipe.outgoing.is_empty() {
            return Ok(());
        }
        match sys::send(socket, &pipe.outgoing) {
            Ok(n) => drop(pipe.outgoing.drain(..n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn complete(&mut self, stream: TlsStream<Duplex>) -> (TlsEngine, TlsFacts) {
        let sniffer = lock(&self.duplex.0).sniffer.take().unwrap_or_default();
        let seen = sniffer.seen();
        let der = stream.peer_certificate().ok().flatten().and_then(|c| c.to_der().ok());
        let facts = TlsFacts {
            version: seen.version_name(),
            cipher: seen.cipher_name(),
            certificate: der.as_deref().and_then(certificate::describe).unwrap_or_default(),
        };
        let duplex = self.duplex.clone();
        let (plain, unsent) = (Vec::new(), Vec::new());
        (TlsEngine { stream, duplex, plain, unsent, more: true, end: None }, facts)
    }

    /// Tells the server why (an alert), if it still listens, and says it in words.
    fn failed(&mut self, socket: &Socket, text: &dyn std::fmt::Display) -> Error {
        let _ = self.send(socket);
        let pipe = lock(&self.duplex.0);
        let sniffer = pipe.sniffer.as_deref();
        let nothing = Seen::default();
        let seen = sniffer.map_or(&nothing, Sniffer::seen);
        certificate::handshake_failure(&self.host, &text.to_string(), seen)
    }

    fn ended(&self, how: &str) -> Error {
        let text = format!("{} {how} the connection during the TLS handshake.", self.host);
        Error::new(ErrorKind::TlsHandshake, text)
            .advise("Check that this port expects TLS, and that the host name is right.")
    }

    fn lost(&self, error: &io::Error) -> Error {
        self.ended(&format!("broke ({error})"))
    }
}

/// The name to verify, without the dot at the end of a full name.
fn checked_name(name: &str) -> Result<&str> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    // OpenSSL takes an empty name for no verification at all.
    if bare.is_empty() || bare.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let text = format!("\"{}\" cannot be the name of a TLS server.", name.escape_debug());
        return Err(Error::new(ErrorKind::Argument, text).advise("Pass a host name."));
    }
    Ok(bare)
}

fn setup_failure(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::TlsInternal, format!("TLS could not be set up: {error}."))
}

/// The TLS side of one connection. Whoever uses it holds the connection's TLS lock.
pub(crate) struct TlsEngine {
    stream: TlsStream<Duplex>,
    duplex: Duplex,
    /// Where plaintext is put together, kept for the next time.
    plain: Vec<u8>,
    /// Plaintext that has to wait until a renegotiation (TLS 1.2) is over.
    unsent: Vec<u8>,
    /// There may be something to decrypt without receiving first.
    more: bool,
    end: Option<End>,
}

/// How the session ended.
#[derive(Clone)]
enum End {
    /// By close_notify.
    Clean,
    Failed(Error),
}

impl TlsEngine {
    /// Receives ciphertext once: how much, and whether the socket had no more.
    pub(crate) fn receive(&mut self, socket: &Socket) -> io::Result<(usize, bool)> {
        let received = lock(&self.duplex.0).receive(socket)?;
        self.more = true;
        Ok(received)
    }

    /// Whether something may be decrypted without receiving first.
    pub(crate) fn has_more(&self) -> bool {
        self.more || self.end.is_some()
    }

    /// Decrypts all there is and appends it to `input`. `None` is the end of the session.
    pub(crate) fn decrypt(&mut self, input: &mut Input) -> Result<Option<usize>> {
        let mut total = 0;
        while self.more && self.end.is_none() {
            let n = self.read(input.room());
            if n > 0 {
                input.filled(n);
            }
            total += n;
        }
        self.outcome(total)
    }

    /// Decrypts up to `max` bytes and appends them to `dst`; the rest stays for the next call.
    pub(crate) fn decrypt_into(&mut self, dst: &mut Vec<u8>, max: usize) -> Result<Option<usize>> {
        let mut total = 0;
        let mut record = Buffer::take(RECORD);
        let record = record.bytes_mut();
        while self.more && self.end.is_none() && total < max {
            let room = record.len().min(max - total);
            let room = record.get_mut(..room).unwrap_or_default();
            let n = self.read(room);
            dst.extend_from_slice(room.get(..n).unwrap_or_default());
            total += n;
        }
        self.outcome(total)
    }

    /// What was decrypted comes before the end of the session.
    fn outcome(&self, total: usize) -> Result<Option<usize>> {
        match &self.end {
            Some(End::Clean) if total == 0 => Ok(None),
            Some(End::Failed(error)) if total == 0 => Err(error.clone()),
            _ => Ok(Some(total)),
        }
    }

    /// Decrypts at most one record; 0 when there is no more for now or ever.
    fn read(&mut self, room: &mut [u8]) -> usize {
        let n = match self.stream.read(room) {
            Ok(0) => {
                self.end = Some(End::Clean);
                0
            }
            Ok(n) => n.min(room.len()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => {
                self.end = Some(End::Failed(session_failure(&error)));
                0
            }
        };
        let record_ended = n < room.len() && !READS_AHEAD;
        self.more = n > 0 && !(record_ended && lock(&self.duplex.0).incoming.is_empty());
        n
    }

    /// Encrypts what `encode` appends, after all that was encrypted before.
    pub(crate) fn send_with(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        encode(&mut plain)?;
        let done = if self.unsent.is_empty() { self.write(&plain)? } else { 0 };
        self.unsent.extend_from_slice(plain.get(done..).unwrap_or_default());
        if plain.capacity() <= RECORD {
            self.plain = plain;
        }
        Ok(())
    }

    /// Encrypts what had to wait; how many bytes still have to.
    pub(crate) fn encrypt_rest(&mut self) -> Result<usize> {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            let done = self.write(&unsent)?;
            self.unsent = unsent.get(done..).unwrap_or_default().to_vec();
        }
        Ok(self.unsent.len())
    }

    fn write(&mut self, plain: &[u8]) -> Result<usize> {
        let mut done = 0;
        while done < plain.len() {
            let rest = plain.get(done..).unwrap_or_default();
            match self.stream.write(rest) {
                // A library that claims more than it was given is not believed (CVE-2026-107928).
                Ok(n) => done += n.min(rest.len()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(session_failure(&error)),
            }
        }
        Ok(done)
    }

    /// Says that nothing more will be sent (close_notify).
    pub(crate) fn finish(&mut self) {
        let _ = self.stream.shutdown();
    }

    /// Moves the ciphertext to be sent to the end of `queue`.
    pub(crate) fn take_output(&mut self, queue: &mut Vec<u8>) {
        let mut pipe = lock(&self.duplex.0);
        if queue.is_empty() {
            std::mem::swap(queue, &mut pipe.outgoing);
        } else {
            queue.append(&mut pipe.outgoing);
        }
    }

    /// Whether there is ciphertext to be sent.
    pub(crate) fn has_output(&self) -> bool {
        !lock(&self.duplex.0).outgoing.is_empty()
    }
}

fn session_failure(error: &io::Error) -> Error {
    Error::new(ErrorKind::ConnectionLost, format!("The TLS session failed: {error}."))
        .advise("The server ended the session with an alert, or the data was damaged on the way.")
}

/// The duplex that the TLS library takes for its network. Both ends are used by one thread at a
/// time; the mutex makes that visible to the compiler, and keeps what a failed handshake leaves.
#[derive(Clone, Debug)]
struct Duplex(Arc<Mutex<Pipe>>);

#[derive(Debug, Default)]
struct Pipe {
    incoming: Input,
    outgoing: Vec<u8>,
    sniffer: Option<Box<Sniffer>>,
}

impl Pipe {
    /// Receives once: how much, and whether that was less than there was room for.
    fn receive(&mut self, socket: &Socket) -> io::Result<(usize, bool)> {
        let room = self.incoming.room();
        let asked = room.len();
        let n = match sys::receive(socket, room) {
            Ok(n) if n > 0 => n,
            nothing => {
                self.incoming.release();
                return nothing.map(|n| (n, true));
            }
        };
        if let Some(sniffer) = &mut self.sniffer {
            sniffer.feed(room.get(..n).unwrap_or_default());
        }
        self.incoming.filled(n);
        Ok((n, n < asked))
    }

    fn is_stranger(&self) -> bool {
        self.sniffer.as_ref().is_some_and(|sniffer| sniffer.seen().stranger.is_some())
    }
}

impl Read for Duplex {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut pipe = lock(&self.0);
        if pipe.incoming.is_empty() {
            pipe.incoming.release();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = pipe.incoming.bytes().read(out)?;
        pipe.incoming.consume(n);
        Ok(n)
    }
}

impl Write for Duplex {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Kept {
    verify: bool,
    roots_pem: Vec<Vec<u8>>,
    made: Instant,
    connector: TlsConnector,
}

/// Reading the system's certificates takes milliseconds; connections with equal options share them.
static KEPT: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

fn connector(options: &TlsOptions) -> Result<TlsConnector> {
    let fits = |kept: &Kept| kept.verify == options.verify && kept.roots_pem == options.roots_pem;
    let mut kept = lock(&KEPT);
    kept.retain(|kept| kept.made.elapsed() < CONNECTOR_LIFE);
    if let Some(kept) = kept.iter().find(|kept| fits(kept)) {
        return Ok(kept.connector.clone());
    }
    drop(kept);
    let connector = build_connector(options)?;
    let mut kept = lock(&KEPT);
    if kept.len() >= CONNECTORS {
        kept.remove(0);
    }
    kept.push(Kept {
        verify: options.verify,
        roots_pem: options.roots_pem.clone(),
        made: Instant::now(),
        connector: connector.clone(),
    });
    Ok(connector)
}

fn build_connector(options: &TlsOptions) -> Result<TlsConnector> {
    let mut builder = TlsConnector::builder();
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    builder.danger_accept_invalid_certs(!options.verify);
    builder.danger_accept_invalid_hostnames(!options.verify);
    for pem in &options.roots_pem {
        for certificate in certificates("The PEM text", pem)? {
            builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|error| setup_failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_switch_verification_off_is_refused() {
        for name in ["", ".", "a\0b", "a b", "a\r\nb"] {
            assert_eq!(checked_name(name).unwrap_err().kind(), ErrorKind::Argument, "{name:?}");
        }
        assert_eq!(checked_name("example.test.").unwrap(), "example.test");
        let options = TlsOptions { server_name: Some(String::new()), ..TlsOptions::default() };
        assert!(Handshake::start(&options, "example.test").is_ok());
        assert!(Handshake::start(&options, ".").is_err());
    }
}
