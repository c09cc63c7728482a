//! A tiny encoder and decoder of frames, written apart from the library so that one mistake
//! cannot hide on both sides.

use std::fmt;

/// Opcodes of RFC 6455 5.2.
pub mod opcode {
    /// Continuation frame.
    pub const CONTINUATION: u8 = 0;
    /// Text frame.
    pub const TEXT: u8 = 1;
    /// Binary frame.
    pub const BINARY: u8 = 2;
    /// Close frame.
    pub const CLOSE: u8 = 8;
    /// Ping frame.
    pub const PING: u8 = 9;
    /// Pong frame.
    pub const PONG: u8 = 10;
}

/// A frame that came from the client, unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The last frame of its message.
    pub fin: bool,
    /// The three reserved bits.
    pub rsv: u8,
    /// The opcode, also one that does not exist.
    pub opcode: u8,
    /// The mask key, if the frame was masked.
    pub mask: Option<[u8; 4]>,
    /// The payload after unmasking.
    pub payload: Vec<u8>,
    /// How many bytes the length took: 0, 2 or 8 more than the first two.
    pub length_bytes: usize,
}

impl Frame {
    /// Takes one whole frame from the front of `bytes`; `None` when more are needed.
    pub fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        let [first, second, ..] = *bytes.as_slice() else { return None };
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let long = bytes.get(2..2 + length_bytes)?;
        let long = long.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let length = if length_bytes == 0 { usize::from(second & 0x7f) } else { long };
        let mut at = 2 + length_bytes;
        let mask = match second & 0x80 {
            0 => None,
            _ => {
                let key: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
                at += 4;
                Some(key)
            }
        };
        let mut payload = bytes.get(at..at.checked_add(length)?)?.to_vec();
        bytes.drain(..at + length);
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte ^= mask.map_or(0, |key| key[i % 4]);
        }
        let (fin, rsv) = (first & 0x80 != 0, first >> 4 & 7);
        Some(Self { fin, rsv, opcode: first & 15, mask, payload, length_bytes })
    }

    /// The payload as text; bytes that are not UTF-8 are shown as U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }

    /// The status code of a Close frame.
    pub fn close_code(&self) -> Option<u16> {
        match (self.opcode, self.payload.as_slice()) {
            (opcode::CLOSE, [high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fin, masked) = (u8::from(self.fin), u8::from(self.mask.is_some()));
        write!(f, "fin={fin} rsv={} opcode={} masked={masked} payload=", self.rsv, self.opcode)?;
        match self.close_code() {
            Some(code) => write!(f, "{code} {}", String::from_utf8_lossy(&self.payload[2..])),
            None => f.write_str(&self.text()),
        }
    }
}

/// An unmasked frame with the shortest length form, as a correct server sends it.
pub fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(u8::from(fin) << 7 | opcode, None, payload)
}

/// A whole text message.
pub fn text(payload: &str) -> Vec<u8> {
    frame(true, opcode::TEXT, payload.as_bytes())
}

/// A Close frame; without a code the payload is empty.
pub fn close(code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut payload = code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec());
    payload.extend_from_slice(reason.as_bytes());
    frame(true, opcode::CLOSE, &payload)
}

/// A frame with any first byte, masked or not.
pub fn raw_frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { 0x80 } else { 0 };
    let mut out = vec![first];
    match payload.len() {
        n @ 0..126 => out.push(bit | n as u8),
        n @ 126..65536 => {
            out.push(bit | 126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(bit | 127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    let key = mask.unwrap_or_default();
    out.extend(mask.into_iter().flatten());
    out.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_a_round_trip_in_each_length_form() {
        for (length, length_bytes) in [(0, 0), (125, 0), (126, 2), (65535, 2), (65536, 8)] {
            let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut bytes = raw_frame(0x82, Some([1, 2, 3, 4]), &payload);
            let mut short = bytes[..bytes.len() - 1].to_vec();
            assert_eq!(Frame::take(&mut short), None);
            bytes.push(0x55);
            let frame = Frame::take(&mut bytes).unwrap();
            assert_eq!((frame.payload, frame.length_bytes), (payload, length_bytes));
            assert_eq!(bytes, [0x55]);
        }
    }

    /// The masked "Hello" of RFC 6455 5.7.
    #[test]
    fn the_example_of_the_rfc() {
        let mut bytes = vec![0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::take(&mut bytes).unwrap().text(), "Hello");
        assert_eq!(text("Hello"), [0x81, 5, b'H', b'e', b'l', b'l', b'o']);
    }
}
