//! The receiving side of a connection: bytes in, events out.

use crate::error::{Error, ErrorKind, Result};
use crate::proto::close::CloseFrame;
use crate::proto::deflate::Inflater;
use crate::proto::extension::Agreed;
use crate::proto::frame::{HEADER_MAX, Header, Opcode, Rules};
use crate::proto::utf8::Utf8Stream;

pub use crate::proto::frame::Control;

/// What may arrive at most, in bytes; 0 is no limit..
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The payload of one data frame, after inflating.
    pub frame: u64,
    /// The payload of one message, over all its frames, after inflating.
    pub message: u64,
}

impl Limits {
    const fn lower(self) -> u64 {
        match (self.frame, self.message) {
            (0, 0) => u64::MAX,
            (0, only) | (only, 0) => only,
            (frame, message) => {
                if frame < message {
                    frame
                } else {
                    message
                }
            }
        }
    }
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole data frame; its payload was appended to the message.
    Data {
        /// Text or Binary for the first frame of a message, Continuation for the others.
        opcode: Opcode,
        /// Whether the message is complete with it.
        fin: bool,
    },
    /// A Ping, to be answered by a Pong with the same payload. RFC 6455 5.5.2.
    Ping(Control),
    /// A Pong. RFC 6455 5.5.3.
    Pong(Control),
    /// The peer closes; a message that was open will never be complete. RFC 6455 5.5.1, R-54.
    Close(CloseFrame),
}

/// A message in one frame, see [`Receiver::whole_message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Text or Binary.
    pub opcode: Opcode,
    /// How many bytes of the input it takes.
    pub used: usize,
    /// How many of these are its payload: the last ones.
    pub len: usize,
}

/// Takes the bytes of a connection apart, in pieces of any size.
///
/// Holds no payload of data frames and takes no memory for a declared length: payload goes to the
/// caller's message as it arrives. Not shared between threads; the reading side owns it.
#[derive(Debug)]
pub struct Receiver {
    limits: Limits,
    /// The lower of the two: what a message in one frame may have.
    whole_limit: u64,
    phase: Phase,
    /// The current frame, while `phase` is `Payload`.
    frame: Header,
    /// Payload bytes of the current frame that have not arrived.
    missing: u64,
    /// The first bytes of a header that has not arrived whole.
    head: [u8; HEADER_MAX],
    head_len: u8,
    message: Message,
    control: Control,
    failure: Option<Error>,
    /// With permessage-deflate only.
    inflater: Option<Box<Inflater>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Header,
    Payload,
    Closed,
    Failed,
}

/// The data message between its first frame and its last.
#[derive(Debug, Default)]
struct Message {
    open: bool,
    text: bool,
    compressed: bool,
    /// Declared length of its frames so far; what was inflated so far if it is compressed.
    len: u64,
    /// The same of the current frame, if it is compressed.
    inflated: u64,
    utf8: Utf8Stream,
}

impl Message {
    const fn new() -> Self {
        let utf8 = Utf8Stream::new();
        Self { open: false, text: false, compressed: false, len: 0, inflated: 0, utf8 }
    }
}

impl Receiver {
    /// The receiving side of a fresh connection.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            whole_limit: limits.lower(),
            phase: Phase::Header,
            frame: Header { opcode: Opcode::Continuation, fin: false, compressed: false, len: 0 },
            missing: 0,
            head: [0; HEADER_MAX],
            head_len: 0,
            message: Message::new(),
            control: Control::new(),
            failure: None,
            inflater: None,
        }
    }

    /// The same with permessage-deflate.
    #[must_use]
    pub fn with_deflate(mut self, agreed: &Agreed) -> Self {
        self.inflater = Some(Box::new(Inflater::new(agreed)));
        self
    }

    /// Changes the limits; they hold from the next frame on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.whole_limit = limits.lower();
    }

    /// Takes `input` until one frame is complete, and returns how many bytes it took.
    ///
    /// Without an event everything was taken and more is needed. Payload of data frames is appended
    /// to `message`, that of control frames never. After a Close all input is taken and
    /// ignored. Fails with Protocol, PeerText or TooBig, and then on each further call alike.
    #[inline]
    pub fn receive(
        &mut self,
        input: &[u8],
        message: &mut Vec<u8>,
    ) -> Result<(usize, Option<Event>)> {
        let mut rest = input;
        if self.phase != Phase::Payload {
            let Some(used) = self.next_header(input)? else { return Ok((input.len(), None)) };
            rest = input.get(used..).unwrap_or_default();
        }
        let count = usize::try_from(self.missing).map_or(rest.len(), |miss| miss.min(rest.len()));
        let (payload, rest) = rest.split_at(count);
        let used = input.len() - rest.len();
        if self.frame.opcode.is_control() {
            return self.control_payload(payload).map(|event| (used, event));
        }
        if self.message.compressed {
            return self.compressed_payload(payload, message).map(|event| (used, event));
        }
        self.check_text(payload)?;
        if message.len() >= LARGE && message.capacity() - message.len() < count {
            grow(message, count, self.limits.message);
        }
        message.extend_from_slice(payload);
        if self.advance(count)? { Ok((used, Some(self.data()))) } else { Ok((used, None)) }
    }

    /// The message at the start of `input`, if it is there whole in one frame and nothing about it
    /// is unusual. Costs less than [`Receiver::receive`], which is not to be called for it; it
    /// decides on all else.
    #[inline(always)]
    pub fn whole_message(&self, input: &[u8]) -> Option<Whole> {
        if self.phase != Phase::Header || self.head_len != 0 || self.message.open {
            return None;
        }
        let (opcode, len, header) = Header::parse_usual(input)?;
        if len as u64 > self.whole_limit {
            return None;
        }
        let payload = input.get(header..)?.get(..len)?;
        if opcode == Opcode::Text {
            let mut utf8 = Utf8Stream::new();
            utf8.push(payload).ok()?;
            utf8.finish().ok()?;
        }
        Some(Whole { opcode, used: header + len, len })
    }

    /// How many bytes of payload the caller may append to the message itself, straight from the
    /// connection; 0 outside of a data frame and for compressed data. Tell them to
    /// [`Receiver::appended`].
    #[inline]
    pub fn direct(&self) -> usize {
        let plain = !self.frame.opcode.is_control() && !self.message.compressed;
        if self.phase != Phase::Payload || !plain {
            return 0;
        }
        usize::try_from(self.missing).unwrap_or(usize::MAX)
    }

    /// Accounts for `message[from..]`, which the caller appended instead of [`Receiver::receive`].
    ///
    /// Returns and fails as that does; with [`ErrorKind::Internal`] when there is more than
    /// [`Receiver::direct`] allowed.
    pub fn appended(&mut self, message: &[u8], from: usize) -> Result<Option<Event>> {
        let payload = message.get(from..).unwrap_or_default();
        if payload.len() > self.direct() {
            return Err(self.fail(overrun(payload.len())));
        }
        if payload.is_empty() {
            return Ok(None);
        }
        self.check_text(payload)?;
        Ok(self.advance(payload.len())?.then(|| self.data()))
    }

    /// Whether a frame has begun that has not ended, or a message whose last frame has not ended.
    /// An end of the connection then loses data.
    pub fn in_progress(&self) -> bool {
        self.message.open || self.phase == Phase::Payload || self.head_len != 0
    }

    /// Reads the next header; returns how much of `input` belongs to it.
    #[inline]
    fn next_header(&mut self, input: &[u8]) -> Result<Option<usize>> {
        if self.head_len != 0 || self.phase != Phase::Header {
            return self.next_header_slow(input);
        }
        match Header::parse(input, self.rules()) {
            Ok(Some((header, used))) => self.begin(header).map(|()| Some(used)),
            Ok(None) => {
                self.keep(input);
                Ok(None)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// a header in pieces; also the two phases in which no header is wanted.
    #[cold]
    fn next_header_slow(&mut self, input: &[u8]) -> Result<Option<usize>> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if self.phase == Phase::Closed {
            return Ok(None);
        }
        let before = usize::from(self.head_len);
        self.keep(input);
        let head = self.head.get(..usize::from(self.head_len)).unwrap_or_default();
        match Header::parse(head, self.rules()) {
            Ok(Some((header, used))) => {
                self.head_len = 0;
                self.begin(header).map(|()| Some(used - before))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Keeps the start of a header, or as much of `input` as a header can have.
    fn keep(&mut self, input: &[u8]) {
        let free = self.head.iter_mut().skip(usize::from(self.head_len));
        for (to, from) in free.zip(input) {
            *to = *from;
            self.head_len += 1;
        }
    }

    /// What may come next.
    #[inline]
    fn rules(&self) -> Rules {
        Rules { in_message: self.message.open, compression: self.inflater.is_some() }
    }

    #[inline]
    fn begin(&mut self, header: Header) -> Result<()> {
        if header.opcode.is_control() {
            self.control = Control::new();
        } else {
            self.begin_data(header)?;
        }
        self.frame = header;
        self.missing = header.len;
        self.phase = Phase::Payload;
        Ok(())
    }

    /// the limits are checked on the header, before any payload.
    #[inline]
    fn begin_data(&mut self, header: Header) -> Result<()> {
        if header.opcode != Opcode::Continuation {
            self.message.open = true;
            self.message.text = header.opcode == Opcode::Text;
            self.message.compressed = header.compressed;
            self.message.len = 0;
        }
        if self.message.compressed {
            return self.begin_compressed(header);
        }
        self.message.len = self.message.len.saturating_add(header.len);
        if over(header.len, self.limits.frame) || over(self.message.len, self.limits.message) {
            let error = too_big(header.len, self.message.len, self.limits);
            return Err(self.fail(error));
        }
        Ok(())
    }

    /// RFC 6455 8.1, R-38: text is checked as it arrives.
    #[inline]
    fn check_text(&mut self, payload: &[u8]) -> Result<()> {
        if self.message.text && self.message.utf8.push(payload).is_err() {
            return Err(self.fail(not_utf8()));
        }
        Ok(())
    }

    /// Accounts for payload of a data frame; tells whether the frame is complete.
    #[inline]
    fn advance(&mut self, count: usize) -> Result<bool> {
        self.missing -= count as u64;
        if self.missing > 0 {
            return Ok(false);
        }
        self.phase = Phase::Header;
        if self.frame.fin {
            self.end_message()?;
        }
        Ok(true)
    }

    /// The event of the data frame that is complete.
    #[inline]
    fn data(&self) -> Event {
        Event::Data { opcode: self.frame.opcode, fin: self.frame.fin }
    }

    /// What a compressed frame holds is counted when it is inflated; its own length is only
    /// checked to be sensible: no compressor of use makes data eight times longer.
    #[inline(never)]
    fn begin_compressed(&mut self, header: Header) -> Result<()> {
        self.message.inflated = 0;
        let Limits { frame, message } = self.limits;
        let most = if frame == 0 { message } else { frame };
        if most != 0 && header.len > most.saturating_mul(8).saturating_add(64) {
            let error = too_big(header.len, self.message.len, self.limits);
            return Err(self.fail(error));
        }
        Ok(())
    }

    /// Takes payload of a compressed message. RFC 7692 7.2.2.
    #[inline(never)]
    fn compressed_payload(
        &mut self,
        payload: &[u8],
        message: &mut Vec<u8>,
    ) -> Result<Option<Event>> {
        self.inflate(payload, message)?;
        self.missing -= payload.len() as u64;
        if self.missing > 0 {
            return Ok(None);
        }
        self.phase = Phase::Header;
        if self.frame.fin {
            // the tail is missing once in a message, not in each frame.
            if self.inflater.as_mut().is_some_and(|inflater| inflater.end().is_err()) {
                return Err(self.fail(not_deflate()));
            }
            self.end_message()?;
        }
        Ok(Some(self.data()))
    }

    /// limits and UTF-8 are checked while inflating.
    fn inflate(&mut self, payload: &[u8], message: &mut Vec<u8>) -> Result<()> {
        let mut rest = payload;
        loop {
            let (from, room) = (message.len(), self.room());
            let Some(inflater) = &mut self.inflater else { return Ok(()) };
            let step = inflater.step(rest, message, room);
            // what comes before a break or the limit counts first, in any split.
            let piece = message.get(from..).unwrap_or_default();
            self.message.inflated += piece.len() as u64;
            self.message.len += piece.len() as u64;
            self.check_text(piece.get(..room).unwrap_or(piece))?;
            self.check_inflated()?;
            let Ok(step) = step else { return Err(self.fail(not_deflate())) };
            rest = rest.get(step.used..).unwrap_or_default();
            if !step.more {
                return Ok(());
            }
        }
    }

    /// How much may be inflated until a limit is reached.
    fn room(&self) -> usize {
        let Limits { frame, message } = self.limits;
        let left = |limit: u64, len: u64| match limit {
            0 => u64::MAX,
            _ => limit.saturating_sub(len),
        };
        let room = left(frame, self.message.inflated).min(left(message, self.message.len));
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    fn check_inflated(&mut self) -> Result<()> {
        let (frame, message) = (self.message.inflated, self.message.len);
        if over(frame, self.limits.frame) || over(message, self.limits.message) {
            let error = too_big(frame, message, self.limits);
            return Err(self.fail(error));
        }
        Ok(())
    }

    /// Takes payload of a control frame. Kept apart from data, which are far more frequent.
    #[inline(never)]
    fn control_payload(&mut self, payload: &[u8]) -> Result<Option<Event>> {
        self.control.push(payload);
        self.missing -= payload.len() as u64;
        if self.missing > 0 {
            return Ok(None);
        }
        self.phase = Phase::Header;
        match self.frame.opcode {
            Opcode::Ping => Ok(Some(Event::Ping(std::mem::take(&mut self.control)))),
            Opcode::Pong => Ok(Some(Event::Pong(std::mem::take(&mut self.control)))),
            _ => self.close().map(Some),
        }
    }

    #[inline]
    fn end_message(&mut self) -> Result<()> {
        self.message.open = false;
        // RFC 6455 8.1, R-38: a character may not be cut at the end of the message.
        if self.message.text && self.message.utf8.finish().is_err() {
            return Err(self.fail(not_utf8()));
        }
        Ok(())
    }

    /// RFC 6455 5.5.1, R-52, R-54: nothing counts after a Close, not even an open message.
    fn close(&mut self) -> Result<Event> {
        match CloseFrame::parse(self.control.as_slice()) {
            Ok(frame) => {
                self.phase = Phase::Closed;
                self.message.open = false;
                Ok(Event::Close(frame))
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// nothing is processed after a failure.
    #[cold]
    fn fail(&mut self, error: Error) -> Error {
        self.phase = Phase::Failed;
        self.failure.get_or_insert(error).clone()
    }
}

/// From this size on a message does not double beyond its limit.
const LARGE: usize = 64 << 10;

/// Room for `count` bytes more, and as much again as there are, but not beyond the limit. R-42.
#[cold]
fn grow(message: &mut Vec<u8>, count: usize, limit: u64) {
    let most = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let left = most.saturating_sub(message.len());
    message.reserve_exact(message.len().min(left).max(count));
}

#[inline]
fn over(len: u64, limit: u64) -> bool {
    limit != 0 && len > limit
}

#[cold]
fn too_big(frame: u64, message: u64, limits: Limits) -> Error {
    let text = if over(frame, limits.frame) {
        let limit = limits.frame;
        format!("The server sent a frame of at least {frame} bytes; the limit is {limit}.")
    } else {
        let limit = limits.message;
        format!("The server sent a message of at least {message} bytes; the limit is {limit}.")
    };
    Error::new(ErrorKind::TooBig, text)
        .advise("If messages of this size are expected, raise MaxMessageSize and MaxFrameSize.")
}

#[cold]
fn not_utf8() -> Error {
    Error::new(ErrorKind::PeerText, "The server sent a text message that is not UTF-8.")
        .advise("The server should send binary messages for data that is not text.")
}

#[cold]
fn not_deflate() -> Error {
    let text = "The server sent a compressed message that cannot be inflated.";
    Error::new(ErrorKind::Protocol, text)
        .advise("The server breaks RFC 7692; set PermessageDeflate to false and connect again.")
}

#[cold]
fn overrun(count: usize) -> Error {
    let text = format!("{count} bytes were appended to a frame with less payload missing.");
    Error::new(ErrorKind::Internal, text)
}
