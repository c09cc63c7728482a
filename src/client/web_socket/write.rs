//! The writing side: frames out, from any thread.

use std::sync::Arc;

use super::{WebSocket, no_connection};
use crate::client::base::lock;
use crate::client::bin_data::BinData;
use crate::client::charset;
use crate::client::string_builder::StringBuilder;
use crate::error::{Error, ErrorKind, Result};
use crate::net::connection::{Connection, QUEUE_LIMIT, Ticket};
use crate::proto::close::{CloseCode, CloseFrame, truncate_to};
use crate::proto::frame::Control;
use crate::proto::mask::MaskKeys;
use crate::proto::sender::{Payload, Sender};
use crate::sync::MutexGuard;

/// The payload of a Ping or Pong, RFC 6455 5.5.
const CONTROL_MAX: usize = 125;

/// The text of a frame.
#[derive(Debug, Clone, Copy)]
pub enum TextToSend<'a> {
    /// Text.
    Checked(&'a str),
    /// Long text that is checked while it is sent; not UTF-8 perhaps.
    Unchecked(&'a [u8]),
}

impl<'a> From<&'a str> for TextToSend<'a> {
    fn from(text: &'a str) -> Self {
        Self::Checked(text)
    }
}

/// What a sender has to wait for. It is rare, and goes in a box: that there is nothing fits in a
/// register.
enum Unsent {
    /// The frame is on its way.
    Frame(Arc<Connection>, Ticket),
    /// Frames of other threads fill the queue: nothing was done.
    NoRoom(Arc<Connection>),
}

/// What sending needs. Locked for the encoding of a frame, never while waiting.
#[derive(Default)]
pub(super) struct WriteSide {
    open: Option<Open>,
    /// The Ping that SendPong will answer.
    ping: Option<Control>,
}

struct Open {
    connection: Arc<Connection>,
    sender: Sender,
    keys: MaskKeys,
    /// Whether messages are compressed, by the deflater of this session.
    compressing: bool,
    /// The automatic Pong that waits for room; a newer one replaces it.
    pong: Option<Control>,
}

impl WriteSide {
    pub(super) fn open(&mut self, connection: Arc<Connection>, keys: MaskKeys, compressing: bool) {
        let sender = Sender::new();
        self.open = Some(Open { connection, sender, keys, compressing, pong: None });
        self.ping = None;
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn connection(&self) -> Option<&Arc<Connection>> {
        self.open.as_ref().map(|open| &open.connection)
    }

    /// Keeps a Ping for SendPong; only the latest is to be answered (RFC 6455 5.5.3).
    pub(super) fn keep_ping(&mut self, ping: Control) {
        self.ping = Some(ping);
    }

    fn encode(
        &mut self,
        encode: impl FnOnce(&mut Sender, &mut MaskKeys, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Box<Unsent>>> {
        self.usable()?.encode(encode)
    }

    /// UseConnection may have begun another session while a message was compressed.
    fn check_session(&self, connection: &Arc<Connection>) -> Result<()> {
        match self.connection() {
            Some(current) if Arc::ptr_eq(current, connection) => Ok(()),
            _ => Err(no_connection("the connection is closed.")),
        }
    }

    #[inline]
    fn usable(&mut self) -> Result<&mut Open> {
        match &mut self.open {
            Some(open) if open.connection.is_open() => Ok(open),
            Some(_) => Err(no_connection("the connection is closed.")),
            None => Err(no_connection("the handshake is not done.")),
        }
    }

    /// Answers a Ping without waiting. While earlier bytes are not sent, only the newest is kept,
    /// so that a flood of Pings costs no memory. Returns whether it waits.
    pub(super) fn answer_ping(&mut self, ping: Control) -> bool {
        if let Some(open) = &mut self.open {
            open.pong = Some(ping);
        }
        self.send_waiting_pong()
    }

    /// Sends the Pong that waits, if there is room now. Returns whether it waits on.
    pub(super) fn send_waiting_pong(&mut self) -> bool {
        self.open.as_mut().is_some_and(Open::send_waiting_pong)
    }

    /// Sends a Close, without waiting, unless one was sent. A server that has gone already does not
    /// need it: what it said before is still to be read.
    pub(super) fn close_once(&mut self, frame: &CloseFrame) {
        if !self.close_sent() {
            let _ = self.encode(|sender, keys, out| sender.close(frame, keys, out));
        }
    }

    pub(super) fn close_sent(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.sender.close_sent())
    }
}

impl Open {
    #[inline(always)]
    fn encode(
        &mut self,
        encode: impl FnOnce(&mut Sender, &mut MaskKeys, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Option<Box<Unsent>>> {
        if self.pong.is_some() {
            // A thread that sends without a pause must not hold it back for ever.
            self.send_pong();
        }
        let Self { connection, sender, keys, .. } = self;
        let ticket = connection.send_with(|out| encode(sender, keys, out))?;
        Ok(ticket.map(|ticket| self.on_its_way(ticket)))
    }

    #[cold]
    fn on_its_way(&self, ticket: Ticket) -> Box<Unsent> {
        Box::new(Unsent::Frame(Arc::clone(&self.connection), ticket))
    }

    /// Whether so much waits already that no data is to be queued before it is less.
    fn is_full(&self) -> bool {
        self.connection.queued() >= QUEUE_LIMIT
    }

    #[cold]
    fn no_room(&self) -> Box<Unsent> {
        Box::new(Unsent::NoRoom(Arc::clone(&self.connection)))
    }

    fn send_waiting_pong(&mut self) -> bool {
        if self.connection.queued() == 0 {
            self.send_pong();
        }
        self.pong.is_some()
    }

    #[cold]
    fn send_pong(&mut self) {
        let Self { connection, sender, keys, pong, .. } = self;
        if let Some(pong) = pong.take() {
            // A failure to send is for the senders: there may still be something to read.
            let _ = connection.send_with(|out| sender.pong(pong.as_slice(), keys, out));
        }
    }
}

impl WebSocket {
    /// Sends one frame of a text message.
    #[inline(always)]
    pub fn send_frame<'a>(
        &self,
        string_to_send: impl Into<TextToSend<'a>>,
        final_frame: bool,
    ) -> Result<()> {
        match string_to_send.into() {
            TextToSend::Checked(text) => {
                self.send_data(|| self.queue_data(Payload::Text(text), final_frame))
            }
            TextToSend::Unchecked(text) => self.send_unchecked(text, final_frame),
        }
    }

    #[inline(never)]
    fn send_unchecked(&self, text: &[u8], fin: bool) -> Result<()> {
        let not_utf8 = || charset::not_utf8("stringToSend", text);
        let mut write = self.write.lock();
        let open = write.usable()?;
        if !open.compressing && !open.is_full() {
            let sent = open.encode(|sender, keys, out| sender.text(text, fin, keys, out));
            drop(write);
            let unsent = sent.map_err(|error| match error.kind() {
                ErrorKind::Text => not_utf8(),
                _ => error,
            })?;
            return unsent.map_or(Ok(()), |unsent| self.wait_for(&unsent));
        }
        drop(write);
        // Text that is refused is refused before it waits for room.
        let text = simdutf8::basic::from_utf8(text).map_err(|_| not_utf8())?;
        self.send_data(|| self.queue_data(Payload::Text(text), fin))
    }

    /// Sends one frame of a text message, the text of `sb_to_send`.
    #[inline]
    pub fn send_frame_sb(&self, sb_to_send: &StringBuilder, final_frame: bool) -> Result<()> {
        let queue = |text: &str| self.queue_data(Payload::Text(text), final_frame);
        self.send_data(|| sb_to_send.with_str(queue))
    }

    /// Sends one frame of a binary message, the bytes of `bd_to_send`.
    #[inline(always)]
    pub fn send_frame_bd(&self, bd_to_send: &BinData, final_frame: bool) -> Result<()> {
        let queue = |bytes: &[u8]| self.queue_data(Payload::Binary(bytes), final_frame);
        self.send_data(|| bd_to_send.with_bytes(queue))
    }

    /// Sends a Ping; the text is cut to 125 bytes.
    pub fn send_ping(&self, ping_data: &str) -> Result<()> {
        let payload = truncate_to(ping_data, CONTROL_MAX).as_bytes();
        self.send(|sender, keys, out| sender.ping(payload, keys, out))
    }

    /// Sends a Pong with the data of the Ping that waits for its answer, else an empty one.
    pub fn send_pong(&self) -> Result<()> {
        let mut write = self.write.lock();
        let payload = write.ping.clone().unwrap_or_default();
        // RFC 6455 5.5.2, R-40: also after our own Close, until the server's arrives.
        if self.status.close_received() {
            return Err(no_connection("the server's Close frame was received."));
        }
        let sent = write.encode(|sender, keys, out| sender.pong(payload.as_slice(), keys, out));
        let unsent = sent?;
        write.ping = None;
        drop(write);
        self.status.set_need_send_pong(false);
        unsent.map_or(Ok(()), |unsent| self.wait_for(&unsent))
    }

    /// Sends a Close. If it answers one of the server, the connection is closed.
    pub fn send_close(&self, include_status: bool, status_code: i32, reason: &str) -> Result<()> {
        let frame = close_frame(include_status, status_code, reason)?;
        self.send(|sender, keys, out| sender.close(&frame, keys, out))?;
        if self.status.close_received() {
            self.finish_close();
        }
        Ok(())
    }

    /// Queues a frame when there is room, and waits until it is sent. Many threads that send at once
    /// hold the queue's limit and one frame, not a frame each.
    #[inline(always)]
    fn send_data(&self, queue: impl Fn() -> Result<Option<Box<Unsent>>>) -> Result<()> {
        while let Some(unsent) = queue()? {
            self.wait_for(&unsent)?;
            if !matches!(*unsent, Unsent::NoRoom(_)) {
                break;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn queue_data(&self, payload: Payload<'_>, fin: bool) -> Result<Option<Box<Unsent>>> {
        let mut write = self.write.lock();
        let open = write.usable()?;
        if open.compressing {
            return self.queue_compressed(write, payload, fin);
        }
        if open.is_full() {
            return Ok(Some(open.no_room()));
        }
        open.encode(|sender, keys, out| {
            let frame = sender.admit_payload(payload, fin)?;
            sender.write(frame, payload.bytes(), None, keys, out)
        })
    }

    /// Compressing may take long: only other senders of data wait for it, neither a reader that
    /// answers a Ping nor who closes the connection.
    #[inline(never)]
    fn queue_compressed(
        &self,
        write: MutexGuard<'_, WriteSide>,
        payload: Payload<'_>,
        fin: bool,
    ) -> Result<Option<Box<Unsent>>> {
        // In the order of the locks the deflater comes first.
        drop(write);
        let mut deflater = lock(&self.deflater);
        let Some(deflater) = deflater.as_mut() else {
            return Err(no_connection("the handshake is not done."));
        };
        let session = self.session();
        let mut write = self.write.lock();
        let open = write.usable()?;
        let connection = Arc::clone(&open.connection);
        if open.is_full() {
            return Ok(Some(open.no_room()));
        }
        // Takes note of a frame that will be encoded later.
        let frame = open.sender.admit_payload(payload, fin)?;
        drop(write);
        let payload = payload.bytes();
        let place = (frame.is_first(), fin);
        let go_on = || connection.is_open() && !self.cancel.is_cancelled();
        let min_size = self.settings.compression.min_size();
        let compressed = deflater.frame(payload, place, min_size, go_on).inspect_err(|_| {
            // A frame was admitted that will never come.
            connection.close();
            if self.session() == session {
                self.status.set_connected(false);
            }
        })?;
        let mut write = self.write.lock();
        write.check_session(&connection)?;
        let sent =
            write.encode(|sender, keys, out| sender.write(frame, payload, compressed, keys, out));
        drop(write);
        deflater.release();
        sent
    }

    fn send(
        &self,
        encode: impl FnOnce(&mut Sender, &mut MaskKeys, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        let unsent = self.write.lock().encode(encode)?;
        unsent.map_or(Ok(()), |unsent| self.wait_for(&unsent))
    }

    #[cold]
    fn wait_for(&self, unsent: &Unsent) -> Result<()> {
        match unsent {
            Unsent::Frame(connection, ticket) => self.wait_until_sent(connection, *ticket),
            Unsent::NoRoom(connection) => self.wait_for_room(connection),
        }
    }

    /// Waits until the operating system has the frame. A frame that cannot get out ends the
    /// connection: nothing sensible can follow a part of it.
    fn wait_until_sent(&self, connection: &Connection, ticket: Ticket) -> Result<()> {
        let idle = self.settings.idle_timeout();
        connection.send_all(Some(ticket), idle, &[&self.cancel]).map_err(|error| {
            // A server that broke the connection may have said why: ReadFrame can still tell.
            if error.kind() != ErrorKind::ConnectionLost {
                connection.close();
                self.status.set_connected(false);
            }
            self.explain_send(error, connection)
        })
    }

    fn wait_for_room(&self, connection: &Connection) -> Result<()> {
        let room = connection.make_room(self.settings.idle_timeout(), &[&self.cancel]);
        room.map_err(|error| match error.kind() {
            ErrorKind::Timeout => {
                let (host, port) = (connection.host(), connection.port());
                let ms = self.idle_timeout_ms();
                let text = format!(
                    "{host}:{port} took no data for {ms} ms; frames of other threads wait, and \
                     nothing of this one was sent."
                );
                Error::new(ErrorKind::Timeout, text)
                    .advise("Look at IsConnected; while it is true, send it again.")
            }
            _ => error,
        })
    }

    fn explain_send(&self, error: Error, connection: &Connection) -> Error {
        if error.kind() != ErrorKind::Timeout {
            return error;
        }
        let (host, port, ms) = (connection.host(), connection.port(), self.idle_timeout_ms());
        Error::new(
            ErrorKind::Timeout,
            format!("{host}:{port} took no data for {ms} ms; the frame could not be sent whole."),
        )
        .advise("The connection is closed, as nothing can follow half a frame. Connect again.")
    }
}

/// RFC 6455 7.4, R-47, R-48.
fn close_frame(include_status: bool, status_code: i32, reason: &str) -> Result<CloseFrame> {
    if !include_status {
        return Ok(CloseFrame::default());
    }
    let code = u16::try_from(status_code).ok().and_then(CloseCode::new);
    let code = code.ok_or_else(|| {
        Error::new(
            ErrorKind::Argument,
            format!("RFC 6455 does not allow the status code {status_code} in a Close frame."),
        )
        .advise("Use 1000 for a normal end, 1001 to 1003 and 1007 to 1014 as RFC 6455 and its registry define them, or 3000 to 4999 for your own.")
    })?;
    Ok(CloseFrame::new(code, reason))
}
