//! The reading side: one frame a call, its data gathered until the program takes it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::data::{DIRECT_FROM, Data};
use super::settings::Settings;
use super::{WebSocket, no_connection};
use crate::client::FrameStatus;
use crate::client::base::lock;
use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::connection::{Connection, Fill};
use crate::net::wait::{Step, Watch, block_on};
use crate::proto::close::{CloseCode, CloseFrame};
use crate::proto::extension::Agreed;
use crate::proto::frame::Opcode;
use crate::proto::receiver::{Event, Limits, Receiver};

/// How often a step receives before it lets go of the locks and looks at the deadline: Pings alone
/// must not hold a reader for ever.
const RECEIVES_A_STEP: usize = 64;
/// How long the server gets to close the connection after the Close frames.
const LINGER: Duration = Duration::from_millis(500);

/// What receiving needs. Locked for a step, never while waiting.
#[derive(Default)]
pub(super) struct ReadSide {
    open: Option<Open>,
    /// What was received and not yet taken apart. Empty whenever more is wanted: then what other
    /// threads took in meanwhile comes next, and after that the socket.
    pub(super) input: Input,
    pub(super) data: Data,
    /// What `data` may hold, also of several messages that were not taken; 0 is no limit.
    limit: u64,
    close_reason: String,
    extensions: String,
}

struct Open {
    connection: Arc<Connection>,
    receiver: Receiver,
}

/// What a step came to, besides an error.
enum Progress {
    Frame,
    /// Nothing to read now; `moved` tells whether data has come since the last step.
    Pending {
        watch: Watch,
        moved: bool,
    },
    /// So much came without a frame to return that it is time to look at the deadline.
    Busy {
        moved: bool,
    },
    /// Both Close frames are exchanged.
    Closed,
}

impl ReadSide {
    pub(super) fn open(
        &mut self,
        connection: Arc<Connection>,
        settings: &Settings,
        deflate: Option<&Agreed>,
    ) {
        let limits = settings.limits();
        let mut receiver = Receiver::new(limits);
        self.limit = limits.message;
        if let Some(agreed) = deflate {
            receiver = receiver.with_deflate(agreed);
            self.extensions = agreed.to_string();
        }
        self.open = Some(Open { connection, receiver });
    }

    /// The limits hold from the next frame on.
    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limit = limits.message;
        if let Some(open) = &mut self.open {
            open.receiver.set_limits(limits);
        }
    }

    pub(super) fn extensions(&self) -> &str {
        &self.extensions
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Nobody waits any more: gives the receive buffer back.
    fn release(&mut self) {
        if let Some(open) = &self.open {
            open.connection.unwatch();
        }
        self.data.settle(&self.input);
        self.input.release();
    }
}

impl WebSocket {
    /// Waits for one frame and adds its data to what the GetFrameData methods take.
    #[inline(always)]
    pub fn read_frame(&self) -> Result<()> {
        let status = &*self.status;
        status.set_pong_consumed(false);
        if self.read_received_frame(status) {
            status.set_fail_reason(0);
            return Ok(());
        }
        self.read_next_frame()
    }

    /// The usual case where many small messages come: the next one is there, whole, in one frame.
    /// False leaves all to [`WebSocket::read_step`].
    #[inline(always)]
    fn read_received_frame(&self, status: &FrameStatus) -> bool {
        let ReadSide { open, input, data, .. } = &mut *self.read.lock();
        let Some(open) = open.as_ref().filter(|open| !open.connection.is_closed()) else {
            return false;
        };
        !status.close_received() && take_whole(status, open, input, data)
    }

    #[inline(never)]
    fn read_next_frame(&self) -> Result<()> {
        let session = self.session();
        let read = match self.read_step() {
            Ok(Progress::Frame) => Ok(()),
            Ok(Progress::Closed) => {
                self.finish_close();
                Ok(())
            }
            Ok(unfinished) => self.wait_for_frame(unfinished),
            Err(error) => Err(error),
        };
        match read {
            Ok(()) => {
                self.status.set_fail_reason(0);
                Ok(())
            }
            Err(error) => Err(self.read_failed(error, session)),
        }
    }

    /// Goes on where `unfinished` ended: the socket is not asked again before the wait.
    fn wait_for_frame(&self, unfinished: Progress) -> Result<()> {
        let mut unfinished = Some(unfinished);
        let mut next = || unfinished.take().map_or_else(|| self.read_step(), Ok);
        let mut since = Instant::now();
        let mut deadline = |moved: bool| {
            if moved {
                since = Instant::now();
            }
            self.settings.idle_timeout().map(|idle| since + idle)
        };
        let closed = block_on(&[&self.cancel], || match next()? {
            Progress::Frame => Ok(Step::Done(false)),
            Progress::Closed => Ok(Step::Done(true)),
            Progress::Pending { watch, moved } => {
                Ok(Step::Wait { watch, deadline: deadline(moved) })
            }
            Progress::Busy { moved } => {
                if deadline(moved).is_some_and(|deadline| deadline <= Instant::now()) {
                    return Err(Error::new(ErrorKind::Timeout, "No frame came in time."));
                }
                Ok(Step::Again)
            }
        });
        let closed = closed.map_err(|error| {
            self.read.lock().release();
            self.explain_wait(error)
        });
        if closed? {
            self.finish_close();
        }
        Ok(())
    }

    /// Reads what is there: whole frames from the buffer, then from the socket.
    fn read_step(&self) -> Result<Progress> {
        let mut read = self.read.lock();
        let ReadSide { open, input, data, limit, close_reason, .. } = &mut *read;
        let Some(open) = open else {
            return Err(no_connection("the handshake is not done."));
        };
        if open.connection.is_closed() {
            return Err(self.not_open());
        }
        if self.status.close_received() {
            return Err(close_unanswered());
        }
        data.settle(input);
        let before = data.len();
        for _ in 0..=RECEIVES_A_STEP {
            // All events of what was received before; then more is received.
            if !input.is_empty() {
                if take_whole(&self.status, open, input, data) {
                    return Ok(Progress::Frame);
                }
                if let Some(progress) = self.take_apart(open, input, data, *limit, close_reason)? {
                    return Ok(progress);
                }
            }
            match self.receive_more(open, input, data)? {
                Received::More => {}
                Received::Direct { from } => {
                    let event = open.receiver.appended(&data.bytes, from);
                    let event = event.map_err(|error| self.violated(error, &open.connection))?;
                    self.check_untaken(data, *limit, &open.connection)?;
                    let progress =
                        event.map(|event| self.on_event(event, data, close_reason)).transpose()?;
                    if let Some(progress) = progress.flatten() {
                        return Ok(progress);
                    }
                }
                Received::Wait(watch) => {
                    let moved = data.len() > before;
                    data.release();
                    return Ok(Progress::Pending { watch, moved });
                }
            }
        }
        let moved = data.len() > before;
        Ok(Progress::Busy { moved })
    }

    /// Takes what was received apart, up to an event that ends the call; `None` when all is used up.
    fn take_apart(
        &self,
        open: &mut Open,
        input: &mut Input,
        data: &mut Data,
        limit: u64,
        close_reason: &mut String,
    ) -> Result<Option<Progress>> {
        // Limits hold from the next frame on, and without bytes there is none.
        while !input.is_empty() {
            let Open { connection, receiver } = open;
            let taken = receiver.receive(input.bytes(), &mut data.bytes);
            let (used, event) = taken.map_err(|error| self.violated(error, connection))?;
            input.consume(used);
            self.check_untaken(data, limit, connection)?;
            let Some(event) = event else { break };
            if let Some(progress) = self.on_event(event, data, close_reason)? {
                return Ok(Some(progress));
            }
        }
        Ok(None)
    }

    /// One receive from the socket: into the buffer, or straight into the message if it is large.
    fn receive_more(
        &self,
        open: &mut Open,
        input: &mut Input,
        data: &mut Data,
    ) -> Result<Received> {
        let Open { connection, receiver } = open;
        // What other threads took in comes first; it moves by pointer. The lock is held until the socket
        // was asked, so that nobody takes bytes in between.
        let mut shared = lock(&connection.input);
        if !shared.is_empty() {
            std::mem::swap(&mut *shared, input);
        }
        shared.release();
        if !input.is_empty() {
            return Ok(Received::More);
        }
        let direct = receiver.direct();
        let from = data.bytes.len();
        let fill = if direct >= DIRECT_FROM {
            data.prepare(direct);
            connection.fill_direct(input, &mut data.bytes, direct)
        } else {
            connection.fill(input)
        };
        match fill.map_err(|error| self.explain_end(error))? {
            Fill::Pending => {
                // Before the lock of the input goes: what another thread takes in now is news. And before
                // the Pong: it waits while the queue is not empty, and then so does the watch.
                let watch = connection.watch_for(direct);
                self.send_waiting_pong();
                Ok(Received::Wait(watch))
            }
            Fill::End => Err(self.lost(connection, receiver)),
            Fill::Bytes(_) if self.cancel.is_cancelled() => {
                Err(Error::new(ErrorKind::Aborted, "ReadFrame was ended by the program."))
            }
            Fill::Bytes(_) => {
                // A server that is never silent gets its Pong too.
                self.send_waiting_pong();
                let direct = direct >= DIRECT_FROM;
                Ok(if direct { Received::Direct { from } } else { Received::More })
            }
        }
    }

    #[inline]
    fn send_waiting_pong(&self) {
        if self.pong_waits.load(Ordering::Relaxed) {
            let waits = self.write.lock().send_waiting_pong();
            self.pong_waits.store(waits, Ordering::Relaxed);
        }
    }

    /// `None`: the event was handled on the way.
    fn on_event(
        &self,
        event: Event,
        data: &mut Data,
        close_reason: &mut String,
    ) -> Result<Option<Progress>> {
        match event {
            Event::Data { opcode, fin } => {
                self.on_data(opcode, fin, data);
                Ok(Some(Progress::Frame))
            }
            Event::Ping(ping) if self.ping_auto_respond() => {
                let waits = self.write.lock().answer_ping(ping);
                self.pong_waits.store(waits, Ordering::Relaxed);
                Ok(None)
            }
            Event::Ping(ping) => {
                self.write.lock().keep_ping(ping);
                self.status.set_need_send_pong(true);
                returned(&self.status, Opcode::Ping, data.ready);
                Ok(Some(Progress::Frame))
            }
            Event::Pong(_) if self.pong_auto_consume() => {
                self.status.set_pong_consumed(true);
                Ok(None)
            }
            Event::Pong(_) => {
                returned(&self.status, Opcode::Pong, data.ready);
                Ok(Some(Progress::Frame))
            }
            Event::Close(frame) => {
                // a message that was not finished is dropped.
                data.drop_unfinished();
                let code = frame.code.map_or(0, |code| i32::from(code.get()));
                self.status.set_close_status_code(code);
                close_reason.clone_from(&frame.reason);
                self.status.set_close_received(true);
                returned(&self.status, Opcode::Close, data.ready);
                Ok(Some(self.answer_close(&frame)))
            }
        }
    }

    #[inline]
    fn on_data(&self, opcode: Opcode, fin: bool, data: &mut Data) {
        self.status.set_final_frame(fin);
        data.frame_ended(opcode, fin);
        returned(&self.status, opcode, data.ready);
    }

    /// RFC 6455 5.5.1, R-46: the same code goes back, unless we closed first.
    fn answer_close(&self, received: &CloseFrame) -> Progress {
        let mut write = self.write.lock();
        if write.close_sent() {
            return Progress::Closed;
        }
        if !self.close_auto_respond() {
            return Progress::Frame;
        }
        let answer =
            received.code.map_or_else(CloseFrame::default, |code| CloseFrame::new(code, ""));
        write.close_once(&answer);
        Progress::Closed
    }

    /// Data that nobody takes must not grow without bound either.
    #[inline]
    fn check_untaken(&self, data: &Data, limit: u64, connection: &Arc<Connection>) -> Result<()> {
        let held = data.len();
        if held as u64 <= limit || limit == 0 {
            return Ok(());
        }
        let text = format!("{held} bytes were received and not taken; MaxMessageSize is {limit}.");
        let error = Error::new(ErrorKind::TooBig, text)
            .advise("Take each message with GetFrameData, GetFrameDataSb or GetFrameDataBd.");
        Err(self.violated(error, connection))
    }

    /// RFC 6455 7.1.7, R-51: says why in a Close frame; `read_failed` then ends the connection.
    #[cold]
    fn violated(&self, error: Error, connection: &Arc<Connection>) -> Error {
        if let Some(code) = error.kind().close_code().and_then(CloseCode::new) {
            self.write.lock().close_once(&CloseFrame::new(code, ""));
            let _ = connection.flush();
        }
        error
    }

    #[cold]
    fn lost(&self, connection: &Connection, receiver: &Receiver) -> Error {
        let (host, port) = (connection.host(), connection.port());
        if self.status.close_received() {
            return self.not_open();
        }
        let inside = if receiver.in_progress() { " inside a message" } else { "" };
        Error::new(
            ErrorKind::ConnectionLost,
            format!("{host}:{port} ended the connection{inside} without a Close frame (1006)."),
        )
        .advise("Connect again with a new Rest and UseConnection.")
    }

    #[cold]
    fn explain_end(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::NotConnected { self.not_open() } else { error }
    }

    #[cold]
    fn not_open(&self) -> Error {
        if self.status.close_received() {
            let code = self.status.close_status_code();
            return no_connection(&format!("the server's Close frame was read (status {code})."));
        }
        no_connection("the connection was closed.")
    }

    /// Sets ReadFrameFailReason; a failure that leaves nothing to read from closes the connection.
    #[cold]
    fn read_failed(&self, error: Error, session: usize) -> Error {
        let reason = error.kind().read_fail_reason();
        self.status.set_fail_reason(reason);
        // After a Close that waits for its answer (State) the connection is still needed.
        let usable =
            matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Aborted | ErrorKind::State);
        if !usable && session == self.session() {
            self.finish_close();
        }
        error
    }

    #[cold]
    fn explain_wait(&self, error: Error) -> Error {
        let Some(connection) = self.connection().filter(|connection| connection.is_open()) else {
            return error;
        };
        match error.kind() {
            ErrorKind::Timeout => {
                let (host, port, ms) =
                    (connection.host(), connection.port(), self.idle_timeout_ms());
                Error::new(ErrorKind::Timeout, format!("{host}:{port} sent no data for {ms} ms."))
                    .advise(
                        "The connection is intact: call ReadFrame again, or raise IdleTimeoutMs.",
                    )
            }
            ErrorKind::Aborted if !self.cancel.is_cancelled() => {
                error.advise("The connection is intact: call ReadFrame again to go on.")
            }
            _ => error,
        }
    }

    /// Lets the server end the connection, for a bounded time, then closes it.
    pub(super) fn finish_close(&self) {
        self.status.set_connected(false);
        let Some(connection) = self.connection() else { return };
        if !connection.is_open() {
            // A server that ended its side alone is not left waiting for the end of ours.
            connection.close();
            return self.release(&connection);
        }
        let idle = self.settings.idle_timeout().unwrap_or(LINGER);
        let deadline = Instant::now() + idle.min(LINGER);
        // Whatever goes wrong here, the connection is closed next.
        let _ = block_on(&[&self.cancel], || {
            let mut input = lock(&connection.input);
            while Instant::now() < deadline {
                let rest = input.len();
                input.consume(rest);
                match connection.fill(&mut input)? {
                    Fill::Bytes(_) => {}
                    Fill::End => return Ok(Step::Done(())),
                    Fill::Pending => {
                        let watch = connection.watch(true);
                        return Ok(Step::Wait { watch, deadline: Some(deadline) });
                    }
                }
            }
            Ok(Step::Done(()))
        });
        connection.shut_down();
        connection.close();
        self.release(&connection);
    }

    /// The session is over: what came and was not taken apart never will be.
    fn release(&self, connection: &Connection) {
        let mut read = self.read.lock();
        let ReadSide { data, input, .. } = &mut *read;
        data.settle(input);
        for input in [input, &mut *lock(&connection.input)] {
            input.consume(usize::MAX);
            input.release();
        }
    }
}

/// Takes a message that is in `input` as a whole, and leaves its data there. False if there is none,
/// or other data before it.
#[inline(always)]
fn take_whole(status: &FrameStatus, open: &Open, input: &mut Input, data: &mut Data) -> bool {
    if !data.is_empty() {
        return false;
    }
    let Some(message) = open.receiver.whole_message(input.bytes()) else { return false };
    input.consume(message.used);
    data.message_stays_in(input, message.len, message.opcode);
    status.set_final_frame(true);
    returned(status, message.opcode, message.len);
    true
}

#[inline]
fn returned(status: &FrameStatus, opcode: Opcode, ready: usize) {
    status.set_opcode(i32::from(opcode.code()));
    status.set_frame_seen(true);
    status.set_data_len(i32::try_from(ready).unwrap_or(i32::MAX));
}

/// Nothing can follow a Close, so that there is nothing to wait for.
#[cold]
fn close_unanswered() -> Error {
    Error::new(ErrorKind::State, "The server's Close frame was read; nothing comes after it.")
        .advise("Answer with SendClose, or set CloseAutoRespond to true before reading.")
}

enum Received {
    /// Into the buffer.
    More,
    /// Into the message, from there on.
    Direct {
        from: usize,
    },
    Wait(Watch),
}

impl WebSocket {
    /// The reason of the Close that was received.
    pub fn close_reason(&self) -> String {
        self.read.lock().close_reason.clone()
    }

    /// Whether ReadFrame has something to read, without waiting.
    pub fn poll_data_available(&self) -> Result<bool> {
        let read = self.read.lock();
        let Some(open) = &read.open else { return Ok(false) };
        if !self.status.is_connected() {
            return Ok(false);
        }
        if !read.input.is_empty() {
            return Ok(true);
        }
        let mut input = lock(&open.connection.input);
        if !input.is_empty() {
            return Ok(true);
        }
        Ok(!matches!(open.connection.fill_now(&mut input), Ok(Fill::Pending)))
    }
}
