//! What goes out: the request line, the header, refused values.

use openck_test_support::scenarios;
use openck_test_support::server::Server;

use crate::common::{Bytes, Rest, expect_advice, expect_words, invoke};

fn server() -> Server {
    scenarios::start(0, None).unwrap()
}

/// The request as the server saw it.
fn sent(rest: &Rest) -> String {
    rest.get("/request")
}

#[test]
fn the_defaults_are_those_of_the_description() {
    let rest = Rest::new();
    assert_eq!((rest.connect_ms(), rest.idle_ms()), (30_000, 30_000));
    assert!(rest.folding() && rest.header_qb() && rest.verify() && !rest.debug_mode());
    assert_eq!((rest.authorization(), rest.host(), rest.options()), Default::default());
    assert_eq!((rest.connect_reason(), rest.status(), rest.header_count()), (0, 0, 0));
    assert_eq!((rest.last_header(), rest.last_start_line()), Default::default());
    assert_eq!((rest.tls_version(), rest.tls_cipher()), Default::default());
    assert_eq!(rest.error(), "");
    rest.set_connect_ms(-5);
    expect_words(&rest.error(), &["ConnectTimeoutMs", "-5", "what to do"]);
    rest.set_idle_ms(-1);
    assert_eq!((rest.connect_ms(), rest.idle_ms()), (30_000, 30_000));
}

#[test]
fn r03_host_has_the_port_when_it_is_not_the_default() {
    let server = server();
    let rest = Rest::connected(server.port());
    expect_words(&sent(&rest), &[&format!("Host: 127.0.0.1:{}\r\n", server.port())]);
    rest.set_host("virtual.example");
    expect_words(&sent(&rest), &["Host: virtual.example\r\n"]);
    assert!(rest.add_header("hOST", "other.example:1"));
    assert_eq!(rest.host(), "other.example:1");
    let request = sent(&rest);
    expect_words(&request, &["Host: other.example:1\r\n"]);
    assert_eq!(request.matches("ost:").count(), 1);
    for (host, port, tls, want) in [
        ("127.0.0.1", 80, false, "Host: 127.0.0.1\r\n"),
        ("127.0.0.1", 443, false, "Host: 127.0.0.1:443\r\n"),
        ("127.0.0.1", 443, true, "Host: 127.0.0.1\r\n"),
        ("::1", 81, false, "Host: [::1]:81\r\n"),
    ] {
        // The target counts also when it cannot be reached.
        let rest = Rest::new();
        rest.set_connect_ms(1);
        rest.connect_with(host, port, tls, false);
        rest.set_debug_mode(true);
        rest.get("/");
        expect_words(&rest.last_header(), &[want]);
    }
}

#[test]
fn r11_line_ends_in_headers_are_refused() {
    let server = server();
    let rest = Rest::connected(server.port());
    for bad in ["a\rb", "a\nb", "a\r\nX-Evil: 1", "a\0b"] {
        assert!(!invoke(rest.h(), "Rest", "AddHeader", &["X-Name", bad]));
        expect_words(&rest.error(), &["X-Name", "offset 1"]);
        expect_advice(&rest.error());
        assert!(!invoke(rest.h(), "Rest", "AddHeader", &[bad, "value"]));
        expect_advice(&rest.error());
        assert!(!invoke(rest.h(), "Rest", "SetAuthBasic", &[bad, "x"]));
        assert!(!invoke(rest.h(), "Rest", "SetAuthBasic", &["x", bad]));
    }
    for name in ["", "a b", "a:b", "\u{e9}"] {
        assert!(!rest.add_header(name, "x"), "{name:?}");
    }
    rest.set_host("good.example");
    rest.set_authorization("Bearer good");
    rest.set_host("a\r\nX-Evil: 1");
    expect_words(&rest.error(), &["Host", "offset 1", "what to do"]);
    rest.set_authorization("x\nX-Evil: 1");
    expect_words(&rest.error(), &["Authorization", "offset 1", "what to do"]);
    assert_eq!((rest.host(), rest.authorization()), ("good.example".into(), "Bearer good".into()));
    let request = sent(&rest);
    assert!(!request.contains("Evil") && !request.contains("X-Name"), "{request}");
    assert_eq!(request.matches("\r\n").count(), 4, "{request}");
}

#[test]
fn r01_r11_line_ends_in_paths_are_refused() {
    let server = server();
    let rest = Rest::connected(server.port());
    for bad in ["/a\rb", "/a\nb", "/a HTTP/1.1\r\nX-Evil: 1", "/a b", "/a\tb", "/a#b"] {
        rest.expect_failure(bad, &["offset 2"]);
        expect_advice(&rest.error());
        assert!(!rest.send_req("GET", bad));
    }
    for bad in ["x\0y", "x\r\ny", "x y"] {
        assert!(!invoke(rest.h(), "Rest", "AddPathParam", &["{room}", bad]));
        assert!(!invoke(rest.h(), "Rest", "SendReqNoBody", &["GET", bad]));
        assert!(!invoke(rest.h(), "Rest", "SendReqNoBody", &[bad, "/"]));
    }
    let request = sent(&rest);
    assert!(request.starts_with("GET /request HTTP/1.1\r\n"), "nothing was sent before: {request}");
    assert_eq!(rest.last_start_line(), "GET /request HTTP/1.1");
}

#[test]
fn long_headers_are_not_folded() {
    let server = server();
    let rest = Rest::connected(server.port());
    let long = "word ".repeat(400);
    let long = long.trim_end();
    for folding in [true, false] {
        rest.set_folding(folding);
        assert_eq!(rest.folding(), folding);
        assert!(rest.add_header("X-Long", long));
        expect_words(&sent(&rest), &[&format!("X-Long: {long}\r\n")]);
    }
}

#[test]
fn headers_are_set_replaced_and_removed() {
    let server = server();
    let rest = Rest::connected(server.port());
    assert!(rest.add_header("X-One", "  1 ") && rest.add_header("X-Two", "2"));
    assert!(rest.add_header("x-one", "other") && rest.add_header("Content-Length", "99"));
    let request = sent(&rest);
    expect_words(&request, &["x-one: other\r\n", "X-Two: 2\r\n"]);
    assert!(!request.contains("X-One") && !request.contains("Content-Length"), "{request}");
    assert_eq!(rest.last_start_line(), "GET /request HTTP/1.1");
    assert_eq!(request, format!("{}\r\n{}\r\n", rest.last_start_line(), rest.last_header()));
    assert!(rest.remove_header("X-TWO") && rest.remove_header("none"));
    assert!(!sent(&rest).contains("X-Two"));
    assert!(rest.clear_headers());
    assert!(!sent(&rest).contains("x-one"));
}

#[test]
fn header_values_beyond_ascii_are_encoded() {
    let server = server();
    let rest = Rest::connected(server.port());
    assert!(rest.add_header("X-Name", "J\u{fc}rgen"));
    assert!(rest.add_header("Sec-WebSocket-Protocol", "\u{fc}"));
    let request = sent(&rest);
    expect_words(&request, &["X-Name: =?utf-8?B?SsO8cmdlbg==?=\r\n", "Protocol: \u{fc}\r\n"]);
    rest.set_header_qb(false);
    expect_words(&sent(&rest), &["X-Name: J\u{fc}rgen\r\n"]);
}

#[test]
fn authorization_goes_before_basic() {
    let server = server();
    let rest = Rest::connected(server.port());
    assert!(rest.set_basic("user", "pass"));
    expect_words(&sent(&rest), &["Authorization: Basic dXNlcjpwYXNz\r\n"]);
    rest.set_authorization("Bearer token");
    assert!(rest.add_header("authorization", "Custom own"));
    let request = sent(&rest);
    expect_words(&request, &["Authorization: Bearer token\r\n"]);
    assert!(!request.contains("Basic") && !request.contains("Custom"), "{request}");
    assert!(rest.clear_auth());
    assert_eq!(rest.authorization(), "");
    let request = sent(&rest);
    expect_words(&request, &["authorization: Custom own\r\n"]);
    assert!(!request.contains("Basic"), "{request}");
}

/// A password in the clear goes to this machine only, unless the program insists.
#[test]
fn basic_passwords_need_tls_or_an_option() {
    let rest = Rest::new();
    rest.set_connect_ms(1);
    rest.connect("password.invalid", 80, false);
    rest.set_debug_mode(true);
    assert!(rest.set_basic("user", "pass"));
    rest.expect_failure("/", &["password.invalid", "without TLS", "AllowInsecureBasicAuth"]);
    rest.set_options("EnableTls13, allowinsecurebasicauth");
    rest.get("/");
    expect_words(&rest.last_header(), &["Basic dXNlcjpwYXNz"]);
}

#[test]
fn query_parameters_join_the_query_of_the_path() {
    let server = server();
    let rest = Rest::connected(server.port());
    assert!(rest.add_query("a b", "\u{e9}&="));
    assert!(rest.add_query_string("?x=1+2&y=%C3%A9"));
    assert!(!rest.add_query("", "x") && !rest.add_query_string("ok=1&=2"));
    let query = "a%20b=%C3%A9%26%3D&x=1%202&y=%C3%A9";
    expect_words(&sent(&rest), &[&format!("GET /request?{query} HTTP/1.1")]);
    let request = rest.get("/request?own=1");
    expect_words(&request, &[&format!("GET /request?own=1&{query} HTTP/1.1")]);
    let request = rest.full_string("POST", "/request", "body").unwrap();
    expect_words(&request, &[&format!("POST /request?{query} HTTP/1.1")]);
    assert!(rest.add_query("x", "new") && rest.remove_query("y"));
    expect_words(&sent(&rest), &["?a%20b=%C3%A9%26%3D&x=new HTTP"]);
    assert!(rest.clear_query() && rest.add_path("{room}", "42"));
    expect_words(&rest.get("request?room={room}&again={room}"), &["/request?room=42&again=42 "]);
    assert!(rest.clear_path());
    expect_words(&rest.get("/request?r={room}"), &["/request?r={room} "]);
}

#[test]
fn debug_mode_sends_nothing() {
    let rest = Rest::new();
    let kept = Bytes::holding(b"before");
    assert!(!rest.debug_request(kept.h()));
    expect_words(&rest.error(), &["DebugMode"]);
    assert_eq!(kept.to_vec(), b"before", "unchanged on failure");
    rest.set_debug_mode(true);
    rest.set_host("never.example");
    assert_eq!(rest.get("/path"), "");
    assert_eq!(rest.status(), 0);
    assert!(rest.debug_request(kept.h()));
    assert_eq!(kept.to_vec(), b"GET /path HTTP/1.1\r\nHost: never.example\r\n\r\n");
    assert_eq!(rest.full_string("POST", "/", "b\u{f6}dy").as_deref(), Some(""));
    assert!(rest.debug_request(kept.h()));
    let post = "POST / HTTP/1.1\r\nHost: never.example\r\nContent-Length: 5\r\n\r\nb\u{f6}dy";
    assert_eq!(kept.to_vec(), post.as_bytes());
    rest.set_debug_mode(false);
    rest.expect_failure("/", &["Connect"]);
}

#[test]
fn unknown_uncommon_options_are_kept_and_ignored() {
    let server = server();
    let rest = Rest::connected(server.port());
    rest.set_options("ProtectFromVpn, EnableTls13,Whatever");
    assert_eq!(rest.options(), "ProtectFromVpn, EnableTls13,Whatever");
    assert_eq!(rest.get("/status/200?body=x"), "x");
}
