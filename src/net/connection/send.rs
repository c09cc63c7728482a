//! Sending: one ordered queue per connection, and senders that wait for it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use socket2::Socket;

use super::{Connection, Fill};
use crate::error::{Error, ErrorKind, Result};
use crate::net::dial::server_name;
use crate::net::spare;
use crate::net::sys;
use crate::net::tls::TlsEngine;
use crate::net::wait::{self, Cancel, News, Step, Watch, lock};

/// With this much queued a sender waits ([`Connection::make_room`]) before it queues more.
pub const QUEUE_LIMIT: usize = 1024 * 1024;
/// A sender that waits takes in at most this much that nobody reads.
const DRAIN_LIMIT: usize = 1024 * 1024;
/// A send buffer larger than this is not kept.
const KEPT: usize = 16 * 1024;
/// A place in the queue of bytes to be sent: all that was queued up to a certain call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Ticket(u64);

impl Ticket {
    /// Plaintext waits for the end of a TLS renegotiation; its place is not known yet.
    const LAST: Self = Self(u64::MAX);
}

impl Connection {
    /// Queues what `encode` appends and tries once to send it. Never blocks; the order on the wire
    /// is the order of the calls, and a frame is sent whole or the connection is broken.
    ///
    /// `None` if the system took all of it at once; else the ticket tells [`Connection::send_all`]
    /// what to wait for. When `encode` fails nothing is queued; it runs under a lock and must not
    /// use this connection. Fails with [`ErrorKind::NotConnected`] after [`Connection::close`] or
    /// [`Connection::shut_down`], [`ErrorKind::ConnectionLost`] when the connection broke.
    #[inline(always)]
    pub fn send_with(
        &self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Ticket>> {
        self.check_open()?;
        if let Some(tls) = &self.tls {
            return self.send_encrypted(tls, encode);
        }
        let mut output = self.output.lock();
        if !output.is_ready() {
            output.prepare()?;
        }
        let before = output.queue.len();
        if let Err(error) = encode(&mut output.queue) {
            output.take_back(before);
            return Err(error);
        }
        let left = self.flush_output(&mut output)?;
        Ok((left > 0).then(|| Ticket(output.end())))
    }

    #[inline(never)]
    fn send_encrypted(
        &self,
        tls: &Mutex<TlsEngine>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Ticket>> {
        let mut engine = lock(tls);
        self.output.lock().check()?;
        engine.send_with(encode)?;
        self.move_ciphertext(engine)
    }

    /// Sends what the socket takes now; whether nothing is left. Never blocks.
    pub fn flush(&self) -> Result<bool> {
        self.check_open()?;
        let left = self.flush_output(&mut self.output.lock())?;
        Ok(left == 0 && self.held.load(Ordering::SeqCst) == 0)
    }

    /// Whether the system has taken all up to `ticket`.
    fn flushed(&self, ticket: Ticket) -> bool {
        match ticket {
            Ticket::LAST => self.queued() == 0,
            Ticket(end) => self.sent.load(Ordering::SeqCst) >= end,
        }
    }

    /// How much memory the queue holds.
    #[cfg(test)]
    pub(crate) fn send_buffer(&self) -> usize {
        self.output.lock().queue.capacity()
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
        ticket: Option<Ticket>,
        idle: Option<Duration>,
        cancels: &[&Cancel],
    ) -> Result<()> {
        let Some(ticket) = ticket.filter(|ticket| !self.flushed(*ticket)) else { return Ok(()) };
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
                until: None,
                news: Some(news),
            };
            let deadline = idle.and_then(|idle| begun.max(self.last_progress()).checked_add(idle));
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
        matches!(self.fill_now(&mut input), Ok(Fill::Bytes(_) | Fill::Pending))
    }

    /// Moves ciphertext from the engine to the queue, in the order in which it was made, and
    /// tries to send it.
    pub(super) fn move_ciphertext(
        &self,
        mut engine: MutexGuard<'_, TlsEngine>,
    ) -> Result<Option<Ticket>> {
        let held = engine.encrypt_rest();
        let mut output = self.output.lock();
        output.compact();
        engine.take_output(&mut output.queue);
        drop(engine);
        let held = held?;
        self.held.store(held, Ordering::SeqCst);
        let ticket = if held > 0 { Ticket::LAST } else { Ticket(output.end()) };
        let left = self.flush_output(&mut output)?;
        Ok((left + held > 0).then_some(ticket))
    }

    /// Sends until the socket is full or the queue is empty; what is left.
    #[inline(always)]
    pub(super) fn flush_output(&self, output: &mut Output) -> Result<usize> {
        let before = output.sent;
        let result = output.send(&self.socket);
        self.sent.store(output.sent, Ordering::Release);
        // Written under this lock alone.
        let had = self.queued.load(Ordering::Relaxed);
        if had + output.left() == 0 && self.tls.is_none() && result.is_ok() {
            // All that was new went at once: nobody else waits for it.
            return Ok(0);
        }
        self.tell_flushed(output, before, result)
    }

    /// Tells other threads what became of the queue.
    #[cold]
    fn tell_flushed(
        &self,
        output: &mut Output,
        before: u64,
        result: io::Result<()>,
    ) -> Result<usize> {
        let result = result.map_err(|error| {
            output.queue = Vec::new();
            output.start = 0;
            output.error.get_or_insert_with(|| self.lost(&error)).clone()
        });
        let (had, left) = (self.queued.load(Ordering::Relaxed), output.left());
        // For other threads by what follows: a change of `queued`, and the call of `departed`.
        self.queued.store(left, Ordering::SeqCst);
        if output.sent != before && had + left > 0 {
            // Somebody may be waiting: only then it matters when.
            self.progress_at.store(self.age(), Ordering::Relaxed);
        }
        if had == 0 && left > 0 {
            // A reader that waits already is to wait for writability too.
            self.arrived.wake();
        }
        if output.sent != before || result.is_err() {
            self.departed.wake();
        }
        result.map(|()| left)
    }

    fn not_reading(&self, idle: Duration) -> Error {
        let server = server_name(&self.host, self.port);
        let (left, after) = (self.queued(), idle.as_millis());
        let text = format!("{server} took none of the {left} bytes to be sent for {after} ms.");
        Error::new(ErrorKind::Timeout, text)
            .advise("The server does not read. The bytes stay queued; do not send them again.")
    }
}

/// Bytes on their way to the socket, in the order of the calls.
#[derive(Default)]
pub(super) struct Output {
    queue: Vec<u8>,
    /// So much of `queue` is sent.
    start: usize,
    /// All bytes ever sent.
    sent: u64,
    error: Option<Error>,
    /// The sending side is to be shut down when the queue is empty.
    pub(super) finishing: bool,
    /// The room of the last queue that was given away; the next one probably is as large.
    last: usize,
}

impl Output {
    /// Whether a frame can be queued as it is, without [`Output::prepare`].
    #[inline]
    fn is_ready(&self) -> bool {
        let room = (self.last <= KEPT) | (self.queue.capacity() > 0);
        self.error.is_none() & !self.finishing & (self.start == 0) & room
    }

    /// Makes room for a frame; fails when nothing more may be queued.
    #[cold]
    fn prepare(&mut self) -> Result<()> {
        self.check()?;
        self.compact();
        if self.last > KEPT && self.queue.capacity() == 0 {
            self.queue = spare::take(self.last);
        }
        Ok(())
    }

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

    /// Drops what was appended after `before`. Nothing large is held for nothing.
    #[cold]
    fn take_back(&mut self, before: usize) {
        self.queue.truncate(before);
        if before == 0 && self.queue.capacity() > KEPT {
            spare::give(std::mem::take(&mut self.queue));
        }
        self.queue.shrink_to(KEPT);
    }

    /// How much is queued.
    fn left(&self) -> usize {
        self.queue.len() - self.start
    }

    /// The place behind all that is queued.
    fn end(&self) -> u64 {
        self.sent + self.left() as u64
    }

    /// Drops what is sent once it is the larger part, so that each byte moves at most once.
    fn compact(&mut self) {
        if self.start > 0 && self.start >= self.queue.len() - self.start {
            self.queue.drain(..self.start);
            self.start = 0;
        }
    }

    #[inline]
    fn send(&mut self, socket: &Socket) -> io::Result<()> {
        if self.error.is_some() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let rest = self.queue.get(self.start..).unwrap_or_default();
        if !rest.is_empty() {
            let asked = rest.len();
            let n = sys::send(socket, rest).or_else(none_taken)?;
            self.start += n;
            self.sent += n as u64;
            // A socket that took a part is full.
            if n < asked {
                return Ok(());
            }
        }
        self.start = 0;
        self.queue.clear();
        self.last = self.queue.capacity();
        if self.last > KEPT || self.finishing {
            self.emptied(socket);
        }
        Ok(())
    }

    #[cold]
    fn emptied(&mut self, socket: &Socket) {
        if self.last > KEPT {
            // Nothing large is held while idle, but the next large frame finds it again.
            spare::give(std::mem::take(&mut self.queue));
        }
        if self.finishing {
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
    }
}

/// A full socket takes nothing.
#[cold]
fn none_taken(error: io::Error) -> io::Result<usize> {
    if error.kind() == io::ErrorKind::WouldBlock { Ok(0) } else { Err(error) }
}
