//! What a server sends, read by openck and by tungstenite.
//!
//! They differ on purpose in three points, which are told apart here and nowhere else:
//!
//! - A length in a longer form than it needs is refused; tungstenite takes it.
//! - A Close with a code that may not be on the wire is refused; tungstenite gives it to the
//!   program as 1002. It counts 1014 among these; openck does not.
//! - A violation is refused as soon as it is certain; tungstenite waits for the end of the frame.

use openck::error::ErrorKind;
use openck::proto::frame::Opcode;
use openck::proto::receiver::{Event, Limits, Receiver};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::input::Input;
use crate::proto_support::take_both_ways;
use crate::sending::Peer;

/// Frames and messages up to this length.
const LIMIT: usize = 1024;

/// The same messages, the same Close and the same kind of failure..
pub fn decoder(data: &[u8]) {
    let script = Input::new(data).script();
    let longer = longer_form(&script);
    compare(&script[..longer.unwrap_or(script.len())]);
    if longer.is_some() {
        assert!(!matches!(ours(&script).1, End::Open), "a longer form was taken: {script:02x?}");
    }
}

/// A message, or a control frame.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// More is needed.
    Open,
    Closed(Option<(u16, String)>),
    Failed(ErrorKind),
}

fn compare(script: &[u8]) {
    let (our_messages, our_end) = ours(script);
    let (their_messages, their_end) = theirs(script);
    assert_eq!(our_messages, their_messages, "{script:02x?}");
    let good = match (&our_end, &their_end) {
        // As soon as it is certain.
        (End::Failed(_), End::Open) => true,
        (End::Failed(ErrorKind::Protocol), End::Closed(Some((1002, reason)))) => {
            reason == "Protocol violation"
        }
        (End::Closed(Some((1014, _))), End::Closed(Some((1002, reason)))) => {
            reason == "Protocol violation"
        }
        // Of two faults in one frame, another comes first.
        (End::Failed(ErrorKind::Protocol), End::Failed(_)) => true,
        (ours, theirs) => ours == theirs,
    };
    assert!(good, "{our_end:?} and {their_end:?} of {script:02x?}");
}

fn ours(script: &[u8]) -> (Vec<Seen>, End) {
    let limits = Limits { frame: LIMIT as u64, message: LIMIT as u64 };
    let mut receiver = Receiver::new(limits);
    let (mut seen, mut message, mut text, mut rest) = (Vec::new(), Vec::new(), false, script);
    loop {
        let (used, event) = match take_both_ways(&mut receiver, rest, &mut message) {
            Ok((used, Some(event))) => (used, event),
            Ok((_, None)) => return (seen, End::Open),
            Err(error) => return (seen, End::Failed(error.kind())),
        };
        rest = &rest[used..];
        match event {
            Event::Data { opcode, fin } => {
                text = if opcode == Opcode::Continuation { text } else { opcode == Opcode::Text };
                if fin {
                    let whole = std::mem::take(&mut message);
                    seen.push(if text { Seen::Text(whole) } else { Seen::Binary(whole) });
                }
            }
            Event::Ping(payload) => seen.push(Seen::Ping(payload.as_slice().to_vec())),
            Event::Pong(payload) => seen.push(Seen::Pong(payload.as_slice().to_vec())),
            Event::Close(frame) => {
                let code = frame.code.map(|code| (code.get(), frame.reason));
                return (seen, End::Closed(code));
            }
        }
    }
}

fn theirs(script: &[u8]) -> (Vec<Seen>, End) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_frame_size(Some(LIMIT))
        .max_message_size(Some(LIMIT));
    let mut client = WebSocket::from_raw_socket(Peer(script), Role::Client, Some(config));
    let mut seen = Vec::new();
    loop {
        match client.read() {
            Ok(Message::Text(text)) => seen.push(Seen::Text(text.as_bytes().to_vec())),
            Ok(Message::Binary(bytes)) => seen.push(Seen::Binary(bytes.to_vec())),
            Ok(Message::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
            Ok(Message::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
            Ok(Message::Close(frame)) => {
                let code = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                return (seen, End::Closed(code));
            }
            Ok(Message::Frame(_)) => panic!("a raw frame"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return (seen, End::Open);
            }
            Err(Error::Protocol(_)) => return (seen, End::Failed(ErrorKind::Protocol)),
            Err(Error::Utf8(_)) => return (seen, End::Failed(ErrorKind::PeerText)),
            Err(Error::Capacity(_)) => return (seen, End::Failed(ErrorKind::TooBig)),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Where the first frame begins whose length could be shorter, as far as frames can be followed.
fn longer_form(script: &[u8]) -> Option<usize> {
    let mut rest = script;
    loop {
        let second = rest.get(1)?;
        let bytes = [0, 2, 8][usize::from(second & 0x7f).saturating_sub(125)];
        let field = rest.get(2..2 + bytes)?;
        let long = field.iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
        if (bytes == 2 && long < 126) || (bytes == 8 && long < 65536) {
            return Some(script.len() - rest.len());
        }
        let len = if bytes == 0 { u64::from(second & 0x7f) } else { long };
        let mask = if second & 0x80 != 0 { 4 } else { 0 };
        rest = rest.get(2 + bytes + mask..)?.get(usize::try_from(len).ok()?..)?;
    }
}
