//! Helpers of the protocol tests: scripts in hex, and what a receiver makes of them.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

pub(crate) mod inflate;
pub(crate) mod tables;

use openck::error::Error;
use openck::proto::extension::Agreed;
use openck::proto::frame::Opcode;
use openck::proto::receiver::{Control, Event, Limits, Receiver};

/// What came of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// In order, up to a failure.
    pub(crate) events: Vec<Event>,
    /// Payload of the data frames.
    pub(crate) message: Vec<u8>,
    /// The close code that answers the failure.
    pub(crate) code: Option<u16>,
}

impl Outcome {
    /// Of pieces that arrive one after the other, without limits.
    pub(crate) fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::with(Limits::default(), pieces)
    }

    /// The same with limits.
    pub(crate) fn with<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::from(Receiver::new(limits), pieces)
    }

    /// The same of a connection with permessage-deflate.
    pub(crate) fn deflated<'a>(
        agreed: &Agreed,
        limits: Limits,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        Self::from(Receiver::new(limits).with_deflate(agreed), pieces)
    }

    fn from<'a>(mut receiver: Receiver, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut outcome = Self { events: Vec::new(), message: Vec::new(), code: None };
        for piece in pieces {
            if let Err(error) = outcome.take(&mut receiver, piece) {
                outcome.code = Some(error.kind().close_code().expect("a failure of the peer"));
                break;
            }
        }
        outcome
    }

    /// Of a script whose payload is appended directly where that is offered, `size` bytes at most.
    pub(crate) fn direct(script: &[u8], size: usize) -> Self {
        let mut receiver = Receiver::new(Limits::default());
        let mut outcome = Self { events: Vec::new(), message: Vec::new(), code: None };
        let mut rest = script;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            rest = match receiver.direct() {
                0 => {
                    outcome.take(&mut receiver, piece).expect("a legal script");
                    after
                }
                room => {
                    let (piece, after) = rest.split_at(room.min(piece.len()));
                    let from = outcome.message.len();
                    outcome.message.extend_from_slice(piece);
                    outcome
                        .events
                        .extend(receiver.appended(&outcome.message, from).expect("legal"));
                    after
                }
            };
        }
        outcome
    }

    fn take(&mut self, receiver: &mut Receiver, piece: &[u8]) -> Result<(), Error> {
        let mut rest = piece;
        loop {
            let (used, event) = take_both_ways(receiver, rest, &mut self.message)?;
            rest = &rest[used..];
            match event {
                Some(event) => self.events.push(event),
                None => {
                    assert!(rest.is_empty(), "bytes were left without an event");
                    return Ok(());
                }
            }
        }
    }
}

/// [`Receiver::receive`]; if the frame can be had the short way too, both must agree.
pub(crate) fn take_both_ways(
    receiver: &mut Receiver,
    input: &[u8],
    message: &mut Vec<u8>,
) -> Result<(usize, Option<Event>), Error> {
    let whole = receiver.whole_message(input);
    let before = message.len();
    let taken = receiver.receive(input, message);
    if let Some(whole) = whole {
        let event = Some(data(whole.opcode, true));
        assert_eq!(taken.as_ref().ok(), Some(&(whole.used, event)), "not what the short way had");
        assert_eq!(&message[before..], &input[whole.used - whole.len..whole.used]);
    }
    taken
}

/// The outcome of a script that arrives at once.
pub(crate) fn outcome(script: &[u8]) -> Outcome {
    Outcome::of([script])
}

/// The outcome of a script in pieces of one size.
pub(crate) fn outcome_in_pieces(script: &[u8], size: usize) -> Outcome {
    Outcome::of(script.chunks(size))
}

/// Events and message of a script that must not fail.
#[track_caller]
pub(crate) fn receive(script: &[u8]) -> (Vec<Event>, Vec<u8>) {
    let outcome = outcome(script);
    assert_eq!(outcome.code, None, "{outcome:?}");
    (outcome.events, outcome.message)
}

/// Hex digits with blanks anywhere.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The script in pieces whose sizes repeat.
pub(crate) fn cut<'a>(script: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = script;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A frame as a server sends it, with the length in the shortest form.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = payload.len();
    let mut bytes = vec![first];
    if len < 126 {
        bytes.push(len as u8);
    } else if len < 65536 {
        bytes.extend([126, (len >> 8) as u8, len as u8]);
    } else {
        bytes.push(127);
        bytes.extend((len as u64).to_be_bytes());
    }
    bytes.extend_from_slice(payload);
    bytes
}

/// The event of a data frame.
pub(crate) fn data(opcode: Opcode, fin: bool) -> Event {
    Event::Data { opcode, fin }
}

/// The payload of a control frame.
pub(crate) fn bytes(payload: &[u8]) -> Control {
    let mut control = Control::new();
    control.push(payload);
    assert_eq!(control.as_slice(), payload);
    control
}

/// A frame as a client sends it, taken apart by other means than the library's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// FIN, RSV and opcode.
    pub(crate) first: u8,
    /// Bytes of the length field: 1, 3 or 9.
    pub(crate) form: usize,
    /// The mask key.
    pub(crate) key: [u8; 4],
    /// The payload without the mask.
    pub(crate) payload: Vec<u8>,
}

/// Takes apart what a client sent; every frame must be masked.
pub(crate) fn sent(mut bytes: &[u8]) -> Vec<Sent> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(bytes[1] & 0x80, 0x80, "not masked");
        let (form, len) = match bytes[1] & 0x7f {
            126 => (3, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
            127 => (9, bytes[2..10].iter().fold(0, |len, byte| len << 8 | usize::from(*byte))),
            len => (1, usize::from(len)),
        };
        let key: [u8; 4] = bytes[1 + form..5 + form].try_into().unwrap();
        let masked = &bytes[5 + form..5 + form + len];
        let payload = (0..len).map(|at| masked[at] ^ key[at % 4]).collect();
        frames.push(Sent { first: bytes[0], form, key, payload });
        bytes = &bytes[5 + form + len..];
    }
    frames
}
