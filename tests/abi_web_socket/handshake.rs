//! The opening handshake: what is sent, and which answers are taken. RFC 6455 4.1.

use openck_test_support::script::{Action, ScriptServer, Upgrade};
use openck_test_support::{scenarios, wire};

use crate::common::{Rest, Ws, expect_advice, expect_words, open, scripted};

/// Makes the handshake with this answer; the result of ValidateServerHandshake.
fn answered_by(upgrade: Upgrade, prepare: impl FnOnce(&Rest)) -> (Ws, Rest, bool) {
    let script = vec![Action::ExpectRequest, Action::SendUpgrade(upgrade), Action::Stall];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    prepare(&rest);
    rest.get("/");
    let valid = ws.validate();
    assert_eq!(ws.is_connected(), valid);
    assert_eq!(ws.success(), valid);
    (ws, rest, valid)
}

/// The handshake fails, with all these words in LastErrorText and the connection closed.
#[track_caller]
fn refused(upgrade: Upgrade, words: &[&str]) {
    let (ws, _rest, valid) = answered_by(upgrade, |_| {});
    assert!(!valid, "accepted although: {words:?}");
    expect_words(&ws.error(), words);
    expect_advice(&ws.error());
    ws.expect_read_failure(3, &["handshake"]);
    assert!(!ws.send("x", true));
}

#[track_caller]
fn accepted(upgrade: Upgrade) {
    let (ws, _rest, valid) = answered_by(upgrade, |_| {});
    assert!(valid, "{}", ws.error());
}

fn right() -> Upgrade {
    Upgrade::default()
}

#[test]
fn r02_r03_r04_r05_r06_the_request_is_that_of_the_rfc() {
    let mut keys = Vec::new();
    for _ in 0..2 {
        let server = ScriptServer::start(vec![Action::ExpectRequest, Action::Stall]);
        let rest = Rest::connected(server.port());
        let ws = Ws::new();
        assert!(ws.use_connection(&rest) && ws.add_client_headers());
        assert!(rest.add_header("Origin", "https://example.com"));
        assert!(rest.send_req("GET", "/chat?room=1"));
        drop((ws, rest));
        let request = server.transcript().request.unwrap();
        assert!(request.raw.starts_with(b"GET /chat?room=1 HTTP/1.1\r\n"));
        assert_eq!(request.field("Host").unwrap(), format!("127.0.0.1:{}", server.port()));
        assert_eq!(request.field("Upgrade"), Some("websocket"));
        assert_eq!(request.field("Connection"), Some("Upgrade"));
        assert_eq!(request.field("Sec-WebSocket-Version"), Some("13"));
        assert_eq!(request.field("Origin"), Some("https://example.com"));
        assert_eq!(request.field("Sec-WebSocket-Extensions"), None);
        let key = request.field("Sec-WebSocket-Key").unwrap().to_owned();
        assert!(key.len() == 24 && key.ends_with("=="), "{key}");
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn r13_h07_upgrade_must_be_websocket() {
    accepted(right().replacing("Upgrade", "WebSocket"));
    refused(right().without("Upgrade"), &["Upgrade"]);
    refused(right().replacing("Upgrade", "h2c"), &["Upgrade", "h2c"]);
    refused(right().replacing("Upgrade", "websocket, h2c"), &["Upgrade", "h2c"]);
    refused(right().with("Upgrade", "websocket"), &["Upgrade"]);
}

#[test]
fn r14_h08_connection_must_contain_upgrade() {
    accepted(right().replacing("Connection", "keep-alive, UPGRADE"));
    accepted(right().replacing("Connection", "keep-alive").with("connection", "upgrade"));
    refused(right().without("Connection"), &["Connection"]);
    refused(right().replacing("Connection", "close"), &["Connection", "close"]);
    refused(right().replacing("Connection", "upgraded"), &["Connection", "upgraded"]);
}

#[test]
fn r15_h09_accept_must_answer_the_key() {
    accepted(right().replacing("Sec-WebSocket-Accept", "  {accept} \t"));
    let name = "Sec-WebSocket-Accept";
    refused(right().without(name), &[name]);
    refused(right().replacing(name, "d3Jvbmc="), &[name, "d3Jvbmc="]);
    refused(right().replacing(name, ""), &[name]);
    refused(right().with(name, "{accept}"), &[name]);
    refused(right().replacing(name, "{accept}x"), &[name]);
}

#[test]
fn r17_h10_an_unoffered_subprotocol_fails_the_handshake() {
    let name = "Sec-WebSocket-Protocol";
    refused(right().with(name, "chat"), &[name, "chat", "offered"]);
    let offer = |rest: &Rest| assert!(rest.add_header(name, "soap, wamp"));
    for wrong in ["chat", "soap, wamp", "SOAP"] {
        let (ws, _, valid) = answered_by(right().with(name, wrong), offer);
        assert!(!valid);
        expect_words(&ws.error(), &[name, wrong]);
    }
    let (ws, rest, valid) = answered_by(right().with(name, "wamp"), offer);
    assert!(valid, "{}", ws.error());
    assert_eq!(rest.header_by_name(name).as_deref(), Some("wamp"));
    expect_words(&ws.error(), &["subprotocol: wamp"]);
}

/// What the program adds to the request is held to the RFC as well.
#[test]
fn r05_r06_r07_a_request_that_is_wrong_itself_fails_the_handshake() {
    for (name, value, word) in [
        ("Sec-WebSocket-Protocol", "chat, chat", "twice"),
        ("Sec-WebSocket-Protocol", "a b", "tokens"),
        ("Sec-WebSocket-Protocol", "chat/2", "tokens"),
        ("Sec-WebSocket-Protocol", "\u{e9}", "tokens"),
        ("Sec-WebSocket-Extensions", "x;;", "malformed"),
        ("Sec-WebSocket-Extensions", "x; y=", "malformed"),
        ("Sec-WebSocket-Version", "8", "13"),
        ("Sec-WebSocket-Key", "d3Jvbmc=", "16 bytes"),
    ] {
        let add = |rest: &Rest| assert!(rest.add_header(name, value));
        let (ws, _rest, valid) = answered_by(right(), add);
        assert!(!valid, "{name}: {value}");
        expect_words(&ws.error(), &[name, word]);
        expect_advice(&ws.error());
    }
}

#[test]
fn r16_h10_an_unoffered_extension_fails_the_handshake() {
    let name = "Sec-WebSocket-Extensions";
    refused(right().with(name, "permessage-deflate"), &[name, "permessage-deflate", "offered"]);
    refused(right().with(name, "x; y=1"), &[name, "offered"]);
}

#[test]
fn r17_no_subprotocol_chosen_is_allowed() {
    let offer = |rest: &Rest| assert!(rest.add_header("Sec-WebSocket-Protocol", "chat"));
    let (ws, rest, valid) = answered_by(right(), offer);
    assert!(valid, "{}", ws.error());
    assert_eq!(rest.header_by_name("Sec-WebSocket-Protocol"), None);
}

#[test]
fn r18_h13_frames_behind_the_handshake_are_kept() {
    let server = scenarios::start(0, None).unwrap();
    let ws = open(server.port(), "/two-messages-with-101");
    assert!(ws.poll());
    ws.expect_text("first");
    ws.expect_text("second");
}

/// H16: what a Content-Length announces in a 101 would be the frames.
#[test]
fn r18_h16_content_length_in_a_101_swallows_nothing() {
    let upgrade = right().with("Content-Length", "5").followed_by(wire::text("whole"));
    let (ws, _rest, valid) = answered_by(upgrade, |_| {});
    assert!(valid, "{}", ws.error());
    ws.expect_text("whole");
}

/// H15.
#[test]
fn r19_h15_interim_responses_are_passed_over() {
    let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: {accept}\r\n\r\n";
    let upgrade = Upgrade::head(head).followed_by(wire::text("first"));
    let (ws, rest, valid) = answered_by(upgrade, |_| {});
    assert!(valid, "{}", ws.error());
    assert_eq!(rest.header_by_name("Link"), None);
    ws.expect_text("first");
}

/// H5, H12: head forms that are unusual and have one meaning.
#[test]
fn r19_h05_h12_unusual_heads_are_understood() {
    accepted(right().status("HTTP/1.1 101"));
    accepted(right().status("HTTP/1.1 101 "));
    accepted(right().with("X-Folded", "one\r\n two"));
    let fields = "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: {accept}\n\n";
    accepted(Upgrade::head(&format!("HTTP/1.1 101 Switching Protocols\n{fields}")));
}

/// R-12, H6: a refusal is an ordinary response, and the connection stays for another try.
#[test]
fn r12_h06_other_statuses_are_no_websocket() {
    let server = scenarios::start(0, None).unwrap();
    for (status, word) in [
        (200, "path"),
        (204, "path"),
        (302, "Location"),
        (401, "credentials"),
        (403, "credentials"),
        (404, "path"),
        (407, "credentials"),
        (426, "version"),
        (500, "server"),
        (503, "server"),
    ] {
        let rest = Rest::connected(server.port());
        let ws = Ws::new();
        assert!(ws.use_connection(&rest) && ws.add_client_headers());
        let body = rest.get(&format!("/status/{status}?body=why"));
        assert_eq!(body, if status == 204 { "" } else { "why" });
        assert_eq!(rest.status(), status);
        assert!(!ws.validate());
        expect_words(&ws.error(), &[&status.to_string(), "101", word]);
        expect_advice(&ws.error());
        assert!(!ws.is_connected());
        rest.get("/ok");
        assert!(ws.validate(), "after {status}: {}", ws.error());
    }
}

#[test]
fn r12_the_headers_and_body_of_a_refusal_can_be_read() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let ws = Ws::new();
    assert!(ws.use_connection(&rest) && ws.add_client_headers());
    assert_eq!(rest.get("/chunked404"), "nothing there");
    assert_eq!((rest.status(), rest.status_text().as_str()), (404, "Not Found"));
    rest.get("/status/401");
    let challenge = rest.header_by_name("www-authenticate");
    assert_eq!(challenge.as_deref(), Some("Basic realm=\"openck\""));
    rest.get("/status/302");
    assert_eq!(rest.header_by_name("Location").as_deref(), Some("/ok"));
    assert!(!ws.validate());
}

/// A server that refuses usually hangs up as well: what it said is told, not that it left.
#[test]
fn r12_a_refusal_by_a_server_that_leaves_is_told_whole() {
    let refusal = |fields: &str, body: &str| {
        format!("HTTP/1.1 403 No Way\r\nContent-Type: text/plain\r\n{fields}\r\n{body}")
    };
    for answer in [
        refusal("Content-Length: 11\r\n", "members\tonl"),
        refusal("Connection: close\r\nContent-Length: 11\r\n", "members\tonl"),
        refusal("", &"members\tonly ".repeat(50)),
    ] {
        let script = vec![Action::ExpectRequest, Action::Send(answer.into_bytes()), Action::Close];
        let server = ScriptServer::start(script);
        let rest = Rest::connected(server.port());
        let ws = Ws::new();
        assert!(ws.use_connection(&rest) && ws.add_client_headers());
        rest.get("/");
        for _ in 0..2 {
            assert!(!ws.validate());
            expect_words(
                &ws.error(),
                &["403", "\"No Way\"", "101", r"members\tonl", "credentials"],
            );
            expect_advice(&ws.error());
        }
        assert!(ws.error().len() < 600, "an excerpt: {}", ws.error());
        ws.expect_read_failure(3, &["handshake"]);
    }
}

/// What follows an answer is not the program's affair until ValidateServerHandshake.
#[test]
fn the_server_may_leave_right_after_the_handshake() {
    let (server, ws) = scripted(&[Action::Close]);
    ws.expect_read_failure(3, &["1006"]);
    assert!(!ws.is_connected());
    drop(ws);
    assert!(server.transcript().error.is_none());
}
