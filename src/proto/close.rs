//! The Close frame: codes and reasons, RFC 6455 5.5.1 and 7.4.

use crate::error::{Error, ErrorKind, Result};
use crate::proto::frame::{CONTROL_MAX, Control};

/// The longest reason in bytes: a control frame without its code. R-48.
pub const REASON_MAX: usize = CONTROL_MAX - 2;

/// A close code that may be on the wire. RFC 6455 7.4, R-44, R-47.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose was fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The peer broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// The peer sent text that is not UTF-8.
    pub const NOT_UTF8: Self = Self(1007);
    /// The peer sent a message over the limit.
    pub const TOO_BIG: Self = Self(1009);

    /// The code, unless it is reserved, undefined or only for use inside a program.
    pub fn new(code: u16) -> Option<Self> {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999).then_some(Self(code))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// The start of `text` of at most `max` bytes, cut between characters. R-48.
pub fn truncate_to(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// What a Close frame says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CloseFrame {
    /// Why; none when the frame is empty.
    pub code: Option<CloseCode>,
    /// A word about it; sent only together with a code.
    pub reason: String,
}

impl CloseFrame {
    /// A frame with a code; the reason is cut to 123 bytes between characters.
    pub fn new(code: CloseCode, reason: &str) -> Self {
        Self { code: Some(code), reason: truncate_to(reason, REASON_MAX).to_owned() }
    }

    /// Reads the payload of a received Close frame.
    ///
    /// Fails with [`ErrorKind::Protocol`] on one byte or a code that may not be on the wire, with
    /// [`ErrorKind::PeerText`] on a reason that is not UTF-8.
    pub fn parse(payload: &[u8]) -> Result<Self> {
        // RFC 6455 5.5.1, R-43.
        let Some((code, reason)) = payload.split_first_chunk() else {
            return if payload.is_empty() { Ok(Self::default()) } else { Err(one_byte()) };
        };
        let number = u16::from_be_bytes(*code);
        let code = CloseCode::new(number).ok_or_else(|| bad_code(number))?;
        // RFC 6455 8.1, R-45.
        let reason = std::str::from_utf8(reason).map_err(|_| bad_reason(number))?;
        Ok(Self { code: Some(code), reason: reason.to_owned() })
    }

    /// The payload on the wire: empty without a code, the reason cut to what fits.
    pub fn payload(&self) -> Control {
        let mut payload = Control::new();
        if let Some(code) = self.code {
            payload.push(&code.get().to_be_bytes());
            payload.push(truncate_to(&self.reason, REASON_MAX).as_bytes());
        }
        payload
    }
}

#[cold]
fn one_byte() -> Error {
    refused(ErrorKind::Protocol, "The server sent a Close frame with a payload of 1 byte.".into())
}

#[cold]
fn bad_code(code: u16) -> Error {
    let text = format!("The server sent a Close frame with the code {code}, which is not allowed.");
    refused(ErrorKind::Protocol, text)
}

#[cold]
fn bad_reason(code: u16) -> Error {
    let text = format!("The server closed with code {code} and a reason that is not UTF-8.");
    refused(ErrorKind::PeerText, text)
}

fn refused(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).advise("The server breaks RFC 6455; the connection is over anyway.")
}
