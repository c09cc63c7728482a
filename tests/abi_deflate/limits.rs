//! Limits as properties..

use openck_test_support::script::Action::{Close, ExpectFrame, ExpectRequest, Send, Stall};
use openck_test_support::script::ScriptServer;
use openck_test_support::wire::{self, frame, opcode};

use crate::common::{Rest, Ws, expect_advice, expect_words};
use crate::common::{open, scripted};

/// The next ReadFrame fails with reason 4 and Close 1009.
#[track_caller]
fn too_big(server: &ScriptServer, ws: &Ws, words: &[&str]) {
    ws.expect_read_failure(4, words);
    expect_advice(&ws.error());
    assert!(!ws.is_connected());
    let transcript = server.transcript();
    let close = transcript.frames.last().and_then(wire::Frame::close_code);
    assert_eq!(close, Some(1009), "{transcript}");
}

fn binary(len: usize) -> Vec<u8> {
    frame(true, opcode::BINARY, &vec![7; len])
}

#[test]
fn the_defaults_are_64_mib_64_kib_and_1_mib() {
    let (ws, rest) = (Ws::new(), Rest::new());
    assert_eq!((ws.max_message(), ws.max_frame()), (64 << 20, 64 << 20));
    assert_eq!((rest.max_head(), rest.max_body()), (64 << 10, 1 << 20));
}

#[test]
fn negative_limits_are_refused_and_the_old_ones_stay() {
    let (ws, rest) = (Ws::new(), Rest::new());
    ws.set_max_message(5);
    ws.set_max_frame(6);
    rest.set_max_head(7);
    rest.set_max_body(8);
    for value in [-1, i32::MIN] {
        ws.set_max_message(value);
        assert!(!ws.success());
        expect_words(&ws.error(), &["MaxMessageSize", &value.to_string()]);
        expect_advice(&ws.error());
        ws.set_max_frame(value);
        assert!(!ws.success());
        expect_words(&ws.error(), &["MaxFrameSize"]);
        rest.set_max_head(value);
        assert!(!rest.success());
        expect_words(&rest.error(), &["MaxResponseHeadSize"]);
        rest.set_max_body(value);
        assert!(!rest.success());
        expect_words(&rest.error(), &["MaxResponseBodySize"]);
    }
    rest.set_max_head(0);
    assert!(!rest.success(), "a response has a head");
    assert_eq!((ws.max_message(), ws.max_frame()), (5, 6));
    assert_eq!((rest.max_head(), rest.max_body()), (7, 8));
}

#[test]
fn r62_a_message_over_the_limit_fails_with_close_1009() {
    let (server, ws) = scripted(&[Send(binary(1000)), Send(binary(1001)), ExpectFrame, Close]);
    ws.set_max_message(1000);
    ws.expect_frame("Binary");
    assert_eq!(ws.bytes().len(), 1000);
    too_big(&server, &ws, &["1001 bytes", "1000", "MaxMessageSize"]);
}

#[test]
fn r62_the_frames_of_a_message_count_together() {
    let frames = [
        frame(false, opcode::TEXT, &[b'a'; 600]),
        frame(false, opcode::CONTINUATION, &[b'b'; 400]),
        frame(true, opcode::CONTINUATION, b"c"),
    ];
    let (server, ws) = scripted(&[Send(frames.concat()), ExpectFrame, Close]);
    ws.set_max_message(1000);
    ws.expect_frame("Text");
    ws.expect_frame("Continuation");
    too_big(&server, &ws, &["1001 bytes"]);
}

#[test]
fn r62_a_frame_over_the_limit_fails_with_close_1009() {
    let (server, ws) = scripted(&[Send(binary(500)), Send(binary(501)), ExpectFrame, Close]);
    ws.set_max_frame(500);
    ws.expect_frame("Binary");
    too_big(&server, &ws, &["501 bytes", "500", "MaxFrameSize"]);
}

#[test]
fn r62_limits_can_be_set_before_the_session_and_stay_for_the_next() {
    let ws = Ws::new();
    ws.set_max_message(10);
    for _ in 0..2 {
        let steps = crate::common::after_upgrade(&[Send(binary(11)), ExpectFrame, Close]);
        let server = ScriptServer::start(steps);
        let rest = Rest::connected(server.port());
        assert!(ws.use_connection(&rest) && ws.add_client_headers());
        rest.get("/");
        assert!(ws.validate(), "{}", ws.error());
        too_big(&server, &ws, &["11 bytes"]);
    }
}

#[test]
fn r62_a_limit_counts_from_the_next_read_frame() {
    let (_server, ws) = scripted(&[Send([binary(50), binary(500)].concat()), Stall]);
    ws.set_max_message(50);
    ws.expect_frame("Binary");
    assert_eq!(ws.bytes().len(), 50);
    ws.set_max_message(500);
    ws.expect_frame("Binary");
    assert_eq!(ws.bytes().len(), 500);
}

#[test]
fn r62_zero_is_no_limit() {
    let length = (64 << 20) + 1;
    let (_server, ws) = scripted(&[Send(binary(length)), Stall]);
    ws.set_max_message(0);
    ws.set_max_frame(0);
    ws.expect_frame("Binary");
    assert_eq!(ws.data_len(), i32::try_from(length).unwrap());
}

/// no memory is taken on the word of a length, not even without a limit.
#[test]
fn r42_without_a_limit_a_length_is_only_a_number() {
    let header = [&[0x82, 127][..], &i64::MAX.to_be_bytes(), b"and no more"].concat();
    let (_server, ws) = scripted(&[Send(header), Close]);
    ws.set_max_message(0);
    ws.set_max_frame(0);
    ws.expect_read_failure(3, &["1006"]);
}

#[test]
fn r62_data_that_is_not_taken_has_the_limit_of_a_message() {
    let (server, ws) = scripted(&[Send(binary(400).repeat(3)), ExpectFrame, Close]);
    ws.set_max_message(1000);
    ws.expect_frame("Binary");
    ws.expect_frame("Binary");
    too_big(&server, &ws, &["not taken", "MaxMessageSize is 1000", "GetFrameData"]);
    let echo = openck_test_support::echo::start(0, None).unwrap();
    let ws = open(echo.port(), "/");
    ws.set_max_message(1000);
    for _ in 0..10 {
        assert!(ws.send(&"x".repeat(900), true));
        ws.expect_frame("Text");
        assert_eq!(ws.data().unwrap().len(), 900, "what was taken does not count");
    }
}

// Rest

/// The outcome of a request with limits on its response.
fn answered(response: &[u8], head: i32, body: i32) -> (Rest, Option<String>) {
    let script = vec![ExpectRequest, Send(response.to_vec()), Close];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.set_max_head(head);
    rest.set_max_body(body);
    let answer = rest.full("GET", "/");
    (rest, answer)
}

#[test]
fn r62_a_response_body_over_the_limit_fails() {
    let length = |len: usize| {
        format!("HTTP/1.1 404 No\r\nContent-Length: {len}\r\n\r\n{}", "b".repeat(len)).into_bytes()
    };
    let endless = |len: usize| format!("HTTP/1.1 404 No\r\n\r\n{}", "b".repeat(len)).into_bytes();
    for response in [length(101), endless(101)] {
        let (rest, answer) = answered(&response, 1000, 100);
        assert_eq!(answer, None);
        expect_words(&rest.error(), &["100 bytes", "MaxResponseBodySize"]);
        expect_advice(&rest.error());
        rest.expect_failure("/", &["no open connection"]);
    }
    for (response, limit) in [(length(100), 100), (endless(100), 100), (length(2 << 20), 0)] {
        let (rest, answer) = answered(&response, 1000, limit);
        assert!(answer.is_some_and(|body| body.len() >= 100), "{}", rest.error());
    }
}

#[test]
fn r62_a_response_head_over_the_limit_fails() {
    let head = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n";
    let len = i32::try_from(head.len()).unwrap();
    let (rest, answer) = answered(head.as_bytes(), len - 1, 0);
    assert_eq!(answer, None);
    expect_words(&rest.error(), &["response head", &format!("{} bytes", len - 1)]);
    expect_advice(&rest.error());
    assert_eq!(answered(head.as_bytes(), len, 0).1.as_deref(), Some(""));
    // More than the default, but no line of more than 8 KiB.
    let line = format!("X: {}\r\n", "v".repeat(8_000));
    let long = format!("HTTP/1.1 404 No\r\nContent-Length: 0\r\n{}\r\n", line.repeat(20));
    assert_eq!(answered(long.as_bytes(), 1 << 20, 0).1.as_deref(), Some(""));
    assert_eq!(answered(long.as_bytes(), 1 << 16, 0).1, None);
    let line = format!("HTTP/1.1 404 No\r\nX: {}\r\n\r\n", "v".repeat(9_000));
    assert_eq!(answered(line.as_bytes(), i32::MAX, 0).1, None);
}
