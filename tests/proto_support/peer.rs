//! The compressing side of a server, and data for it.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use flate2::{Compress, Compression, FlushCompress};

use super::frame;

/// A server's compressor.
pub(crate) struct Peer {
    stream: Compress,
}

impl Peer {
    pub(crate) fn new(level: u32, bits: u8) -> Self {
        Self { stream: Compress::new_with_window_bits(Compression::new(level), false, bits) }
    }

    /// The payload of a whole message.
    pub(crate) fn payload(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() * 2 + 1024);
        self.stream.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        if out.ends_with(&[0, 0, 0xff, 0xff]) {
            out.truncate(out.len() - 4);
        } else {
            out.push(0);
        }
        out
    }

    pub(crate) fn once(plain: &[u8]) -> Vec<u8> {
        Self::new(6, 15).payload(plain)
    }
}

/// Text with some order in it, so that it is compressed into blocks with codes of their own.
pub(crate) fn prose(len: usize) -> Vec<u8> {
    let words = ["alpha", "beta ", "gamma,", " delta", "\u{20ac}", "epsilon\n", "12", "{\"id\":"];
    let mut seed = 7_u32;
    let mut text = String::new();
    while text.len() < len {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
        text.push_str(words[(seed >> 16) as usize % words.len()]);
        text.push(char::from(b'a' + (seed >> 24) as u8 % 26));
    }
    text.into_bytes()
}

/// Bytes without any order.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(step).collect()
}

/// Splits a payload into the frames of one compressed message, at these places.
pub(crate) fn fragmented(first: u8, payload: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (payload.len() + 1)).collect();
    cuts.sort_unstable();
    let mut script = Vec::new();
    let mut from = 0;
    for (n, to) in cuts.iter().copied().chain([payload.len()]).enumerate() {
        let opcode = if n == 0 { first & 0x7f } else { 0 };
        let fin = if n == cuts.len() { 0x80 } else { 0 };
        script.extend(frame(opcode | fin, &payload[from..to]));
        from = to;
    }
    script
}
