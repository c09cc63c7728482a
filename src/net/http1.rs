//! HTTP/1.1 without I/O, as much of it as an opening handshake needs: RFC 9110, RFC 9112.
//!
//! Lines end with CRLF or a bare LF. A field that goes on in the next line (obs-fold) becomes one
//! line with a blank between (RFC 9112 5.2). Text is UTF-8, or else read as ISO-8859-1. R-19.

mod body;

use crate::error::{Error, ErrorKind, Result, excerpt};

pub use body::{BodyReader, Framing};

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query; an empty one means `/` (R-02).
    pub target: String,
    /// The header fields in order, `Host` among them.
    pub fields: Vec<(String, String)>,
    /// What follows the header; its length is added to the fields when they lack it.
    pub body: Vec<u8>,
}

impl Request {
    /// The bytes of the request.
    ///
    /// Fails with [`ErrorKind::Argument`] when a part could end its line early and so smuggle in
    /// something else: CR, LF and NUL anywhere, blanks in method and target (R-11).
    pub fn encode(&self) -> Result<Vec<u8>> {
        let target = if self.target.is_empty() { "/" } else { &self.target };
        check_part("method", &self.method, true)?;
        check_part("target", target, true)?;
        let mut text = format!("{} {target} HTTP/1.1\r\n", self.method);
        for (name, value) in &self.fields {
            check_part("field name", name, true)?;
            check_part("field value", value, false)?;
            text.extend([name, ": ", value, "\r\n"]);
        }
        let sized = |name: &str| {
            name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
        };
        if !self.body.is_empty() && !self.fields.iter().any(|field| sized(&field.0)) {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }
}

/// The value of the Host field: the port only when it is not the default one, IPv6 addresses in
/// brackets. RFC 6455 4.1, R-03.
pub fn host_field(host: &str, port: u16, tls: bool) -> String {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    let default = if tls { 443 } else { 80 };
    if port == default { name } else { format!("{name}:{port}") }
}

/// How much of a response head is accepted. R-19, R-62.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes in all, interim responses included.
    pub total: usize,
    /// Bytes in one line, without its end.
    pub line: usize,
    /// Lines after the status line.
    pub count: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { total: 65_536, line: 8_192, count: 128 }
    }
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseHead {
    /// The digit after `HTTP/1.`.
    pub version: u8,
    /// The status code.
    pub status: u16,
    /// The words after it; may be empty.
    pub reason: String,
    /// The header fields in order.
    pub fields: Vec<(String, String)>,
    /// The lines after the status line as they came, each ended by CRLF, without the blank one.
    pub raw: String,
}

impl ResponseHead {
    /// The value of the first field with this name, in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
        named.next().map(|field| field.1.as_str())
    }
}

/// Reads response heads that arrive in pieces, in time linear to their length.
#[derive(Debug, Default)]
pub struct HeadParser {
    limits: HeadLimits,
    head: Vec<u8>,
    /// Where in `head` the line begins that has not ended.
    line: usize,
    /// Lines before that, the status line included.
    lines: usize,
    /// Bytes of interim responses that were skipped.
    skipped: usize,
}

impl HeadParser {
    /// A parser at the start of a response.
    pub fn new(limits: HeadLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes `input` up to the end of the head, and returns how many bytes it took (R-18).
    ///
    /// Interim responses (1xx other than 101) are skipped. Fails with [`ErrorKind::Http`] when it
    /// is not HTTP/1, as soon as that is certain, and with [`ErrorKind::HttpTooLarge`] over a
    /// limit; the parser is of no use then.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<ResponseHead>)> {
        let mut rest = input;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            let blank = self.add(piece)?;
            if end.is_some() && self.end_line(blank)? {
                let head = self.finish()?;
                if head.is_some() {
                    return Ok((input.len() - rest.len(), head));
                }
            }
        }
        Ok((input.len(), None))
    }

    /// The failure of a connection that ends now. R-12, R-50.
    pub fn eof(&self) -> Error {
        let text = match self.skipped + self.head.len() {
            0 => "The server closed the connection without an answer.".to_owned(),
            count => format!("The connection ended after {count} bytes of the response head."),
        };
        Error::new(ErrorKind::ConnectionLost, text)
            .advise("Check host and port, and whether the server wants TLS.")
    }

    /// Adds to the current line; tells whether that is empty.
    fn add(&mut self, piece: &[u8]) -> Result<bool> {
        let room = self.limits.total.saturating_sub(self.skipped + self.head.len());
        self.head.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if self.line == 0 {
            check_start(&self.head)?;
        }
        let line = trim_end(self.head.get(self.line..).unwrap_or_default());
        if line.len() > self.limits.line {
            return Err(too_large("a line", self.limits.line, "bytes"));
        }
        if piece.len() > room {
            return Err(too_large("a response head", self.limits.total, "bytes"));
        }
        Ok(line.is_empty())
    }

    /// Ends the current line; tells whether it ended the head.
    fn end_line(&mut self, blank: bool) -> Result<bool> {
        self.line = self.head.len();
        if blank {
            return Ok(true);
        }
        self.lines += 1;
        if self.lines > self.limits.count + 1 {
            return Err(too_large("a response head", self.limits.count, "lines"));
        }
        Ok(false)
    }

    /// Parses the whole head; none when it was an interim one.
    fn finish(&mut self) -> Result<Option<ResponseHead>> {
        let head = parse(&self.head, self.lines)?;
        // RFC 9110 15.2, R-19: any number of interim responses, within the limit.
        if (100..200).contains(&head.status) && head.status != 101 {
            let skipped = self.skipped + self.head.len();
            *self = Self { skipped, ..Self::new(self.limits) };
            return Ok(None);
        }
        *self = Self::new(self.limits);
        Ok(Some(head))
    }
}

/// UTF-8, or else ISO-8859-1.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// R-11.
fn check_part(what: &str, part: &str, whole_word: bool) -> Result<()> {
    let bad = |byte| matches!(byte, b'\r' | b'\n' | 0) || (whole_word && byte == b' ');
    if !part.bytes().any(bad) && (!whole_word || !part.is_empty()) {
        return Ok(());
    }
    let text = format!("The {what} of a request is empty or holds CR, LF, NUL or a blank.");
    Err(Error::new(ErrorKind::Argument, text).advise("Encode or remove these characters."))
}

/// What does not begin with `HTTP/1.` is refused at its first wrong byte.
fn check_start(head: &[u8]) -> Result<()> {
    if head.iter().zip(b"HTTP/1.").all(|(byte, wanted)| byte == wanted) {
        return Ok(());
    }
    let advice = match head {
        [0x15 | 0x16, 3, ..] => "The server speaks TLS on this port; connect with TLS.",
        [b'S', b'S', b'H', ..] => "This is an SSH server; check the port.",
        [b'H', ..] => "The server speaks another version of HTTP.",
        _ => "Check host and port: this is no HTTP server.",
    };
    let text = format!("The answer is not HTTP/1.1: \"{}\".", excerpt(head));
    Err(Error::new(ErrorKind::Http, text).advise(advice))
}

fn parse(bytes: &[u8], lines: usize) -> Result<ResponseHead> {
    let mut slots = vec![httparse::EMPTY_HEADER; lines];
    let mut parsed = httparse::Response::new(&mut slots);
    let complete = httparse::ParserConfig::default()
        .allow_obsolete_multiline_headers_in_responses(true)
        .parse_response(&mut parsed, bytes)
        .map_err(|error| malformed(&error.to_string(), bytes))?;
    let (Some(version), Some(status @ 100..), true) =
        (parsed.version, parsed.code, complete.is_complete())
    else {
        return Err(malformed("invalid status", bytes));
    };
    // RFC 9110 7.8: a server of HTTP/1.0 cannot switch protocols.
    if (version, status) == (0, 101) {
        return Err(malformed("a switch of protocols in HTTP/1.0", bytes));
    }
    let fields = parsed.headers.iter();
    let fields = fields.map(|field| (field.name.to_owned(), unfold(field.value))).collect();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(trim_end);
    let reason = lines.next().and_then(|line| line.get("HTTP/1.1 101 ".len()..));
    let reason = decode(reason.unwrap_or_default());
    let raw = lines.filter(|line| !line.is_empty());
    let raw = raw.fold(String::new(), |raw, line| raw + &decode(line) + "\r\n");
    Ok(ResponseHead { version, status, reason, fields, raw })
}

/// RFC 9112 5.2: the line ends and blanks of an obs-fold become one blank.
fn unfold(value: &[u8]) -> String {
    if !value.contains(&b'\n') {
        return decode(value);
    }
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).map(decode).collect();
    lines.join(" ")
}

fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Names the first line that cannot be read alone, or else the status line.
fn malformed(what: &str, head: &[u8]) -> Error {
    let bad = |line: &&[u8]| {
        let alone = [line, &b"\n\n"[..]].concat();
        httparse::parse_headers(&alone, &mut [httparse::EMPTY_HEADER]).is_err()
    };
    let mut lines = head.split_inclusive(|byte| *byte == b'\n').map(trim_end);
    let first = lines.next().unwrap_or_default();
    let line = lines.filter(|line| !line.starts_with(b" ")).find(bad).unwrap_or(first);
    let text = format!("The response head is malformed ({what}): \"{}\".", excerpt(line));
    Error::new(ErrorKind::Http, text).advise("Check host and port: is this a web server?")
}

fn too_large(what: &str, limit: usize, unit: &str) -> Error {
    let text = format!("The server sent {what} of more than {limit} {unit}.");
    Error::new(ErrorKind::HttpTooLarge, text).advise("Check host and port: is this a web server?")
}
