//! Response bodies, RFC 9112 6 and 7.

use super::ResponseHead;
use crate::error::{Error, ErrorKind, Result, excerpt};

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks up to an empty one.
    Chunked,
    /// Everything until the connection ends.
    UntilClose,
}

impl Framing {
    /// The framing of the answer to a request with this method. RFC 9112 6.3.
    ///
    /// Fails with [`ErrorKind::Http`] when the length is no number or there are different ones.
    pub fn of(method: &str, head: &ResponseHead) -> Result<Self> {
        let tunnel = method.eq_ignore_ascii_case("CONNECT") && (200..300).contains(&head.status);
        let bare = method.eq_ignore_ascii_case("HEAD") || tunnel;
        if bare || matches!(head.status, 100..=199 | 204 | 304) {
            return Ok(Self::None);
        }
        // A transfer coding counts more than a length.
        match elements(head, "Transfer-Encoding").last() {
            Some(coding) if coding.eq_ignore_ascii_case("chunked") => return Ok(Self::Chunked),
            Some(_) => return Ok(Self::UntilClose),
            None => {}
        }
        let mut lengths = elements(head, "Content-Length").map(|text| number(text).ok_or(text));
        let Some(first) = lengths.next() else { return Ok(Self::UntilClose) };
        let first = first.map_err(bad_length)?;
        match lengths.find(|other| *other != Ok(first)) {
            Some(other) => Err(bad_length(other.map_or_else(str::to_owned, |n| n.to_string()))),
            None => Ok(Self::Length(first)),
        }
    }
}

/// Reads one body that arrives in pieces, without its framing.
#[derive(Debug)]
pub struct BodyReader {
    state: State,
    limit: u64,
    received: u64,
    /// A line of the chunked coding that has not ended.
    line: Vec<u8>,
    /// Bytes of such lines in all.
    overhead: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many bytes, then the end.
    Exactly(u64),
    UntilClose,
    ChunkSize,
    /// So many bytes of a chunk.
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Done,
}

impl BodyReader {
    /// A reader at the start of a body of at most `limit` bytes; 0 is no limit.
    pub fn new(framing: Framing, limit: u64) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(len) => State::Exactly(len),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, limit, received: 0, line: Vec::new(), overhead: 0 }
    }

    /// Takes `input` up to the end of the body, appends the content to `out`, and returns how many
    /// bytes it took and whether the body is complete.
    ///
    /// Fails with [`ErrorKind::HttpTooLarge`] over the limit, after `out` got what is within it,
    /// and with [`ErrorKind::Http`] on malformed chunks; the reader is of no use then.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(usize, bool)> {
        let mut rest = input;
        while self.state != State::Done && !rest.is_empty() {
            let used = self.step(rest, out)?;
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok((input.len() - rest.len(), self.state == State::Done))
    }

    /// The connection ended: fails with [`ErrorKind::ConnectionLost`] when the body did not.
    pub fn eof(&self) -> Result<()> {
        if matches!(self.state, State::Done | State::UntilClose) {
            return Ok(());
        }
        let text = format!("The connection ended after {} bytes of the body.", self.received);
        Err(Error::new(ErrorKind::ConnectionLost, text).advise("Try again."))
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        match self.state {
            State::Exactly(len) => {
                let used = self.content(input, len, out)?;
                let left = len - used as u64;
                self.state = if left == 0 { State::Done } else { State::Exactly(left) };
                Ok(used)
            }
            State::Chunk(len) => {
                let used = self.content(input, len, out)?;
                let left = len - used as u64;
                self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                Ok(used)
            }
            State::UntilClose => self.content(input, u64::MAX, out),
            State::ChunkSize | State::ChunkEnd | State::Trailer => self.framing_line(input),
            State::Done => Ok(0),
        }
    }

    /// Takes at most `len` bytes of content.
    fn content(&mut self, input: &[u8], len: u64, out: &mut Vec<u8>) -> Result<usize> {
        let count = usize::try_from(len).map_or(input.len(), |len| len.min(input.len()));
        let room = if self.limit == 0 { u64::MAX } else { self.limit - self.received };
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        out.extend_from_slice(input.get(..count.min(room)).unwrap_or_default());
        if count > room {
            return Err(too_large(format!("a body of more than {} bytes", self.limit)));
        }
        self.received += count as u64;
        Ok(count)
    }

    /// Takes a line of the chunked coding, or a part of it.
    fn framing_line(&mut self, input: &[u8]) -> Result<usize> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let piece = input.get(..end.map_or(input.len(), |at| at + 1)).unwrap_or_default();
        // Chunks may be small, but not mostly extensions and trailers.
        self.overhead += piece.len() as u64;
        if self.overhead > 65_536 + 16 * self.received {
            return Err(too_large("chunks with more framing than content".to_owned()));
        }
        self.line.extend_from_slice(piece);
        if self.state == State::ChunkEnd && !b"\r\n".starts_with(&self.line) {
            return Err(bad_chunk(&self.line));
        }
        if end.is_some() {
            self.state = self.after_line()?;
            self.line.clear();
        }
        Ok(piece.len())
    }

    /// What a whole line leads to. RFC 9112 7.1.
    fn after_line(&self) -> Result<State> {
        match self.state {
            State::ChunkSize => match chunk_size(&self.line) {
                Some(0) => Ok(State::Trailer),
                Some(len) => Ok(State::Chunk(len)),
                None => Err(bad_chunk(&self.line)),
            },
            State::Trailer if matches!(self.line.as_slice(), b"\r\n" | b"\n") => Ok(State::Done),
            State::Trailer => Ok(State::Trailer),
            _ => Ok(State::ChunkSize),
        }
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    // The parser takes a missing number for 0.
    if !line.first().is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((_, size))) => Some(size),
        _ => None,
    }
}

/// The elements of a list field, over all its lines.
fn elements<'a>(head: &'a ResponseHead, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = head.fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name));
    named.flat_map(|field| field.1.split(',')).map(str::trim)
}

/// Digits only: no sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn bad_length(text: impl AsRef<str>) -> Error {
    let text = excerpt(text.as_ref().as_bytes());
    Error::new(ErrorKind::Http, format!("The response has a wrong Content-Length: \"{text}\"."))
        .advise("The server is faulty, or something between changes its answers.")
}

fn bad_chunk(line: &[u8]) -> Error {
    Error::new(ErrorKind::Http, format!("The body has a malformed chunk: \"{}\".", excerpt(line)))
        .advise("The server is faulty, or something between changes its answers.")
}

fn too_large(what: String) -> Error {
    Error::new(ErrorKind::HttpTooLarge, format!("The server sent {what}.")).advise(
        "Check host and path: this is no answer to a WebSocket handshake. If it is expected, \
             raise MaxResponseBodySize.",
    )
}
