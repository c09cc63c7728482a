//! The sending half of a connection, against tungstenite as the server.

use std::io::{self, Read, Write};

use openck::error::ErrorKind;
use openck::proto::close::{CloseCode, CloseFrame};
use openck::proto::mask::MaskKeys;
use openck::proto::sender::Sender;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, WebSocket};

use crate::input::Input;
use crate::proto_support::sent;

/// Random calls: each is refused when RFC 6455 says so and then writes nothing, or writes the one
/// frame that was asked for; another implementation can read all of it.
pub(crate) fn sending(input: &mut Input<'_>) {
    let mut run = Run { sender: Sender::new(), keys: MaskKeys::new().unwrap(), out: Vec::new() };
    let mut model = Model::default();
    let mut frames = Vec::new();
    for _ in 0..input.below(16) {
        let call = Call::read(input);
        let before = run.out.len();
        let result = run.make(&call).map_err(|error| error.kind());
        match model.expected(&call) {
            Ok(frame) => {
                assert_eq!(result, Ok(()), "{call:?}");
                frames.push(frame);
            }
            Err(kind) => {
                assert_eq!(result, Err(kind), "{call:?}");
                assert_eq!(run.out.len(), before);
            }
        }
        assert_eq!(run.sender.close_sent(), model.closed);
    }
    let written = sent(&run.out).into_iter();
    let written: Vec<_> = written.map(|frame| (frame.first, frame.payload)).collect();
    assert_eq!(written, frames);
    read_by_a_server(&run.out, model.closed);
}

#[derive(Debug)]
enum Call<'a> {
    Data {
        text: bool,
        payload: &'a [u8],
        fin: bool,
    },
    /// Text that is checked while it is masked, where it begins with a character.
    Text {
        payload: &'a [u8],
        fin: bool,
    },
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close(CloseFrame),
}

impl<'a> Call<'a> {
    fn read(input: &mut Input<'a>) -> Self {
        match input.below(9) {
            0 => Self::Ping(input.bytes(140)),
            1 => Self::Pong(input.bytes(140)),
            2 => {
                let code = CloseCode::new(u16::from_be_bytes([input.byte(), input.byte()]));
                let reason = String::from_utf8_lossy(input.bytes(140)).into_owned();
                Self::Close(CloseFrame { code, reason })
            }
            8 => Self::Text { fin: input.flag(), payload: input.bytes(4096) },
            _ => Self::Data { text: input.flag(), fin: input.flag(), payload: input.bytes(256) },
        }
    }
}

struct Run {
    sender: Sender,
    keys: MaskKeys,
    out: Vec<u8>,
}

impl Run {
    fn make(&mut self, call: &Call<'_>) -> openck::error::Result<()> {
        let Self { sender, keys, out } = self;
        match call {
            Call::Data { text, payload, fin } => sender.data(*text, payload, *fin, keys, out),
            Call::Text { payload, fin } => sender.text(payload, *fin, keys, out),
            Call::Ping(payload) => sender.ping(payload, keys, out),
            Call::Pong(payload) => sender.pong(payload, keys, out),
            Call::Close(frame) => sender.close(frame, keys, out),
        }
    }
}

/// What RFC 6455 5.4 and 5.5 allow to follow.
#[derive(Default)]
struct Model {
    closed: bool,
    /// The kind of the open message, and its payload so far.
    open: Option<(bool, Vec<u8>)>,
}

impl Model {
    /// The first byte and the payload of the frame, or why there is none.
    fn expected(&mut self, call: &Call<'_>) -> Result<(u8, Vec<u8>), ErrorKind> {
        if self.closed && !matches!(call, Call::Pong(_)) {
            return Err(ErrorKind::State);
        }
        match call {
            Call::Data { text, payload, fin } => self.data(*text, payload, *fin, false),
            Call::Text { payload, fin } => self.data(true, payload, *fin, true),
            Call::Ping(payload) | Call::Pong(payload) if payload.len() > 125 => {
                Err(ErrorKind::Argument)
            }
            Call::Ping(payload) => Ok((0x89, payload.to_vec())),
            Call::Pong(payload) => Ok((0x8a, payload.to_vec())),
            Call::Close(frame) => {
                self.closed = true;
                Ok((0x88, close_payload(frame)))
            }
        }
    }

    /// Where a character begins, `whole` text ends with a character too.
    fn data(
        &mut self,
        text: bool,
        payload: &[u8],
        fin: bool,
        whole: bool,
    ) -> Result<(u8, Vec<u8>), ErrorKind> {
        let (first, mut message) = match &self.open {
            None => (if text { 1 } else { 2 }, Vec::new()),
            Some((kind, _)) if *kind != text => return Err(ErrorKind::State),
            Some((_, message)) => (0, message.clone()),
        };
        let whole = whole && std::str::from_utf8(&message).is_ok();
        message.extend_from_slice(payload);
        let error = std::str::from_utf8(&message).err();
        if text && error.is_some_and(|error| fin || whole || error.error_len().is_some()) {
            return Err(ErrorKind::Text);
        }
        self.open = (!fin).then_some((text, message));
        Ok((first | if fin { 0x80 } else { 0 }, payload.to_vec()))
    }
}

/// the reason is cut between characters.
fn close_payload(frame: &CloseFrame) -> Vec<u8> {
    let Some(code) = frame.code else { return Vec::new() };
    let fits = |end: &usize| *end <= 123 && frame.reason.is_char_boundary(*end);
    let end = (0..=frame.reason.len()).rev().find(fits).unwrap_or(0);
    [&code.get().to_be_bytes(), &frame.reason.as_bytes()[..end]].concat()
}

/// nothing in it is a violation.
fn read_by_a_server(bytes: &[u8], closed: bool) {
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let mut server = WebSocket::from_raw_socket(Peer(bytes), Role::Server, Some(config));
    let end = loop {
        if let Err(error) = server.read() {
            break error;
        }
    };
    match end {
        Error::ConnectionClosed => assert!(closed),
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
            assert!(!closed);
        }
        other => panic!("{other} in {bytes:02x?}"),
    }
}

/// A stream whose bytes are known, and which takes any.
pub(crate) struct Peer<'a>(pub(crate) &'a [u8]);

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
