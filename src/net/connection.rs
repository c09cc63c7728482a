//! One TCP or TLS connection that several threads use at once.
//!
//! Nothing here blocks except [`Connection::send_all`], [`Connection::make_room`] and
//! [`Connection::block_on`], and these hold no lock while they wait. Locks are taken in the order
//! input, TLS, output.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::dial::server_name;
use crate::net::sys;
use crate::net::tls::{TlsEngine, TlsFacts};
use crate::net::wait::{self, Cancel, News, Step, Wakeup, Watch, lock};

/// With this much queued a sender waits ([`Connection::make_room`]) before it queues more.
pub const QUEUE_LIMIT: usize = 1024 * 1024;
/// A sender that waits takes in at most this much that nobody reads.
const DRAIN_LIMIT: usize = 1024 * 1024;
/// A send buffer larger than this is not kept.
const KEPT: usize = 16 * 1024;
/// A message is received into memory that grows by at least this much.
const SMALLEST_GROWTH: usize = 64 * 1024;

/// What a receive brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// So many bytes more.
    Bytes(usize),
    /// Nothing for now: wait until the socket is readable.
    Pending,
    /// Nothing ever again: the peer ended its side.
    End,
}

/// A place in the queue of bytes to be sent: all that was queued up to a certain call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Ticket(u64);

impl Ticket {
    /// Plaintext waits for the end of a TLS renegotiation; its place is not known yet.
    const LAST: Self = Self(u64::MAX);
}

/// A connection. All methods may be called from any thread at any time.
pub struct Connection {
    /// Received and not yet consumed; what remains after an HTTP head is the beginning of the
    /// frames. Whoever reads holds this lock from looking at the bytes until
    /// [`Connection::watch`], and not while waiting.
    pub input: Mutex<Input>,
    socket: Socket,
    host: String,
    port: u16,
    peer: SocketAddr,
    local: Option<SocketAddr>,
    tls: Option<Mutex<TlsEngine>>,
    facts: TlsFacts,
    output: Mutex<Output>,
    /// Bytes in `output`, readable without its lock.
    queued: AtomicUsize,
    /// Plaintext that the TLS engine holds back.
    held: AtomicUsize,
    /// All bytes the socket ever took.
    sent: AtomicU64,
    closed: AtomicBool,
    /// How receiving ended: by the peer (`None`) or by an error. Once, and for all threads.
    end: OnceLock<Option<Error>>,
    /// The last receive brought less than asked: the socket was empty then.
    drained: AtomicBool,
    born: Instant,
    received_at: AtomicU64,
    sent_at: AtomicU64,
    /// Called when a reader should look again: another thread received, or queued output, or
    /// closed.
    arrived: Arc<Wakeup>,
    /// Called when a sender should look again.
    departed: Arc<Wakeup>,
}

/// Bytes on their way to the socket, in the order of the calls.
#[derive(Default)]
struct Output {
    queue: Vec<u8>,
    /// So much of `queue` is sent.
    start: usize,
    /// All bytes ever sent.
    sent: u64,
    error: Option<Error>,
    /// The sending side is to be shut down when the queue is empty.
    finishing: bool,
}

impl Connection {
    /// Takes over a connected, non-blocking socket.
    pub(crate) fn plain(socket: Socket, host: &str, port: u16, peer: SocketAddr) -> Self {
        Self::new(socket, host, port, peer, None, TlsFacts::default())
    }

    /// Takes over a socket on which the TLS handshake is done.
    pub(crate) fn tls(
        socket: Socket,
        host: &str,
        port: u16,
        peer: SocketAddr,
        engine: TlsEngine,
        facts: TlsFacts,
    ) -> Self {
        let this = Self::new(socket, host, port, peer, Some(engine), facts);
        if let Some(tls) = &this.tls {
            // The last flight of the handshake.
            let _ = this.move_ciphertext(lock(tls));
        }
        this
    }

    fn new(
        socket: Socket,
        host: &str,
        port: u16,
        peer: SocketAddr,
        engine: Option<TlsEngine>,
        facts: TlsFacts,
    ) -> Self {
        Self {
            input: Mutex::new(Input::new()),
            host: host.to_owned(),
            port,
            peer,
            local: socket.local_addr().ok().and_then(|address| address.as_socket()),
            socket,
            tls: engine.map(Mutex::new),
            facts,
            output: Mutex::default(),
            queued: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            end: OnceLock::new(),
            drained: AtomicBool::new(false),
            born: Instant::now(),
            received_at: AtomicU64::new(0),
            sent_at: AtomicU64::new(0),
            arrived: Arc::default(),
            departed: Arc::default(),
        }
    }

    // Receiving

    /// Locks the received bytes.
    pub fn lock_input(&self) -> MutexGuard<'_, Input> {
        lock(&self.input)
    }

    /// Receives once without blocking and appends the plaintext to `input`, which is this
    /// connection's own, locked by the caller. Also sends what waits in the queue.
    ///
    /// After a receive that emptied the socket the next call answers `Pending` without asking the
    /// socket: whoever waits then is told at once if more has come. Without waiting use
    /// [`Connection::fill_now`]. An empty `input` gives its memory back on `Pending`.
    ///
    /// The end of the stream without the end of the TLS session is [`Fill::End`] too: HTTP and
    /// WebSocket both tell by themselves whether something is missing. Fails with
    /// [`ErrorKind::NotConnected`] after [`Connection::close`], with
    /// [`ErrorKind::ConnectionLost`] when the connection broke; what came before is delivered.
    pub fn fill(&self, input: &mut Input) -> Result<Fill> {
        let fill = match &self.tls {
            None => self.receive_plain(|socket| {
                let room = input.room();
                let asked = room.len();
                let n = sys::receive(socket, room)?;
                if n > 0 {
                    input.filled(n);
                }
                Ok((n, n < asked))
            }),
            Some(tls) => self.receive_tls(tls, |engine| engine.decrypt(input)),
        };
        if matches!(fill, Ok(Fill::Pending)) {
            input.release();
        }
        fill
    }

    /// [`Connection::fill`] for callers that do not wait: always asks the socket.
    pub fn fill_now(&self, input: &mut Input) -> Result<Fill> {
        self.drained.store(false, Ordering::Relaxed);
        self.fill(input)
    }

    /// Receives once without blocking, up to `max` bytes straight into `dst`.
    ///
    /// `input` is this connection's own, locked by the caller, so that no other thread takes bytes
    /// in between; what it still holds comes first. `dst` grows with the bytes that arrive, to at
    /// most twice their number and 64 KiB, never by `max` alone. Fails as
    /// [`Connection::fill`] does.
    pub fn fill_direct(&self, input: &mut Input, dst: &mut Vec<u8>, max: usize) -> Result<Fill> {
        let ready = input.bytes();
        if !ready.is_empty() || max == 0 {
            let n = ready.len().min(max);
            dst.extend_from_slice(ready.get(..n).unwrap_or_default());
            input.consume(n);
            return Ok(Fill::Bytes(n));
        }
        match &self.tls {
            None => self.receive_plain(|socket| {
                grow(dst, max);
                let asked = max.min(dst.capacity() - dst.len());
                let n = sys::receive_spare(socket, dst, asked)?;
                Ok((n, n < asked))
            }),
            Some(tls) => self.receive_tls(tls, |engine| engine.decrypt_into(dst, max)),
        }
    }

    /// What a reader waits for after `Pending`. Call it before unlocking `input`.
    ///
    /// The wait also ends when another thread has received into `input`, has queued something
    /// that the socket did not take, or has closed the connection; the reader then looks again.
    pub fn watch(&self, readable: bool) -> Watch {
        Watch {
            socket: sys::raw_id(&self.socket),
            readable,
            writable: self.queued.load(Ordering::SeqCst) > 0,
            news: Some(News::since_now(&self.arrived)),
        }
    }

    fn receive_plain(
        &self,
        receive: impl FnOnce(&Socket) -> io::Result<(usize, bool)>,
    ) -> Result<Fill> {
        if let Some(over) = self.before_receive()? {
            return Ok(over);
        }
        if self.drained.swap(false, Ordering::Relaxed) {
            return Ok(Fill::Pending);
        }
        match self.received(receive(&self.socket))? {
            Some(n) => Ok(Fill::Bytes(n)),
            None => self.ended().unwrap_or(Ok(Fill::Pending)),
        }
    }

    fn receive_tls(
        &self,
        tls: &Mutex<TlsEngine>,
        mut decrypt: impl FnMut(&mut TlsEngine) -> Result<Option<usize>>,
    ) -> Result<Fill> {
        if let Some(over) = self.before_receive()? {
            return Ok(over);
        }
        let mut engine = lock(tls);
        let mut plain = if engine.has_more() { decrypt(&mut engine) } else { Ok(Some(0)) };
        if matches!(plain, Ok(Some(0))) {
            if self.drained.swap(false, Ordering::Relaxed) {
                return Ok(Fill::Pending);
            }
            if self.received(engine.receive(&self.socket))?.is_none() {
                return self.ended().unwrap_or(Ok(Fill::Pending));
            }
            plain = decrypt(&mut engine);
        }
        // Alerts, KeyUpdates, and what a renegotiation held back.
        if engine.has_output() || self.held.load(Ordering::SeqCst) > 0 {
            let _ = self.move_ciphertext(engine);
        }
        match plain {
            Ok(Some(0)) => {
                // The caller waits now; after that the socket is to be asked.
                self.drained.store(false, Ordering::Relaxed);
                Ok(Fill::Pending)
            }
            Ok(Some(n)) => Ok(Fill::Bytes(n)),
            Ok(None) => self.end_with(None),
            Err(error) => self.end_with(Some(error)),
        }
    }

    /// What ends a receive before it begins; and the queue moves on.
    fn before_receive(&self) -> Result<Option<Fill>> {
        self.check_open()?;
        if self.queued.load(Ordering::SeqCst) > 0 {
            // A failure to send is for the senders; there may still be something to read.
            let _ = self.flush();
        }
        self.ended().transpose()
    }

    /// Notes what a receive brought; `None` is nothing, for now or ever.
    fn received(&self, result: io::Result<(usize, bool)>) -> Result<Option<usize>> {
        match result {
            Ok((0, _)) => self.end_with(None).map(|_| None),
            Ok((n, drained)) => {
                self.received_at.store(self.age(), Ordering::Relaxed);
                self.drained.store(drained, Ordering::Relaxed);
                Ok(Some(n))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => self.end_with(Some(self.lost(&error))).map(|_| None),
        }
    }

    fn end_with(&self, error: Option<Error>) -> Result<Fill> {
        // An end that `close` made is no end by the peer.
        self.check_open()?;
        let end = self.end.get_or_init(|| error);
        end.clone().map_or(Ok(Fill::End), Err)
    }

    fn ended(&self) -> Option<Result<Fill>> {
        self.end.get().map(|end| end.clone().map_or(Ok(Fill::End), Err))
    }

    // Sending

    /// Queues what `encode` appends and tries once to send it. Never blocks; the order on the wire
    /// is the order of the calls, and a frame is sent whole or the connection is broken.
    ///
    /// When `encode` fails nothing is queued. The ticket tells [`Connection::flushed`] and
    /// [`Connection::send_all`] what to look for. Fails with [`ErrorKind::NotConnected`] after
    /// [`Connection::close`] or [`Connection::shut_down`], [`ErrorKind::ConnectionLost`] when the
    /// connection broke.
    pub fn send_with(&self, encode: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Ticket> {
        self.check_open()?;
        let Some(tls) = &self.tls else {
            let mut output = lock(&self.output);
            output.check()?;
            output.compact();
            let before = output.queue.len();
            if let Err(error) = encode(&mut output.queue) {
                output.queue.truncate(before);
                return Err(error);
            }
            let ticket = Ticket(output.end());
            self.flush_output(&mut output)?;
            return Ok(ticket);
        };
        let mut engine = lock(tls);
        lock(&self.output).check()?;
        engine.send_with(encode)?;
        self.move_ciphertext(engine)
    }

    /// Sends what the socket takes now; whether nothing is left. Never blocks.
    pub fn flush(&self) -> Result<bool> {
        self.check_open()?;
        let left = self.flush_output(&mut lock(&self.output))?;
        Ok(left == 0 && self.held.load(Ordering::SeqCst) == 0)
    }

    /// Whether the system has taken all up to `ticket`.
    pub fn flushed(&self, ticket: Ticket) -> bool {
        match ticket {
            Ticket::LAST => self.queued() == 0,
            Ticket(end) => self.sent.load(Ordering::SeqCst) >= end,
        }
    }

    /// How many bytes wait to be sent.
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::SeqCst) + self.held.load(Ordering::SeqCst)
    }

    /// Waits until all up to `ticket` is with the system.
    ///
    /// Meanwhile it takes in what arrives, up to 1 MiB, else two peers that both only send would
    /// wait for each other. Fails with [`ErrorKind::Timeout`] when the peer took nothing for
    /// `idle` (R-55; `None` or zero is without end): the bytes stay queued, in order, and go out
    /// when the peer reads again. Else as [`Connection::send_with`], or [`ErrorKind::Aborted`] by
    /// `cancels`. The caller must not hold the `input` lock.
    pub fn send_all(
        &self,
        ticket: Ticket,
        idle: Option<Duration>,
        cancels: &[&Cancel],
    ) -> Result<()> {
        if self.flushed(ticket) {
            return Ok(());
        }
        self.wait_until(|| self.flushed(ticket), idle, cancels)
    }

    /// Waits until less than 1 MiB is queued, as [`Connection::send_all`] does.
    pub fn make_room(&self, idle: Option<Duration>, cancels: &[&Cancel]) -> Result<()> {
        if self.queued() < QUEUE_LIMIT {
            return Ok(());
        }
        self.wait_until(|| self.queued() < QUEUE_LIMIT, idle, cancels)
    }

    fn wait_until(
        &self,
        done: impl Fn() -> bool,
        idle: Option<Duration>,
        cancels: &[&Cancel],
    ) -> Result<()> {
        let idle = idle.filter(|idle| !idle.is_zero());
        let begun = Instant::now();
        let result = wait::block_on(cancels, || {
            let news = News::since_now(&self.departed);
            let flushed = self.flush();
            if done() {
                return Ok(Step::Done(()));
            }
            flushed?;
            let watch = Watch {
                socket: sys::raw_id(&self.socket),
                readable: self.drain(),
                writable: self.queued.load(Ordering::SeqCst) > 0,
                news: Some(news),
            };
            let deadline = idle.and_then(|idle| begun.max(self.last_sent()).checked_add(idle));
            Ok(Step::Wait { watch, deadline })
        });
        result.map_err(|error| match error.kind() {
            ErrorKind::Timeout => self.not_reading(idle.unwrap_or_default()),
            _ => error,
        })
    }

    /// Takes in what arrived, for a sender that waits; whether more would be welcome.
    fn drain(&self) -> bool {
        let mut input = match self.input.try_lock() {
            Ok(input) => input,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // A reader is at it. When it is done it may wait for something else than bytes.
            Err(TryLockError::WouldBlock) => return true,
        };
        if input.len() >= DRAIN_LIMIT {
            return false;
        }
        let fill = self.fill_now(&mut input);
        if !matches!(fill, Ok(Fill::Pending)) {
            // Under the lock of `input`: a reader either sees the bytes or hears of them.
            self.arrived.wake();
        }
        matches!(fill, Ok(Fill::Bytes(_) | Fill::Pending))
    }

    /// Moves ciphertext from the engine to the queue, in the order in which it was made, and
    /// tries to send it.
    fn move_ciphertext(&self, mut engine: MutexGuard<'_, TlsEngine>) -> Result<Ticket> {
        let held = engine.encrypt_rest();
        let mut output = lock(&self.output);
        output.compact();
        engine.take_output(&mut output.queue);
        drop(engine);
        let held = held?;
        self.held.store(held, Ordering::SeqCst);
        let ticket = if held > 0 { Ticket::LAST } else { Ticket(output.end()) };
        self.flush_output(&mut output)?;
        Ok(ticket)
    }

    /// Sends until the socket is full or the queue is empty; what is left.
    fn flush_output(&self, output: &mut Output) -> Result<usize> {
        let before = output.sent;
        let result = output.send(&self.socket).map_err(|error| {
            output.queue = Vec::new();
            output.start = 0;
            output.error.get_or_insert_with(|| self.lost(&error)).clone()
        });
        let left = output.queue.len() - output.start;
        if output.sent != before {
            self.sent_at.store(self.age(), Ordering::Relaxed);
            self.sent.store(output.sent, Ordering::SeqCst);
        }
        let had = self.queued.swap(left, Ordering::SeqCst);
        if had == 0 && left > 0 {
            // A reader that waits already is to wait for writability too.
            self.arrived.wake();
        }
        if output.sent != before || result.is_err() {
            self.departed.wake();
        }
        result.map(|()| left)
    }

    // Ending

    /// Says that nothing more will be sent: close_notify with TLS, then the end of the stream,
    /// both after all that is queued. Receiving goes on. Never blocks.
    pub fn shut_down(&self) {
        let engine = self.tls.as_ref().map(|tls| lock(tls));
        // Before the engine is free again, so that no sender comes after close_notify.
        lock(&self.output).finishing = true;
        match engine {
            Some(mut engine) => {
                engine.finish();
                let _ = self.move_ciphertext(engine);
            }
            None => {
                let _ = self.flush_output(&mut lock(&self.output));
            }
        }
    }

    /// Closes the connection at once; what is queued is lost. From any thread, never blocks.
    ///
    /// Calls that wait on it end with [`ErrorKind::NotConnected`], as do later ones; a call whose
    /// own token was cancelled too may end with [`ErrorKind::Aborted`]. The system's socket is
    /// freed with the last reference, so that a thread that still polls it never polls another.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            let _ = self.socket.shutdown(std::net::Shutdown::Both);
            self.arrived.wake();
            self.departed.wake();
        }
    }

    /// Whether neither side has ended the connection, as far as is known here.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Ordering::SeqCst) && self.end.get().is_none()
    }

    /// Whether [`Connection::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    // Facts

    /// The host as it was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Such as `TLS 1.3`; empty without TLS.
    pub fn tls_version(&self) -> &str {
        &self.facts.version
    }

    /// The IANA name of the cipher suite; empty without TLS.
    pub fn tls_cipher(&self) -> &str {
        &self.facts.cipher
    }

    /// The address of the server.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The own address, if the system tells it.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// When bytes arrived last; when the connection was made if none have.
    pub fn last_received(&self) -> Instant {
        self.born + Duration::from_nanos(self.received_at.load(Ordering::Relaxed))
    }

    /// When the system took bytes last; when the connection was made if it took none.
    pub fn last_sent(&self) -> Instant {
        self.born + Duration::from_nanos(self.sent_at.load(Ordering::Relaxed))
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn check_open(&self) -> Result<()> {
        if !self.closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let server = server_name(&self.host, self.port);
        let text = format!("The connection to {server} was closed by this program.");
        Err(Error::new(ErrorKind::NotConnected, text).advise("Connect again."))
    }

    fn lost(&self, error: &io::Error) -> Error {
        let server = server_name(&self.host, self.port);
        let text = format!("The connection to {server} broke: {error}.");
        Error::new(ErrorKind::ConnectionLost, text)
            .advise("The server, or something on the way, ended it. Connect again.")
    }

    fn not_reading(&self, idle: Duration) -> Error {
        let server = server_name(&self.host, self.port);
        let (left, after) = (self.queued(), idle.as_millis());
        let text = format!("{server} took none of the {left} bytes to be sent for {after} ms.");
        Error::new(ErrorKind::Timeout, text)
            .advise("The server does not read. The bytes stay queued; do not send them again.")
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.facts.version)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Whether more may be queued.
    fn check(&self) -> Result<()> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.finishing {
            return Err(Error::new(
                ErrorKind::NotConnected,
                "Nothing more can be sent: the sending side of the connection was shut down.",
            ));
        }
        Ok(())
    }

    /// The place behind all that is queued.
    fn end(&self) -> u64 {
        self.sent + (self.queue.len() - self.start) as u64
    }

    /// Drops what is sent once it is the larger part, so that each byte moves at most once.
    fn compact(&mut self) {
        if self.start > 0 && self.start >= self.queue.len() - self.start {
            self.queue.drain(..self.start);
            self.start = 0;
        }
    }

    fn send(&mut self, socket: &Socket) -> io::Result<()> {
        if self.error.is_some() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        while let Some(rest) = self.queue.get(self.start..).filter(|rest| !rest.is_empty()) {
            let asked = rest.len();
            let n = match sys::send(socket, rest) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                result => result?,
            };
            self.start += n;
            self.sent += n as u64;
            // A socket that took a part is full.
            if n < asked {
                return Ok(());
            }
        }
        self.start = 0;
        self.queue.clear();
        if self.queue.capacity() > KEPT {
            self.queue = Vec::new();
        }
        if self.finishing {
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
        Ok(())
    }
}

/// Room for the next bytes of a message whose declared length is not to be trusted.
fn grow(dst: &mut Vec<u8>, max: usize) {
    let spare = dst.capacity() - dst.len();
    if spare < max.min(SMALLEST_GROWTH) {
        dst.reserve_exact(max.min(dst.len().max(SMALLEST_GROWTH)));
    }
}
