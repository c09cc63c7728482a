//! permessage-deflate, sending: what goes out is inflated by an oracle. RFC 7692 7.2.1.

use std::cell::Cell;

use openck::error::{ErrorKind, Result};
use openck::proto::close::CloseFrame;
use openck::proto::deflate::Deflater;
use openck::proto::extension::Agreed;
use openck::proto::mask::MaskKeys;
use openck::proto::receiver::Limits;
use openck::proto::sender::Sender;
use proptest::prelude::*;

use crate::proto_support::inflate::Oracle;
use crate::proto_support::{Outcome, Sent, frame, sent};
use crate::*;

/// The sending side with all that it needs; it compresses every message.
struct Side {
    sender: Sender,
    deflater: Deflater,
    min_size: usize,
    keys: MaskKeys,
    out: Vec<u8>,
}

impl Side {
    fn new(agreed: &Agreed) -> Self {
        Self::with_level(agreed, 6)
    }

    fn with_level(agreed: &Agreed, level: u8) -> Self {
        let deflater = Deflater::new(agreed, level);
        let keys = MaskKeys::new().unwrap();
        Self { sender: Sender::new(), deflater, min_size: 0, keys, out: Vec::new() }
    }

    fn data(&mut self, text: bool, payload: &[u8], fin: bool) {
        self.try_data(text, payload, fin).unwrap();
    }

    fn try_data(&mut self, text: bool, payload: &[u8], fin: bool) -> Result<()> {
        let frame = self.sender.admit(text, payload, fin)?;
        let place = (frame.is_first(), fin);
        let compressed = self.deflater.frame(payload, place, self.min_size, || true)?;
        self.sender.write(frame, payload, compressed, &mut self.keys, &mut self.out)?;
        self.deflater.release();
        Ok(())
    }

    /// What went out since the last time.
    fn take(&mut self) -> Vec<Sent> {
        let frames = sent(&self.out);
        self.out.clear();
        frames
    }

    /// The only frame that went out since the last time.
    fn one(&mut self) -> Sent {
        let mut frames = self.take();
        assert_eq!(frames.len(), 1);
        frames.remove(0)
    }
}

/// Text of exactly this length, with some order in it.
fn numbers(len: usize) -> Vec<u8> {
    let words = (0_u64..).map(|n| format!("{} is no {n}; ", n * 7919 % 1000));
    let text: String = words.take(len / 8 + 1).collect();
    text.into_bytes()[..len].to_vec()
}

#[test]
fn r84_the_example_of_the_rfc() {
    let mut side = Side::new(&AGREED);
    side.data(true, b"Hello", true);
    let hello = side.one();
    assert_eq!((hello.first, &hello.payload[..]), (0xc1, &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..]));
    side.data(true, b"Hello", true);
    assert_eq!(side.one().payload, b"\xf2\x00\x11\x00\x00");
}

#[test]
fn r83_without_takeover_each_message_stands_alone() {
    let mut side = Side::new(&NO_TAKEOVER);
    let plain = numbers(5000);
    let payloads: Vec<Vec<u8>> = (0..3)
        .map(|_| {
            side.data(false, &plain, true);
            side.one().payload
        })
        .collect();
    assert_eq!(payloads[0], payloads[1]);
    for payload in payloads {
        assert_eq!(Oracle::default().message(&payload), plain);
    }
}

#[test]
fn r83_with_takeover_messages_refer_to_earlier_ones() {
    let mut side = Side::new(&AGREED);
    let mut oracle = Oracle::default();
    let plain = numbers(5000);
    side.data(false, &plain, true);
    let first = side.one().payload;
    assert_eq!(oracle.message(&first), plain);
    side.data(false, &plain, true);
    let again = side.one().payload;
    assert!(again.len() < 100, "{}", again.len());
    assert_eq!(oracle.message(&again), plain);
}

/// no reference reaches out of the window that was agreed.
#[test]
fn r82_every_window_of_the_client() {
    for bits in 9..=15_u8 {
        for level in 0..=9 {
            let agreed = Agreed { client_bits: bits, ..AGREED };
            let mut side = Side::with_level(&agreed, level);
            let mut oracle = Oracle::default();
            for len in [3000, 200, 40_000, 1, 5000] {
                side.data(false, &numbers(len), true);
                assert_eq!(oracle.message(&side.one().payload), numbers(len));
            }
            assert!(oracle.farthest <= 1 << bits, "{bits} bits: {}", oracle.farthest);
            if level > 0 {
                assert!(oracle.farthest > 1 << (bits - 2), "{bits} bits: {}", oracle.farthest);
            }
        }
    }
}

#[test]
fn r82_a_window_of_8_bits_means_no_compression() {
    let mut side = Side::new(&Agreed { client_bits: 8, ..AGREED });
    side.data(true, &numbers(3000), true);
    assert_eq!((side.out[0], side.one().payload), (0x81, numbers(3000)));
    side.data(true, b"a", false);
    side.data(true, b"b", true);
    let frames: Vec<u8> = side.take().iter().map(|frame| frame.first).collect();
    assert_eq!(frames, [0x01, 0x80]);
}

#[test]
fn r84_rsv1_is_on_the_first_frame_alone() {
    let mut side = Side::new(&AGREED);
    side.data(true, &numbers(300), false);
    side.sender.ping(b"p", &mut side.keys, &mut side.out).unwrap();
    side.data(true, &numbers(300), false);
    side.sender.pong(b"", &mut side.keys, &mut side.out).unwrap();
    side.data(true, &numbers(300), true);
    side.sender.close(&CloseFrame::default(), &mut side.keys, &mut side.out).unwrap();
    let frames = side.take();
    let first: Vec<u8> = frames.iter().map(|frame| frame.first).collect();
    assert_eq!(first, [0x41, 0x89, 0x00, 0x8a, 0x80, 0x88]);
    //
    assert_eq!(frames[1].payload, b"p");
}

/// The frames of a message are one compressed text, and each is of use when it arrives.
#[test]
fn r84_each_frame_can_be_inflated_at_once() {
    for agreed in [AGREED, NO_TAKEOVER] {
        let mut side = Side::new(&agreed);
        for round in 0..3 {
            let pieces = [numbers(700), Vec::new(), b"x".to_vec(), numbers(900), Vec::new()];
            let mut joined = Vec::new();
            let mut so_far = Vec::new();
            let mut script = Vec::new();
            for (n, piece) in pieces.iter().enumerate() {
                side.data(false, piece, n + 1 == pieces.len());
                let sent = side.one();
                joined.extend(&sent.payload);
                so_far.extend(piece);
                script.extend(frame(sent.first, &sent.payload));
                if !agreed.client_takeover || round == 0 {
                    let outcome = Outcome::deflated(&AGREED, Limits::default(), [&script[..]]);
                    assert_eq!((outcome.code, outcome.message), (None, so_far.clone()), "{n}");
                }
            }
            if !agreed.client_takeover || round == 0 {
                assert_eq!(Oracle::default().message(&joined), so_far);
            }
        }
    }
}

#[test]
fn r84_empty_messages_and_frames() {
    for agreed in [AGREED, NO_TAKEOVER] {
        let mut side = Side::new(&agreed);
        for _ in 0..3 {
            side.data(true, b"", true);
            let sent = side.one();
            assert_eq!((sent.first, &sent.payload[..]), (0xc1, &[0][..]));
            side.data(true, b"something", true);
            side.one();
        }
        // Only the last frame is empty; all frames are.
        for pieces in [&[&b"abc"[..], b""][..], &[b"", b"", b""], &[b"", b"abc"]] {
            let mut joined = Vec::new();
            let mut side = Side::new(&agreed);
            for (n, piece) in pieces.iter().enumerate() {
                side.data(true, piece, n + 1 == pieces.len());
                joined.extend(side.one().payload);
            }
            assert_eq!(Oracle::default().message(&joined), pieces.concat());
        }
    }
}

#[test]
fn r86_short_messages_go_as_they_are() {
    let mut side = Side::new(&AGREED);
    side.min_size = 100;
    for (len, first) in [(0, 0x81), (99, 0x81), (100, 0xc1), (99, 0x81), (5000, 0xc1)] {
        side.data(true, &numbers(len), true);
        let sent = side.one();
        assert_eq!(sent.first, first, "{len}");
        if first == 0x81 {
            assert_eq!(sent.payload, numbers(len));
        }
    }
    // The length of a message in several frames is not known when it begins.
    side.data(true, b"a", false);
    side.data(true, b"b", true);
    let first: Vec<u8> = side.take().iter().map(|frame| frame.first).collect();
    assert_eq!(first, [0x41, 0x80]);
    // From the next message on.
    side.min_size = usize::MAX;
    side.data(true, &numbers(5000), true);
    assert_eq!(side.one().first, 0x81);
    side.min_size = 0;
    side.data(true, b"", true);
    assert_eq!(side.one().first, 0xc1);
}

#[test]
fn r86_plain_messages_are_not_part_of_the_context() {
    let mut side = Side::new(&AGREED);
    side.min_size = 500;
    let mut oracle = Oracle::default();
    for len in [600, 499, 700, 10, 800] {
        side.data(false, &numbers(len), true);
        let sent = side.one();
        let plain =
            if sent.first & 0x40 == 0 { sent.payload } else { oracle.message(&sent.payload) };
        assert_eq!(plain, numbers(len));
    }
}

#[test]
fn every_level_gives_the_same_data_in_other_sizes() {
    let plain = numbers(50_000);
    let mut sizes = Vec::new();
    for level in 0..=9 {
        let mut side = Side::with_level(&AGREED, level);
        side.data(true, &plain, true);
        let payload = side.one().payload;
        assert_eq!(Oracle::default().message(&payload), plain, "{level}");
        sizes.push(payload.len());
    }
    assert!(sizes[0] > plain.len(), "{sizes:?}");
    assert!(sizes[1] < plain.len() / 2 && sizes[6] < sizes[1], "{sizes:?}");
}

#[test]
fn r27_a_refused_frame_leaves_no_trace_in_the_context() {
    let mut side = Side::new(&AGREED);
    let mut oracle = Oracle::default();
    side.data(true, b"one", true);
    oracle.message(&side.one().payload);
    let refused = side.try_data(true, b"\xff not text", true);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Text);
    side.data(true, b"two", false);
    let refused = side.try_data(false, b"other", true);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::State);
    side.data(true, b"three", true);
    let joined: Vec<u8> = side.take().iter().flat_map(|frame| frame.payload.clone()).collect();
    assert_eq!(oracle.message(&joined), b"twothree");
}

#[test]
fn r28_a_close_may_come_between_admitting_and_writing() {
    let mut side = Side::new(&AGREED);
    let frame = side.sender.admit(true, b"late", true).unwrap();
    side.sender.close(&CloseFrame::default(), &mut side.keys, &mut side.out).unwrap();
    let late = side.sender.write(frame, b"late", None, &mut side.keys, &mut side.out);
    assert_eq!(late.unwrap_err().kind(), ErrorKind::State);
    assert_eq!(side.one().first, 0x88);
}

/// who waits for a long message is asked every quarter of a megabyte.
#[test]
fn r59_compressing_can_be_ended() {
    let payload = numbers(1 << 20);
    for allowed in 0..4 {
        let asked = Cell::new(0);
        let go_on = || asked.replace(asked.get() + 1) < allowed;
        let mut deflater = Deflater::new(&AGREED, 1);
        let error = deflater.frame(&payload, (true, true), 0, go_on).unwrap_err();
        assert_eq!((error.kind(), asked.get()), (ErrorKind::Aborted, allowed + 1));
    }
    let mut deflater = Deflater::new(&AGREED, 1);
    let compressed = deflater.frame(&payload, (true, true), 0, || true).unwrap().unwrap();
    assert_eq!(Oracle::default().message(compressed), payload);
}

/// A message of many megabytes does not fit into the first guess of its compressed size.
#[test]
fn large_messages_that_cannot_be_compressed() {
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(3 << 20)
    .collect();
    let mut side = Side::new(&AGREED);
    side.data(false, &noise, true);
    let payload = side.one().payload;
    assert!(payload.len() < noise.len() + noise.len() / 1000);
    assert_eq!(Oracle::default().message(&payload), noise);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What this side sends, the other side of the same library and the oracle understand.
    #[test]
    fn r84_any_messages_survive(
        messages in prop::collection::vec(
            prop::collection::vec(prop::collection::vec(0_u8..6, 0..2000), 1..5), 1..8),
        bits in 8_u8..=15,
        level in 0_u8..=9,
        takeover in any::<bool>(),
        min_size in 0_usize..600,
        size in 1_usize..9000,
    ) {
        let agreed = Agreed { server_bits: bits, client_bits: bits, server_takeover: takeover, client_takeover: takeover };
        let mut side = Side::with_level(&agreed, level);
        side.min_size = min_size;
        let mut oracle = Oracle::default();
        let mut script = Vec::new();
        for frames in &messages {
            for (n, piece) in frames.iter().enumerate() {
                side.data(false, piece, n + 1 == frames.len());
            }
            let frames_sent = side.take();
            prop_assert_eq!(frames_sent.len(), frames.len());
            let joined: Vec<u8> = frames_sent.iter().flat_map(|frame| frame.payload.clone()).collect();
            let compressed = frames_sent[0].first & 0x40 != 0;
            if !takeover {
                oracle.forget();
            }
            let plain = if compressed { oracle.message(&joined) } else { joined };
            prop_assert_eq!(plain, frames.concat());
            script.extend(frames_sent.iter().flat_map(|sent| frame(sent.first, &sent.payload)));
        }
        prop_assert!(oracle.farthest <= 1 << bits);
        let outcome = Outcome::deflated(&agreed, Limits::default(), script.chunks(size));
        prop_assert_eq!(outcome.code, None);
        prop_assert_eq!(outcome.message, messages.concat().concat());
    }
}
