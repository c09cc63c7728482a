//! The one error type, and in one place what each kind means to the programs of the original API.

use std::fmt;

/// Result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was. The numbers that programs read come from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument or property value that cannot be used.
    Argument,
    /// Text that is not valid in its encoding.
    Text,
    /// A handle that is NULL, stale, of another class, or no handle at all.
    Handle,
    /// A call in the wrong order.
    State,
    /// There is no connection, or it was closed before the call.
    NotConnected,
    /// A file could not be read or written.
    File,
    /// Connect was called with an empty host name.
    EmptyHost,
    /// The name could not be resolved.
    Dns,
    /// Resolving the name took too long.
    DnsTimeout,
    /// No TCP connection within the time allowed.
    ConnectTimeout,
    /// The connection was refused or could not be made.
    ConnectFailed,
    /// TLS could not be set up on this side.
    TlsInternal,
    /// The TLS handshake broke off.
    TlsHandshake,
    /// The server sent no certificate.
    TlsNoCertificate,
    /// The server's certificate could not be verified.
    TlsCertificate,
    /// No TLS version in common.
    TlsVersion,
    /// No progress within the idle timeout; the connection stays usable.
    Timeout,
    /// The call was ended by the program.
    Aborted,
    /// The connection ended without warning.
    ConnectionLost,
    /// The answer is not HTTP.
    Http,
    /// A limit on an HTTP head or body was crossed.
    HttpTooLarge,
    /// The server did not agree to speak WebSocket.
    Handshake,
    /// A frame that RFC 6455 forbids.
    Protocol,
    /// Text from the peer that is not UTF-8.
    PeerText,
    /// A frame or message over the limit.
    TooBig,
    /// A defect of openck itself.
    Internal,
}

impl ErrorKind {
    /// The value of `ReadFrameFailReason`.
    pub fn read_fail_reason(self) -> i32 {
        match self {
            Self::Timeout => 1,
            Self::Aborted => 2,
            Self::ConnectionLost | Self::NotConnected | Self::State => 3,
            Self::Protocol | Self::PeerText | Self::TooBig => 4,
            _ => 99,
        }
    }

    /// The value of `ConnectFailReason`.
    pub fn connect_fail_reason(self) -> i32 {
        match self {
            Self::EmptyHost => 1,
            Self::Dns => 2,
            Self::DnsTimeout => 3,
            Self::Aborted => 4,
            Self::Internal => 5,
            Self::ConnectTimeout => 6,
            Self::TlsInternal => 100,
            Self::TlsHandshake | Self::Timeout | Self::ConnectionLost => 102,
            Self::TlsNoCertificate => 104,
            Self::TlsCertificate => 106,
            Self::TlsVersion => 107,
            _ => 7,
        }
    }

    /// The code of the Close frame that answers this failure, if one is sent.
    /// RFC 6455 7.4.1, R-51.
    pub fn close_code(self) -> Option<u16> {
        match self {
            Self::Protocol => Some(1002),
            Self::PeerText => Some(1007),
            Self::TooBig => Some(1009),
            _ => None,
        }
    }
}

/// A failure: its kind, what happened with which value, and what to do about it.
#[derive(Clone, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    advice: Option<String>,
}

impl Error {
    /// `message` says what was wrong and with which value, as a sentence. Never a secret (R-60).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), advice: None }))
    }

    /// Adds what the program's author or user can do, as a sentence.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.0.kind, self.0.message)
    }
}

/// The start of what a peer sent, for a message: printable ASCII, the rest escaped, at most 80
/// characters and then `...`.
pub fn excerpt(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let shown = byte.escape_ascii();
        if text.len() + shown.len() > 80 {
            text.push_str("...");
            break;
        }
        text.extend(shown.map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_are_printable_and_short() {
        assert_eq!(excerpt(b"a\r\n\0\xff"), r"a\r\n\x00\xff");
        assert_eq!(excerpt(&[b'a'; 80]), "a".repeat(80));
        assert_eq!(excerpt(&[b'a'; 81]), "a".repeat(80) + "...");
        assert_eq!(excerpt(&[0; 1000]), r"\x00".repeat(20) + "...");
    }
}
