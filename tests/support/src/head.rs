//! The HTTP request head as the test servers read it: no parser of the library has a part in it.

use crate::WATCHDOG;
use crate::stream::Stream;
use std::io;
use std::time::Instant;

const HEAD_LIMIT: usize = 256 * 1024;

/// A request head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Names and values in order, values trimmed.
    pub fields: Vec<(String, String)>,
    /// The head's bytes, with the empty line.
    pub raw: Vec<u8>,
}

impl Request {
    /// Reads from `stream` to the empty line; surplus bytes are given back to the stream.
    /// `Ok(None)`: the client left without a word.
    pub fn read(stream: &mut Stream) -> io::Result<Option<Self>> {
        let deadline = Instant::now() + WATCHDOG;
        let mut raw = Vec::new();
        let mut chunk = [0; 4096];
        let end = loop {
            let n = stream.read_until(&mut chunk, deadline)?;
            if n == 0 && raw.is_empty() {
                return Ok(None);
            }
            if n == 0 || raw.len() > HEAD_LIMIT {
                return Err(io::Error::other("the request head has no end"));
            }
            raw.extend_from_slice(&chunk[..n]);
            if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        stream.unread(&raw[end..]);
        raw.truncate(end);
        Ok(Some(Self::parse(raw)))
    }

    /// Reads the body that `Content-Length` announces.
    pub fn read_body(&self, stream: &mut Stream) -> io::Result<Vec<u8>> {
        let length = self.field("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let deadline = Instant::now() + WATCHDOG;
        let mut body = Vec::new();
        let mut chunk = [0; 4096];
        while body.len() < length {
            let most = chunk.len().min(length - body.len());
            match stream.read_until(&mut chunk[..most], deadline)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => body.extend_from_slice(&chunk[..n]),
            }
        }
        Ok(body)
    }

    /// The first field of this name, in any case of letters.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.as_str())
    }

    /// All fields of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.fields.iter().filter(same).map(|field| field.1.as_str())
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of `name` in the query, with `%41` and `+` decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|pair| pair.0 == name).map(|pair| decode(pair.1))
    }

    /// The value of `name` in the query as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.query(name)?.parse().ok()
    }

    /// The right value of `Sec-WebSocket-Accept` for this request (RFC 6455 4.2.2).
    pub fn accept(&self) -> String {
        let key = self.field("Sec-WebSocket-Key").unwrap_or_default();
        tungstenite::handshake::derive_accept_key(key.as_bytes())
    }

    fn parse(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let method = first.next().unwrap_or_default().to_owned();
        let target = first.next().unwrap_or_default().to_owned();
        let pairs = lines.filter_map(|line| line.split_once(':'));
        let fields = pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        Self { method, target, fields: fields.collect(), raw }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let value = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        match (*first, value) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &tail[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(other),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_taken_apart() {
        let raw = b"GET /a?b=c%20d+e&n=7 HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\nx-a: 2\r\n\r\n";
        let request = Request::parse(raw.to_vec());
        assert_eq!((request.method.as_str(), request.path()), ("GET", "/a"));
        assert_eq!(request.query("b").as_deref(), Some("c d e"));
        assert_eq!(request.number("n"), Some(7));
        assert_eq!(request.all("X-A").collect::<Vec<_>>(), ["1", "2"]);
    }
}
