//! What comes back: limits, deadlines, headers, charsets.

use std::time::{Duration, Instant};

use openck_test_support::scenarios;
use openck_test_support::script::Action::{Close, ExpectRequest, Pause, Send, Stall};
use openck_test_support::script::ScriptServer;

use crate::common::{Bytes, Rest, Sb, expect_advice, expect_words};
use crate::served;

#[test]
fn r19_r62_a_response_head_over_64_kib_fails() {
    let line = format!("X: {}\r\n", "v".repeat(8_000));
    for head in [
        format!("HTTP/1.1 200 OK\r\n{}", line.repeat(9)),
        format!("HTTP/1.1 200 OK\r\nX: {}", "v".repeat(9_000)),
        format!("HTTP/1.1 200 OK\r\n{}", "X: v\r\n".repeat(129)),
    ] {
        let (server, rest) = served(head.as_bytes());
        rest.expect_failure("/", &["more than"]);
        expect_advice(&rest.error());
        assert_eq!(rest.status(), 0);
        assert!(server.transcript().client_left);
    }
    let inside = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{}\r\nok", line.repeat(7));
    assert_eq!(served(inside.as_bytes()).1.get("/"), "ok");
}

#[test]
fn r12_r62_a_body_over_1_mib_fails() {
    let mib = 1 << 20;
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let fits = [head(mib).into_bytes(), vec![b'x'; mib]].concat();
    assert_eq!(served(&fits).1.get("/").len(), mib);
    let over = [head(mib + 1).into_bytes(), vec![b'x'; mib + 1]].concat();
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunked = [chunked, chunk.repeat(17)].concat();
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; mib + 1]].concat();
    for response in [over, chunked, endless] {
        let (_server, rest) = served(&response);
        rest.expect_failure("/", &["1048576 bytes"]);
        expect_advice(&rest.error());
        rest.expect_failure("/", &["no open connection"]);
    }
}

#[test]
fn r19_a_head_that_trickles_in_times_out() {
    let head = b"HTTP/1.1 200 OK\r\nX-Header: and so on, for ever and ever\r\n";
    let bytes = head.iter().flat_map(|byte| [Send(vec![*byte]), Pause(50)]);
    let script = [ExpectRequest].into_iter().chain(bytes).chain([Stall]).collect();
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.set_idle_ms(500);
    let begun = Instant::now();
    rest.expect_failure("/", &["response head", "500 ms"]);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(2), "{took:?}");
}

/// A server may think for a while, and then has as long for the head.
#[test]
fn the_time_of_a_head_begins_with_its_first_byte() {
    let script = vec![
        ExpectRequest,
        Pause(600),
        Send(b"HTTP/1.1 200 OK\r\nContent".to_vec()),
        Pause(600),
        Send(b"-Length: 2\r\n\r\nok".to_vec()),
        Stall,
    ];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.set_idle_ms(1_000);
    assert_eq!(rest.get("/"), "ok");
}

/// a body may take its time as long as it goes on; silence is the end.
#[test]
fn r55_a_body_times_out_by_silence_alone() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n";
    let mut script = vec![ExpectRequest, Send(head.to_vec())];
    for byte in b"12345678" {
        script.push(Pause(100));
        script.push(Send(vec![*byte]));
    }
    script.extend([ExpectRequest, Send(head.to_vec()), Send(b"1234".to_vec()), Stall]);
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.set_idle_ms(600);
    assert_eq!(rest.get("/"), "12345678");
    rest.expect_failure("/", &["response body", "600 ms"]);
    expect_advice(&rest.error());
}

#[test]
fn a_body_that_ends_early_is_a_failure() {
    let script = vec![
        ExpectRequest,
        Send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec()),
        Close,
    ];
    let server = ScriptServer::start(script);
    let rest = Rest::connected(server.port());
    rest.expect_failure("/", &["ended after 4 bytes of the body"]);
    expect_advice(&rest.error());
    assert_eq!(rest.status(), 200);
}

#[test]
fn response_hdr_by_name_ignores_case() {
    let response =
        b"HTTP/1.1 200 Very Good\r\nX-One: first\r\nSet-Cookie: a=1\r\nx-one: second\r\n\
                     Set-Cookie: b=2\r\nEmpty:\r\nContent-Length: 0\r\n\r\n";
    let (_server, rest) = served(response);
    assert_eq!(rest.get("/"), "");
    assert!(rest.success(), "an empty body is no failure");
    assert_eq!((rest.status(), rest.status_text().as_str()), (200, "Very Good"));
    assert_eq!(rest.header_by_name("x-oNe").as_deref(), Some("first"));
    assert_eq!(rest.header_by_name("empty").as_deref(), Some(""));
    assert_eq!(rest.header_by_name("X-None"), None);
    assert!(!rest.success());
    expect_words(&rest.error(), &["X-None"]);
    assert_eq!(rest.header_count(), 6);
    let fields = (0..6).map(|at| (rest.header_name(at).unwrap(), rest.header_value(at).unwrap()));
    let fields: Vec<_> = fields.map(|(name, value)| format!("{name}={value}")).collect();
    let want = [
        "X-One=first",
        "Set-Cookie=a=1",
        "x-one=second",
        "Set-Cookie=b=2",
        "Empty=",
        "Content-Length=0",
    ];
    assert_eq!(fields, want);
    for wrong in [-1, 6] {
        assert_eq!((rest.header_name(wrong), rest.header_value(wrong)), (None, None));
        expect_words(&rest.error(), &[&format!("index {wrong}"), "has 6"]);
    }
    assert!(rest.header().starts_with("X-One: first\r\nSet-Cookie: a=1\r\n"), "{}", rest.header());
}

#[test]
fn header_bytes_that_are_not_utf8_are_latin1() {
    let response = b"HTTP/1.1 200 OK\r\nX-Latin: J\xfcrgen\r\nX-Utf8: J\xc3\xbcrgen\r\n\
                     Content-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n\r\nbad:\xfc.";
    let (_server, rest) = served(response);
    assert_eq!(rest.get("/"), "bad:\u{fc}.", "so is a body that is not in its charset");
    assert_eq!(rest.header_by_name("X-Latin").as_deref(), Some("J\u{fc}rgen"));
    assert_eq!(rest.header_by_name("X-Utf8").as_deref(), Some("J\u{fc}rgen"));
    expect_words(&rest.header(), &["X-Latin: J\u{fc}rgen\r\n", "X-Utf8: J\u{fc}rgen\r\n"]);
}

#[test]
fn bodies_are_read_in_their_charset() {
    for (charset, body) in [
        ("iso-8859-1", &b"Gr\xfc\xdfe"[..]),
        ("UTF-8", "Gr\u{fc}\u{df}e".as_bytes()),
        ("\"utf-16le\"", b"G\0r\0\xfc\0\xdf\0e\0"),
        ("windows-1252", b"Gr\xfc\xdfe"),
        ("no-such-charset", b"Gr\xfc\xdfe"),
    ] {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; a=b; Charset={charset}\r\n");
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        let response = [head.as_bytes(), length.as_bytes(), body].concat();
        assert_eq!(served(&response).1.get("/"), "Gr\u{fc}\u{df}e", "{charset}");
    }
}

#[test]
fn bodies_replace_the_content_of_objects() {
    let server = scenarios::start(0, None).unwrap();
    let rest = Rest::connected(server.port());
    let (bytes, text) = (Bytes::holding(b"old"), Sb::new());
    assert!(text.append("old"));
    for _ in 0..2 {
        assert!(rest.send_req("GET", "/status/200?body=new"));
        assert_eq!(rest.read_head(), 200);
        assert!(rest.read_body_bd(bytes.h()));
        assert_eq!(bytes.to_vec(), b"new");
        assert!(rest.send_req("GET", "/status/404?body=new"));
        assert_eq!(rest.read_head(), 404);
        assert!(rest.read_body_sb(text.h()));
        assert_eq!(text.get().as_deref(), Some("new"));
        assert!(!rest.read_body_sb(text.h()), "each body once");
        assert_eq!(text.get().as_deref(), Some("new"), "unchanged on failure");
    }
}
