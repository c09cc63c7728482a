//! Calls in every wrong order, and objects used again.

use openck_test_support::script::{Action, ScriptServer};
use openck_test_support::{echo, scenarios, wire};

use crate::common::{
    Bytes, Rest, Sb, Ws, after_upgrade, expect_advice, expect_words, open, scripted, upgrade,
};

#[test]
fn read_frame_before_the_handshake_is_reason_3() {
    let ws = Ws::new();
    ws.expect_read_failure(3, &["not connected", "UseConnection"]);
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    assert!(ws.use_connection(&rest));
    ws.expect_read_failure(3, &["handshake"]);
    assert!(ws.add_client_headers());
    rest.get("/");
    ws.expect_read_failure(3, &["handshake"]);
    assert!(ws.validate(), "a call too early does no harm: {}", ws.error());
}

#[test]
fn nothing_works_before_use_connection() {
    let ws = Ws::new();
    let (bytes, text) = (Bytes::new(), Sb::new());
    let calls: [(&str, &dyn Fn() -> bool); 9] = [
        ("AddClientHeaders", &|| ws.add_client_headers()),
        ("ValidateServerHandshake", &|| ws.validate()),
        ("SendFrame", &|| ws.send("x", true)),
        ("SendFrameBd", &|| ws.send_bd_handle(bytes.h(), true)),
        ("SendFrameSb", &|| ws.send_sb_handle(text.h(), true)),
        ("SendPing", &|| ws.ping("x")),
        ("SendPong", &|| ws.send_pong()),
        ("SendClose", &|| ws.send_close(true, 1000, "")),
        ("CloseConnection", &|| ws.close_connection()),
    ];
    for (method, call) in calls {
        assert!(!call(), "{method}");
        assert!(!ws.success());
        expect_words(&ws.error(), &[&format!("WebSocket.{method}:"), "UseConnection"]);
        expect_advice(&ws.error());
    }
    assert!(!ws.poll());
    assert!(ws.success(), "a question that was answered");
    assert_eq!(ws.data().as_deref(), Some(""));
    assert!(!ws.is_connected());
    assert_eq!((ws.opcode().as_str(), ws.opcode_int(), ws.fail_reason()), ("", 0, 0));
}

#[test]
fn use_connection_needs_a_living_connected_rest() {
    let ws = Ws::new();
    let bytes = Bytes::new();
    assert!(!ws.use_handle(std::ptr::null_mut()));
    expect_words(&ws.error(), &["NULL", "Rest"]);
    for wrong in [bytes.h(), ws.h(), std::ptr::without_provenance_mut(0x1234)] {
        assert!(!ws.use_handle(wrong));
        expect_words(&ws.error(), &["Rest", "what to do"]);
    }
    let rest = Rest::new();
    assert!(!ws.use_connection(&rest));
    expect_words(&ws.error(), &["Rest", "Connect"]);
    assert!(!ws.validate());
    rest.dispose();
    assert!(!ws.use_connection(&rest));
    expect_words(&ws.error(), &["not a living Rest"]);
}

#[test]
fn use_connection_tells_why_the_rest_is_not_connected() {
    let rest = Rest::new();
    assert!(!rest.connect("no-such-host.invalid", 80, false));
    let ws = Ws::new();
    assert!(!ws.use_connection(&rest));
    expect_words(&ws.error(), &["no-such-host.invalid"]);
}

#[test]
fn the_handshake_must_be_prepared_and_answered() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest));
    assert!(!ws.validate());
    expect_words(&ws.error(), &["AddClientHeaders"]);
    assert!(ws.add_client_headers());
    assert!(!ws.validate());
    expect_words(&ws.error(), &["FullRequestNoBody"]);
    rest.get("/");
    assert!(ws.validate(), "{}", ws.error());
    assert!(!ws.validate());
    expect_words(&ws.error(), &["validated before"]);
    assert!(ws.is_connected(), "the second call changes nothing");
    assert!(ws.send("still here", true));
    ws.expect_text("still here");
}

#[test]
fn new_client_headers_make_an_older_answer_wrong() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    rest.get("/");
    assert!(ws.add_client_headers());
    assert!(!ws.validate());
    expect_words(&ws.error(), &["Sec-WebSocket-Accept"]);
}

#[test]
fn nothing_is_sent_after_close_connection() {
    let (server, ws) = scripted(&[Action::ExpectFrame, Action::Stall]);
    assert!(ws.send("only this", true));
    assert!(ws.close_connection());
    assert!(!ws.is_connected());
    assert!(ws.close_connection(), "also if it was closed before");
    let bytes = Bytes::new();
    let calls: [&dyn Fn() -> bool; 5] = [
        &|| ws.send("x", true),
        &|| ws.send_bd_handle(bytes.h(), true),
        &|| ws.ping("x"),
        &|| ws.send_pong(),
        &|| ws.send_close(true, 1000, ""),
    ];
    for call in calls {
        assert!(!call());
        expect_words(&ws.error(), &["closed"]);
        expect_advice(&ws.error());
    }
    ws.expect_read_failure(3, &["closed"]);
    let transcript = server.transcript();
    assert_eq!((transcript.frames.len(), transcript.dropped), (1, 0), "{transcript}");
    assert!(transcript.client_left);
}

#[test]
fn data_read_before_close_connection_can_still_be_taken() {
    let both = [wire::text("kept"), wire::text("dropped")].concat();
    let (_server, ws) = scripted(&[Action::Send(both), Action::Stall]);
    ws.expect_frame("Text");
    assert!(ws.close_connection());
    ws.expect_read_failure(3, &["closed"]);
    assert!(!ws.poll());
    assert_eq!(ws.data().as_deref(), Some("kept"));
}

#[test]
fn two_web_sockets_cannot_share_a_rest() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let late = Ws::new();
    assert!(late.use_connection(&rest));
    let first = upgrade(&rest, "/");
    assert!(late.add_client_headers());
    assert!(!late.validate());
    expect_words(&late.error(), &["belongs to a WebSocket"]);
    let second = Ws::new();
    assert!(!second.use_connection(&rest));
    expect_words(&second.error(), &["belongs to a WebSocket"]);
    drop((late, second));
    assert!(first.send("unharmed", true), "{}", first.error());
    first.expect_text("unharmed");
}

#[test]
fn requests_on_an_upgraded_rest_fail_cleanly() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = upgrade(&rest, "/");
    let (start_line, header) = (rest.last_start_line(), rest.last_header());
    rest.expect_failure("/other", &["belongs to a WebSocket"]);
    expect_advice(&rest.error());
    assert!(!rest.send_req("POST", "/other"));
    assert_eq!(rest.read_head(), -1);
    assert_eq!((rest.last_start_line(), rest.last_header()), (start_line, header));
    assert_eq!(rest.status(), 101);
    assert!(ws.send("unharmed", true));
    ws.expect_text("unharmed");
    assert!(rest.connect("127.0.0.1", server.port(), false), "{}", rest.error());
    let other = upgrade(&rest, "/");
    assert!(other.send("two", true) && ws.send("one", true));
    ws.expect_text("one");
    other.expect_text("two");
}

#[test]
fn the_rest_may_be_disposed_first() {
    let server = echo::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = upgrade(&rest, "/");
    drop(rest);
    assert!(ws.send("alone", true));
    ws.expect_text("alone");
    assert!(ws.send_close(true, 1000, "done"));
    ws.expect_frame("Close");
}

#[test]
fn the_web_socket_may_be_disposed_first() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    drop(ws);
    assert_eq!(rest.get("/status/200?body=x"), "x");
    drop(upgrade(&rest, "/"));
    rest.expect_failure("/", &[]);
}

#[test]
fn r61_an_object_can_be_used_again() {
    let failing = ScriptServer::start(after_upgrade(&[
        Action::Send(wire::close(Some(4000), "why")),
        Action::ExpectFrame,
        Action::Close,
    ]));
    let server = echo::start(0, None).unwrap();
    let ws = open(failing.port(), "/");
    ws.set_idle_ms(9_000);
    ws.set_pong_auto(false);
    ws.expect_frame("Close");
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (4000, "why"));
    ws.expect_read_failure(3, &["4000"]);

    let rest = Rest::connected(server.port());
    assert!(ws.use_connection(&rest), "{}", ws.error());
    assert_eq!((ws.close_code(), ws.close_reason().as_str()), (0, ""));
    assert!(!ws.close_received() && !ws.is_connected());
    assert_eq!((ws.fail_reason(), ws.opcode().as_str(), ws.data_len()), (0, "", 0));
    assert_eq!(ws.idle_ms(), 9_000, "settings stay");
    assert!(ws.add_client_headers());
    rest.get("/");
    assert!(ws.validate(), "{}", ws.error());
    assert!(ws.ping("p"));
    ws.expect_frame("Pong");
    assert!(ws.send("again", true));
    ws.expect_text("again");
}

#[test]
fn r61_after_every_failure_an_object_starts_clean() {
    let echo = echo::start(0, None).unwrap();
    let begun = || wire::frame(false, wire::opcode::TEXT, b"\xe2");
    let steps: [(&str, Vec<Action>); 5] = [
        ("forbidden", vec![Action::Send([begun(), wire::text("x")].concat()), Action::Stall]),
        ("not UTF-8", vec![Action::Send(wire::frame(true, 1, b"\xff")), Action::Stall]),
        ("too big", vec![Action::Send(vec![0x82, 127, 1, 0, 0, 0, 0, 0, 0, 0]), Action::Stall]),
        ("the end", vec![Action::Send(begun()), Action::Close]),
        ("a timeout", vec![Action::Send(vec![0x81, 5, b'h']), Action::Stall]),
    ];
    for (name, steps) in steps {
        let (_server, ws) = scripted(&steps);
        assert!(ws.send("a message without an end", false), "{name}");
        ws.set_idle_ms(100);
        while ws.read() {}
        assert_ne!(ws.fail_reason(), 0, "{name}");
        ws.set_idle_ms(10_000);
        begins_anew(&ws, echo.port(), name);
    }
    let refusing = scenarios::start(0, None).unwrap();
    for path in ["/status/403", "/wrong-accept", "/garbage", "/cut?at=50"] {
        let rest = Rest::connected(refusing.port());
        let ws = Ws::new();
        assert!(ws.use_connection(&rest) && ws.add_client_headers());
        rest.full("GET", path);
        assert!(!ws.validate(), "{path}");
        begins_anew(&ws, echo.port(), path);
        // The Rest too.
        begins_anew_on(&rest, &ws, echo.port(), path);
    }
}

/// A session with a new Rest shows nothing of the one before.
#[track_caller]
fn begins_anew(ws: &Ws, port: u16, after: &str) {
    begins_anew_on(&Rest::new(), ws, port, after);
}

#[track_caller]
fn begins_anew_on(rest: &Rest, ws: &Ws, port: u16, after: &str) {
    assert!(rest.connect("127.0.0.1", port, false), "{after}: {}", rest.error());
    assert!(ws.use_connection(rest), "{after}: {}", ws.error());
    assert_eq!((ws.fail_reason(), ws.opcode().as_str(), ws.data_len()), (0, "", 0), "{after}");
    assert!(!ws.is_connected() && !ws.close_received(), "{after}");
    assert!(ws.add_client_headers());
    rest.get("/");
    assert!(ws.validate(), "{after}: {}", ws.error());
    assert!(ws.send_bytes(b"new", true), "{after}: {}", ws.error());
    ws.expect_frame("Binary");
    assert_eq!(ws.bytes(), b"new", "{after}");
    assert!(ws.send("new", true));
    ws.expect_text("new");
}

#[test]
fn r61_a_session_in_use_ends_when_another_begins() {
    let (server, ws) =
        scripted(&[Action::Send(wire::text("never taken")), Action::ExpectFrame, Action::Stall]);
    ws.expect_frame("Text");
    assert!(ws.send("begin", false));
    let other = echo::start(0, None).unwrap();
    let rest = Rest::connected(other.port());
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    assert!(server.transcript().client_left);
    rest.get("/");
    assert!(ws.validate());
    assert!(ws.send("clean", true), "{}", ws.error());
    ws.expect_text("clean");
}
