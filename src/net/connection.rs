//! One TCP or TLS connection that several threads use at once.
//!
//! Nothing here blocks except [`Connection::send_all`] and [`Connection::make_room`], and these hold
//! no lock while they wait. Locks are taken in the order input, TLS, output. Receiving is in this
//! file, sending in `connection/send.rs`.

mod send;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use socket2::Socket;

use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::dial::server_name;
use crate::net::sys;
use crate::net::tls::{TlsEngine, TlsFacts};
use crate::net::wait::{News, Wakeup, Watch, lock};
use crate::sync;

pub use send::{QUEUE_LIMIT, Ticket};

use send::Output;

/// A message is received into memory that grows by at least this much.
const SMALLEST_GROWTH: usize = 64 * 1024;

/// A reader waits for half of what it misses: less would wake it often, more would leave all the copying
/// to the end. If that is less than this it waits for the next packet.
const LEAST_MARK: usize = 64 * 1024;
/// And for no more than this, or a quarter of what the system has room for.
const LARGEST_MARK: usize = 1024 * 1024;
/// How long it waits for so much; then it takes what is there.
const PATIENCE: Duration = Duration::from_millis(100);

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

/// A connection. All methods may be called from any thread at any time.
pub struct Connection {
    /// Received and not yet consumed; what remains after an HTTP head is the beginning of the
    /// frames. Whoever asks the socket holds this lock from looking at the bytes until
    /// [`Connection::watch`], and not while waiting; a WebSocket receives into a buffer of its own.
    pub input: Mutex<Input>,
    socket: Socket,
    host: String,
    port: u16,
    peer: SocketAddr,
    local: Option<SocketAddr>,
    tls: Option<Mutex<TlsEngine>>,
    facts: TlsFacts,
    output: sync::Mutex<Output>,
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
    /// The system calls the socket readable when so many bytes are there.
    low_water: AtomicUsize,
    born: Instant,
    progress_at: AtomicU64,
    /// Called when a reader should look again: another thread received, or queued output, or
    /// closed.
    arrived: Arc<Wakeup>,
    /// Called when a sender should look again.
    departed: Arc<Wakeup>,
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
            output: sync::Mutex::default(),
            queued: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            end: OnceLock::new(),
            drained: AtomicBool::new(false),
            low_water: AtomicUsize::new(1),
            born: Instant::now(),
            progress_at: AtomicU64::new(0),
            arrived: Arc::default(),
            departed: Arc::default(),
        }
    }

    /// Locks the received bytes.
    pub fn lock_input(&self) -> MutexGuard<'_, Input> {
        lock(&self.input)
    }

    /// Receives once without blocking and appends the plaintext to `input`: this connection's own, or,
    /// while that is empty, another. The caller holds the lock of the own one. Also sends what waits in
    /// the queue.
    ///
    /// After a receive that emptied the socket the next call answers `Pending` without asking the
    /// socket: whoever waits then is told if more has come. Without waiting use
    /// [`Connection::fill_now`]. An empty `input` gives a large buffer back on `Pending`.
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
            input.release_large();
        }
        fill
    }

    /// [`Connection::fill`] for callers that do not wait: always asks the socket, and an empty `input`
    /// keeps no memory at all.
    pub fn fill_now(&self, input: &mut Input) -> Result<Fill> {
        self.drained.store(false, Ordering::Relaxed);
        let fill = self.fill(input);
        input.release();
        fill
    }

    /// Receives once without blocking, up to `max` bytes straight into `dst`.
    ///
    /// `input` is as for [`Connection::fill`], so that no other thread takes bytes in between; what it
    /// still holds comes first. `dst` grows with the bytes that arrive, to at
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
        let fill = match &self.tls {
            None => self.receive_plain(|socket| {
                grow(dst, max);
                let asked = max.min(dst.capacity() - dst.len());
                let n = sys::receive_spare(socket, dst, asked)?;
                input.expect_little();
                Ok((n, n < asked))
            }),
            Some(tls) => self.receive_tls(tls, |engine| engine.decrypt_into(dst, max)),
        };
        if matches!(fill, Ok(Fill::Pending)) {
            input.release_large();
        }
        fill
    }

    /// What a reader waits for after `Pending`. Call it before unlocking `input`.
    ///
    /// The wait also ends when another thread has received into `input`, has queued something
    /// that the socket did not take, or has closed the connection; the reader then looks again.
    pub fn watch(&self, readable: bool) -> Watch {
        if readable {
            self.set_low_water(1);
        }
        // Before the look at the queue, which the lock of `input` does not guard.
        let news = News::since_now(&self.arrived);
        Watch {
            socket: sys::raw_id(&self.socket),
            readable,
            writable: self.queued.load(Ordering::SeqCst) > 0,
            until: None,
            news: Some(news),
        }
    }

    /// [`Connection::watch`] for a reader that returns nothing before `missing` bytes have come: while
    /// these are many, it is woken for many at once, or after 100 ms. Where the system knows no such
    /// mark, it is the same.
    pub fn watch_for(&self, missing: usize) -> Watch {
        let mark = self.mark_for(missing);
        if mark < LEAST_MARK {
            return self.watch(true);
        }
        let watch = self.watch(false);
        self.set_low_water(mark);
        Watch { readable: true, until: Some(Instant::now() + PATIENCE), ..watch }
    }

    /// The reader has given up: the next byte counts again, as for a sender that takes in what comes.
    pub fn unwatch(&self) {
        let _input = self.lock_input();
        self.set_low_water(1);
    }

    /// What a reader that misses so much waits for; 0 is the next packet.
    fn mark_for(&self, missing: usize) -> usize {
        let half = missing / 2;
        if !sys::HAS_LOW_WATER || half < LEAST_MARK || self.tls.is_some() {
            return 0;
        }
        let room = self.socket.recv_buffer_size().unwrap_or(0);
        half.min(LARGEST_MARK).min(room / 4)
    }

    /// For the one who holds the lock of `input`.
    fn set_low_water(&self, bytes: usize) {
        if self.low_water.load(Ordering::Relaxed) != bytes {
            self.low_water.store(bytes, Ordering::Relaxed);
            sys::set_low_water(&self.socket, bytes);
        }
    }

    fn receive_plain(
        &self,
        receive: impl FnOnce(&Socket) -> io::Result<(usize, bool)>,
    ) -> Result<Fill> {
        if let Some(over) = self.before_receive()? {
            return Ok(over);
        }
        if self.was_drained() {
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
            if self.was_drained() {
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

    /// Whether the socket was empty after the last receive; asked once. For the one who reads.
    fn was_drained(&self) -> bool {
        let drained = self.drained.load(Ordering::Relaxed);
        if drained {
            self.drained.store(false, Ordering::Relaxed);
        }
        drained
    }

    /// Notes what a receive brought; `None` is nothing, for now or ever.
    fn received(&self, result: io::Result<(usize, bool)>) -> Result<Option<usize>> {
        match result {
            Ok((0, _)) => self.end_with(None).map(|_| None),
            Ok((n, drained)) => {
                self.drained.store(drained, Ordering::Relaxed);
                // Under the lock of `input`: another reader, whose socket is empty now, either
                // sees the bytes or hears of them.
                self.arrived.wake();
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
        self.arrived.wake();
        end.clone().map_or(Ok(Fill::End), Err)
    }

    fn ended(&self) -> Option<Result<Fill>> {
        self.end.get().map(|end| end.clone().map_or(Ok(Fill::End), Err))
    }

    /// Says that nothing more will be sent: close_notify with TLS, then the end of the stream,
    /// both after all that is queued. Receiving goes on. Never blocks.
    pub fn shut_down(&self) {
        let engine = self.tls.as_ref().map(|tls| lock(tls));
        // Before the engine is free again, so that no sender comes after close_notify.
        self.output.lock().finishing = true;
        match engine {
            Some(mut engine) => {
                engine.finish();
                let _ = self.move_ciphertext(engine);
            }
            None => {
                let _ = self.flush_output(&mut self.output.lock());
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

    /// When the system last took bytes of a queue that it did not take whole; when the connection was
    /// made if that never was.
    fn last_progress(&self) -> Instant {
        self.born + Duration::from_nanos(self.progress_at.load(Ordering::Relaxed))
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    #[inline]
    fn check_open(&self) -> Result<()> {
        if self.is_closed() { Err(self.closed_by_program()) } else { Ok(()) }
    }

    #[cold]
    fn closed_by_program(&self) -> Error {
        let server = server_name(&self.host, self.port);
        let text = format!("The connection to {server} was closed by this program.");
        Error::new(ErrorKind::NotConnected, text).advise("Connect again.")
    }

    fn lost(&self, error: &io::Error) -> Error {
        let server = server_name(&self.host, self.port);
        let text = format!("The connection to {server} broke: {error}.");
        Error::new(ErrorKind::ConnectionLost, text)
            .advise("The server, or something on the way, ended it. Connect again.")
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

/// Room for the next bytes of a message whose declared length is not to be trusted.
fn grow(dst: &mut Vec<u8>, max: usize) {
    let spare = dst.capacity() - dst.len();
    if spare < max.min(SMALLEST_GROWTH) {
        dst.reserve_exact(max.min(dst.len().max(SMALLEST_GROWTH)));
    }
}
