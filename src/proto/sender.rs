//! The sending side of a connection: frames out, in an order that RFC 6455 allows.

use crate::error::{Error, ErrorKind, Result};
use crate::proto::close::CloseFrame;
use crate::proto::frame::{self, CONTROL_MAX, Opcode};
use crate::proto::mask::MaskKeys;
use crate::proto::utf8::Utf8Stream;

/// Remembers what was sent, so that what follows is allowed.
///
/// Each call appends one whole frame to `out` or, when it fails, nothing. Not shared between
/// threads; the writing side owns it and keeps the order of `out` the order of calls.
#[derive(Debug, Default)]
pub struct Sender {
    /// Text or Binary, while a fragmented message is open.
    open: Option<Opcode>,
    utf8: Utf8Stream,
    closed: bool,
}

/// What a data frame carries.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// A piece of a text message that cuts no character.
    Text(&'a str),
    /// A piece of a binary message.
    Binary(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// As it is sent, before compression.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// A data frame that was admitted, and not yet written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admitted {
    opcode: Opcode,
    fin: bool,
}

impl Admitted {
    /// Whether a message begins with it.
    pub fn is_first(self) -> bool {
        self.opcode != Opcode::Continuation
    }
}

impl Sender {
    /// The sending side of a fresh connection.
    pub const fn new() -> Self {
        Self { open: None, utf8: Utf8Stream::new(), closed: false }
    }

    /// A frame of a text or binary message; `fin` ends the message.
    ///
    /// The first frame of a message carries its kind, the others are continuations (RFC 6455 5.4,
    /// Fails with [`ErrorKind::State`] after a Close or when the kind changes inside a
    /// message, with [`ErrorKind::Text`] when text is not UTF-8 (R-27; a frame may cut a character,
    /// a message may not).
    #[inline]
    pub fn data(
        &mut self,
        text: bool,
        payload: &[u8],
        fin: bool,
        keys: &mut MaskKeys,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let Admitted { opcode, fin } = self.admit(text, payload, fin)?;
        frame::write(out, opcode, fin, payload, keys.next_key());
        Ok(())
    }

    /// As [`Sender::data`], for text that is checked while it is masked: long text is gone through
    /// once. It must not cut a character, unless it begins inside one.
    pub fn text(
        &mut self,
        text: &[u8],
        fin: bool,
        keys: &mut MaskKeys,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if !self.utf8.is_complete() {
            // Another frame began a character.
            return self.data(true, text, fin, keys, out);
        }
        let opcode = self.next_opcode(Opcode::Text)?;
        let before = out.len();
        if frame::write_text(out, opcode, fin, text, keys.next_key()).is_err() {
            out.truncate(before);
            return Err(not_utf8());
        }
        self.open = if fin { None } else { Some(Opcode::Text) };
        Ok(())
    }

    /// The first half of [`Sender::data`]: `payload` is what the frame means, before compression.
    /// The next data frame is not admitted before this one is written.
    #[inline]
    pub fn admit(&mut self, text: bool, payload: &[u8], fin: bool) -> Result<Admitted> {
        let kind = if text { Opcode::Text } else { Opcode::Binary };
        let opcode = self.next_opcode(kind)?;
        if text {
            let mut utf8 = self.utf8;
            utf8.push(payload).map_err(|_| not_utf8())?;
            if fin {
                utf8.finish().map_err(|_| not_utf8())?;
            }
            self.utf8 = utf8;
        }
        self.open = if fin { None } else { Some(kind) };
        Ok(Admitted { opcode, fin })
    }

    /// The same for text that is UTF-8 by its type: it is not checked again.
    #[inline(always)]
    pub fn admit_payload(&mut self, payload: Payload<'_>, fin: bool) -> Result<Admitted> {
        match payload {
            Payload::Binary(bytes) => self.admit(false, bytes, fin),
            // Inside a character that another frame began, no character can follow.
            Payload::Text(text) if !self.utf8.is_complete() => {
                self.admit(true, text.as_bytes(), fin)
            }
            Payload::Text(_) => {
                let opcode = self.next_opcode(Opcode::Text)?;
                self.open = if fin { None } else { Some(Opcode::Text) };
                Ok(Admitted { opcode, fin })
            }
        }
    }

    /// RFC 6455 5.4, R-25.
    fn next_opcode(&self, kind: Opcode) -> Result<Opcode> {
        self.check_open()?;
        match self.open {
            None => Ok(kind),
            Some(open) if open == kind => Ok(Opcode::Continuation),
            Some(open) => Err(mixed(open, kind)),
        }
    }

    /// The second half: writes the frame, with its payload as it is or, if `compressed` is given,
    /// with that. RFC 7692 6, R-84, R-86.
    ///
    /// Fails with [`ErrorKind::State`] when a Close was sent meanwhile.
    pub fn write(
        &self,
        frame: Admitted,
        payload: &[u8],
        compressed: Option<&[u8]>,
        keys: &mut MaskKeys,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.check_open()?;
        let Admitted { opcode, fin } = frame;
        match compressed {
            Some(data) => frame::write_compressed(out, opcode, fin, data, keys.next_key()),
            None => frame::write(out, opcode, fin, payload, keys.next_key()),
        }
        Ok(())
    }

    /// A Ping, also between the frames of a message.
    ///
    /// Fails with [`ErrorKind::Argument`] over 125 bytes, with [`ErrorKind::State`] after a Close.
    pub fn ping(&self, payload: &[u8], keys: &mut MaskKeys, out: &mut Vec<u8>) -> Result<()> {
        self.check_open()?;
        control(Opcode::Ping, payload, keys, out)
    }

    /// A Pong, also between the frames of a message, and also after our Close: a Ping is to
    /// be answered until the peer's Close arrives (RFC 6455 5.5.2, R-40).
    ///
    /// Fails with [`ErrorKind::Argument`] over 125 bytes.
    pub fn pong(&self, payload: &[u8], keys: &mut MaskKeys, out: &mut Vec<u8>) -> Result<()> {
        control(Opcode::Pong, payload, keys, out)
    }

    /// The Close, after which there is no data. A reason over 123 bytes is cut.
    ///
    /// Fails with [`ErrorKind::State`] when it was sent before.
    pub fn close(
        &mut self,
        frame: &CloseFrame,
        keys: &mut MaskKeys,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.check_open()?;
        control(Opcode::Close, frame.payload().as_slice(), keys, out)?;
        self.closed = true;
        Ok(())
    }

    /// Whether the Close was sent.
    pub fn close_sent(&self) -> bool {
        self.closed
    }

    /// RFC 6455 5.5.1, R-28.
    #[inline]
    fn check_open(&self) -> Result<()> {
        if self.closed { Err(after_close()) } else { Ok(()) }
    }
}

/// RFC 6455 5.5, R-26.
fn control(opcode: Opcode, payload: &[u8], keys: &mut MaskKeys, out: &mut Vec<u8>) -> Result<()> {
    if payload.len() > CONTROL_MAX {
        let (name, len) = (opcode.name(), payload.len());
        let text = format!("A {name} carries at most 125 bytes; there are {len}.");
        return Err(Error::new(ErrorKind::Argument, text).advise("Shorten the payload."));
    }
    frame::write(out, opcode, true, payload, keys.next_key());
    Ok(())
}

#[cold]
fn after_close() -> Error {
    Error::new(ErrorKind::State, "A Close frame was sent; nothing can be sent after it.")
        .advise("Send everything before the Close, or open a new connection.")
}

#[cold]
fn mixed(open: Opcode, kind: Opcode) -> Error {
    let (open, kind) = (open.name(), kind.name());
    let text = format!("A {kind} frame cannot continue the open {open} message.");
    Error::new(ErrorKind::State, text)
        .advise("End the open message first: send its last frame with finalFrame set.")
}

#[cold]
fn not_utf8() -> Error {
    Error::new(ErrorKind::Text, "The text to send is not UTF-8, or ends inside a character.")
        .advise("Send data that is not text as a binary message.")
}
