//! permessage-deflate, against another implementation of inflate.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use openck::proto::deflate::Deflater;
use openck::proto::extension::Agreed;
use openck::proto::receiver::{Event, Limits};

use crate::input::Input;
use crate::proto_support::{Outcome, frame};

/// Compressed messages mean the same in any fragments and pieces, are within the limit, and are
/// what the other implementation makes of them; what openck compresses comes back, and only what
/// is wrong or too long is refused..
pub fn deflate(data: &[u8]) {
    let mut input = Input::new(data);
    let bits = 8 + input.below(8) as u8;
    let takeover = input.flag();
    let agreed = Agreed {
        server_bits: bits,
        client_bits: bits.max(9),
        server_takeover: takeover,
        client_takeover: takeover,
    };
    let limits = Limits { frame: 0, message: input.pick(&[100, 5_000, 200_000]) };
    let messages = messages(&mut input, &agreed);
    let mut script = Vec::new();
    for message in &messages {
        let fragments = input.cut(&message.payload);
        script.extend(fragmented(&fragments));
    }
    let whole = Outcome::deflated(&agreed, limits, [&script[..]]);
    let pieces = Outcome::deflated(&agreed, limits, input.cut(&script));
    assert_eq!(whole.events, pieces.events);
    assert_eq!(whole.code, pieces.code);
    read_alike(&whole, &messages, takeover, limits.message as usize);
    let good = |message: &Message| {
        message.plain.as_ref().is_some_and(|plain| plain.len() as u64 <= limits.message)
    };
    if messages.iter().all(good) {
        assert_eq!(whole.code, None, "refused what was compressed well");
    }
}

struct Message {
    payload: Vec<u8>,
    /// What was compressed; none if the payload is anything.
    plain: Option<Vec<u8>>,
}

fn messages(input: &mut Input<'_>, agreed: &Agreed) -> Vec<Message> {
    let mut deflater = Deflater::new(agreed, input.below(10) as u8);
    let mut messages = Vec::new();
    for _ in 0..=input.below(4) {
        if input.flag() {
            messages.push(Message { payload: input.bytes(1024).to_vec(), plain: None });
            continue;
        }
        let plain = input.bytes(256).repeat(input.below(130));
        let pieces: Vec<&[u8]> = plain.chunks(1 + input.below(8192)).collect();
        let payload = compressed(&mut deflater, &pieces);
        // With a small window a block may be too old to be stored as it is: nine bits a byte then, as
        // zlib's own bound (deflateBound) has it.
        assert!(
            payload.len()
                <= plain.len() + plain.len() / 8 + plain.len() / 128 + 16 * pieces.len() + 16
        );
        messages.push(Message { payload, plain: Some(plain) });
    }
    messages
}

/// One message, compressed as frames of these pieces are.
fn compressed(deflater: &mut Deflater, pieces: &[&[u8]]) -> Vec<u8> {
    let mut payload = Vec::new();
    let last = pieces.len().saturating_sub(1);
    let pieces = if pieces.is_empty() { &[&[][..]] } else { pieces };
    for (n, piece) in pieces.iter().enumerate() {
        let frame = deflater.frame(piece, (n == 0, n == last), 0, || true);
        payload.extend_from_slice(frame.unwrap().expect("not compressed"));
    }
    payload
}

/// The frames of one compressed message.
fn fragmented(fragments: &[&[u8]]) -> Vec<u8> {
    let last = fragments.len().saturating_sub(1);
    let fragments = if fragments.is_empty() { &[&[][..]] } else { fragments };
    let frames = fragments.iter().enumerate().map(|(n, fragment)| {
        let first = if n == 0 { 0x42 } else { 0 };
        frame(first | if n == last { 0x80 } else { 0 }, fragment)
    });
    frames.collect::<Vec<_>>().concat()
}

/// Each message that was taken is what the other implementation reads, and within the limit.
fn read_alike(outcome: &Outcome, messages: &[Message], takeover: bool, limit: usize) {
    let whole = |event: &&Event| matches!(event, Event::Data { fin: true, .. });
    let count = outcome.events.iter().filter(whole).count();
    assert!(outcome.code.is_some() || count == messages.len());
    let mut other = Other::new();
    let mut rest = &outcome.message[..];
    for message in &messages[..count] {
        let plain = other.message(&message.payload, takeover).expect("another view of it");
        assert!(message.plain.is_none() || message.plain.as_ref() == Some(&plain));
        assert!(plain.len() <= limit);
        rest = rest.strip_prefix(&plain[..]).expect("another text");
    }
    assert!(rest.len() <= limit + 1, "{} bytes of a refused message", rest.len());
}

/// Inflates by another implementation. It refuses less than zlib does: only what it reads counts.
struct Other {
    state: Box<DecompressorOxide>,
    /// What was inflated and can be referred to.
    history: Vec<u8>,
}

impl Other {
    fn new() -> Self {
        Self { state: Box::default(), history: Vec::new() }
    }

    /// A whole message that ends where a block ends.
    fn message(&mut self, payload: &[u8], takeover: bool) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        // After a last block, the tail may have no block that it belongs to.
        if !self.inflate(payload, &mut message)? {
            self.inflate(&[0, 0, 0xff, 0xff], &mut message)?;
            let len = message.len();
            let mut ended = Self { state: self.state.clone(), history: self.history.clone() };
            let last = ended.inflate(&[1, 0, 0, 0xff, 0xff], &mut message)?;
            if !last || message.len() != len {
                return None;
            }
        }
        if !takeover {
            *self = Self::new();
        }
        Some(message)
    }

    /// Tells whether a block marked as the last ends with the input.
    fn inflate(&mut self, input: &[u8], message: &mut Vec<u8>) -> Option<bool> {
        let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let mut rest = input;
        loop {
            let from = self.history.len();
            self.history.resize(from + 4096, 0);
            let (status, used, made) =
                decompress(&mut self.state, rest, &mut self.history, from, flags);
            self.history.truncate(from + made);
            message.extend_from_slice(&self.history[from..]);
            rest = &rest[used..];
            match status {
                TINFLStatus::NeedsMoreInput => return Some(false),
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::Done => {
                    *self = Self::new();
                    if rest.is_empty() {
                        return Some(true);
                    }
                }
                _ => return None,
            }
        }
    }
}
