//! permessage-deflate: hex in, events or a close code out; what is sent, for an oracle. RFC 7692.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod broken;
mod limits;
mod pieces;
#[path = "../proto_support/mod.rs"]
mod proto_support;
mod random;
mod receive;
mod send;

use flate2::{Compress, Compression, FlushCompress};
use openck::proto::extension::Agreed;
use openck::proto::receiver::Limits;
use proto_support::{Outcome, frame, hex};

const AGREED: Agreed =
    Agreed { server_bits: 15, client_bits: 15, server_takeover: true, client_takeover: true };
const NO_TAKEOVER: Agreed = Agreed { server_takeover: false, client_takeover: false, ..AGREED };

/// "Hello" as RFC 7692 7.2.3 has it.
const HELLO: &str = "f248cdc9c90700";

fn of(script: &[u8]) -> Outcome {
    Outcome::deflated(&AGREED, Limits::default(), [script])
}

fn without_takeover(script: &[u8]) -> Outcome {
    Outcome::deflated(&NO_TAKEOVER, Limits::default(), [script])
}

fn limited(limit: u64, script: &[u8]) -> Outcome {
    let limits = Limits { frame: 0, message: limit };
    Outcome::deflated(&AGREED, limits, [script])
}

/// The plain data of a script that must not fail.
#[track_caller]
fn inflated(script: &[u8]) -> Vec<u8> {
    let outcome = of(script);
    assert_eq!(outcome.code, None, "{outcome:?}");
    outcome.message
}

#[track_caller]
fn fails(script: &[u8], code: u16) {
    let outcome = of(script);
    assert_eq!(outcome.code, Some(code), "{script:02x?}: {outcome:?}");
}

/// The first byte of a message of one frame, compressed.
const TEXT: u8 = 0xc1;
const BINARY: u8 = 0xc2;

/// A compressed message of one frame, from hex.
fn message(payload: &str) -> Vec<u8> {
    frame(BINARY, &hex(payload))
}

/// A server's compressor.
struct Peer {
    stream: Compress,
}

impl Peer {
    fn new(level: u32, bits: u8) -> Self {
        Self { stream: Compress::new_with_window_bits(Compression::new(level), false, bits) }
    }

    /// The payload of a whole message.
    fn payload(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() * 2 + 1024);
        self.stream.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        if out.ends_with(&[0, 0, 0xff, 0xff]) {
            out.truncate(out.len() - 4);
        } else {
            out.push(0);
        }
        out
    }

    fn once(plain: &[u8]) -> Vec<u8> {
        Self::new(6, 15).payload(plain)
    }
}

/// Text with some order in it, so that it is compressed into blocks with codes of their own.
fn prose(len: usize) -> Vec<u8> {
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
fn noise(len: usize) -> Vec<u8> {
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
fn fragmented(first: u8, payload: &[u8], cuts: &[usize]) -> Vec<u8> {
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

/// Packs values of so many bits each, the lowest bit first.
fn deflate_bits(values: &[(u32, usize)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    for (value, count) in values {
        for bit in 0..*count {
            if at % 8 == 0 {
                out.push(0);
            }
            *out.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (at % 8);
            at += 1;
        }
    }
    out
}
