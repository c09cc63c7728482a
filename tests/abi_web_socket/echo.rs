//! Messages of all kinds and sizes to tungstenite and back, and what goes over the wire.

use std::ffi::CString;

use openck_test_support::script::Action;
use openck_test_support::wire::opcode;
use openck_test_support::{echo, wire};

use crate::common::{Bytes, Sb, expect_advice, expect_words, open, scripted};

const SIZES: [usize; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000, 3_000_000];

#[test]
fn r23_messages_of_every_length_form_come_back_whole() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    for size in SIZES {
        let sent: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        assert!(ws.send_bytes(&sent, true), "{size}: {}", ws.error());
        ws.expect_frame("Binary");
        assert_eq!(ws.data_len(), i32::try_from(size).unwrap());
        assert!(ws.bytes() == sent, "{size} bytes came back changed");
        assert_eq!(ws.data_len(), 0);
        let text = "x\u{e9}\u{20ac}\u{1f600}".repeat(size / 10);
        assert!(ws.send(&text, true), "{size}: {}", ws.error());
        ws.expect_text(&text);
    }
}

#[test]
fn string_builders_carry_text() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    let (out, back) = (Sb::new(), Sb::new());
    assert!(out.append("Gr\u{fc}\u{df}e") && back.append("> "));
    assert!(ws.send_sb_handle(out.h(), true));
    ws.expect_frame("Text");
    assert!(ws.data_sb_handle(back.h()));
    assert_eq!(back.get().as_deref(), Some("> Gr\u{fc}\u{df}e"));
    assert!(!ws.send_sb_handle(Bytes::new().h(), true));
    expect_words(&ws.error(), &["StringBuilder"]);
    assert!(ws.send_bytes(b"\0binary", true));
    ws.expect_frame("Binary");
    let bytes = Bytes::holding(b"<");
    assert!(ws.data_bd_handle(bytes.h()));
    assert_eq!(bytes.to_vec(), b"<\0binary");
}

#[test]
fn r21_r22_r25_r26_fragments_and_control_frames_between_them() {
    let script = vec![Action::ExpectFrame; 6];
    let (server, ws) = scripted(&script);
    assert!(ws.send("one", false));
    assert!(ws.send("", false));
    assert!(ws.ping("between"));
    assert!(!ws.send_bytes(b"other", true), "another message inside a message");
    expect_words(&ws.error(), &["Binary", "Text"]);
    expect_advice(&ws.error());
    assert!(ws.send("two", true));
    assert!(ws.send_bytes(b"bin", false));
    assert!(ws.send_bytes(b"ary", true));
    let frames = server.transcript().frames;
    let seen: Vec<_> = frames.iter().map(ToString::to_string).collect();
    assert_eq!(
        seen,
        [
            "fin=0 rsv=0 opcode=1 masked=1 payload=one",
            "fin=0 rsv=0 opcode=0 masked=1 payload=",
            "fin=1 rsv=0 opcode=9 masked=1 payload=between",
            "fin=1 rsv=0 opcode=0 masked=1 payload=two",
            "fin=0 rsv=0 opcode=2 masked=1 payload=bin",
            "fin=1 rsv=0 opcode=0 masked=1 payload=ary",
        ]
    );
    let mut masks: Vec<_> = frames.iter().filter_map(|frame| frame.mask).collect();
    masks.sort_unstable();
    masks.dedup();
    assert_eq!(masks.len(), 6, "each frame has a mask of its own");
}

#[test]
fn r27_long_text_that_is_not_utf8_leaves_no_trace() {
    let (server, ws) = scripted(&vec![Action::ExpectFrame; 3]);
    let long = "\u{436}\u{4e16}".repeat(20_000);
    assert!(ws.send(&long, false));
    for (fault, at) in [(&b"\xff"[..], long.len()), (b"\xe4\xb8", long.len()), (b"\x80", 0)] {
        let bad = match at {
            0 => [fault, long.as_bytes()].concat(),
            _ => [long.as_bytes(), fault].concat(),
        };
        assert!(!ws.send_c(&CString::new(bad).unwrap(), true));
        let place = format!("byte 0x{:02X} at offset {at}", fault[0]);
        expect_words(&ws.error(), &["argument stringToSend is not valid UTF-8", &place]);
        expect_advice(&ws.error());
        assert!(ws.is_connected());
    }
    assert!(ws.send(&long, true), "{}", ws.error());
    assert!(ws.send_bytes(b"next", true), "{}", ws.error());
    let frames = server.transcript().frames;
    let seen: Vec<_> = frames.iter().map(|frame| (frame.fin, frame.opcode)).collect();
    assert_eq!(seen, [(false, opcode::TEXT), (true, opcode::CONTINUATION), (true, opcode::BINARY)]);
    assert!(frames[..2].iter().all(|frame| frame.payload == long.as_bytes()));
}

#[test]
fn many_small_messages_in_a_row() {
    let server = echo::start(0, None).unwrap();
    let ws = open(server.port(), "/");
    for n in 0..2_000 {
        assert!(ws.send(&n.to_string(), true));
    }
    for n in 0..2_000 {
        ws.expect_text(&n.to_string());
    }
}

/// F14, R-29, R-55: a server that takes nothing.
#[test]
fn r29_r55_a_server_that_never_reads_ends_a_send_with_a_timeout() {
    let (_server, ws) = scripted(&[Action::Ignore]);
    ws.set_idle_ms(300);
    assert!(!ws.send_bytes(&vec![7; 32 << 20], true));
    expect_words(&ws.error(), &["took no data for 300 ms", "127.0.0.1"]);
    expect_advice(&ws.error());
    assert!(!ws.is_connected(), "nothing can follow half a frame");
    assert!(!ws.send("x", true));
}

/// The server says why before it goes: that is not lost in the failure to send.
#[test]
fn what_the_server_said_before_it_broke_the_connection_can_be_read() {
    let (server, ws) = scripted(&[
        Action::Send([wire::frame(true, opcode::PING, b"?"), wire::text("last")].concat()),
        Action::Send(wire::close(Some(1009), "too big")),
        Action::Reset,
    ]);
    assert!(server.transcript().error.is_none());
    let mut sends = 0;
    while ws.send("into the void", true) {
        sends += 1;
        assert!(sends < 1_000, "sending to nobody should fail");
    }
    expect_advice(&ws.error());
    ws.expect_text("last");
    ws.expect_frame("Close");
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (1009, "too big"));
    assert!(!ws.is_connected());
}

/// The same for a send that was waiting when the connection broke.
#[test]
fn what_the_server_said_during_a_send_can_be_read() {
    let close = Action::Send(wire::close(Some(1009), "too big"));
    let (_server, ws) = scripted(&[Action::Pause(400), close, Action::Reset]);
    assert!(!ws.send_bytes(&vec![7; 64 << 20], true));
    expect_advice(&ws.error());
    ws.expect_frame("Close");
    assert_eq!(ws.close_code(), 1009);
    assert!(!ws.is_connected());
}
