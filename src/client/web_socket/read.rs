//! The reading side: one frame a call, its data gathered until the program takes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{WebSocket, no_connection};
use crate::client::base::lock;
use crate::client::bin_data::BinData;
use crate::client::string_builder::StringBuilder;
use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::connection::{Connection, Fill};
use crate::net::wait::{Step, Watch, block_on};
use crate::proto::close::{CloseCode, CloseFrame};
use crate::proto::frame::Opcode;
use crate::proto::receiver::{Event, Limits, Receiver};

/// What a message may hold at most (DESIGN 4.6), also over several messages not taken.
const MESSAGE_LIMIT: u64 = 64 << 20;
/// From this size on payload is received straight into the message.
const DIRECT_FROM: usize = 16 << 10;
/// How often a step receives before it lets go of the locks and looks at the deadline: Pings alone
/// must not hold a reader for ever.
const RECEIVES_A_STEP: usize = 64;
/// How long the server gets to close the connection after the Close frames.
const LINGER: Duration = Duration::from_millis(500);

/// What receiving needs. Locked for a step, never while waiting.
#[derive(Default)]
pub(super) struct ReadSide {
    open: Option<Open>,
    /// Data of the frames since the last take, and what has come of the unfinished frame.
    data: Vec<u8>,
    /// So much of `data` belongs to finished frames.
    whole: usize,
    close_reason: String,
}

struct Open {
    connection: Arc<Connection>,
    receiver: Receiver,
    /// Where the data of the unfinished message begins in `data`.
    message_start: usize,
}

/// What a step came to, besides an error.
enum Progress {
    Frame,
    /// Nothing to read now; `moved` tells whether data has come since the last step.
    Pending {
        connection: Arc<Connection>,
        watch: Watch,
        moved: bool,
    },
    /// So much came without a frame to return that it is time to look at the deadline.
    Busy {
        connection: Arc<Connection>,
        moved: bool,
    },
    /// Both Close frames are exchanged.
    Closed,
}

impl ReadSide {
    pub(super) fn open(&mut self, connection: Arc<Connection>) {
        let limits = Limits { frame: MESSAGE_LIMIT, message: MESSAGE_LIMIT };
        let receiver = Receiver::new(limits);
        self.open = Some(Open { connection, receiver, message_start: self.data.len() });
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

impl WebSocket {
    /// Waits for one frame and adds its data to what the GetFrameData methods take.
    pub fn read_frame(&self) -> Result<()> {
        self.status.set_pong_consumed(false);
        let read = match self.read_step() {
            Ok(Progress::Frame) => Ok(()),
            Ok(Progress::Closed) => {
                self.finish_close();
                Ok(())
            }
            Ok(Progress::Pending { connection, .. } | Progress::Busy { connection, .. }) => {
                self.wait_for_frame(&connection)
            }
            Err(error) => Err(error),
        };
        match read {
            Ok(()) => {
                self.status.set_fail_reason(0);
                Ok(())
            }
            Err(error) => Err(self.read_failed(error)),
        }
    }

    fn wait_for_frame(&self, connection: &Arc<Connection>) -> Result<()> {
        let mut since = Instant::now();
        let mut deadline = |moved: bool| {
            if moved {
                since = Instant::now();
            }
            self.settings.idle_timeout().map(|idle| since + idle)
        };
        let closed = block_on(&[&self.cancel], || {
            loop {
                match self.read_step()? {
                    Progress::Frame => return Ok(Step::Done(false)),
                    Progress::Closed => return Ok(Step::Done(true)),
                    Progress::Pending { watch, moved, .. } => {
                        return Ok(Step::Wait { watch, deadline: deadline(moved) });
                    }
                    Progress::Busy { moved, .. } => {
                        if deadline(moved).is_some_and(|deadline| deadline <= Instant::now()) {
                            return Err(Error::new(ErrorKind::Timeout, "No frame came in time."));
                        }
                    }
                }
            }
        });
        if closed.map_err(|error| self.explain_wait(error, connection))? {
            self.finish_close();
        }
        Ok(())
    }

    /// Reads what is there: whole frames from the buffer, then from the socket.
    fn read_step(&self) -> Result<Progress> {
        let mut read = lock(&self.read);
        let ReadSide { open, data, whole, close_reason } = &mut *read;
        let Some(open) = open else {
            return Err(no_connection("the handshake is not done."));
        };
        let connection = Arc::clone(&open.connection);
        if connection.is_closed() {
            return Err(self.not_open());
        }
        let before = data.len();
        let mut input = lock(&connection.input);
        let mut receives = 0;
        loop {
            let taken = open.receiver.receive(input.bytes(), data);
            let (used, event) = match taken {
                Ok(taken) => taken,
                Err(error) => return Err(self.violated(error, &connection)),
            };
            input.consume(used);
            self.check_untaken(data, &connection)?;
            let event = match event {
                Some(event) => Some(event),
                None if receives == RECEIVES_A_STEP => {
                    let connection = Arc::clone(&connection);
                    return Ok(Progress::Busy { connection, moved: data.len() > before });
                }
                None => {
                    receives += 1;
                    match self.receive_more(open, &mut input, data)? {
                        Received::Event(event) => Some(event),
                        Received::More => None,
                        Received::Pending => break,
                    }
                }
            };
            if let Some(event) = event
                && let Some(progress) = self.on_event(event, open, data, whole, close_reason)?
            {
                return Ok(progress);
            }
        }
        input.release();
        let moved = data.len() > before;
        // Before the lock of the input goes: what another thread takes in after this is news.
        let watch = connection.watch(true);
        drop(input);
        Ok(Progress::Pending { connection, watch, moved })
    }

    /// One receive from the socket: into the buffer, or straight into the message if it is large.
    fn receive_more(
        &self,
        open: &mut Open,
        input: &mut Input,
        data: &mut Vec<u8>,
    ) -> Result<Received> {
        let connection = &open.connection;
        let direct = open.receiver.direct();
        let from = data.len();
        let fill = if direct >= DIRECT_FROM {
            connection.fill_direct(input, data, direct)
        } else {
            connection.fill(input)
        };
        let fill = fill.map_err(|error| match error.kind() {
            ErrorKind::NotConnected => self.not_open(),
            _ => error,
        })?;
        match fill {
            Fill::Pending => {
                lock(&self.write).send_waiting_pong();
                Ok(Received::Pending)
            }
            Fill::End => Err(self.lost(open)),
            Fill::Bytes(_) if self.cancel.is_cancelled() => {
                Err(Error::new(ErrorKind::Aborted, "ReadFrame was ended by the program."))
            }
            Fill::Bytes(_) => match open.receiver.appended(data, from) {
                Ok(Some(event)) => Ok(Received::Event(event)),
                Ok(None) => Ok(Received::More),
                Err(error) => Err(self.violated(error, connection)),
            },
        }
    }

    /// `None`: the event was handled on the way.
    fn on_event(
        &self,
        event: Event,
        open: &mut Open,
        data: &mut Vec<u8>,
        whole: &mut usize,
        close_reason: &mut String,
    ) -> Result<Option<Progress>> {
        match event {
            Event::Data { opcode, fin } => {
                self.status.set_final_frame(fin);
                *whole = data.len();
                if fin {
                    open.message_start = *whole;
                }
                Ok(Some(self.returned(opcode, *whole)))
            }
            Event::Ping(ping) if self.ping_auto_respond() => {
                lock(&self.write).answer_ping(ping);
                Ok(None)
            }
            Event::Ping(ping) => {
                lock(&self.write).keep_ping(ping);
                self.status.set_need_send_pong(true);
                Ok(Some(self.returned(Opcode::Ping, *whole)))
            }
            Event::Pong(_) if self.pong_auto_consume() => {
                self.status.set_pong_consumed(true);
                Ok(None)
            }
            Event::Pong(_) => Ok(Some(self.returned(Opcode::Pong, *whole))),
            Event::Close(frame) => {
                // a message that was not finished is dropped.
                data.truncate(open.message_start);
                *whole = data.len();
                let code = frame.code.map_or(0, |code| i32::from(code.get()));
                self.status.set_close_status_code(code);
                close_reason.clone_from(&frame.reason);
                self.status.set_close_received(true);
                self.returned(Opcode::Close, *whole);
                Ok(Some(self.answer_close(&frame)))
            }
        }
    }

    /// RFC 6455 5.5.1, R-46: the same code goes back, unless we closed first.
    fn answer_close(&self, received: &CloseFrame) -> Progress {
        let mut write = lock(&self.write);
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

    fn returned(&self, opcode: Opcode, whole: usize) -> Progress {
        self.status.set_opcode(i32::from(opcode.code()));
        self.status.set_frame_seen(true);
        self.status.set_data_len(i32::try_from(whole).unwrap_or(i32::MAX));
        Progress::Frame
    }

    /// Data that nobody takes must not grow without bound either.
    fn check_untaken(&self, data: &[u8], connection: &Arc<Connection>) -> Result<()> {
        if data.len() as u64 <= MESSAGE_LIMIT {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::TooBig,
            format!(
                "{} bytes were received and not taken; the limit is {MESSAGE_LIMIT}.",
                data.len()
            ),
        )
        .advise("Take each message with GetFrameData, GetFrameDataSb or GetFrameDataBd.");
        Err(self.violated(error, connection))
    }

    /// RFC 6455 7.1.7, R-51: says why in a Close frame; `read_failed` then ends the connection.
    #[cold]
    fn violated(&self, error: Error, connection: &Arc<Connection>) -> Error {
        if let Some(code) = error.kind().close_code().and_then(CloseCode::new) {
            lock(&self.write).close_once(&CloseFrame::new(code, ""));
            let _ = connection.flush();
        }
        error
    }

    #[cold]
    fn lost(&self, open: &Open) -> Error {
        let (host, port) = (open.connection.host(), open.connection.port());
        if self.status.close_received() {
            return self.not_open();
        }
        let inside = if open.receiver.in_progress() { " inside a message" } else { "" };
        Error::new(
            ErrorKind::ConnectionLost,
            format!("{host}:{port} ended the connection{inside} without a Close frame (1006)."),
        )
        .advise("Connect again with a new Rest and UseConnection.")
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
    fn read_failed(&self, error: Error) -> Error {
        let reason = error.kind().read_fail_reason();
        self.status.set_fail_reason(reason);
        if !matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Aborted) {
            self.finish_close();
        }
        error
    }

    #[cold]
    fn explain_wait(&self, error: Error, connection: &Connection) -> Error {
        match error.kind() {
            ErrorKind::Timeout => {
                let (host, port) = (connection.host(), connection.port());
                let ms = self.idle_timeout_ms();
                Error::new(ErrorKind::Timeout, format!("{host}:{port} sent nothing for {ms} ms."))
                    .advise(
                        "The connection is intact: call ReadFrame again, or raise IdleTimeoutMs.",
                    )
            }
            _ => error,
        }
    }

    /// Lets the server end the connection, for a bounded time, then closes it.
    pub(super) fn finish_close(&self) {
        self.status.set_connected(false);
        let Some(connection) = self.connection().filter(|connection| connection.is_open()) else {
            return;
        };
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
    }
}

enum Received {
    Event(Event),
    More,
    Pending,
}

/// Text that was received: bytes known to be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameText(Vec<u8>);

impl FrameText {
    /// The UTF-8.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        simdutf8::basic::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as a `String`.
    pub fn into_string(self) -> String {
        String::from_utf8(self.0)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl WebSocket {
    /// Takes the data read so far as text.
    pub fn get_frame_data(&self) -> Result<FrameText> {
        let mut read = lock(&self.read);
        check_text(read.data.get(..read.whole).unwrap_or_default())?;
        Ok(FrameText(self.take(&mut read)))
    }

    /// Takes the data read so far as text and appends it to `sb`.
    pub fn get_frame_data_sb(&self, sb: &StringBuilder) -> Result<()> {
        sb.append_string(self.get_frame_data()?.into_string());
        Ok(())
    }

    /// Takes the data read so far and appends it to `bin_data`.
    pub fn get_frame_data_bd(&self, bin_data: &BinData) -> Result<()> {
        let data = self.take(&mut lock(&self.read));
        bin_data.append_vec(data);
        Ok(())
    }

    /// The data of whole frames; what has come of an unfinished one stays.
    fn take(&self, read: &mut ReadSide) -> Vec<u8> {
        self.status.set_data_len(0);
        if let Some(open) = &mut read.open {
            open.message_start = 0;
        }
        let whole = std::mem::take(&mut read.whole);
        if whole == read.data.len() {
            return std::mem::take(&mut read.data);
        }
        let unfinished = read.data.split_off(whole);
        std::mem::replace(&mut read.data, unfinished)
    }

    /// The type of the last frame by name; empty before the first.
    pub fn frame_opcode(&self) -> &'static str {
        if !self.status.frame_seen() {
            return "";
        }
        let code = u8::try_from(self.status.frame_opcode_int()).ok();
        code.and_then(Opcode::from_code).map_or("", Opcode::name)
    }

    /// The reason of the Close that was received.
    pub fn close_reason(&self) -> String {
        lock(&self.read).close_reason.clone()
    }

    /// Whether ReadFrame has something to read, without waiting.
    pub fn poll_data_available(&self) -> Result<bool> {
        let read = lock(&self.read);
        let Some(open) = &read.open else { return Ok(false) };
        if !self.status.is_connected() {
            return Ok(false);
        }
        let mut input = lock(&open.connection.input);
        if !input.bytes().is_empty() {
            return Ok(true);
        }
        Ok(!matches!(open.connection.fill_now(&mut input), Ok(Fill::Pending)))
    }
}

fn check_text(bytes: &[u8]) -> Result<()> {
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    Err(Error::new(
        ErrorKind::Text,
        format!("The {} bytes received are not UTF-8 text, from offset {at} on.", bytes.len()),
    )
    .advise(
        "Nothing was taken. Use GetFrameDataBd for binary data, or read on to the final frame.",
    ))
}
