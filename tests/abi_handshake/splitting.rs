//! R-11, CVE-2026-1527 (undici): no text of a program can become a line of its own, whatever
//! function it goes through.

use openck_test_support::scenarios;

use crate::common::{Bytes, Rest, Sb, expect_words, invoke};

/// What could end a line, or a request line, and what an attacker would put behind it.
const BAD: [&str; 5] = ["a\rX-Evil: 1", "a\nX-Evil: 1", "a\r\nX-Evil: 1", "a\0X-Evil: 1", "a\r\n"];

/// Members with text arguments; the one that is set to a bad text is `None`.
const SETTERS: [(&str, &[Option<&str>]); 12] = [
    ("AddHeader", &[None, Some("value")]),
    ("AddHeader", &[Some("X-Name"), None]),
    ("AddHeader", &[Some("Host"), None]),
    ("AddHeader", &[Some("Origin"), None]),
    ("AddHeader", &[Some("Sec-WebSocket-Protocol"), None]),
    ("AddHeader", &[Some("Sec-WebSocket-Extensions"), None]),
    ("AddPathParam", &[Some("{p}"), None]),
    ("SetAuthBasic", &[None, Some("x")]),
    ("SetAuthBasic", &[Some("x"), None]),
    ("SendReqNoBody", &[Some("GET"), None]),
    ("SendReqNoBody", &[None, Some("/")]),
    ("SendReqStringBody", &[Some("POST"), None, Some("body")]),
];

#[test]
fn r11_every_setter_refuses_what_could_end_a_line() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    for bad in BAD {
        for (member, arguments) in SETTERS {
            let texts: Vec<_> = arguments.iter().map(|text| text.unwrap_or(bad)).collect();
            assert!(!invoke(rest.h(), "Rest", member, &texts), "{member} {texts:?}");
            expect_words(&rest.error(), &["result: Failed.", "what to do"]);
            assert!(!rest.error().contains("\nX-Evil"), "quoted raw: {}", rest.error());
        }
    }
    clean(&rest);
}

#[test]
fn r11_every_request_function_refuses_bad_paths_and_verbs() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let (bytes, text) = (Bytes::new(), Sb::new());
    for bad in ["/a\rb", "/a\nb", "/a HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET /b", "/a b", "/\u{7f}"] {
        for (verb, path) in [("GET", bad), (bad, "/")] {
            assert_eq!(rest.full(verb, path), None);
            assert_eq!(rest.full_string(verb, path, "body"), None);
            assert!(!rest.send_req(verb, path) && !rest.send_req_string(verb, path, "body"));
            let (bytes, text) = (bytes.h(), text.h());
            assert!(!rest.full_no_body_bd(verb, path, bytes), "{verb:?} {path:?}");
            assert!(!rest.full_no_body_sb(verb, path, text));
            assert!(!rest.full_bd(verb, path, bytes, text));
            assert!(!rest.full_sb(verb, path, text, text));
            assert!(!rest.send_req_bd(verb, path, bytes) && !rest.send_req_sb(verb, path, text));
        }
    }
    clean(&rest);
}

#[test]
fn r11_hosts_properties_and_queries_cannot_end_a_line() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    for bad in BAD.iter().filter(|bad| !bad.contains('\0')) {
        rest.set_host(bad);
        rest.set_authorization(bad);
        assert_eq!((rest.host(), rest.authorization()), Default::default());
        // It is no line of a request; it must not become one either.
        rest.set_options(bad);
        let elsewhere = Rest::new();
        let host = bad.trim_end();
        assert!(host == "a" || !elsewhere.connect(host, server.port(), false), "{bad:?}");
        // A query is encoded.
        assert!(rest.add_query(bad, bad) && rest.add_query_string(&format!("q={bad}")));
    }
    let request = clean(&rest);
    expect_words(&request, &["a%0D%0AX-Evil%3A%201=a%0D%0AX-Evil%3A%201"]);
}

/// The connection has seen no other request than this one, of three lines and a blank one.
#[track_caller]
fn clean(rest: &Rest) -> String {
    let request = rest.get("/request");
    let lines: Vec<_> = request.split("\r\n").collect();
    assert!(lines[0].starts_with("GET /request") && lines[0].ends_with(" HTTP/1.1"), "{request}");
    assert!(lines[1].starts_with("Host: 127.0.0.1:"), "{request}");
    assert_eq!(lines[2..], ["", ""], "{request}");
    assert!(!lines[0].contains(['\r', '\n', '\0']));
    request
}
