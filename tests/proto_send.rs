//! Frames to a server. RFC 6455 5 and 7, taken apart by the tests themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod proto_support;

use openck::error::ErrorKind;
use openck::proto::close::{CloseCode, CloseFrame, REASON_MAX, truncate_to};
use openck::proto::mask::{MaskKeys, copy_masked};
use openck::proto::sender::{Payload, Sender};
use proto_support::{Sent, sent};

/// A sender and what it sent.
struct Side {
    sender: Sender,
    keys: MaskKeys,
    out: Vec<u8>,
}

impl Side {
    fn new() -> Self {
        Self { sender: Sender::new(), keys: MaskKeys::new().unwrap(), out: Vec::new() }
    }

    fn data(&mut self, text: bool, payload: &[u8], fin: bool) -> Result<(), ErrorKind> {
        let result = self.sender.data(text, payload, fin, &mut self.keys, &mut self.out);
        result.map_err(|error| error.kind())
    }

    fn text(&mut self, text: &[u8], fin: bool) -> Result<(), ErrorKind> {
        let result = self.sender.text(text, fin, &mut self.keys, &mut self.out);
        result.map_err(|error| error.kind())
    }

    fn ping(&mut self, payload: &[u8]) -> Result<(), ErrorKind> {
        let result = self.sender.ping(payload, &mut self.keys, &mut self.out);
        result.map_err(|error| error.kind())
    }

    fn pong(&mut self, payload: &[u8]) -> Result<(), ErrorKind> {
        let result = self.sender.pong(payload, &mut self.keys, &mut self.out);
        result.map_err(|error| error.kind())
    }

    fn close(&mut self, frame: &CloseFrame) -> Result<(), ErrorKind> {
        let result = self.sender.close(frame, &mut self.keys, &mut self.out);
        result.map_err(|error| error.kind())
    }

    /// What was sent since the last look.
    fn sent(&mut self) -> Vec<Sent> {
        sent(&std::mem::take(&mut self.out))
    }

    /// First bytes and payloads of that.
    fn seen(&mut self) -> Vec<(u8, Vec<u8>)> {
        self.sent().into_iter().map(|frame| (frame.first, frame.payload)).collect()
    }
}

fn pair(first: u8, payload: &[u8]) -> (u8, Vec<u8>) {
    (first, payload.to_vec())
}

#[test]
fn r21_every_frame_is_masked_even_an_empty_one() {
    let mut side = Side::new();
    side.data(true, b"", true).unwrap();
    side.data(false, b"x", true).unwrap();
    side.ping(b"").unwrap();
    side.pong(b"y").unwrap();
    side.close(&CloseFrame::default()).unwrap();
    assert_eq!(
        side.seen(),
        [pair(0x81, b""), pair(0x82, b"x"), pair(0x89, b""), pair(0x8a, b"y"), pair(0x88, b"")]
    );
}

/// 40,000 bytes over 256 values: chi-square has 255 degrees of freedom, a standard deviation of
/// 22.6, and the bound lies 11 of these away.
#[test]
fn r22_mask_keys_are_fresh_and_random() {
    let mut side = Side::new();
    for _ in 0..10_000 {
        side.data(false, b"payload", true).unwrap();
    }
    let keys: Vec<[u8; 4]> = side.sent().iter().map(|frame| frame.key).collect();
    let mut counts = [0_i64; 256];
    keys.iter().flatten().for_each(|byte| counts[usize::from(*byte)] += 1);
    let expected = 40_000 / 256;
    let chi: i64 = counts.iter().map(|count| (count - expected).pow(2)).sum::<i64>() / expected;
    assert!(chi < 500, "chi-square {chi}");
    let mut different = keys;
    different.sort_unstable();
    different.dedup();
    assert!(different.len() > 9_990, "{} different keys", different.len());
}

#[test]
fn r22_two_connections_have_different_masks() {
    let (mut a, mut b) = (MaskKeys::new().unwrap(), MaskKeys::new().unwrap());
    let keys = |keys: &mut MaskKeys| [(); 4].map(|()| keys.next_key());
    assert_ne!(keys(&mut a), keys(&mut b));
    assert_eq!(format!("{a:?}"), "MaskKeys", "the state must not be shown");
}

#[test]
fn r22_masked_copy_equals_the_definition() {
    let payload: Vec<u8> = (0..2000_u32).map(|at| (at * 7) as u8).collect();
    for len in (0..300).chain([511, 512, 513, 1999]) {
        let mut out = b"kept".to_vec();
        copy_masked(&mut out, &payload[..len], [1, 0x80, 0xff, 0x5a]);
        let expected = payload[..len].iter().zip([1, 0x80, 0xff, 0x5a].iter().cycle());
        let expected: Vec<u8> = expected.map(|(byte, key)| byte ^ key).collect();
        assert_eq!(out, [b"kept", &expected[..]].concat(), "{len}");
    }
}

#[test]
fn r23_lengths_have_the_shortest_form() {
    let mut side = Side::new();
    for (len, form) in [(0, 1), (1, 1), (125, 1), (126, 3), (65535, 3), (65536, 9), (70_000, 9)] {
        let payload = vec![0xa5; len];
        side.data(false, &payload, true).unwrap();
        let sent = side.sent();
        assert_eq!((sent.len(), sent[0].form), (1, form), "{len}");
        assert_eq!(sent[0].payload, payload);
    }
}

#[test]
fn r24_reserved_bits_are_zero() {
    let mut side = Side::new();
    side.data(true, b"a", false).unwrap();
    side.data(true, b"b", true).unwrap();
    side.data(false, b"c", true).unwrap();
    side.ping(b"").unwrap();
    side.close(&CloseFrame::default()).unwrap();
    assert!(side.sent().iter().all(|frame| frame.first & 0x70 == 0));
}

#[test]
fn r25_fragments_after_the_first_are_continuations() {
    let mut side = Side::new();
    side.data(false, b"a", false).unwrap();
    side.data(false, b"", false).unwrap();
    side.data(false, b"c", true).unwrap();
    side.data(true, b"d", true).unwrap();
    side.data(true, b"e", false).unwrap();
    side.data(true, b"f", true).unwrap();
    assert_eq!(
        side.seen(),
        [
            pair(0x02, b"a"),
            pair(0x00, b""),
            pair(0x80, b"c"),
            pair(0x81, b"d"),
            pair(0x01, b"e"),
            pair(0x80, b"f"),
        ]
    );
}

#[test]
fn r25_the_kind_cannot_change_inside_a_message() {
    for first in [true, false] {
        let mut side = Side::new();
        side.data(first, b"a", false).unwrap();
        assert_eq!(side.data(!first, b"b", true), Err(ErrorKind::State));
        side.data(first, b"c", true).unwrap();
        assert_eq!(side.seen().len(), 2, "a refused frame leaves no bytes and no trace");
        side.data(!first, b"d", true).unwrap();
    }
}

#[test]
fn r26_control_frames_go_between_fragments() {
    let mut side = Side::new();
    side.data(true, b"a", false).unwrap();
    side.ping(&[1; 125]).unwrap();
    side.pong(&[2; 125]).unwrap();
    side.data(true, b"b", true).unwrap();
    assert_eq!(
        side.seen(),
        [pair(0x01, b"a"), pair(0x89, &[1; 125]), pair(0x8a, &[2; 125]), pair(0x80, b"b")]
    );
}

#[test]
fn r26_long_control_payload_is_refused() {
    let mut side = Side::new();
    for len in [126, 65536] {
        assert_eq!(side.ping(&vec![0; len]), Err(ErrorKind::Argument));
        assert_eq!(side.pong(&vec![0; len]), Err(ErrorKind::Argument));
    }
    assert!(side.out.is_empty());
}

#[test]
fn r27_text_is_utf8_over_the_message() {
    let mut side = Side::new();
    side.data(true, b"\xe2\x82", false).unwrap();
    assert_eq!(side.data(true, b"\xff", false), Err(ErrorKind::Text));
    assert_eq!(side.data(true, b"", true), Err(ErrorKind::Text), "cut at the end");
    side.data(true, b"\xac", true).unwrap();
    assert_eq!(side.data(true, b"\xe2\x82", true), Err(ErrorKind::Text));
    side.data(true, b"ok", true).unwrap();
    side.data(false, b"\xff", true).unwrap();
    let seen = side.seen();
    let first: Vec<u8> = seen.iter().map(|frame| frame.0).collect();
    assert_eq!(first, [0x01, 0x80, 0x81, 0x82], "refused frames left no trace");
}

#[test]
fn r27_text_that_is_checked_while_masked_obeys_the_same_order() {
    let mut side = Side::new();
    let long = "\u{436}\u{4e16} ".repeat(1000);
    side.text(long.as_bytes(), false).unwrap();
    assert_eq!(side.data(false, b"other kind", true), Err(ErrorKind::State));
    let bad = [long.as_bytes(), b"\xe4"].concat();
    assert_eq!(side.text(&bad, true), Err(ErrorKind::Text), "cut");
    side.text(b"", true).unwrap();
    assert_eq!(side.text(b"\xff", false), Err(ErrorKind::Text), "no message begins");
    side.data(false, b"bin", false).unwrap();
    assert_eq!(side.text(b"text", true), Err(ErrorKind::State));
    side.data(false, b"", true).unwrap();
    side.data(true, b"\xe4", false).unwrap();
    assert_eq!(side.text(b"no rest of it", true), Err(ErrorKind::Text));
    side.text(b"\xb8\x96", true).unwrap();
    side.close(&CloseFrame::default()).unwrap();
    assert_eq!(side.text(b"late", true), Err(ErrorKind::State));
    let expected: [(u8, &[u8]); 7] = [
        (0x01, long.as_bytes()),
        (0x80, b""),
        (0x02, b"bin"),
        (0x80, b""),
        (0x01, b"\xe4"),
        (0x80, b"\xb8\x96"),
        (0x88, b""),
    ];
    assert_eq!(side.seen(), expected.map(|(first, payload)| pair(first, payload)));
}

#[test]
fn r28_nothing_but_pongs_after_close() {
    let mut side = Side::new();
    side.data(true, b"a", false).unwrap();
    assert!(!side.sender.close_sent());
    side.close(&CloseFrame::new(CloseCode::NORMAL, "bye")).unwrap();
    assert!(side.sender.close_sent());
    assert_eq!(side.data(true, b"b", true), Err(ErrorKind::State));
    assert_eq!(side.data(false, b"b", true), Err(ErrorKind::State));
    assert_eq!(side.ping(b""), Err(ErrorKind::State));
    assert_eq!(side.close(&CloseFrame::default()), Err(ErrorKind::State));
    // R-40: until the peer's Close arrives its Pings are answered.
    side.pong(b"p").unwrap();
    assert_eq!(side.seen(), [pair(0x01, b"a"), pair(0x88, b"\x03\xe8bye"), pair(0x8a, b"p")]);
}

#[test]
fn r47_codes_that_may_not_be_sent_do_not_exist() {
    for code in 0..=u16::MAX {
        let allowed = match code {
            0..=999 | 1004..=1006 | 1015..=2999 | 5000.. => None,
            _ => Some(code),
        };
        assert_eq!(CloseCode::new(code).map(|code| code.get()), allowed, "{code}");
    }
    let named = [CloseCode::NORMAL, CloseCode::PROTOCOL, CloseCode::NOT_UTF8, CloseCode::TOO_BIG];
    assert_eq!(named.map(|code| code.get()), [1000, 1002, 1007, 1009]);
    assert!(named.iter().all(|code| CloseCode::new(code.get()) == Some(*code)));
}

#[test]
fn r48_reasons_are_cut_between_characters() {
    for (reason, kept) in [
        ("r".repeat(123), 123),
        ("r".repeat(124), 123),
        ("\u{e9}".repeat(62), 122),
        ("\u{20ac}".repeat(41), 123),
        ("\u{20ac}".repeat(42), 123),
        ("r".to_owned() + &"\u{20ac}".repeat(42), 121),
        ("\u{1f600}".repeat(31), 120),
    ] {
        // Both the constructor and the fields, which a program may fill in itself.
        let made = CloseFrame::new(CloseCode::NORMAL, &reason);
        assert_eq!(made.reason, reason[..kept]);
        let filled = CloseFrame { code: Some(CloseCode::NORMAL), reason: reason.clone() };
        let mut side = Side::new();
        side.close(&filled).unwrap();
        assert_eq!(side.seen(), [pair(0x88, &[&[3, 0xe8], &reason.as_bytes()[..kept]].concat())]);
    }
    assert_eq!(REASON_MAX, 123);
}

#[test]
fn r48_truncation_to_any_length_is_a_prefix() {
    let text = "a\u{e9}\u{20ac}\u{1f600}";
    let lengths: Vec<usize> = (0..12).map(|max| truncate_to(text, max).len()).collect();
    assert_eq!(lengths, [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10]);
    assert!((0..12).all(|max| text.starts_with(truncate_to(text, max))));
}

#[test]
fn r43_a_reason_without_a_code_is_not_sent() {
    let mut side = Side::new();
    side.close(&CloseFrame { code: None, reason: "lost".to_owned() }).unwrap();
    assert_eq!(side.seen(), [pair(0x88, b"")]);
}

#[test]
fn r25_r27_text_that_is_utf8_by_its_type_obeys_the_same_order() {
    let mut keys = MaskKeys::new().unwrap();
    let mut sender = Sender::new();
    let first = sender.admit_payload(Payload::Text("a"), false).unwrap();
    assert!(first.is_first());
    let binary = Payload::Binary(b"b");
    assert_eq!(sender.admit_payload(binary, true).unwrap_err().kind(), ErrorKind::State);
    let last = sender.admit_payload(Payload::Text("\u{e9}"), true).unwrap();
    assert!(!last.is_first());
    assert!(sender.admit_payload(binary, true).unwrap().is_first());
    assert_eq!((Payload::Text("\u{e9}").bytes(), binary.bytes()), (&b"\xC3\xA9"[..], &b"b"[..]));
    // A character that was begun as bytes is no place for other text, and its rest is.
    let mut out = Vec::new();
    sender.data(true, b"\xC3", false, &mut keys, &mut out).unwrap();
    let text = sender.admit_payload(Payload::Text("x"), true);
    assert_eq!(text.unwrap_err().kind(), ErrorKind::Text);
    sender.data(true, b"\xA9", true, &mut keys, &mut out).unwrap();
    sender.close(&CloseFrame::default(), &mut keys, &mut out).unwrap();
    let late = sender.admit_payload(Payload::Text("x"), true);
    assert_eq!(late.unwrap_err().kind(), ErrorKind::State);
}
