//! Frames from a server: hex in, events or a close code out. RFC 6455 5, 7, 8.1.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

mod proto_support;

use std::time::Instant;

use openck::error::ErrorKind;
use openck::proto::frame::{Header, Opcode, Rules};
use openck::proto::receiver::{Event, Limits, Receiver, Whole};
use openck::proto::utf8::Utf8Stream;
use proto_support::tables::{INVALID, TRUNCATED, VALID, first_frame};
use proto_support::{Outcome, bytes, data, frame, hex, outcome, outcome_in_pieces, receive};

/// The close code that the script must lead to.
#[track_caller]
fn fails(script: &str, code: u16) {
    let outcome = outcome(&hex(script));
    assert_eq!(outcome.code, Some(code), "{script}: {outcome:?}");
}

/// The events of a script that must not fail.
#[track_caller]
fn events(script: &str) -> Vec<Event> {
    let outcome = outcome(&hex(script));
    assert_eq!(outcome.code, None, "{script}: {outcome:?}");
    outcome.events
}

/// The payload and whether it is allowed, as text, in one frame.
fn text_is_allowed(payload: &[u8]) -> bool {
    outcome(&frame(0x81, payload)).code.is_none()
}

// RFC 6455 5.1, masking

#[test]
fn r30_masked_frames_fail() {
    for script in ["8180 00000000", "8280", "8880 00000000", "8985 01020304", "81ff", "82fe"] {
        fails(script, 1002);
    }
}

// RFC 6455 5.2, base framing

#[test]
fn r31_reserved_bits_fail() {
    for opcode in [0x81, 0x82, 0x88, 0x89, 0x8a, 0x01, 0x02] {
        for bits in 1..8 {
            let outcome = outcome(&[opcode | bits << 4]);
            assert_eq!(outcome.code, Some(1002), "{opcode:02x} {bits}");
        }
    }
}

#[test]
fn r31_rsv1_is_read_where_compression_was_negotiated() {
    let rules = |in_message| Rules { in_message, compression: true };
    let (header, used) = Header::parse(&hex("c105"), rules(false)).unwrap().unwrap();
    assert_eq!((header.compressed, header.opcode, header.len, used), (true, Opcode::Text, 5, 2));
    for (first, in_message) in [(0xe1, false), (0xc0, true), (0xc9, false), (0xd1, false)] {
        let error = Header::parse(&[first, 0], rules(in_message)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{first:02x}");
    }
}

#[test]
fn r32_reserved_opcodes_fail() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(outcome(&[0x80 | opcode]).code, Some(1002), "{opcode}");
        assert_eq!(outcome(&[opcode]).code, Some(1002), "{opcode} without FIN");
    }
}

#[test]
fn r33_length_with_top_bit_fails_at_its_first_byte() {
    fails("827f 80", 1002);
    fails("827f ffffffffffffffff", 1002);
}

#[test]
fn r33_longer_forms_than_needed_fail() {
    for script in ["817e 0000", "817e 007d", "817f 0000000000000000", "817f 000000000000ffff"] {
        fails(script, 1002);
    }
}

#[test]
fn r33_shortest_forms_pass() {
    for (len, header) in [
        (0, "8200"),
        (1, "8201"),
        (125, "827d"),
        (126, "827e 007e"),
        (65535, "827e ffff"),
        (65536, "827f 0000000000010000"),
    ] {
        let (event, message) = receive(&[hex(header), vec![7; len]].concat());
        assert_eq!(event, [data(Opcode::Binary, true)], "{len}");
        assert_eq!(message, vec![7; len], "{len}");
    }
}

/// F-1: every first byte, every class of length, with and without mask, on its own.
#[test]
fn r30_r34_every_first_byte_length_and_mask() {
    for first in 0..=255_u8 {
        for len in [0_usize, 1, 125, 126, 127, 65535, 65536] {
            for masked in [false, true] {
                let mut script = frame(first, &vec![b'a'; len]);
                if masked {
                    script[1] |= 0x80;
                }
                let code = outcome(&script).code;
                assert_eq!(code, first_frame(first, len, masked), "{first:02x} {len} {masked}");
            }
        }
    }
}

// RFC 6455 5.4, fragmentation

#[test]
fn r35_continuation_without_start_fails() {
    fails("8000", 1002);
    fails("0001 61", 1002);
    fails("8101 61 8001 61", 1002);
    fails("0101 61 8001 61 8001 61", 1002);
}

#[test]
fn r35_new_message_inside_a_message_fails() {
    for second in ["8101 61", "8201 61", "0101 61", "0201 61"] {
        fails(&format!("0101 61 {second}"), 1002);
    }
}

#[test]
fn r36_control_frames_between_fragments_leave_the_message_alone() {
    let (events, message) = receive(&hex("0101 61 8902 7071 0001 62 8a01 72 8900 8001 63"));
    let control = |payload: &[u8]| bytes(payload);
    assert_eq!(
        events,
        [
            data(Opcode::Text, false),
            Event::Ping(control(b"pq")),
            data(Opcode::Continuation, false),
            Event::Pong(control(b"r")),
            Event::Ping(control(b"")),
            data(Opcode::Continuation, true),
        ]
    );
    assert_eq!(message, b"abc");
}

#[test]
fn r37_empty_fragments_and_messages_are_valid() {
    assert_eq!(events("8100 8200").len(), 2);
    let (events, message) = receive(&hex("0100 0000 0001 61 0000 8000"));
    assert_eq!(events.len(), 5);
    assert_eq!(message, b"a");
}

#[test]
fn r63_a_flood_of_empty_fragments_takes_no_memory() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    receiver.receive(&[0x01, 0], &mut message).unwrap();
    for _ in 0..1_000_000 {
        let (used, event) = receiver.receive(&[0, 0], &mut message).unwrap();
        assert_eq!((used, event), (2, Some(data(Opcode::Continuation, false))));
    }
    assert_eq!(message.capacity(), 0);
}

// RFC 6455 5.5, control frames

#[test]
fn r34_fragmented_control_frames_fail_at_the_first_byte() {
    for script in ["08", "09", "0a"] {
        fails(script, 1002);
    }
}

#[test]
fn r34_long_control_frames_fail_before_their_length() {
    for script in ["887e", "897e", "8a7e", "887f", "897f", "8a7f"] {
        fails(script, 1002);
    }
}

#[test]
fn r34_control_frames_of_125_bytes_pass() {
    let (events, message) = receive(&frame(0x89, &[7; 125]));
    assert_eq!(events, [Event::Ping(bytes(&[7; 125]))]);
    assert!(message.is_empty());
}

#[test]
fn r40_ping_carries_its_payload() {
    assert_eq!(
        events("8900 8903 00ff80"),
        [Event::Ping(bytes(b"")), Event::Ping(bytes(b"\x00\xff\x80"))]
    );
}

#[test]
fn r41_unsolicited_pong_is_an_event() {
    assert_eq!(events("8a02 6869"), [Event::Pong(bytes(b"hi"))]);
}

// RFC 6455 5.5.1 and 7.4, closing

#[test]
fn r43_close_payload_of_one_byte_fails() {
    fails("8801 03", 1002);
}

#[test]
fn r43_empty_close_has_no_code() {
    let [Event::Close(frame)] = &events("8800")[..] else { panic!("no Close") };
    assert_eq!((frame.code, frame.reason.as_str()), (None, ""));
}

/// F-8: all codes.
#[test]
fn r44_every_close_code() {
    for code in 0..=u16::MAX {
        let allowed = match code {
            1000..=1003 | 1007..=1011 | 1012..=1014 | 3000..=4999 => None,
            _ => Some(1002),
        };
        let outcome = outcome(&frame(0x88, &code.to_be_bytes()));
        assert_eq!(outcome.code, allowed, "{code}");
        if let Some(Event::Close(frame)) = outcome.events.first() {
            assert_eq!(frame.code.map(|code| code.get()), Some(code));
        }
    }
}

#[test]
fn r45_close_reason_is_utf8() {
    let [Event::Close(frame)] = &events("8805 03e8 e282ac")[..] else { panic!("no Close") };
    assert_eq!(frame.reason, "\u{20ac}");
    for script in ["8803 03e8 80", "8804 03e8 e282", "8805 03e8 eda080", "8804 03e8 c080"] {
        fails(script, 1007);
    }
}

#[test]
fn r45_close_reason_of_123_bytes_passes() {
    let payload = [&[3, 0xe8][..], &[b'r'; 123]].concat();
    let outcome = outcome(&frame(0x88, &payload));
    let [Event::Close(frame)] = &outcome.events[..] else { panic!("{outcome:?}") };
    assert_eq!(frame.reason, "r".repeat(123));
    fails("887e 007e", 1002);
}

/// F-9.
#[test]
fn r52_everything_after_close_is_taken_and_ignored() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    let input = hex("8802 03e8 8101 61 ffff 8802 03e9");
    let (used, event) = receiver.receive(&input, &mut message).unwrap();
    assert_eq!(used, 4);
    assert!(matches!(event, Some(Event::Close(_))));
    for more in [&input[4..], &input, &[]] {
        assert_eq!(receiver.receive(more, &mut message).unwrap(), (more.len(), None));
    }
    assert_eq!((receiver.direct(), receiver.in_progress()), (0, false));
    assert!(message.is_empty());
}

#[test]
fn r54_close_inside_a_message_is_allowed() {
    let events = events("0103 6162e2 8802 03e9");
    let [Event::Data { .. }, Event::Close(frame)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(frame.code.map(|code| code.get()), Some(1001));
    let mut receiver = Receiver::new(Limits::default());
    for part in ["0103 6162e2", "8800"] {
        receiver.receive(&hex(part), &mut Vec::new()).unwrap();
    }
    assert!(!receiver.in_progress(), "the open message is dropped");
}

#[test]
fn r51_after_a_failure_the_same_failure() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    let first = receiver.receive(&hex("8301 61"), &mut message).unwrap_err();
    for more in ["", "8101 61", "8800"] {
        let again = receiver.receive(&hex(more), &mut message).unwrap_err();
        assert_eq!((again.kind(), again.message()), (first.kind(), first.message()));
    }
    assert!(message.is_empty());
    assert_eq!(receiver.direct(), 0);
}

// RFC 6455 8.1, UTF-8. F-11: the corpus as one frame, and cut at each byte.

#[test]
fn r38_a_text_that_was_cut_leaves_nothing_to_the_next() {
    let mut text = Utf8Stream::new();
    text.push(b"a\xc3").unwrap();
    text.finish().unwrap_err();
    text.push(b"b").unwrap();
    text.finish().unwrap();
}

#[test]
fn r38_a_fault_is_found_anywhere_in_a_long_text_of_any_script() {
    for script in ["a", "\u{436}", "\u{e01}", "\u{1f600}"] {
        let valid = script.repeat(9_000 / script.len());
        assert!(Utf8Stream::new().push(valid.as_bytes()).is_ok());
        for at in (0..300).chain(4_000..4_300).chain(8_000..valid.len()) {
            let mut text = valid.clone().into_bytes();
            text[at] = 0xFF;
            assert!(Utf8Stream::new().push(&text).is_err(), "FF at {at} among {script}");
        }
    }
}

#[test]
fn r38_valid_text_passes_however_it_is_fragmented() {
    for text in VALID {
        for padding in ["", "0123456789012345678901234567890123456789012345678901234567890123"] {
            let text = [padding.as_bytes(), text, padding.as_bytes()].concat();
            assert!(text_is_allowed(&text));
            for cut in 0..=text.len() {
                let (a, b) = text.split_at(cut);
                let (events, message) = receive(&[frame(1, a), frame(0x80, b)].concat());
                assert_eq!(events.len(), 2, "{text:02x?} at {cut}");
                assert_eq!(message, text);
            }
        }
    }
}

#[test]
fn r38_invalid_text_fails_however_it_is_fragmented() {
    for text in INVALID.iter().map(|(text, _)| *text).chain(TRUNCATED.iter().copied()) {
        for padding in ["", &"p".repeat(200)] {
            let text = [padding.as_bytes(), text].concat();
            assert!(!text_is_allowed(&text), "{text:02x?}");
            for cut in 0..=text.len() {
                let (a, b) = text.split_at(cut);
                let outcome = outcome(&[frame(1, a), frame(0x80, b)].concat());
                assert_eq!(outcome.code, Some(1007), "{text:02x?} at {cut}");
            }
        }
    }
}

#[test]
fn r38_invalid_text_fails_at_the_byte_that_proves_it() {
    for (text, certain) in INVALID {
        for padding in [0, 150] {
            let text = [vec![b'p'; padding], text.to_vec()].concat();
            let header = frame(1, &vec![0; text.len()]).len() - text.len();
            let script = frame(1, &text);
            let certain = header + padding + certain;
            assert_eq!(outcome(&script[..certain - 1]).code, None, "{text:02x?}");
            assert_eq!(outcome(&script[..certain]).code, Some(1007), "{text:02x?}");
            assert_eq!(outcome_in_pieces(&script[..certain], 1).code, Some(1007), "{text:02x?}");
        }
    }
}

#[test]
fn r38_each_message_is_checked_from_its_start() {
    fails("8101 e2 8102 82ac", 1007);
    assert_eq!(events("0101 e2 0001 82 8001 ac 8101 61").len(), 4);
}

#[test]
fn r38_binary_and_control_payload_is_not_text() {
    assert_eq!(events("8202 ff80 8a02 ff80 0201 ff 8001 c3").len(), 4);
    assert_eq!(events("0101 e2 8902 ff80 8002 82ac").len(), 3);
}

// R-39: pieces. F-2: every split of a script in two, and one-byte pieces.

const SCRIPT: &str = "0105 48656ce282 8904 70696e67 8004 ac6c6f21 827e 0080";

#[test]
fn r39_every_split_gives_the_same_events() {
    let script = [hex(SCRIPT), vec![9; 128], hex("8805 03e8 627965")].concat();
    let whole = outcome(&script);
    assert_eq!(whole.events.len(), 5);
    assert_eq!(whole.message.len(), 9 + 128);
    for cut in 0..=script.len() {
        assert_eq!(Outcome::of([&script[..cut], &script[cut..]]), whole, "cut at {cut}");
    }
    for size in 1..=script.len() {
        assert_eq!(outcome_in_pieces(&script, size), whole, "pieces of {size}");
    }
}

#[test]
fn r56_an_unfinished_frame_is_in_progress() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    let script = hex("0101 61 8900 8001 62");
    for (at, byte) in script.iter().enumerate() {
        receiver.receive(&[*byte], &mut message).unwrap();
        assert_eq!(receiver.in_progress(), at + 1 < script.len(), "after byte {at}");
    }
}

// R-42: limits; lengths are an enemy's data.

const LIMITS: Limits = Limits { frame: 10, message: 16 };

#[test]
fn r42_limits_are_checked_on_the_header() {
    for (script, code) in [
        ("820a", None),
        ("820b", Some(1009)),
        ("020a 00000000000000000000 8006", None),
        ("020a 00000000000000000000 8007", Some(1009)),
        ("827e 1000", Some(1009)),
        ("827f 7fffffffffffffff", Some(1009)),
        ("020a 00000000000000000000 807f 7fffffffffffffff", Some(1009)),
    ] {
        let outcome = Outcome::with(LIMITS, [&hex(script)[..]]);
        assert_eq!(outcome.code, code, "{script}");
    }
}

#[test]
fn r42_each_message_has_the_whole_limit_and_control_frames_none_of_it() {
    let message = [frame(2, &[0; 10]), frame(0x89, &[0; 125]), frame(0x80, &[0; 6])].concat();
    let outcome = Outcome::with(LIMITS, [&message[..], &message, &message]);
    assert_eq!((outcome.code, outcome.events.len()), (None, 9));
}

/// F-6.
#[test]
fn r42_endless_message_fails_at_the_limit() {
    let script = [frame(2, &[0; 5]), frame(0, &[0; 5]).repeat(1000)].concat();
    let outcome = Outcome::with(LIMITS, [&script[..]]);
    assert_eq!((outcome.code, outcome.message.len()), (Some(1009), 15));
}

#[test]
fn r42_changed_limits_hold_from_the_next_frame() {
    let mut receiver = Receiver::new(LIMITS);
    let mut message = Vec::new();
    receiver.receive(&frame(0x82, &[0; 10])[..4], &mut message).unwrap();
    receiver.set_limits(Limits { frame: 1, message: 1 });
    assert_eq!(receiver.receive(&[0; 8], &mut message).unwrap().0, 8);
    let error = receiver.receive(&frame(0x82, &[0; 2]), &mut message).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooBig);
}

/// F-4 without a limit: nothing is allocated on the word of a length.
#[test]
fn r42_no_memory_for_declared_lengths() {
    for len in [1_u64 << 31, 1 << 32, 1 << 40, 1 << 53, 1 << 62, (1 << 63) - 1] {
        let mut receiver = Receiver::new(Limits::default());
        let mut message = Vec::new();
        let script = [&[0x82, 127][..], &len.to_be_bytes(), b"abc"].concat();
        assert_eq!(receiver.receive(&script, &mut message).unwrap(), (13, None));
        assert!(message.capacity() < 64, "{}", message.capacity());
        assert_eq!(receiver.direct() as u64, len - 3);
    }
}

/// The memory that a message takes while it arrives in pieces of a kilobyte.
fn capacities(limit: u64, kilobytes: usize) -> Vec<usize> {
    let mut receiver = Receiver::new(Limits { frame: 0, message: limit });
    let script = frame(0x82, &vec![0; kilobytes << 10]);
    let (head, payload) = script.split_at(script.len() - (kilobytes << 10));
    let mut message = Vec::new();
    receiver.receive(head, &mut message).unwrap();
    let mut sizes = Vec::new();
    for piece in payload.chunks(1024) {
        receiver.receive(piece, &mut message).unwrap();
        sizes.push(message.capacity() >> 10);
    }
    sizes.dedup();
    sizes
}

/// A short one just doubles, which costs less.
#[test]
fn r42_a_message_doubles_but_not_beyond_its_limit() {
    assert_eq!(capacities(5 << 10, 5), [1, 2, 4, 8]);
    assert_eq!(capacities(0, 128), [1, 2, 4, 8, 16, 32, 64, 128]);
    assert_eq!(capacities(0, 200), [1, 2, 4, 8, 16, 32, 64, 128, 256]);
    assert_eq!(capacities(100 << 10, 100), [1, 2, 4, 8, 16, 32, 64, 100]);
    assert_eq!(capacities(200 << 10, 200), [1, 2, 4, 8, 16, 32, 64, 128, 200]);
}

#[test]
fn r42_message_length_does_not_overflow() {
    let huge = [&[0x02, 127][..], &(u64::MAX >> 1).to_be_bytes()].concat();
    let mut receiver = Receiver::new(Limits { frame: 0, message: u64::MAX });
    assert_eq!(receiver.receive(&huge, &mut Vec::new()).unwrap(), (10, None));
}

// Payload that the caller receives by itself

#[test]
fn r39_direct_payload_gives_the_same_events() {
    let script = [hex(SCRIPT), vec![9; 128]].concat();
    let whole = outcome(&script);
    for size in 1..20 {
        assert_eq!(Outcome::direct(&script, size), whole, "pieces of {size}");
    }
}

#[test]
fn r38_direct_text_is_checked() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = b"before".to_vec();
    receiver.receive(&hex("8104"), &mut message).unwrap();
    assert_eq!(receiver.direct(), 4);
    message.extend_from_slice(b"\xe0\x80");
    let error = receiver.appended(&message, 6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PeerText);
}

#[test]
fn direct_payload_over_the_frame_is_refused() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    receiver.receive(&hex("8202"), &mut message).unwrap();
    assert_eq!(receiver.appended(&message, 0).unwrap(), None);
    assert_eq!(receiver.appended(b"abc", 0).unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(receiver.receive(b"ab", &mut message).unwrap_err().kind(), ErrorKind::Internal);
}

#[test]
fn nothing_appended_is_no_event() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    assert_eq!(receiver.appended(&message, 0).unwrap(), None);
    receiver.receive(&hex("8201 61"), &mut message).unwrap();
    assert_eq!(receiver.appended(&message, 1).unwrap(), None);
}

#[test]
fn direct_is_zero_outside_of_data_frames() {
    let mut receiver = Receiver::new(Limits::default());
    let mut message = Vec::new();
    for (byte, direct) in hex("8903 616263 8203 61").iter().zip([0, 0, 0, 0, 0, 0, 3, 2]) {
        receiver.receive(&[*byte], &mut message).unwrap();
        assert_eq!(receiver.direct(), direct, "{byte:02x}");
    }
}

#[test]
fn r42_hostile_input_costs_linear_time() {
    let script = frame(0x81, &"\u{20ac}".repeat(300_000).into_bytes());
    let start = Instant::now();
    assert_eq!(outcome_in_pieces(&script, 1).code, None);
    // A quadratic check of 900 KB would take minutes.
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn r39_a_message_that_is_there_whole_is_had_the_short_way() {
    let receiver = Receiver::new(Limits { frame: 5, message: 5 });
    let whole = receiver.whole_message(b"\x81\x05Hello\x81\x01!").unwrap();
    assert_eq!(whole, Whole { opcode: Opcode::Text, used: 7, len: 5 });
    // Anything else is left to `receive`: cut, too long, a fragment, control, not UTF-8, forbidden.
    for other in [
        &b""[..],
        b"\x81",
        b"\x81\x05Hell",
        b"\x82\x06Hello!",
        b"\x01\x01a",
        b"\x89\x00",
        b"\x81\x01\xC3",
        b"\xC2\x00",
        b"\x83\x00",
        b"\x81\x80\x00\x00\x00\x00",
        b"\x81\xFE\x00\x7E\x00\x00\x00\x00",
        b"\x81\x7E\x00\x05Hello",
        b"\x81\x7F\x00\x00\x00\x00\x00\x00\x00\x05Hello",
    ] {
        assert!(receiver.whole_message(other).is_none(), "{}", other.escape_ascii());
    }
    for (frame, message) in [(5, 0), (0, 5), (5, 9), (9, 5)] {
        let receiver = Receiver::new(Limits { frame, message });
        assert!(receiver.whole_message(b"\x82\x05Hello").is_some());
        assert!(receiver.whole_message(b"\x82\x06Hello!").is_none(), "{frame} {message}");
    }
}

#[test]
fn r33_the_short_way_knows_both_short_forms_of_a_length() {
    let receiver = Receiver::new(Limits::default());
    for len in [0_u16, 1, 125, 126, 127, 256, 0xFFFF] {
        let payload = vec![b'a'; len.into()];
        for first in [0x81, 0x82] {
            let frame = frame(first, &payload);
            let whole = receiver.whole_message(&frame).unwrap();
            assert_eq!((whole.used, whole.len), (frame.len(), payload.len()));
            assert!(receiver.whole_message(&frame[..frame.len() - 1]).is_none());
        }
    }
    // Longer ones are left to `receive`.
    assert!(receiver.whole_message(&frame(0x82, &[0; 0x1_0000])).is_none());
}

#[test]
fn r35_r39_inside_a_frame_or_a_message_there_is_no_short_way() {
    let next = b"\x81\x01b";
    for begun in [&b"\x81"[..], b"\x81\x02a", b"\x01\x01a"] {
        let mut receiver = Receiver::new(Limits::default());
        assert!(receiver.whole_message(next).is_some());
        receiver.receive(begun, &mut Vec::new()).unwrap();
        assert!(receiver.whole_message(next).is_none(), "{}", begun.escape_ascii());
    }
}
