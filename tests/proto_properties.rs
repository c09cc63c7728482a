//! What holds for any bytes in any pieces.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod proto_support;

use openck::net::http1::{HeadLimits, HeadParser};
use openck::proto::close::truncate_to;
use openck::proto::frame::Opcode;
use openck::proto::mask::{MaskKeys, copy_masked};
use openck::proto::receiver::{Event, Limits};
use openck::proto::sender::Sender;
use openck::proto::utf8::{self, Utf8Stream};
use proptest::collection::vec;
use proptest::prelude::*;
use proto_support::{Outcome, cut, frame, outcome, receive, sent};

/// Frames that are mostly legal, so that scripts get past the first one.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        Just(0x01),
        Just(0x02),
        Just(0x81),
        Just(0x82),
        Just(0x00),
        Just(0x80),
        Just(0x89),
        Just(0x8a),
        Just(0x88),
        any::<u8>(),
    ];
    let text = "\\PC{0,40}".prop_map(String::into_bytes);
    let close = (900..1100_u16, "\\PC{0,10}")
        .prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat());
    let payload = prop_oneof![4 => text, 2 => vec(any::<u8>(), 0..200), 1 => close];
    (first, payload).prop_map(|(first, payload)| frame(first, &payload))
}

fn any_script() -> impl Strategy<Value = Vec<u8>> {
    vec(any_frame(), 0..8).prop_map(|frames| frames.concat())
}

/// Stretches of scripts that are checked in different ways, longer and shorter than their blocks.
fn long_text() -> impl Strategy<Value = String> {
    let script = prop::sample::select(vec![
        "plain ",
        "gr\u{fc}n ",
        "\u{4e16}\u{ff0c}",
        "\u{d55c}",
        "\u{1ec7}",
        "\u{e01}",
        "\u{1f600}",
    ]);
    vec((script, 1..2000_usize), 1..6)
        .prop_map(|stretches| stretches.iter().map(|(text, times)| text.repeat(*times)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// After a failure the bytes of the unfinished frame do not count.
    #[test]
    fn r39_any_split_gives_the_same_events(
        script in any_script(),
        sizes in vec(1..50_usize, 1..10),
    ) {
        let whole = outcome(&script);
        let pieces = Outcome::of(cut(&script, &sizes));
        prop_assert_eq!(&pieces.events, &whole.events);
        prop_assert_eq!(pieces.code, whole.code);
        if whole.code.is_none() {
            prop_assert_eq!(pieces.message, whole.message);
        }
    }

    /// F-4, R-42: nothing panics, and the message stays within its limit.
    #[test]
    fn r42_any_bytes_stay_within_the_limits(
        script in vec(any::<u8>(), 0..300),
        sizes in vec(1..50_usize, 1..10),
    ) {
        let limits = Limits { frame: 20, message: 30 };
        let outcome = Outcome::with(limits, cut(&script, &sizes));
        let messages = outcome.events.iter().filter(|event| {
            matches!(event, Event::Data { opcode: Opcode::Text | Opcode::Binary, .. })
        });
        prop_assert!(outcome.message.len() <= 30 * (messages.count() + 1));
    }

    /// R-21..R-26: what is sent is well-formed, and means what was asked for.
    #[test]
    fn r21_sent_frames_read_back(parts in vec(("\\PC{0,300}", any::<bool>()), 1..6)) {
        let (mut sender, mut out) = (Sender::new(), Vec::new());
        let mut keys = MaskKeys::new().unwrap();
        for (text, fin) in &parts {
            sender.data(true, text.as_bytes(), *fin, &mut keys, &mut out).unwrap();
        }
        let frames = sent(&out);
        prop_assert_eq!(frames.len(), parts.len());
        for (frame, (text, fin)) in frames.iter().zip(&parts) {
            prop_assert_eq!(&frame.payload, text.as_bytes());
            prop_assert_eq!(frame.first & 0x80 != 0, *fin);
        }
        // As a server would send them: the same frames without the mask.
        let unmasked = frames.iter().map(|sent| frame(sent.first, &sent.payload));
        let (events, message) = receive(&unmasked.collect::<Vec<_>>().concat());
        prop_assert_eq!(events.len(), parts.len());
        let all: String = parts.into_iter().map(|(text, _)| text).collect();
        prop_assert_eq!(message, all.into_bytes());
    }

    ///
    #[test]
    fn r48_truncation_is_the_longest_valid_prefix(text in "\\PC{0,80}", max in 0..300_usize) {
        let cut = truncate_to(&text, max);
        prop_assert!(text.starts_with(cut) && cut.len() <= max);
        if let Some(next) = text[cut.len()..].chars().next() {
            prop_assert!(cut.len() + next.len_utf8() > max);
        }
    }

    /// R-38 against the standard library: fails as soon as no continuation can be valid.
    #[test]
    fn r38_utf8_stream_agrees_with_std(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..12),
            "\\PC{0,90}".prop_map(String::into_bytes),
            long_text().prop_map(String::into_bytes),
        ],
        noise in prop::option::of((any::<usize>(), any::<u8>())),
        sizes in prop_oneof![vec(1..90_usize, 1..5), vec(1..9000_usize, 1..5)],
    ) {
        let mut bytes = bytes;
        if let (Some((at, byte)), false) = (noise, bytes.is_empty()) {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        prop_assert_eq!(utf8::is_utf8(&bytes), std::str::from_utf8(&bytes).is_ok());
        let mut stream = Utf8Stream::new();
        let mut fed = 0;
        for piece in cut(&bytes, &sizes) {
            fed += piece.len();
            let certain = std::str::from_utf8(&bytes[..fed]).is_err_and(|error| error.error_len().is_some());
            prop_assert_eq!(stream.push(piece).is_err(), certain, "after {}", fed);
            if certain {
                return Ok(());
            }
        }
        prop_assert_eq!(stream.finish().is_ok(), std::str::from_utf8(&bytes).is_ok());
    }

    /// checking and masking in one go is as doing one after the other.
    #[test]
    fn r27_text_that_is_checked_while_masked_agrees_with_std(
        text in long_text(),
        noise in prop::option::of((any::<usize>(), any::<u8>())),
        key in any::<[u8; 4]>(),
        before in 0..20_usize,
    ) {
        let mut text = text.into_bytes();
        if let Some((at, byte)) = noise {
            let at = at % text.len();
            text[at] = byte;
        }
        let mut out = vec![0x5a; before];
        let checked = utf8::copy_masked(&mut out, &text, key);
        prop_assert_eq!(checked.is_ok(), std::str::from_utf8(&text).is_ok());
        if checked.is_ok() {
            let mut masked = vec![0x5a; before];
            copy_masked(&mut masked, &text, key);
            prop_assert!(out == masked);
        }
    }

    /// nothing panics and no byte is lost, whatever a server answers.
    #[test]
    fn r19_any_answer_in_any_pieces(
        lines in vec("[A-Za-z]{1,5}: ?[ -~]{0,20}\r?\n|[ -~\r\t\0]{0,20}\n", 0..6),
        sizes in vec(1..50_usize, 1..10),
    ) {
        let input = format!("HTTP/1.1 101 X\r\n{}\r\nrest", lines.concat()).into_bytes();
        let limits = HeadLimits::default();
        let whole = HeadParser::new(limits).feed(&input).map_err(|error| error.kind());
        let mut parser = HeadParser::new(limits);
        let mut fed = 0;
        for piece in cut(&input, &sizes) {
            match parser.feed(piece) {
                Ok((used, Some(head))) => {
                    prop_assert_eq!(Ok((fed + used, Some(head))), whole);
                    return Ok(());
                }
                Ok((used, None)) => prop_assert_eq!(used, piece.len()),
                Err(error) => {
                    prop_assert_eq!(Err(error.kind()), whole);
                    return Ok(());
                }
            }
            fed += piece.len();
        }
        prop_assert_eq!(Ok((fed, None)), whole);
    }
}
