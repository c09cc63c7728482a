//! H6: answers with other statuses than 101, with bodies of every kind.

use openck_test_support::script::Action::{self, Close, Send, SendUpgrade, Stall};
use openck_test_support::script::Upgrade;

use crate::common::{asked, expect_advice, expect_words};

const STATUSES: [i32; 12] = [200, 204, 301, 302, 400, 401, 403, 404, 407, 426, 500, 503];

/// An answer of this status; the server then does what the body needs to end.
fn answers(status: i32) -> [(Vec<u8>, Action, Option<String>); 5] {
    let answer = |fields: &str, body: &str| {
        format!("HTTP/1.1 {status} Because\r\n{fields}\r\n{body}").into_bytes()
    };
    let large = "too much ".repeat(1 << 17);
    let body = |text: &str| Some(if status == 204 { "" } else { text }.to_owned());
    [
        (answer("Content-Length: 0\r\n", ""), Stall, body("")),
        (answer("Content-Length: 4\r\n", "why?"), Stall, body("why?")),
        (
            answer("Transfer-Encoding: chunked\r\n", "2\r\nwh\r\n2\r\ny?\r\n0\r\n\r\n"),
            Stall,
            body("why?"),
        ),
        (answer("", "why?"), Close, body("why?")),
        (answer("", &large), Stall, (status == 204).then(String::new)),
    ]
}

#[test]
fn r12_h06_no_status_but_101_is_a_success_whatever_the_body() {
    for status in STATUSES {
        for (answer, then, body) in answers(status) {
            let (_server, rest, ws) = asked(&[Send(answer), then]);
            assert_eq!(rest.full("GET", "/"), body, "{status}: {}", rest.error());
            assert_eq!((rest.status(), rest.status_text().as_str()), (status, "Because"));
            if body.is_none() {
                expect_words(&rest.error(), &["a body of more than 1048576 bytes"]);
                expect_advice(&rest.error());
            }
            assert!(!ws.validate(), "{status}");
            expect_words(&ws.error(), &[&format!("status {status} \"Because\""), "101"]);
            if body.is_some_and(|body| !body.is_empty()) {
                expect_words(&ws.error(), &["\"why?\""]);
            }
            expect_advice(&ws.error());
            assert!(!ws.is_connected());
            ws.expect_read_failure(3, &["handshake"]);
            assert!(!ws.send("x", true));
        }
    }
}

/// Such an answer is not a WebSocket even with all its other fields right.
#[test]
fn r12_h06_a_200_with_all_the_right_fields_is_refused() {
    for line in ["HTTP/1.1 200 OK", "HTTP/1.1 201 x", "HTTP/1.1 199 x"] {
        let upgrade = Upgrade::default().status(line).with("Content-Length", "0");
        let (_server, rest, ws) = asked(&[SendUpgrade(upgrade), Close]);
        rest.full("GET", "/");
        assert!(!ws.validate(), "{line}");
        expect_advice(&ws.error());
        assert!(!ws.is_connected());
    }
}

/// RFC 6455 4.1: only a GET opens a WebSocket, even if a server takes something else.
#[test]
fn r02_a_handshake_by_another_verb_is_refused() {
    for verb in ["POST", "get", "HEAD"] {
        let (server, rest, ws) = asked(&[SendUpgrade(Upgrade::default()), Stall]);
        assert_eq!(rest.full(verb, "/").as_deref(), Some(""));
        assert_eq!(rest.status(), 101);
        assert!(!ws.validate() && !ws.is_connected());
        expect_words(&ws.error(), &[verb, "instead of GET"]);
        expect_advice(&ws.error());
        assert!(server.transcript().client_left);
    }
    // And when the server refuses it, the path is not to blame.
    let refused = Upgrade::default().status("HTTP/1.1 405 No").with("Content-Length", "0");
    let (_server, rest, ws) = asked(&[SendUpgrade(refused), Close]);
    rest.full("POST", "/");
    assert!(!ws.validate());
    expect_words(&ws.error(), &["status 405", "POST instead of GET", "FullRequestNoBody(\"GET\""]);
    assert!(!ws.error().contains("Check the path"));
}

#[test]
fn a_request_that_failed_explains_why_there_is_no_response() {
    let (_server, rest, ws) = asked(&[Stall]);
    assert_eq!(rest.full("GET", "/a b"), None);
    assert!(!ws.validate());
    expect_words(
        &ws.error(),
        &["no response", "FullRequestNoBody failed", "forbidden", "offset 2"],
    );
    // A refused property, or a question, is not why.
    assert!(!rest.add_header("a b", ""));
    assert!(!ws.validate());
    assert!(!ws.error().contains("a b"), "{}", ws.error());
    // An answer to the request before is not why either.
    let refused = Upgrade::default().status("HTTP/1.1 401 No").with("Content-Length", "0");
    let (_server, rest, ws) = asked(&[SendUpgrade(refused), Stall]);
    rest.full("GET", "/");
    assert!(!ws.validate());
    expect_words(&ws.error(), &["status 401"]);
    assert_eq!(rest.full("GET", "/a b"), None);
    assert!(!ws.validate());
    expect_words(&ws.error(), &["no response", "FullRequestNoBody failed", "forbidden"]);
    // Nothing that speaks HTTP.
    let (_server, rest, ws) = asked(&[Send(b"\x15\x03\x03\0\x02\x02\x0A".to_vec()), Close]);
    rest.full("GET", "/");
    assert!(!ws.validate());
    expect_words(&ws.error(), &["no open connection", "FullRequestNoBody failed"]);
}
