//! Requests in steps, several requests on a connection, and connections that end.

use openck_test_support::scenarios;
use openck_test_support::script::Action::{Close, ExpectRequest, Send, Stall};
use openck_test_support::script::ScriptServer;

use crate::common::{Rest, eventually, expect_advice, expect_words};
use crate::served;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn calls_in_the_wrong_order_fail_and_harm_nothing() {
    let rest = Rest::new();
    rest.expect_failure("/", &["Connect"]);
    assert_eq!(rest.read_head(), -1);
    assert_eq!(rest.read_body(), None);
    expect_advice(&rest.error());
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    assert_eq!(rest.read_head(), -1);
    expect_words(&rest.error(), &["no response", "SendReqNoBody"]);
    assert_eq!(rest.read_body(), None);
    expect_words(&rest.error(), &["ReadResponseHeader"]);
    assert!(rest.send_req_string("POST", "/request", "posted"));
    assert_eq!(rest.read_body(), None, "the head comes first");
    assert_eq!(rest.read_head(), 200);
    assert_eq!(rest.read_head(), -1, "once");
    let body = rest.read_body().unwrap();
    expect_words(&body, &["POST /request", "Content-Length: 6\r\n", "\r\n\r\nposted"]);
    assert_eq!(rest.read_body(), None, "once");
    assert_eq!(rest.get("/status/200?body=x"), "x");
}

/// A response is never taken for that of a later request.
#[test]
fn answers_stay_with_their_requests() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    assert!(rest.send_req("GET", "/status/403?body=first"));
    rest.expect_failure("/status/200", &["was not read", "ReadResponseHeader"]);
    assert_eq!(rest.read_head(), 403);
    assert_eq!(rest.get("/status/200?body=second"), "second", "an unread body is passed over");
    assert_eq!(rest.status(), 200);
    assert!(rest.send_req("GET", "/status/403"));
    assert!(rest.connect("127.0.0.1", server.port(), false));
    assert_eq!(rest.read_head(), -1, "a new connection owes nothing");
    assert_eq!(rest.get("/status/200?body=third"), "third");
}

#[test]
fn a_connection_that_the_server_closed_is_made_again_if_asked_for() {
    for again in [true, false] {
        let scripts = vec![
            vec![ExpectRequest, Send(OK.into()), Close],
            vec![ExpectRequest, Send(OK.into()), Stall],
        ];
        let server = ScriptServer::start_all(scripts, None);
        let rest = Rest::new();
        assert!(rest.connect_with("127.0.0.1", i32::from(server.port()), false, again));
        assert_eq!(rest.get("/"), "ok");
        let written = |note: &String| note.contains("Send");
        eventually(|| server.so_far().notes.iter().any(written));
        if again {
            eventually(|| rest.full("GET", "/").as_deref() == Some("ok"));
            assert_eq!(rest.status(), 200);
            expect_words(&rest.error(), &["connect:", "status: 200"]);
            assert!(rest.add_header("X", "1"));
            assert!(!rest.error().contains("status:"), "the report of one call: {}", rest.error());
        } else {
            eventually(|| rest.full("GET", "/").is_none());
            expect_advice(&rest.error());
            assert_eq!(rest.status(), 0);
        }
    }
}

/// RFC 9112 9.6.
#[test]
fn connection_close_is_obeyed() {
    let response = b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok";
    let (server, rest) = served(response);
    assert_eq!(rest.get("/"), "ok");
    assert!(server.transcript().client_left);
    rest.expect_failure("/", &["no open connection any more", "closed it", "Connect again"]);
}

#[test]
fn disconnect_ends_the_connection_and_may_be_repeated() {
    let (server, rest) = served(OK);
    assert_eq!(rest.get("/"), "ok");
    assert!(rest.disconnect(100));
    assert!(server.transcript().client_left);
    assert!(rest.disconnect(-1));
    rest.expect_failure("/", &["no open connection", "Connect"]);
}

#[test]
fn a_new_connect_closes_the_old_connection() {
    let (server, rest) = served(OK);
    let other = scenarios::start(0, None).unwrap();
    assert!(rest.add_header("X-Stays", "yes"));
    assert!(rest.connect("127.0.0.1", other.port(), false));
    assert!(server.transcript().error.is_some(), "the client left before its request");
    expect_words(&rest.get("/request"), &["X-Stays: yes"]);
}

#[test]
fn the_log_of_connect_tells_the_steps() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::new();
    assert!(rest.connect("127.0.0.1", server.port(), false));
    expect_words(&rest.error(), &["Rest.Connect:", "connect:", "host: 127.0.0.1", "Success."]);
    rest.get("/status/200");
    expect_words(&rest.error(), &["Rest.FullRequestNoBody:", "status: 200 OK"]);
    assert!(!rest.error().contains("connect:"), "{}", rest.error());
}
