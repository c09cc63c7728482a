//! Response bodies. RFC 9112 6 and 7, R-12.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use openck::error::ErrorKind;
use openck::net::http1::{BodyReader, Framing, ResponseHead};

fn head(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ResponseHead { status, fields: fields.iter().map(field).collect(), ..ResponseHead::default() }
}

/// Content of a body, and what is left after it.
type Body<'a> = (Vec<u8>, &'a [u8]);

/// A complete body; the failure, or none when more is needed.
fn read(framing: Framing, input: &[u8]) -> Result<Option<Body<'_>>, ErrorKind> {
    let mut out = Vec::new();
    let (used, done) =
        BodyReader::new(framing, 0).feed(input, &mut out).map_err(|error| error.kind())?;
    Ok(done.then(|| (out, &input[used..])))
}

#[test]
fn r12_framing_by_method_and_status() {
    let length = [("Content-Length", "5")];
    for (method, status, expected) in [
        ("GET", 200, Framing::Length(5)),
        ("GET", 404, Framing::Length(5)),
        ("HEAD", 200, Framing::None),
        ("GET", 204, Framing::None),
        ("GET", 304, Framing::None),
        ("GET", 101, Framing::None),
        ("CONNECT", 200, Framing::None),
        ("CONNECT", 407, Framing::Length(5)),
    ] {
        assert_eq!(Framing::of(method, &head(status, &length)).unwrap(), expected);
    }
}

#[test]
fn r12_framing_by_fields() {
    let of = |fields: &[(&str, &str)]| Framing::of("GET", &head(200, fields)).unwrap();
    assert_eq!(of(&[]), Framing::UntilClose);
    assert_eq!(of(&[("transfer-encoding", "CHUNKED")]), Framing::Chunked);
    assert_eq!(of(&[("Transfer-Encoding", "gzip, chunked")]), Framing::Chunked);
    assert_eq!(
        of(&[("Transfer-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]),
        Framing::Chunked
    );
    assert_eq!(of(&[("Transfer-Encoding", "chunked, gzip")]), Framing::UntilClose);
    assert_eq!(of(&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]), Framing::Chunked);
    assert_eq!(of(&[("Content-Length", "5, 5"), ("content-length", " 5 ")]), Framing::Length(5));
    assert_eq!(of(&[("Content-Length", "0")]), Framing::Length(0));
}

#[test]
fn r12_wrong_lengths_fail() {
    for value in ["", "-1", "+5", "5x", "0x5", "5,6", "5,", "18446744073709551616", "1 2"] {
        let error = Framing::of("GET", &head(200, &[("Content-Length", value)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Http, "{value}");
    }
    let two = [("Content-Length", "5"), ("Content-Length", "6")];
    assert!(Framing::of("GET", &head(200, &two)).is_err());
}

#[test]
fn r12_bodies_of_known_length() {
    assert_eq!(read(Framing::None, b"next"), Ok(Some((vec![], &b"next"[..]))));
    assert_eq!(read(Framing::Length(0), b""), Ok(Some((vec![], &b""[..]))));
    assert_eq!(read(Framing::Length(3), b"abcnext"), Ok(Some((b"abc".to_vec(), &b"next"[..]))));
    assert_eq!(read(Framing::Length(3), b"ab"), Ok(None));
}

const CHUNKED: &[u8] =
    b"3\r\nabc\r\n0a;ext=\"v\"\r\n0123456789\r\n1 \r\n\n\r\n000\r\nTrailer: x\r\n\r\n";

#[test]
fn r12_chunks_are_joined() {
    let input = [CHUNKED, b"next"].concat();
    let expected = (b"abc0123456789\n".to_vec(), &b"next"[..]);
    assert_eq!(read(Framing::Chunked, &input), Ok(Some(expected)));
}

#[test]
fn r12_a_bare_line_feed_ends_the_trailers() {
    assert_eq!(read(Framing::Chunked, b"0\r\nA: b\n\nnext"), Ok(Some((vec![], &b"next"[..]))));
}

#[test]
fn r12_every_split_gives_the_same_body() {
    for size in 1..=CHUNKED.len() {
        let mut reader = BodyReader::new(Framing::Chunked, 0);
        let mut out = Vec::new();
        let mut fed = 0;
        for piece in CHUNKED.chunks(size) {
            let (used, done) = reader.feed(piece, &mut out).unwrap();
            assert_eq!(used, piece.len());
            fed += used;
            assert_eq!(done, fed == CHUNKED.len(), "{fed} bytes in pieces of {size}");
            assert_eq!(reader.eof().is_ok(), done);
        }
        assert_eq!(out, b"abc0123456789\n");
    }
}

#[test]
fn r12_malformed_chunks_fail() {
    for bad in [
        &b"\r\n"[..],
        b"x\r\n",
        b"-1\r\n",
        b"+1\r\na\r\n",
        b" 1\r\na\r\n",
        b"1x\r\na\r\n",
        b"1\na\r\n",
        b";ext\r\n",
        b"1\r\nab",
        b"1\r\na\n",
        b"1\r\na\rb",
        b"11111111111111111\r\n",
    ] {
        assert_eq!(read(Framing::Chunked, bad), Err(ErrorKind::Http), "{}", bad.escape_ascii());
    }
    assert_eq!(read(Framing::Chunked, b"ffffffffffffffff\r\nabc"), Ok(None));
}

#[test]
fn r12_framing_without_content_fails() {
    let extension = [b"1;", &[b'x'; 70_000][..]].concat();
    let trailers = [b"0\r\n", &b"A: b\r\n".repeat(20_000)[..]].concat();
    for bad in [extension, trailers, b"1;xxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n".repeat(10_000)] {
        assert_eq!(read(Framing::Chunked, &bad), Err(ErrorKind::HttpTooLarge));
    }
    let small = [&b"1\r\na\r\n".repeat(50_000)[..], b"0\r\n\r\n"].concat();
    assert_eq!(read(Framing::Chunked, &small), Ok(Some((vec![b'a'; 50_000], &b""[..]))));
}

/// H-6: an endless body stops at the limit.
#[test]
fn r12_bodies_are_bounded() {
    for (framing, input) in [
        (Framing::UntilClose, b"0123456789ABCDEF".to_vec()),
        (Framing::Length(11), b"0123456789A".to_vec()),
        (Framing::Length(u64::MAX), b"0123456789ABCDEF".to_vec()),
        (Framing::Chunked, b"8\r\n01234567\r\n3\r\n89A\r\n".to_vec()),
    ] {
        for size in 1..=input.len() {
            let mut reader = BodyReader::new(framing, 10);
            let mut out = Vec::new();
            let error = input.chunks(size).find_map(|piece| reader.feed(piece, &mut out).err());
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::HttpTooLarge));
            assert_eq!(out, b"0123456789", "{framing:?} {size}");
        }
    }
    let mut out = Vec::new();
    let mut reader = BodyReader::new(Framing::Length(10), 10);
    assert_eq!(reader.feed(b"0123456789", &mut out).unwrap(), (10, true));
}

#[test]
fn r12_the_end_of_the_connection_ends_a_body_without_length() {
    let mut reader = BodyReader::new(Framing::UntilClose, 0);
    let mut out = Vec::new();
    assert_eq!(reader.feed(b"abc", &mut out).unwrap(), (3, false));
    reader.eof().unwrap();
    for framing in [Framing::Length(4), Framing::Chunked] {
        let mut reader = BodyReader::new(framing, 0);
        reader.feed(b"3\r\n", &mut out).unwrap();
        assert_eq!(reader.eof().unwrap_err().kind(), ErrorKind::ConnectionLost);
    }
    BodyReader::new(Framing::None, 0).eof().unwrap();
}
