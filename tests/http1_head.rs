//! Requests and response heads. RFC 9110, RFC 9112, R-02, R-03, R-11, R-12, R-18, R-19.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use std::time::Instant;

use openck::error::ErrorKind;
use openck::net::http1::{HeadLimits, HeadParser, Request, ResponseHead, host_field};

/// The first head, and what is left.
fn parse(input: &[u8]) -> Result<(ResponseHead, &[u8]), ErrorKind> {
    let (used, head) = HeadParser::default().feed(input).map_err(|error| error.kind())?;
    Ok((head.expect("a whole head"), &input[used..]))
}

#[track_caller]
fn fails(input: &[u8], kind: ErrorKind) {
    let error = HeadParser::default().feed(input).unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().len() < 250 && error.message().is_ascii(), "{error}");
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Request {
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        fields: fields.iter().map(|(name, value)| field(name, value)).collect(),
        body: Vec::new(),
    }
}

// Requests

#[test]
fn r02_request_line_and_fields_in_order() {
    let fields = [("Host", "example.com"), ("X-B", "1"), ("X-A", " 2"), ("X-B", "")];
    assert_eq!(
        request("GET", "/chat?a=b", &fields).encode().unwrap(),
        b"GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX-B: 1\r\nX-A:  2\r\nX-B: \r\n\r\n"
    );
}

#[test]
fn r02_an_empty_target_is_the_root() {
    assert_eq!(request("GET", "", &[]).encode().unwrap(), b"GET / HTTP/1.1\r\n\r\n");
}

#[test]
fn r02_a_body_has_a_length() {
    let mut post = request("POST", "/", &[]);
    post.body = b"abc".to_vec();
    assert_eq!(post.encode().unwrap(), b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    for own in [field("content-length", "3"), field("Transfer-Encoding", "chunked")] {
        post.fields = vec![own.clone()];
        let expected = format!("POST / HTTP/1.1\r\n{}: {}\r\n\r\nabc", own.0, own.1);
        assert_eq!(post.encode().unwrap(), expected.as_bytes());
    }
}

#[test]
fn r03_host_has_the_port_only_when_it_is_not_the_default() {
    for (host, port, tls, expected) in [
        ("example.com", 80, false, "example.com"),
        ("example.com", 443, true, "example.com"),
        ("example.com", 443, false, "example.com:443"),
        ("example.com", 80, true, "example.com:80"),
        ("::1", 80, false, "[::1]"),
        ("[::1]", 8080, false, "[::1]:8080"),
        ("127.0.0.1", 9001, false, "127.0.0.1:9001"),
    ] {
        assert_eq!(host_field(host, port, tls), expected);
    }
}

/// CVE-2026-1527: request splitting.
#[test]
fn r11_no_part_of_a_request_can_end_its_line() {
    for bad in ["a\r\nb", "a\n", "\r", "a\0b"] {
        for request in [
            request(bad, "/", &[]),
            request("GET", bad, &[]),
            request("GET", "/", &[(bad, "v")]),
            request("GET", "/", &[("n", bad)]),
        ] {
            assert_eq!(request.encode().unwrap_err().kind(), ErrorKind::Argument, "{request:?}");
        }
    }
    for bad in
        [request("", "/", &[]), request("GET", "/a b", &[]), request("GET", "/", &[("", "")])]
    {
        assert_eq!(bad.encode().unwrap_err().kind(), ErrorKind::Argument, "{bad:?}");
    }
}

// Responses

const HEAD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\nconnection:Upgrade\r\nX-Empty:\r\nX-Twice: 1\r\nx-twice:  2 \t\r\n\r\n";

#[test]
fn r12_head_is_taken_apart() {
    let (head, rest) = parse(HEAD).unwrap();
    assert_eq!((head.version, head.status, &*head.reason), (1, 101, "Switching Protocols"));
    assert_eq!(
        head.fields,
        [
            field("Upgrade", "websocket"),
            field("connection", "Upgrade"),
            field("X-Empty", ""),
            field("X-Twice", "1"),
            field("x-twice", "2"),
        ]
    );
    assert_eq!(head.field("CONNECTION"), Some("Upgrade"));
    assert_eq!(head.field("X-TWICE"), Some("1"));
    assert_eq!(head.field("X-None"), None);
    let text = std::str::from_utf8(HEAD).unwrap();
    assert_eq!(head.raw, text.split_once("\r\n").unwrap().1.strip_suffix("\r\n").unwrap());
    assert!(rest.is_empty());
}

/// H-13, H-16.
#[test]
fn r18_bytes_after_the_head_are_left() {
    let frames = b"\x81\x02hi\r\n\r\nHTTP/1.1 200";
    let input = [b"HTTP/1.1 101 X\r\nContent-Length: 4\r\n\r\n", &frames[..]].concat();
    assert_eq!(parse(&input).unwrap().1, frames);
}

/// H-14.
#[test]
fn r19_every_split_gives_the_same_head() {
    let input = [b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n", HEAD, b"\x81\x00"].concat();
    let end = input.len() - 2;
    let whole = parse(&input).unwrap().0;
    for cut in 0..end {
        let mut parser = HeadParser::default();
        assert_eq!(parser.feed(&input[..cut]).unwrap(), (cut, None), "cut at {cut}");
        let (used, head) = parser.feed(&input[cut..]).unwrap();
        assert_eq!((cut + used, head.as_ref()), (end, Some(&whole)), "cut at {cut}");
    }
    let mut parser = HeadParser::default();
    let mut heads = input.iter().filter_map(|byte| parser.feed(&[*byte]).unwrap().1);
    assert_eq!(heads.next(), Some(whole));
}

/// H-15.
#[test]
fn r19_interim_responses_are_skipped() {
    let input = [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\nA: b\r\n\r\n", HEAD].concat();
    let (head, _) = parse(&input).unwrap();
    assert_eq!((head.status, head.fields.len()), (101, 5));
}

#[test]
fn r19_endless_interim_responses_fail() {
    fails(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000), ErrorKind::HttpTooLarge);
}

#[test]
fn r19_one_parser_reads_one_head_after_the_other() {
    let mut parser = HeadParser::default();
    for status in [200, 404] {
        let input = format!("HTTP/1.1 {status} X\r\nA: {status}\r\n\r\n");
        let head = parser.feed(input.as_bytes()).unwrap().1.unwrap();
        assert_eq!((head.status, head.fields.len()), (status, 1));
    }
}

/// H-5.
#[test]
fn r19_reason_may_be_missing() {
    for line in ["HTTP/1.1 101", "HTTP/1.1 101 "] {
        let (head, _) = parse(format!("{line}\r\n\r\n").as_bytes()).unwrap();
        assert_eq!((head.status, &*head.reason, &*head.raw), (101, "", ""));
    }
}

#[test]
fn r19_bare_line_feeds_end_lines() {
    let (head, rest) = parse(b"HTTP/1.1 200 OK\nA: 1\r\nB: 2\n\nrest").unwrap();
    assert_eq!(head.fields, [field("A", "1"), field("B", "2")]);
    assert_eq!((&*head.reason, &*head.raw), ("OK", "A: 1\r\nB: 2\r\n"));
    assert_eq!(rest, b"rest");
}

#[test]
fn r19_folded_lines_are_joined_by_a_blank() {
    let (head, _) = parse(b"HTTP/1.1 200 OK\r\nA: 1 \r\n \t 2\r\n\t3\r\nB:\r\n x\r\n\r\n").unwrap();
    assert_eq!(head.fields, [field("A", "1 2 3"), field("B", "x")]);
    assert_eq!(head.raw, "A: 1 \r\n \t 2\r\n\t3\r\nB:\r\n x\r\n");
}

#[test]
fn r19_text_is_utf8_or_else_latin1() {
    let (head, _) = parse(b"HTTP/1.1 404 caf\xe9\r\nA: \xc3\xa9\r\nB: \xe9\xff\r\n\r\n").unwrap();
    assert_eq!(head.reason, "caf\u{e9}");
    assert_eq!(head.fields, [field("A", "\u{e9}"), field("B", "\u{e9}\u{ff}")]);
    assert_eq!(head.raw, "A: \u{e9}\r\nB: \u{e9}\u{ff}\r\n");
}

/// H-4: each at its first wrong byte.
#[test]
fn r19_what_is_not_http_fails_with_an_excerpt() {
    for (input, shown) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "SSH-2.0"),
        (b"\x15\x03\x01\x00\x02\x02\x46", r"\x15\x03\x01"),
        (b"\x00\x00\x12\x04\x00", r"\x00\x00\x12"),
        (b"HTTP/2 200\r\n", "HTTP/2"),
        (b"http/1.1 101 X\r\n", "http"),
        (b"ICY 200 OK\r\n", "ICY"),
        (b"\r\nHTTP/1.1 101 X\r\n", r"\r\n"),
        (b"\xff", r"\xff"),
    ] {
        let error = HeadParser::default().feed(input).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Http, "{error}");
        assert!(error.message().contains(shown), "{error} lacks {shown}");
        assert!(error.advice().is_some());
    }
}

#[test]
fn r19_malformed_lines_fail_and_are_shown() {
    for (bad, shown) in [
        ("HTTP/1.1 1 X\r\n\r\n", "HTTP/1.1 1 X"),
        ("HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 099 X"),
        ("HTTP/1.1 +10 X\r\n\r\n", "HTTP/1.1 +10 X"),
        ("HTTP/1.1 1011 X\r\n\r\n", "HTTP/1.1 1011 X"),
        ("HTTP/1.7 101 X\r\n\r\n", "HTTP/1.7"),
        ("HTTP/1.0 101 X\r\n\r\n", "HTTP/1.0"),
        ("HTTP/1.1  101 X\r\n\r\n", "HTTP/1.1  101"),
        ("HTTP/1.1 200 X\r\nA: 1\r\nno colon\r\n\r\n", "no colon"),
        ("HTTP/1.1 200 X\r\nA : 1\r\n\r\n", "A : 1"),
        ("HTTP/1.1 200 X\r\nA: 1\r\nB: \0\r\n\r\n", r"B: \x00"),
        ("HTTP/1.1 200 X\r\nA: 1\rB: 2\r\n\r\n", r"A: 1\rB: 2"),
        ("HTTP/1.1 200 X\r\n: 1\r\n\r\n", ": 1"),
        ("HTTP/1.1 200 X\r\n folded: 1\r\n\r\n", "HTTP/1.1 200"),
    ] {
        let error = HeadParser::default().feed(bad.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Http, "{bad:?}");
        assert!(error.message().contains(shown), "{error} lacks {shown}");
    }
    assert_eq!(parse(b"HTTP/1.0 404 X\r\n\r\n").unwrap().0.version, 0);
}

/// H-11, and each limit to the byte.
#[test]
fn r19_limits_are_exact() {
    let limits = HeadLimits { total: 80, line: 20, count: 3 };
    let status = "HTTP/1.1 200 OK\r\n";
    let line = |len: usize| format!("A: {}\r\n", "x".repeat(len - 3));
    let too_large = |head: &str| {
        let result = HeadParser::new(limits).feed(head.as_bytes());
        match result {
            Ok((_, head)) => head.is_none(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::HttpTooLarge);
                true
            }
        }
    };
    assert!(!too_large(&format!("{status}{}\r\n", line(20))));
    assert!(too_large(&format!("{status}{}\r\n", line(21))));
    assert!(!too_large(&format!("{status}{}\r\n", line(5).repeat(3))));
    assert!(too_large(&format!("{status}{}\r\n", line(5).repeat(4))));
    // 17 + 22 + 22 + 17 + 2 = 80
    assert!(!too_large(&format!("{status}{}{}{}\r\n", line(20), line(20), line(15))));
    assert!(too_large(&format!("{status}{}{}{}\r\n", line(20), line(20), line(16))));
}

#[test]
fn r19_limits_hold_after_an_interim_response_and_after_a_head() {
    let limits = HeadLimits { total: 200, line: 20, count: 3 };
    for before in ["HTTP/1.1 100 X\r\n\r\n", "HTTP/1.1 200 X\r\n\r\n"] {
        let mut parser = HeadParser::new(limits);
        parser.feed(before.as_bytes()).unwrap();
        let error = parser.feed(b"HTTP/1.1 200 a long reason\r\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::HttpTooLarge);
    }
}

#[test]
fn r19_default_limits() {
    let head = |field: String, count| {
        [b"HTTP/1.1 200 OK\r\n", field.repeat(count).as_bytes(), b"\r\n"].concat()
    };
    assert_eq!(parse(&head("A: 1\r\n".into(), 128)).unwrap().0.fields.len(), 128);
    fails(&head("A: 1\r\n".into(), 129), ErrorKind::HttpTooLarge);
    parse(&head(format!("A: {}\r\n", "x".repeat(8189)), 1)).unwrap();
    fails(&head(format!("A: {}\r\n", "x".repeat(8190)), 1), ErrorKind::HttpTooLarge);
    fails(&head(format!("{}: 1\r\n", "n".repeat(65536)), 1), ErrorKind::HttpTooLarge);
    fails(&head(format!("A: {}\r\n", "x".repeat(1000)), 66), ErrorKind::HttpTooLarge);
    fails(&head("A: 1\r\n".into(), 10_000), ErrorKind::HttpTooLarge);
}

/// RUSTSEC-2023-0065: a head of 10 MB in pieces of 100 bytes, in three shapes.
#[test]
fn r19_a_huge_head_fails_early_and_in_linear_time() {
    for line in
        ["A: 1234567890\r\n".repeat(7), "x".repeat(100), format!("A: {}\r\n", "b".repeat(95))]
    {
        let start = Instant::now();
        let mut parser = HeadParser::default();
        parser.feed(b"HTTP/1.1 101 X\r\n").unwrap();
        let pieces = (0..100_000).position(|_| parser.feed(line.as_bytes()).is_err());
        let read = pieces.expect("a failure") * line.len();
        assert!(read <= 65_536, "{read}");
        assert!(start.elapsed().as_millis() < 50, "{:?}", start.elapsed());
    }
    let mut parser = HeadParser::new(HeadLimits { total: 10_000_000, line: 99, count: 1_000_000 });
    parser.feed(b"HTTP/1.1 101 X\r\n").unwrap();
    let start = Instant::now();
    for _ in 0..90_000 {
        parser
            .feed(b"A: 1234567890123456789012345678901234567890123456789012345678901234567890\r\n")
            .unwrap();
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn r50_an_early_end_says_how_early() {
    let mut parser = HeadParser::default();
    assert!(parser.eof().message().contains("without an answer"));
    parser.feed(b"HTTP/1.1 1").unwrap();
    let error = parser.eof();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost);
    assert!(error.message().contains("10 bytes"), "{error}");
}
