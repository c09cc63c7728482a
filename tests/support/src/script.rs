//! A server that does exactly what it is told: these bytes, in these pieces, with these pauses.

use crate::WATCHDOG;
use crate::head::Request;
use crate::server::Server;
use crate::stream::Stream;
use crate::wire::{self, Frame};
use rustls::ServerConfig;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a closing connection waits for the client's end.
const LINGER: Duration = Duration::from_secs(2);

/// One step of a script. No step waits longer than [`WATCHDOG`].
#[derive(Debug, Clone)]
pub enum Action {
    /// Sends the bytes in one write.
    Send(Vec<u8>),
    /// Sends the bytes in pieces of this size, each a segment of its own.
    SendPieces(Vec<u8>, usize),
    /// The same with a tenth of a millisecond between, so that a client that keeps up receives
    /// each piece by itself.
    Trickle(Vec<u8>, usize),
    /// Waits this many milliseconds, without reading.
    Pause(u64),
    /// Reads the HTTP request head, records it and computes the accept value.
    ExpectRequest,
    /// Answers the request.
    SendUpgrade(Upgrade),
    /// Reads one frame of the client and records it.
    ExpectFrame,
    /// Sends a text that describes the last frame, `fin=1 rsv=0 opcode=9 masked=1 payload=abc`;
    /// after a Close it then echoes the Close and ends the connection.
    Report,
    /// Ends the connection in order (close_notify with TLS, then FIN) and the script.
    Close,
    /// Ends the connection by FIN without a close_notify, and the script.
    Cut,
    /// Ends the connection by RST, and the script.
    Reset,
    /// Sends FIN, but reads on in later steps.
    HalfClose,
    /// Reads and drops bytes until the client leaves.
    Stall,
    /// Reads nothing and keeps the connection open until the server is dropped or asked for
    /// its transcript.
    Ignore,
}

/// The answer to the opening request. `{accept}` in its head stands for the right value, `{lower}`
/// for that in lower case.
#[derive(Debug, Clone)]
pub struct Upgrade {
    head: String,
    followed_by: Vec<u8>,
    pieces: Option<usize>,
}

impl Default for Upgrade {
    fn default() -> Self {
        Self::head(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n",
        )
    }
}

impl Upgrade {
    /// An answer with any head.
    pub fn head(head: &str) -> Self {
        Self { head: head.to_owned(), followed_by: Vec::new(), pieces: None }
    }

    /// Replaces the status line.
    #[must_use]
    pub fn status(mut self, line: &str) -> Self {
        let (_, fields) = self.head.split_once("\r\n").unwrap_or_default();
        self.head = format!("{line}\r\n{fields}");
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let prefix = format!("{}:", name.to_ascii_lowercase());
        let stays = |line: &&str| !line.to_ascii_lowercase().starts_with(&prefix);
        self.head = self.head.split_inclusive("\r\n").filter(stays).collect();
        self
    }

    /// Adds a field at the end, also one that is there already.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let end = self.head.len().saturating_sub(2);
        self.head.insert_str(end, &format!("{name}: {value}\r\n"));
        self
    }

    /// Gives a field another value.
    #[must_use]
    pub fn replacing(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    /// Sends these bytes in the same write as the head.
    #[must_use]
    pub fn followed_by(mut self, bytes: Vec<u8>) -> Self {
        self.followed_by = bytes;
        self
    }

    /// Sends everything in pieces of this size.
    #[must_use]
    pub fn in_pieces(mut self, size: usize) -> Self {
        self.pieces = Some(size);
        self
    }

    /// The bytes that answer `request`.
    pub fn bytes(&self, request: &Request) -> Vec<u8> {
        let accept = request.accept();
        let head = self.head.replace("{accept}", &accept);
        let mut bytes = head.replace("{lower}", &accept.to_ascii_lowercase()).into_bytes();
        bytes.extend_from_slice(&self.followed_by);
        bytes
    }
}

/// What happened on one connection.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The opening request, once it was read.
    pub request: Option<Request>,
    /// The frames of the client that the script waited for.
    pub frames: Vec<Frame>,
    /// How many bytes a [`Action::Stall`] dropped.
    pub dropped: usize,
    /// Whether the client was seen to end the connection.
    pub client_left: bool,
    /// The step that failed and why; the script ended there.
    pub error: Option<String>,
    /// The steps with their times, for people.
    pub notes: Vec<String>,
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "transcript of the server:")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))?;
        self.error.iter().try_for_each(|error| writeln!(f, "  failed: {error}"))
    }
}

/// A server that plays scripts: the n-th connection gets the n-th script, later ones the last.
pub struct ScriptServer {
    server: Server,
    board: Arc<Board>,
}

impl ScriptServer {
    /// Plays one script, without TLS.
    pub fn start(actions: Vec<Action>) -> Self {
        Self::start_all(vec![actions], None)
    }

    /// Plays one script over TLS.
    pub fn start_tls(actions: Vec<Action>, tls: Arc<ServerConfig>) -> Self {
        Self::start_all(vec![actions], Some(tls))
    }

    /// Plays a script for each connection, in the order of their arrival.
    pub fn start_all(scripts: Vec<Vec<Action>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let board = Arc::new(Board::default());
        let shared = Arc::clone(&board);
        let server = Server::start(0, tls, move |stream| {
            let index = shared.enter();
            let script = scripts.get(index).or(scripts.last()).map_or(&[][..], Vec::as_slice);
            Player::new(stream, None, &shared, index).play(script);
            Ok(())
        })
        .expect("a loopback port");
        Self { server, board }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// What happened on the first connection so far.
    pub fn so_far(&self) -> Transcript {
        self.board.lock().entries.first().map(|entry| entry.0.clone()).unwrap_or_default()
    }

    /// Waits for the end of the first connection's script.
    pub fn transcript(&self) -> Transcript {
        self.transcript_of(0)
    }

    /// Waits for the end of the n-th connection's script (from 0), and ends [`Action::Ignore`].
    ///
    /// Panics with the transcript when that takes longer than three watchdogs.
    pub fn transcript_of(&self, index: usize) -> Transcript {
        let deadline = Instant::now() + 3 * WATCHDOG;
        let mut state = self.board.lock();
        state.released = true;
        self.board.changed.notify_all();
        loop {
            match state.entries.get(index) {
                Some((transcript, true)) => return transcript.clone(),
                other if Instant::now() > deadline => {
                    let text = other.map(|entry| entry.0.to_string()).unwrap_or_default();
                    panic!("the script of connection {index} did not end; {text}");
                }
                _ => state = self.board.wait(state, deadline),
            }
        }
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        self.board.lock().released = true;
        self.board.changed.notify_all();
    }
}

/// What the connections of a server share with the test.
#[derive(Default)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Transcript and "ended" of each connection.
    entries: Vec<(Transcript, bool)>,
    released: bool,
}

impl Board {
    pub(crate) fn enter(&self) -> usize {
        let mut state = self.lock();
        state.entries.push((Transcript::default(), false));
        state.entries.len() - 1
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, deadline: Instant) -> MutexGuard<'a, State> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Plays a script on one connection.
pub(crate) struct Player<'a> {
    stream: Option<Stream>,
    request: Option<Request>,
    inbox: Vec<u8>,
    board: &'a Board,
    index: usize,
    start: Instant,
}

impl<'a> Player<'a> {
    /// `request` is the head if it was read already.
    pub(crate) fn new(
        stream: Stream,
        request: Option<Request>,
        board: &'a Board,
        index: usize,
    ) -> Self {
        let start = Instant::now();
        Self { stream: Some(stream), request, inbox: Vec::new(), board, index, start }
    }

    /// Plays until the end or the first failure.
    pub(crate) fn play(mut self, actions: &[Action]) {
        for action in actions {
            let result = self.step(action);
            let at = self.start.elapsed();
            self.record(|transcript| {
                transcript.notes.push(format!("{:8.3}s {}", at.as_secs_f64(), describe(action)));
                transcript.error =
                    result.err().map(|error| format!("{}: {error}", describe(action)));
            });
            if self.stream.is_none() || self.board.lock().entries[self.index].0.error.is_some() {
                break;
            }
        }
        self.stream = None;
        self.board.lock().entries[self.index].1 = true;
        self.board.changed.notify_all();
    }

    fn step(&mut self, action: &Action) -> io::Result<()> {
        match action {
            Action::Send(bytes) => self.send(bytes, None),
            Action::SendPieces(bytes, size) => self.send(bytes, Some(*size)),
            Action::Trickle(bytes, size) => bytes.chunks(*size).try_for_each(|piece| {
                std::thread::sleep(Duration::from_micros(100));
                self.send(piece, None)
            }),
            Action::Pause(ms) => {
                std::thread::sleep(Duration::from_millis(*ms).min(WATCHDOG));
                Ok(())
            }
            Action::ExpectRequest => self.expect_request(),
            Action::SendUpgrade(upgrade) => {
                let request = self.request.clone().unwrap_or_default();
                self.send(&upgrade.bytes(&request), upgrade.pieces)
            }
            Action::ExpectFrame => self.expect_frame(),
            Action::Report => self.report(),
            Action::Close => {
                self.stream()?.finish_writing()?;
                self.linger();
                Ok(())
            }
            Action::Cut => {
                self.stream()?.cut()?;
                self.linger();
                Ok(())
            }
            Action::Reset => self.stream.take().map_or(Ok(()), Stream::reset),
            Action::HalfClose => self.stream()?.finish_writing(),
            Action::Stall => self.stall(),
            Action::Ignore => {
                self.ignore();
                Ok(())
            }
        }
    }

    fn send(&mut self, bytes: &[u8], pieces: Option<usize>) -> io::Result<()> {
        let stream = self.stream()?;
        stream.set_timeout(Some(WATCHDOG))?;
        for piece in bytes.chunks(pieces.unwrap_or(bytes.len()).max(1)) {
            stream.write_all(piece)?;
            stream.flush()?;
        }
        Ok(())
    }

    fn expect_request(&mut self) -> io::Result<()> {
        let request = Request::read(self.stream()?)?;
        let request = request.ok_or_else(|| io::Error::other("the client sent no request"))?;
        self.record(|transcript| transcript.request = Some(request.clone()));
        self.request = Some(request);
        Ok(())
    }

    fn expect_frame(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + WATCHDOG;
        loop {
            if let Some(frame) = Frame::take(&mut self.inbox) {
                self.record(|transcript| transcript.frames.push(frame));
                return Ok(());
            }
            if self.receive(deadline)? == 0 {
                self.record(|transcript| transcript.client_left = true);
                return Err(io::Error::other("the client left instead of sending a frame"));
            }
        }
    }

    fn report(&mut self) -> io::Result<()> {
        let transcript = self.board.lock().entries[self.index].0.clone();
        let frame = transcript.frames.last().ok_or_else(|| io::Error::other("no frame yet"))?;
        self.send(&wire::text(&frame.to_string()), None)?;
        if frame.opcode == wire::opcode::CLOSE {
            self.send(&wire::frame(true, frame.opcode, &frame.payload), None)?;
            self.step(&Action::Close)?;
        }
        Ok(())
    }

    /// Reads on after our FIN: closing with unread bytes would be a reset, and the client could
    /// lose what was sent to it.
    fn linger(&mut self) {
        let deadline = Instant::now() + LINGER;
        while self.receive(deadline).is_ok_and(|n| n > 0) {}
        self.stream = None;
    }

    fn stall(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + WATCHDOG;
        loop {
            // A reset is a way to leave as well.
            let n = match self.receive(deadline) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                other => other.unwrap_or(0),
            };
            let dropped = std::mem::take(&mut self.inbox).len();
            self.record(|transcript| {
                transcript.dropped += dropped;
                transcript.client_left |= n == 0;
            });
            if n == 0 {
                return Ok(());
            }
        }
    }

    fn ignore(&self) {
        let deadline = Instant::now() + WATCHDOG;
        let mut state = self.board.lock();
        while !state.released && Instant::now() < deadline {
            state = self.board.wait(state, deadline);
        }
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let n = self.stream()?.read_until(&mut chunk, deadline)?;
        self.inbox.extend_from_slice(&chunk[..n]);
        Ok(n)
    }

    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn record(&self, change: impl FnOnce(&mut Transcript)) {
        change(&mut self.board.lock().entries[self.index].0);
        self.board.changed.notify_all();
    }
}

fn describe(action: &Action) -> String {
    match action {
        Action::Send(bytes) => format!("Send {} bytes: {}", bytes.len(), excerpt(bytes)),
        Action::SendPieces(bytes, size) => {
            format!("SendPieces {} bytes by {size}: {}", bytes.len(), excerpt(bytes))
        }
        Action::Trickle(bytes, size) => {
            format!("Trickle {} bytes by {size}: {}", bytes.len(), excerpt(bytes))
        }
        Action::SendUpgrade(upgrade) => {
            let head = upgrade.head.lines().next().unwrap_or_default();
            format!("SendUpgrade {head:?}, then {}", excerpt(&upgrade.followed_by))
        }
        other => format!("{other:?}"),
    }
}

fn excerpt(bytes: &[u8]) -> String {
    bytes.iter().take(40).copied().flat_map(std::ascii::escape_default).map(char::from).collect()
}
