//! Reading: data, limits, forbidden frames, timeouts. RFC 6455 5, 8.1.

use std::time::{Duration, Instant};

use openck_test_support::script::Action::{
    Close, ExpectFrame, HalfClose, Ignore, Pause, Send, SendPieces, Stall,
};
use openck_test_support::wire::{self, frame, opcode, raw_frame};
use openck_test_support::{echo, scenarios};

use crate::common::{Bytes, Sb, eventually, expect_advice, expect_words, open, scripted};

/// The server sends these bytes: ReadFrame fails with reason 4, and this Close goes out.
#[track_caller]
fn forbidden(name: &str, bytes: Vec<u8>, code: u16) {
    let (server, ws) = scripted(&[Send(bytes), ExpectFrame, Close]);
    let mut reads = 0;
    while ws.read() {
        reads += 1;
        assert!(reads < 4, "{name}: accepted");
    }
    assert_eq!(ws.fail_reason(), 4, "{name}: {}", ws.error());
    expect_advice(&ws.error());
    assert!(!ws.is_connected(), "{name}");
    assert!(!ws.close_received() && ws.close_code() == 0, "{name}");
    let transcript = server.transcript();
    let sent = transcript.frames.first().map(|frame| (frame.close_code(), frame.mask.is_some()));
    assert_eq!(sent, Some((Some(code), true)), "{name}: {transcript}");
    ws.expect_read_failure(3, &[]);
    assert!(!ws.send("x", true));
}

/// nothing that follows is processed, and the connection is left.
#[test]
fn r51_nothing_is_read_behind_a_forbidden_frame() {
    let bytes = [wire::text("before"), raw_frame(0x83, None, b"x"), wire::text("behind")].concat();
    let (server, ws) = scripted(&[Send(bytes), ExpectFrame, Stall]);
    ws.expect_text("before");
    ws.expect_read_failure(4, &["opcode 3"]);
    for _ in 0..2 {
        ws.expect_read_failure(3, &["closed"]);
    }
    assert_eq!(ws.data().as_deref(), Some(""));
    let transcript = server.transcript();
    assert!(transcript.client_left && transcript.dropped == 0, "{transcript}");
}

#[test]
fn r30_r31_r32_r33_r34_r35_r43_r44_forbidden_frames_fail_with_reason_4_and_close_1002() {
    forbidden("masked", raw_frame(0x81, Some([1, 2, 3, 4]), b"x"), 1002);
    for (name, first) in [("rsv1", 0xc1), ("rsv2", 0xa1), ("rsv3", 0x91), ("rsv1 ping", 0xc9)] {
        forbidden(name, raw_frame(first, None, b"x"), 1002);
    }
    for code in (3..8).chain(11..16) {
        forbidden(&format!("opcode {code}"), raw_frame(0x80 | code, None, b"x"), 1002);
    }
    forbidden("length 5 in 16 bits", vec![0x82, 126, 0, 5], 1002);
    forbidden("length 5 in 64 bits", vec![0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5], 1002);
    forbidden("length over 63 bits", vec![0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002);
    forbidden("fragmented ping", raw_frame(0x09, None, b"x"), 1002);
    forbidden("long ping", vec![0x89, 126, 0, 126], 1002);
    forbidden("long close", vec![0x88, 126, 0, 126], 1002);
    forbidden("continuation of nothing", frame(true, opcode::CONTINUATION, b"x"), 1002);
    let begun = frame(false, opcode::TEXT, b"a");
    forbidden("text inside a text", [begun.clone(), wire::text("b")].concat(), 1002);
    forbidden("binary inside a text", [begun, frame(true, opcode::BINARY, b"b")].concat(), 1002);
    forbidden("a Close of one byte", frame(true, opcode::CLOSE, b"x"), 1002);
    for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535] {
        forbidden(&format!("close {code}"), wire::close(Some(code), ""), 1002);
    }
}

#[test]
fn r37_empty_frames_and_messages_are_delivered() {
    let frames = [
        frame(true, opcode::TEXT, b""),
        frame(true, opcode::BINARY, b""),
        frame(false, opcode::TEXT, b""),
        frame(false, opcode::CONTINUATION, b""),
        frame(false, opcode::CONTINUATION, b"x"),
        frame(true, opcode::CONTINUATION, b""),
        frame(true, opcode::PING, b""),
        wire::text("end"),
    ];
    let (server, ws) = scripted(&[Send(frames.concat()), ExpectFrame, Stall]);
    for (kind, last, length) in [
        ("Text", true, 0),
        ("Binary", true, 0),
        ("Text", false, 0),
        ("Continuation", false, 0),
        ("Continuation", false, 1),
        ("Continuation", true, 1),
    ] {
        ws.expect_frame(kind);
        assert_eq!((ws.is_final(), ws.data_len()), (last, length), "{kind}");
    }
    assert_eq!(ws.data().as_deref(), Some("x"));
    ws.expect_text("end");
    eventually(|| !server.so_far().frames.is_empty());
    assert_eq!(server.so_far().frames[0].opcode, opcode::PONG);
}

#[test]
fn r38_r45_invalid_utf8_fails_with_reason_4_and_close_1007() {
    let text = |bytes: &[u8]| frame(true, opcode::TEXT, bytes);
    for bad in [&b"\xff"[..], b"\xc3(", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"] {
        forbidden(&format!("{bad:x?}"), text(bad), 1007);
    }
    forbidden("a text that ends in a character", text(b"\xe2\x82"), 1007);
    let begun = frame(false, opcode::TEXT, b"\xe2");
    let rest = frame(true, opcode::CONTINUATION, b"(");
    forbidden("a character cut by other bytes", [begun, rest].concat(), 1007);
    let reason = [&1000_u16.to_be_bytes()[..], b"\xff"].concat();
    forbidden("the reason of a Close", frame(true, opcode::CLOSE, &reason), 1007);
    // As soon as it is certain: the frame is not complete.
    let early = [&[0x81, 100][..], b"good so far \xf8"].concat();
    forbidden("inside an unfinished frame", early, 1007);
}

#[test]
fn a_character_may_be_split_over_frames() {
    let euro = "\u{20ac}".as_bytes();
    let script = [
        Send(frame(false, opcode::TEXT, &euro[..1])),
        Send(frame(false, opcode::CONTINUATION, &euro[1..2])),
        Send(frame(true, opcode::CONTINUATION, &euro[2..])),
        Stall,
    ];
    let (_server, ws) = scripted(&script);
    ws.expect_frame("Text");
    assert_eq!(ws.data(), None, "not a whole character yet");
    expect_words(&ws.error(), &["1 bytes", "offset 0"]);
    expect_advice(&ws.error());
    ws.expect_frame("Continuation");
    ws.expect_frame("Continuation");
    assert_eq!(ws.data().as_deref(), Some("\u{20ac}"));
}

/// F4, R-42, R-62: the header alone is enough to refuse.
#[test]
fn r42_r62_a_message_over_64_mib_fails_with_close_1009() {
    let declared = |length: u64| [&[0x82, 127][..], &length.to_be_bytes()].concat();
    for length in [(64 << 20) + 1, 1 << 31, 1 << 32, 1 << 53, 1 << 62, (1 << 63) - 1] {
        forbidden(&format!("a frame of {length}"), declared(length), 1009);
    }
    let mut second = frame(false, opcode::BINARY, b"four");
    second.extend([0x80, 127]);
    second.extend(((64_u64 << 20) - 3).to_be_bytes());
    forbidden("a message of 64 MiB and a byte in two frames", second, 1009);
}

#[test]
fn a_message_of_64_mib_is_read() {
    let size = 64 << 20;
    let (_server, ws) = scripted(&[Send(frame(true, opcode::BINARY, &vec![7; size])), Stall]);
    ws.expect_frame("Binary");
    assert_eq!(ws.data_len(), i32::try_from(size).unwrap());
    let bytes = Bytes::new();
    assert!(ws.data_bd_handle(bytes.h()));
    assert!(bytes.with(|bytes| bytes.len() == size && bytes.iter().all(|byte| *byte == 7)));
}

#[test]
fn r56_a_timeout_inside_a_frame_loses_nothing() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/partial");
    ws.set_idle_ms(100);
    for _ in 0..2 {
        ws.expect_read_failure(1, &["100 ms", "call ReadFrame again"]);
        assert!(ws.is_connected());
        assert_eq!(ws.data_len(), 0);
        assert_eq!(ws.data().as_deref(), Some(""), "half a frame is no data yet");
    }
    assert!(ws.ping("go on"));
    ws.set_idle_ms(10_000);
    ws.expect_text("early and late");
}

/// a timeout at every byte of a frame, also in its header.
#[test]
fn r56_a_timeout_at_any_byte_loses_nothing() {
    let bytes =
        [frame(false, opcode::TEXT, b"ab"), frame(true, opcode::CONTINUATION, &[b'c'; 126])];
    let bytes = bytes.concat();
    let steps: Vec<_> =
        bytes[..12].iter().flat_map(|byte| [Send(vec![*byte]), ExpectFrame]).collect();
    let steps = [steps, vec![Send(bytes[12..].to_vec()), Stall]].concat();
    let (_server, ws) = scripted(&steps);
    ws.set_idle_ms(20);
    let mut whole = Vec::new();
    for _ in 0..12 {
        while ws.read() {
            whole.push(ws.opcode());
        }
        assert_eq!(ws.fail_reason(), 1, "{}", ws.error());
        assert!(ws.ping(""));
    }
    ws.set_idle_ms(10_000);
    while !ws.is_final() {
        assert!(ws.read(), "{}", ws.error());
        whole.push(ws.opcode());
    }
    assert_eq!(whole, ["Text", "Continuation"]);
    assert_eq!(ws.data(), Some("ab".to_owned() + &"c".repeat(126)));
}

/// a reader that waits for much of a large message at once still notices each piece in time.
#[test]
fn r55_a_large_message_that_comes_slowly_is_no_silence() {
    let large = vec![7; 4 << 20];
    let slow = frame(true, opcode::BINARY, &[8; 200_000]);
    let mut script = vec![Send(frame(true, opcode::BINARY, &large)), ExpectFrame];
    for piece in slow.chunks(10_000) {
        script.extend([Send(piece.to_vec()), Pause(90)]);
    }
    script.extend([Send(frame(true, opcode::BINARY, &large)[..100_000].to_vec()), Ignore]);
    let (_server, ws) = scripted(&script);
    ws.expect_frame("Binary");
    assert!(ws.bytes() == large);
    ws.set_idle_ms(400);
    assert!(ws.send("go on", true));
    let begun = Instant::now();
    ws.expect_frame("Binary");
    assert!(ws.bytes() == [8; 200_000]);
    assert!(begun.elapsed() > Duration::from_millis(1_700), "{:?}", begun.elapsed());
    // Silence in the middle of one is silence.
    let begun = Instant::now();
    ws.expect_read_failure(1, &["400 ms"]);
    assert!((400..2_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[test]
fn a_failed_read_frame_keeps_the_last_opcode() {
    let (_server, ws) = scripted(&[Send(frame(true, opcode::BINARY, b"x")), Stall]);
    ws.expect_frame("Binary");
    ws.set_idle_ms(50);
    ws.expect_read_failure(1, &[]);
    assert_eq!((ws.opcode().as_str(), ws.opcode_int(), ws.is_final()), ("Binary", 2, true));
    assert_eq!(ws.data_len(), 1);
}

#[test]
fn a_negative_idle_timeout_is_refused() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    assert!(ws.ping(""));
    ws.set_idle_ms(1_234);
    ws.set_idle_ms(-1);
    assert_eq!(ws.idle_ms(), 1_234);
    expect_words(&ws.error(), &["IdleTimeoutMs", "-1", "what to do"]);
    assert!(ws.success(), "a property is no method");
    // 0 is for ever: what comes later is still read.
    ws.set_idle_ms(0);
    assert!(ws.send("in its own time", true));
    ws.expect_text("in its own time");
}

#[test]
fn get_frame_data_keeps_what_is_not_text() {
    let (_server, ws) = scripted(&[Send(frame(true, opcode::BINARY, b"ab\xff\0")), Stall]);
    ws.expect_frame("Binary");
    let text = Sb::new();
    assert_eq!(ws.data(), None);
    expect_words(&ws.error(), &["4 bytes", "offset 2", "GetFrameDataBd"]);
    assert!(!ws.data_sb_handle(text.h()));
    assert_eq!(text.get().as_deref(), Some(""));
    assert!(!ws.data_bd_handle(text.h()), "no BinData");
    assert_eq!(ws.data_len(), 4);
    assert_eq!(ws.bytes(), b"ab\xff\0");
    assert_eq!(ws.data_len(), 0);
}

#[test]
fn get_frame_data_without_data_is_empty() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    assert_eq!(ws.data().as_deref(), Some(""));
    assert!(ws.success());
    assert_eq!(ws.bytes(), b"");
    assert!(ws.send("", true));
    ws.expect_text("");
}

#[test]
fn frame_data_len_adds_up_until_the_data_is_taken() {
    let frames = [wire::text("one"), wire::text(""), frame(true, opcode::BINARY, b"two")].concat();
    let (_server, ws) = scripted(&[Send(frames), Stall]);
    for (kind, length) in [("Text", 3), ("Text", 3), ("Binary", 6)] {
        ws.expect_frame(kind);
        assert_eq!(ws.data_len(), length);
    }
    assert_eq!(ws.data().as_deref(), Some("onetwo"));
    assert_eq!(ws.data_len(), 0);
}

/// data that nobody takes is bounded too.
#[test]
fn r62_data_that_is_never_taken_has_the_limit_of_a_message() {
    let message = frame(true, opcode::BINARY, &vec![1; 8 << 20]);
    let mut script = vec![Send(message); 9];
    script.push(Stall);
    let (_server, ws) = scripted(&script);
    for _ in 0..8 {
        ws.expect_frame("Binary");
    }
    ws.expect_read_failure(4, &["not taken", "GetFrameData"]);
}

#[test]
fn nul_in_text_is_counted_and_kept() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/nul-text");
    ws.expect_frame("Text");
    assert_eq!(ws.data_len(), i32::try_from(scenarios::NUL_TEXT.len()).unwrap());
    assert_eq!(ws.bytes(), scenarios::NUL_TEXT.as_bytes());
}

#[test]
fn r39_frames_in_single_bytes_are_the_same() {
    let frames = [wire::text("one"), frame(true, opcode::PING, b"p"), wire::text("two")].concat();
    let (_server, ws) = scripted(&[SendPieces(frames, 1), Stall]);
    ws.expect_text("one");
    ws.expect_text("two");
}

#[test]
fn poll_data_available_sees_the_end() {
    let script = [ExpectFrame, Send(wire::text("last")), ExpectFrame, HalfClose, Stall];
    let (server, ws) = scripted(&script);
    assert!(!ws.poll());
    assert!(ws.success(), "no is an answer");
    assert!(ws.ping("speak"));
    eventually(|| ws.poll());
    ws.expect_text("last");
    assert!(!ws.poll());
    assert!(ws.ping("leave"));
    eventually(|| server.so_far().notes.iter().any(|note| note.ends_with("HalfClose")));
    assert!(ws.poll(), "the end counts");
    ws.expect_read_failure(3, &["1006"]);
    assert!(!ws.poll());
}

/// What has arrived is seen by the very next call.
#[test]
fn poll_data_available_asks_the_socket_each_time() {
    let script = [Send(wire::text("one")), ExpectFrame, Send(wire::text("two")), Close];
    let (server, ws) = scripted(&script);
    ws.expect_text("one");
    assert!(ws.ping("next"));
    eventually(|| server.so_far().notes.len() >= 5);
    assert!(ws.poll());
    ws.expect_text("two");
}
