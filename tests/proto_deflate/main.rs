//! permessage-deflate: hex in, events or a close code out; what is sent, for an oracle. RFC 7692.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod broken;
mod limits;
#[path = "../proto_support/peer.rs"]
mod peer;
mod pieces;
#[path = "../proto_support/mod.rs"]
mod proto_support;
mod random;
mod receive;
mod send;

use openck::proto::extension::Agreed;
use openck::proto::receiver::Limits;
use peer::{Peer, fragmented, noise, prose};
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
