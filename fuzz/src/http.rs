//! HTTP heads and bodies, RFC 9112.

use openck::error::ErrorKind;
use openck::net::http1::{BodyReader, Framing, HeadLimits, HeadParser, Request, ResponseHead};

use crate::input::Input;
use crate::proto_support::cut;

const LIMITS: HeadLimits = HeadLimits { total: 2_000, line: 300, count: 20 };

/// A head and a body mean the same in any pieces, take no byte too many, stay within their limits
/// and are framed as RFC 9112 says; a request has the lines that were asked for and no other.
/// R-11, R-12, R-18, R-19, R-62.
pub fn http_head_and_body(data: &[u8]) {
    let mut input = Input::new(data);
    request(&mut input);
    let method = input.pick(&["GET", "HEAD", "CONNECT", "POST"]);
    let limit = input.pick(&[0, 10, 1_000]);
    let sizes: [usize; 3] = std::array::from_fn(|_| 1 + input.below(100));
    let answer = input.rest();
    let whole = head(&[answer]);
    assert_eq!(head(&cut(answer, &sizes)), whole);
    assert_eq!(head(&cut(answer, &[1])), whole);
    let Ok((used, Some(head))) = whole else { return };
    well_formed(&head, &answer[..used]);
    let Ok(framing) = Framing::of(method, &head) else { return };
    body(framing, limit, &answer[used..], &sizes);
}

type Head = Result<(usize, Option<ResponseHead>), ErrorKind>;

/// How many bytes belong to the head, and what it says.
fn head(pieces: &[&[u8]]) -> Head {
    let mut parser = HeadParser::new(LIMITS);
    let mut fed = 0;
    for piece in pieces {
        let (used, head) = parser.feed(piece).map_err(|error| error.kind())?;
        fed += used;
        assert!(fed <= LIMITS.total, "{fed} bytes of a head");
        if head.is_some() {
            return Ok((fed, head));
        }
        assert_eq!(used, piece.len());
    }
    assert_eq!(parser.eof().kind(), ErrorKind::ConnectionLost);
    Ok((fed, None))
}

fn well_formed(head: &ResponseHead, bytes: &[u8]) {
    assert!(bytes.ends_with(b"\n\n") || bytes.ends_with(b"\n\r\n"));
    assert!(head.version <= 1 && (100..1000).contains(&head.status));
    let interim = (100..200).contains(&head.status) && head.status != 101;
    assert!(!interim && (head.version, head.status) != (0, 101));
    assert!(head.fields.len() <= LIMITS.count);
    for (name, value) in &head.fields {
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(!name.contains(':') && !value.contains(['\r', '\n', '\0']), "{name}: {value:?}");
    }
    assert!(head.raw.is_empty() || head.raw.ends_with("\r\n"));
    assert!(head.raw.lines().count() <= LIMITS.count && head.raw.len() <= 2 * LIMITS.total);
    assert!(!head.raw.contains("\r\n\r\n") && !head.reason.contains('\n'));
}

/// What was read of a body.
#[derive(Debug, PartialEq, Eq)]
struct Body {
    content: Vec<u8>,
    /// How many bytes it took and whether it is complete, or why it failed.
    end: Result<(usize, bool), ErrorKind>,
}

fn body(framing: Framing, limit: u64, bytes: &[u8], sizes: &[usize]) {
    let whole = read(framing, limit, &[bytes]);
    assert_eq!(read(framing, limit, &cut(bytes, sizes)), whole);
    assert_eq!(read(framing, limit, &cut(bytes, &[1])), whole);
    assert!(limit == 0 || whole.content.len() as u64 <= limit);
    let (content, complete) = by_the_book(framing, bytes);
    assert!(content.starts_with(&whole.content), "{whole:?}");
    match whole.end {
        Ok((used, done)) => {
            assert_eq!(whole.content, content);
            assert_eq!(done, complete.is_some());
            assert_eq!(used, complete.unwrap_or(bytes.len()));
        }
        Err(ErrorKind::HttpTooLarge) => assert!(limit != 0 || framing == Framing::Chunked),
        Err(kind) => assert_eq!((kind, framing), (ErrorKind::Http, Framing::Chunked)),
    }
}

fn read(framing: Framing, limit: u64, pieces: &[&[u8]]) -> Body {
    let mut reader = BodyReader::new(framing, limit);
    let (mut content, mut fed, mut done) = (Vec::new(), 0, false);
    // A body may be complete before anything arrives.
    for piece in [&[][..]].iter().chain(pieces) {
        match reader.feed(piece, &mut content) {
            Ok((used, now)) => {
                assert!(now || used == piece.len());
                assert!(!done || used == 0, "read on after the end");
                (fed, done) = (fed + used, now);
            }
            Err(error) => return Body { content, end: Err(error.kind()) },
        }
    }
    assert_eq!(reader.eof().is_ok(), done || framing == Framing::UntilClose);
    Body { content, end: Ok((fed, done)) }
}

/// The content as far as it is there and sound, and where the body ends if it does.
fn by_the_book(framing: Framing, bytes: &[u8]) -> (Vec<u8>, Option<usize>) {
    match framing {
        Framing::None => (Vec::new(), Some(0)),
        Framing::UntilClose => (bytes.to_vec(), None),
        Framing::Chunked => chunks(bytes),
        Framing::Length(len) => match usize::try_from(len) {
            Ok(len) if len <= bytes.len() => (bytes[..len].to_vec(), Some(len)),
            _ => (bytes.to_vec(), None),
        },
    }
}

/// RFC 9112 7.1: sizes in hex, then so many bytes, to the size 0; then fields to an empty line.
fn chunks(bytes: &[u8]) -> (Vec<u8>, Option<usize>) {
    let mut content = Vec::new();
    let mut at = 0;
    let line = |at: usize| {
        let end = bytes[at..].iter().position(|byte| *byte == b'\n')?;
        Some((&bytes[at..at + end], at + end + 1))
    };
    loop {
        let Some((size, data)) = line(at) else { return (content, None) };
        let digits = size.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let digits =
            digits.fold(String::new(), |digits, byte| digits + &char::from(*byte).to_string());
        let Ok(size) = usize::from_str_radix(&digits, 16) else { return (content, None) };
        at = data;
        if size == 0 {
            break;
        }
        let chunk = &bytes[at..bytes.len().min(at.saturating_add(size))];
        content.extend_from_slice(chunk);
        if chunk.len() < size {
            return (content, None);
        }
        let Some((b"" | b"\r", next)) = line(at + size) else { return (content, None) };
        at = next;
    }
    loop {
        let Some((trailer, next)) = line(at) else { return (content, None) };
        at = next;
        if matches!(trailer, b"" | b"\r") {
            return (content, Some(at));
        }
    }
}

/// R-11: what a program puts in cannot become another line.
fn request(input: &mut Input<'_>) {
    let mut text = || String::from_utf8_lossy(input.bytes(24)).into_owned();
    let (method, target) = (text(), text());
    let fields = vec![("Host".to_owned(), text()), (text(), text())];
    let request = Request { method, target, fields, body: Vec::new() };
    let Ok(bytes) = request.encode() else { return };
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    let [first, host, field, "", ""] = lines[..] else { panic!("other lines in {text:?}") };
    let target = if request.target.is_empty() { "/" } else { &request.target };
    assert_eq!(first.split(' ').collect::<Vec<_>>(), [&request.method, target, "HTTP/1.1"]);
    assert_eq!(host, format!("Host: {}", request.fields[0].1));
    assert_eq!(field, format!("{}: {}", request.fields[1].0, request.fields[1].1));
    assert!(!text.contains('\0') && text.matches(['\r', '\n']).count() == 8);
}
