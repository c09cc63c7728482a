//! Sec-WebSocket-Extensions: its syntax, and the negotiation of permessage-deflate.
//!
//! RFC 6455 9.1; RFC 7692 5 and 7.1.

use std::fmt;

use crate::error::{Result, excerpt};
use crate::proto::handshake::valid_field_name;

/// The name of the one extension that openck has.
pub const DEFLATE: &str = "permessage-deflate";

/// One element of Sec-WebSocket-Extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// A token.
    pub name: String,
    /// Its parameters in order; a value that was quoted stands without the quotes.
    pub parameters: Vec<(String, Option<String>)>,
}

/// The elements of a field value; none when it breaks RFC 6455 9.1.
pub fn parse(value: &str) -> Option<Vec<Extension>> {
    value.split(',').map(element).collect()
}

/// An offer of permessage-deflate. RFC 7692 7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// The largest window this side will use, 8 to 15; none to give the server no say in it.
    pub client_bits: Option<u8>,
    /// The largest window the server may use, 8 to 15; none to leave it to the server.
    pub server_bits: Option<u8>,
    /// Whether this side may refer to earlier messages.
    pub client_takeover: bool,
    /// Whether the server may.
    pub server_takeover: bool,
}

impl Offer {
    /// Reads an offer that a program made by itself; fails with what is wrong with it.
    pub fn read(extension: &Extension) -> Result<Self, String> {
        let parameters = Parameters::read(extension)?;
        Ok(Self {
            client_bits: parameters.client_bits.map(|bits| bits.unwrap_or(15)),
            server_bits: parameters.server_bits,
            client_takeover: !parameters.client_no_takeover,
            server_takeover: !parameters.server_no_takeover,
        })
    }

    /// What the server's answer to this offer makes of it; fails with what is wrong with it.
    pub fn answered(&self, answer: &Extension) -> Result<Agreed, String> {
        let parameters = Parameters::read(answer)?;
        if !self.server_takeover && !parameters.server_no_takeover {
            return Err(format!("{SERVER_NO_TAKEOVER} was asked for and is missing"));
        }
        Ok(Agreed {
            server_bits: self.server_bits(parameters.server_bits)?,
            client_bits: self.client_bits(parameters.client_bits)?,
            server_takeover: !parameters.server_no_takeover,
            // the server may ask for it, and this side may do it unasked.
            client_takeover: self.client_takeover && !parameters.client_no_takeover,
        })
    }

    /// RFC 7692 7.1.2.1, R-81.
    fn server_bits(&self, answer: Option<u8>) -> Result<u8, String> {
        match (self.server_bits, answer) {
            (Some(_), None) => Err(format!("{SERVER_BITS} was asked for and is missing")),
            (Some(most), Some(bits)) if bits > most => Err(over(SERVER_BITS, bits, most)),
            (_, bits) => Ok(bits.unwrap_or(15)),
        }
    }

    /// RFC 7692 7.1.2.2, R-82.
    fn client_bits(&self, answer: Option<Option<u8>>) -> Result<u8, String> {
        match (self.client_bits, answer) {
            (_, Some(None)) => Err(format!("{CLIENT_BITS} has no value")),
            (None, Some(_)) => Err(format!("{CLIENT_BITS} was not offered")),
            (Some(most), Some(Some(bits))) if bits > most => Err(over(CLIENT_BITS, bits, most)),
            (_, Some(Some(bits))) => Ok(bits),
            (most, None) => Ok(most.unwrap_or(15)),
        }
    }
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            client_bits: Some(15),
            server_bits: None,
            client_takeover: true,
            server_takeover: true,
        }
    }
}

/// The field value, RFC 7692 7.1, R-80.
impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DEFLATE)?;
        flags(f, self.server_takeover, self.client_takeover)?;
        if let Some(bits) = self.server_bits {
            write!(f, "; {SERVER_BITS}={bits}")?;
        }
        match self.client_bits {
            // Without a value: any window will do.
            Some(15) => write!(f, "; {CLIENT_BITS}"),
            Some(bits) => write!(f, "; {CLIENT_BITS}={bits}"),
            None => Ok(()),
        }
    }
}

/// What holds for a connection with permessage-deflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The server's window: 8 to 15 bits.
    pub server_bits: u8,
    /// This side's window: 8 to 15 bits.
    pub client_bits: u8,
    /// Whether the server may refer to earlier messages.
    pub server_takeover: bool,
    /// Whether this side may.
    pub client_takeover: bool,
}

/// In the form of a field value; what is the default of RFC 7692 is left out.
impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DEFLATE)?;
        flags(f, self.server_takeover, self.client_takeover)?;
        for (name, bits) in [(SERVER_BITS, self.server_bits), (CLIENT_BITS, self.client_bits)] {
            if bits < 15 {
                write!(f, "; {name}={bits}")?;
            }
        }
        Ok(())
    }
}

const SERVER_NO_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

fn flags(f: &mut fmt::Formatter<'_>, server: bool, client: bool) -> fmt::Result {
    for (takeover, name) in [(server, SERVER_NO_TAKEOVER), (client, CLIENT_NO_TAKEOVER)] {
        if !takeover {
            write!(f, "; {name}")?;
        }
    }
    Ok(())
}

fn over(name: &str, bits: u8, most: u8) -> String {
    format!("{name} is {bits}, more than the {most} that was offered")
}

/// The parameters of permessage-deflate as they stand there.
#[derive(Default)]
struct Parameters {
    server_no_takeover: bool,
    client_no_takeover: bool,
    server_bits: Option<u8>,
    /// Only this one may be there without a value, and only in an offer.
    client_bits: Option<Option<u8>>,
}

impl Parameters {
    /// RFC 7692 7.1, R-80: each is known, valid and there once at most.
    fn read(extension: &Extension) -> Result<Self, String> {
        let mut read = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &extension.parameters {
            let (name, value) = (name.as_str(), value.as_deref());
            if seen.contains(&name) {
                return Err(format!("{name} is there twice"));
            }
            match name {
                SERVER_NO_TAKEOVER => read.server_no_takeover = flag(name, value)?,
                CLIENT_NO_TAKEOVER => read.client_no_takeover = flag(name, value)?,
                SERVER_BITS => read.server_bits = Some(bits(name, value.unwrap_or(""))?),
                CLIENT_BITS => {
                    read.client_bits = Some(value.map(|value| bits(name, value)).transpose()?);
                }
                _ => return Err(format!("{DEFLATE} has no such parameter: {}", short(name))),
            }
            seen.push(name);
        }
        Ok(read)
    }
}

fn flag(name: &str, value: Option<&str>) -> Result<bool, String> {
    value.map_or(Ok(true), |value| Err(format!("{name} takes no value, but has {}", short(value))))
}

/// RFC 7692 7.1.2.1: a decimal number of 8 to 15 without leading zeros.
fn bits(name: &str, value: &str) -> Result<u8, String> {
    let found = (8..=15_u8).find(|bits| bits.to_string() == value);
    found.ok_or_else(|| format!("{name} is not 8 to 15: \"{}\"", short(value)))
}

/// Texts of the peer, short enough for a message.
fn short(text: &str) -> String {
    excerpt(text.as_bytes())
}

fn element(text: &str) -> Option<Extension> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next().filter(|name| valid_field_name(name))?.to_owned();
    let parameters = parts.map(parameter).collect::<Option<_>>()?;
    Some(Extension { name, parameters })
}

/// `token`, `token=token` or `token="token"`.
fn parameter(text: &str) -> Option<(String, Option<String>)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim_end_matches([' ', '\t']), Some(unquoted(value)?)),
        None => (text, None),
    };
    valid_field_name(name).then(|| (name.to_owned(), value))
}

/// RFC 6455 9.1: what a quoted string says must be a token as well. So a comma or a semicolon always
/// separates: inside of quotes it makes both sides malformed.
fn unquoted(value: &str) -> Option<String> {
    let value = value.trim_start_matches([' ', '\t']);
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else { return valid_field_name(value).then(|| value.to_owned()) };
    let mut token = String::new();
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        token.push(if letter == '\\' { letters.next()? } else { letter });
    }
    valid_field_name(&token).then_some(token)
}
