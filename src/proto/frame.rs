//! Frame headers and control payloads, RFC 6455 5.2 and 5.5.

use crate::error::{Error, ErrorKind, Result};
use crate::proto::mask;
use crate::proto::utf8::{self, Invalid};

/// The longest payload of a control frame, RFC 6455 5.5.
pub const CONTROL_MAX: usize = 125;

/// The longest header that a server may send: 2 bytes and a 64-bit length.
pub const HEADER_MAX: usize = 10;

/// What a frame is for, RFC 6455 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The next piece of a fragmented message.
    Continuation = 0,
    /// Text, or its first piece.
    Text = 1,
    /// Bytes, or their first piece.
    Binary = 2,
    /// The sender will send nothing more.
    Close = 8,
    /// Asks for a Pong with the same payload.
    Ping = 9,
    /// Answers a Ping, or just shows life.
    Pong = 10,
}

impl Opcode {
    /// The opcode with this number; none for the reserved ones.
    #[inline]
    pub fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// The number on the wire.
    #[inline]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The name that programs see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Continuation => "Continuation",
            Self::Text => "Text",
            Self::Binary => "Binary",
            Self::Close => "Close",
            Self::Ping => "Ping",
            Self::Pong => "Pong",
        }
    }

    /// Whether it is Close, Ping or Pong.
    #[inline]
    pub fn is_control(self) -> bool {
        self as u8 >= 8
    }
}

/// What is allowed at this place of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// A fragmented message is open, so that the next data frame must continue it.
    pub in_message: bool,
    /// permessage-deflate was negotiated, so that RSV1 may mark a compressed message.
    pub compression: bool,
}

/// The header of one frame from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub opcode: Opcode,
    /// Whether it is the last of its message.
    pub fin: bool,
    /// Whether the message that begins here is compressed (RSV1).
    pub compressed: bool,
    /// Bytes of payload that follow.
    pub len: u64,
}

impl Header {
    /// Reads a header from the start of `input`, and how many bytes it took.
    ///
    /// None when bytes are missing. Fails with [`ErrorKind::Protocol`] on what RFC 6455 forbids at
    /// this place, at the first byte that proves it, but for a length in a longer form, which is
    /// read whole first; a longer `input` never changes the error.
    #[inline(always)]
    pub fn parse(input: &[u8], rules: Rules) -> Result<Option<(Self, usize)>> {
        let Some((&first, rest)) = input.split_first() else { return Ok(None) };
        let Some(opcode) = allowed_opcode(first, rules) else {
            return Err(bad_first(first, rules));
        };
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        // RFC 6455 5.1, R-30; 5.5, R-34: certain before a longer length is read.
        if second > 125 && (second > 127 || opcode.is_control()) {
            return Err(bad_second(second, opcode));
        }
        let (len, used) = match second {
            126 => match rest.first_chunk() {
                Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 4),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(bytes) => (u64::from_be_bytes(*bytes), HEADER_MAX),
                None if rest.first().is_some_and(|top| *top > 127) => return Err(top_bit()),
                None => return Ok(None),
            },
            short => return Ok(Some((Self::new(first, opcode, u64::from(short)), 2))),
        };
        check_long(second, len)?;
        Ok(Some((Self::new(first, opcode, len), used)))
    }

    /// The same for the most frequent frame: a message in one frame, not compressed, of less than
    /// 64 KiB. Tells its opcode, its length and the length of its header. None leaves it to `parse`
    /// to decide; what it has is what `parse` would have, where no message is open.
    #[inline(always)]
    pub fn parse_usual(input: &[u8]) -> Option<(Opcode, usize, usize)> {
        const TEXT: u8 = FIN | Opcode::Text as u8;
        const BINARY: u8 = FIN | Opcode::Binary as u8;
        let ([first, second], rest) = input.split_first_chunk()?;
        let opcode = match *first {
            TEXT => Opcode::Text,
            BINARY => Opcode::Binary,
            _ => return None,
        };
        if *second == 126 {
            let len = u16::from_be_bytes(*rest.first_chunk()?);
            return (len > 125).then_some((opcode, len.into(), 4));
        }
        (*second <= 125).then_some((opcode, (*second).into(), 2))
    }

    #[inline]
    fn new(first: u8, opcode: Opcode, len: u64) -> Self {
        Self { opcode, fin: first & FIN != 0, compressed: first & RSV1 != 0, len }
    }
}

/// Appends a whole frame: header, mask key and masked payload. RFC 6455 5.1, R-21, R-23, R-24.
#[inline]
pub fn write(out: &mut Vec<u8>, opcode: Opcode, fin: bool, payload: &[u8], key: [u8; 4]) {
    write_first(out, opcode.code() | if fin { FIN } else { 0 }, payload, key);
}

/// The same for a frame of long text, which is checked on the way. R-27.
///
/// Fails when it is not UTF-8 or cuts a character; a part of the frame may be appended then.
pub fn write_text(
    out: &mut Vec<u8>,
    opcode: Opcode,
    fin: bool,
    text: &[u8],
    key: [u8; 4],
) -> Result<(), Invalid> {
    write_header(out, opcode.code() | if fin { FIN } else { 0 }, text.len(), key);
    utf8::copy_masked(out, text, key)
}

/// The same for a frame of a compressed message; its first frame says so. RFC 7692 6, R-84.
pub fn write_compressed(
    out: &mut Vec<u8>,
    opcode: Opcode,
    fin: bool,
    payload: &[u8],
    key: [u8; 4],
) {
    let rsv1 = if opcode == Opcode::Continuation { 0 } else { RSV1 };
    write_first(out, opcode.code() | rsv1 | if fin { FIN } else { 0 }, payload, key);
}

#[inline(never)]
fn write_first(out: &mut Vec<u8>, first: u8, payload: &[u8], key: [u8; 4]) {
    write_header(out, first, payload.len(), key);
    mask::copy_masked(out, payload, key);
}

#[inline(always)]
fn write_header(out: &mut Vec<u8>, first: u8, len: usize, key: [u8; 4]) {
    let [a, b, c, d] = key;
    out.reserve(HEADER_MAX + key.len() + len);
    match len {
        len @ 0..=125 => out.extend_from_slice(&[first, MASK | len as u8, a, b, c, d]),
        len @ 126..=0xffff => {
            let [h, l] = (len as u16).to_be_bytes();
            out.extend_from_slice(&[first, MASK | 126, h, l, a, b, c, d]);
        }
        len => {
            out.extend_from_slice(&[first, MASK | 127]);
            out.extend_from_slice(&(len as u64).to_be_bytes());
            out.extend_from_slice(&key);
        }
    }
}

/// The payload of a control frame, at most 125 bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Control(Vec<u8>);

impl Control {
    /// An empty payload.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The payload.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Appends what fits; the rest is dropped.
    pub fn push(&mut self, more: &[u8]) {
        let room = CONTROL_MAX - self.0.len();
        self.0.extend_from_slice(more.get(..room).unwrap_or(more));
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Control(\"{}\")", self.as_slice().escape_ascii())
    }
}

const FIN: u8 = 0x80;
const RSV: u8 = 0x70;
const RSV1: u8 = 0x40;
const MASK: u8 = 0x80;

/// The opcode of a first byte that is allowed here..
#[inline]
fn allowed_opcode(first: u8, rules: Rules) -> Option<Opcode> {
    let opcode = Opcode::from_code(first & 0x0f)?;
    if first & RSV != 0 && !compressed_start(first, opcode, rules) {
        return None;
    }
    let allowed = match opcode {
        Opcode::Continuation => rules.in_message,
        Opcode::Text | Opcode::Binary => !rules.in_message,
        Opcode::Close | Opcode::Ping | Opcode::Pong => first & FIN != 0,
    };
    allowed.then_some(opcode)
}

/// RSV1 alone, on the first frame of a message, where compression was negotiated.
fn compressed_start(first: u8, opcode: Opcode, rules: Rules) -> bool {
    let data = matches!(opcode, Opcode::Text | Opcode::Binary);
    rules.compression && first & RSV == RSV1 && data
}

#[cold]
fn bad_first(first: u8, rules: Rules) -> Error {
    let Some(opcode) = Opcode::from_code(first & 0x0f) else {
        return refused(format!(
            "The server sent a frame with the reserved opcode {}.",
            first & 0x0f
        ));
    };
    let name = opcode.name();
    let message = if first & RSV != 0 && !compressed_start(first, opcode, rules) {
        let bits = (first & RSV) >> 4;
        format!("The server sent a {name} frame with reserved bits set ({bits:03b}).")
    } else if opcode.is_control() {
        format!("The server sent a fragmented {name} frame.")
    } else if rules.in_message {
        format!("The server began a {name} message inside a fragmented one.")
    } else {
        "The server continued a message that was never begun.".to_owned()
    };
    refused(message)
}

#[cold]
fn bad_second(second: u8, opcode: Opcode) -> Error {
    if second > 127 {
        return refused(format!("The server sent a masked {} frame.", opcode.name()));
    }
    refused(format!("The server sent a {} frame with more than 125 bytes.", opcode.name()))
}

/// RFC 6455 5.2, R-33: the shortest form is the only one, and the top bit is 0.
fn check_long(form: u8, len: u64) -> Result<()> {
    if len >> 63 != 0 {
        return Err(top_bit());
    }
    let least = if form == 126 { 126 } else { 0x1_0000 };
    if len < least {
        return Err(refused(format!("The server wrote the frame length {len} in a longer form.")));
    }
    Ok(())
}

#[cold]
fn top_bit() -> Error {
    refused("The server sent a frame length with the top bit set.".to_owned())
}

#[cold]
fn refused(message: String) -> Error {
    Error::new(ErrorKind::Protocol, message)
        .advise("The server breaks RFC 6455, or something between changes the bytes; reconnect.")
}
