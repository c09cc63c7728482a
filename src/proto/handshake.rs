//! The opening handshake, client side: RFC 6455 4.1 and 4.2.2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRng;
use rand::rngs::SysRng;
use sha1::{Digest, Sha1};

use crate::error::{Error, ErrorKind, Result, excerpt};
use crate::proto::extension::{self, Extension};
use crate::proto::mask::no_random;

/// RFC 6455 1.3: proves that the server knows the protocol.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of Sec-WebSocket-Key of one connection. RFC 6455 4.1, R-05.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey(String);

impl ClientKey {
    /// A fresh key: 16 bytes from the system's random source.
    ///
    /// Fails with [`ErrorKind::Internal`] when that has none.
    pub fn generate() -> Result<Self> {
        let mut nonce = [0; 16];
        SysRng.try_fill_bytes(&mut nonce).map_err(|error| no_random(&error))?;
        Ok(Self(STANDARD.encode(nonce)))
    }

    /// The key that stands in a request, when it is 16 bytes in base64.
    pub fn from_field(value: &str) -> Option<Self> {
        let nonce = STANDARD.decode(value).ok()?;
        (nonce.len() == 16).then(|| Self(value.to_owned()))
    }

    /// The 24 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Sec-WebSocket-Accept that answers it. RFC 6455 4.2.2, R-15.
    pub fn accept(&self) -> String {
        let digest = Sha1::new().chain_update(&self.0).chain_update(GUID).finalize();
        STANDARD.encode(digest)
    }

    /// The four fields that make a request an opening handshake. RFC 6455 4.1, R-04..R-06.
    pub fn fields(&self) -> [(String, String); 4] {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        [
            field("Upgrade", "websocket"),
            field("Connection", "Upgrade"),
            field(KEY, self.as_str()),
            field(VERSION, "13"),
        ]
    }
}

/// What a request offers beyond the plain protocol.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// The subprotocols, the favourite first.
    pub protocols: Vec<String>,
    /// The extensions, the favourite first.
    pub extensions: Vec<Extension>,
}

impl Offer {
    /// Reads it from the fields of a request, sent or about to be sent.
    ///
    /// Fails with [`ErrorKind::Argument`] when the request breaks RFC 6455 4.1: a field that may
    /// be there once is repeated, a version other than 13, a malformed key,
    /// subprotocols that are not unique tokens, malformed extensions.
    pub fn read(request_fields: &[(String, String)]) -> Result<Self> {
        for name in ["Host", "Upgrade", KEY, VERSION] {
            if values(request_fields, name).count() > 1 {
                return Err(bad_request(name, "is there more than once"));
            }
        }
        if values(request_fields, VERSION).any(|version| version != "13") {
            return Err(bad_request(VERSION, "is not 13"));
        }
        if values(request_fields, KEY).any(|key| ClientKey::from_field(key).is_none()) {
            return Err(bad_request(KEY, "is not 16 bytes in base64"));
        }
        Ok(Self {
            protocols: offered_protocols(request_fields)?,
            extensions: extensions(request_fields)
                .ok_or_else(|| bad_request(EXTENSIONS, "is malformed"))?,
        })
    }
}

/// What the server agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accepted {
    /// The subprotocol it chose; choosing none is allowed.
    pub protocol: Option<String>,
    /// How messages may be compressed; none without permessage-deflate.
    pub deflate: Option<extension::Agreed>,
}

/// Checks the answer to an opening handshake. RFC 6455 4.1, R-12..R-17.
///
/// `status` and `fields` are the answer; `key` and `request_fields` are what was sent. Fails with
/// [`ErrorKind::Handshake`], which names the value that is wrong.
pub fn validate(
    status: u16,
    fields: &[(String, String)],
    key: &ClientKey,
    request_fields: &[(String, String)],
) -> Result<Accepted> {
    if status != 101 {
        return Err(refused(status, "", ""));
    }
    let offer = Offer::read(request_fields)?;
    check_upgrade(fields)?;
    check_connection(fields)?;
    check_accept(fields, key)?;
    Ok(Accepted {
        deflate: chosen_extension(fields, &offer)?,
        protocol: chosen_protocol(fields, &offer)?,
    })
}

/// The failure of an answer with another status than 101. R-12.
///
/// `reason` is its reason phrase, `body` a printable excerpt of its body; both may be empty.
pub fn refused(status: u16, reason: &str, body: &str) -> Error {
    let advice = match status {
        300..=399 => "The server redirects; connect to the address in its Location field.",
        401 | 403 => "The server wants credentials, or others than those sent.",
        404 | 405 => "Check the path: the server has no WebSocket there.",
        407 => "The proxy wants credentials.",
        426 => "The server wants another version of the protocol than 13.",
        500..=599 => "The server has trouble of its own; try again later.",
        _ => "Check host, port and path: this does not answer as a WebSocket server.",
    };
    let mut text = format!("The server answered with status {status}");
    if !reason.is_empty() {
        text.push_str(&format!(" \"{}\"", excerpt(reason.as_bytes())));
    }
    text.push_str(" instead of 101.");
    if !body.is_empty() {
        text.push_str(&format!(" Its body begins: \"{body}\"."));
    }
    Error::new(ErrorKind::Handshake, text).advise(advice)
}

/// Whether it may be the name of a header field: an HTTP token. R-11.
pub fn valid_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_token_byte)
}

/// Whether it may be the value of a header field: no CR, LF or NUL. R-11.
pub fn valid_field_value(value: &str) -> bool {
    !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

const KEY: &str = "Sec-WebSocket-Key";
const VERSION: &str = "Sec-WebSocket-Version";
const ACCEPT: &str = "Sec-WebSocket-Accept";
const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// RFC 6455 4.1, item 2, R-13: the one protocol to switch to, in any case.
fn check_upgrade(fields: &[(String, String)]) -> Result<()> {
    match only(fields, "Upgrade")? {
        Some(value) if value.eq_ignore_ascii_case("websocket") => Ok(()),
        Some(value) => Err(bad_value("Upgrade", value, "is not \"websocket\"")),
        None => Err(missing("Upgrade")),
    }
}

/// RFC 6455 4.1, item 3, R-14: one token of a list that may fill several fields.
fn check_connection(fields: &[(String, String)]) -> Result<()> {
    if list(fields, "Connection").any(|token| token.eq_ignore_ascii_case("upgrade")) {
        return Ok(());
    }
    match values(fields, "Connection").next() {
        Some(value) => Err(bad_value("Connection", value, "does not contain \"Upgrade\"")),
        None => Err(missing("Connection")),
    }
}

/// RFC 6455 4.1, item 4, R-15.
fn check_accept(fields: &[(String, String)], key: &ClientKey) -> Result<()> {
    match only(fields, ACCEPT)? {
        Some(value) if value == key.accept() => Ok(()),
        Some(value) => Err(bad_value(ACCEPT, value, "does not answer the key that was sent")),
        None => Err(missing(ACCEPT)),
    }
}

/// RFC 6455 4.1, item 5, R-16: only what was offered, and what openck can do.
fn chosen_extension(
    fields: &[(String, String)],
    offer: &Offer,
) -> Result<Option<extension::Agreed>> {
    let Some(value) = only(fields, EXTENSIONS)? else { return Ok(None) };
    let chosen = extension::parse(value);
    let chosen = chosen.ok_or_else(|| bad_value(EXTENSIONS, value, "is malformed"))?;
    let offered = |name: &str| offer.extensions.iter().any(|one| one.name == name);
    if let Some(other) = chosen.iter().find(|one| !offered(&one.name)) {
        return Err(bad_value(EXTENSIONS, &other.name, "was not offered"));
    }
    // A program can offer anything by AddHeader; its frames could not be understood.
    if let Some(other) = chosen.iter().find(|one| one.name != extension::DEFLATE) {
        let text =
            format!("The server agreed to the extension \"{}\".", excerpt(other.name.as_bytes()));
        return Err(Error::new(ErrorKind::Handshake, text).advise(
            "openck has permessage-deflate only: leave other extensions out of the request.",
        ));
    }
    match chosen.as_slice() {
        [answer] => {
            agreed(answer, offer).map(Some).map_err(|what| bad_value(EXTENSIONS, value, &what))
        }
        _ => Err(bad_value(EXTENSIONS, value, "chooses one extension twice")),
    }
}

/// The first offer of permessage-deflate that the answer fits; else why the last does not.
fn agreed(answer: &Extension, offer: &Offer) -> Result<extension::Agreed, String> {
    let mut wrong = String::new();
    for offered in offer.extensions.iter().filter(|one| one.name == extension::DEFLATE) {
        match extension::Offer::read(offered) {
            Ok(offered) => match offered.answered(answer) {
                Ok(agreed) => return Ok(agreed),
                Err(what) => wrong = format!("does not fit: {what}"),
            },
            Err(what) => wrong = format!("answers an offer that is wrong itself ({what})"),
        }
    }
    Err(wrong)
}

/// RFC 6455 4.1, item 6, R-17.
fn chosen_protocol(fields: &[(String, String)], offer: &Offer) -> Result<Option<String>> {
    let Some(value) = only(fields, PROTOCOL)? else { return Ok(None) };
    match offer.protocols.iter().find(|offered| *offered == value) {
        Some(chosen) => Ok(Some(chosen.clone())),
        None => Err(bad_value(PROTOCOL, value, "was not offered")),
    }
}

/// RFC 6455 4.1, item 10 of the request, R-07.
fn offered_protocols(request_fields: &[(String, String)]) -> Result<Vec<String>> {
    let mut protocols: Vec<String> = Vec::new();
    for name in list(request_fields, PROTOCOL) {
        if !valid_field_name(name) {
            return Err(bad_request(PROTOCOL, "is not a list of tokens"));
        }
        if protocols.iter().any(|other| other == name) {
            return Err(bad_request(PROTOCOL, "names a subprotocol twice"));
        }
        protocols.push(name.to_owned());
    }
    Ok(protocols)
}

/// All elements of Sec-WebSocket-Extensions; none when it breaks RFC 6455 9.1.
fn extensions(fields: &[(String, String)]) -> Option<Vec<Extension>> {
    let mut all = Vec::new();
    for value in values(fields, EXTENSIONS) {
        all.extend(extension::parse(value)?);
    }
    Some(all)
}

/// The values of all fields with this name, without the blanks around them.
fn values<'a>(
    fields: &'a [(String, String)],
    name: &'a str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let found = fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name));
    found.map(|field| field.1.trim_matches([' ', '\t']))
}

/// The elements of a list field over all its lines; empty ones do not count (RFC 9110 5.6.1).
fn list<'a>(
    fields: &'a [(String, String)],
    name: &'a str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let elements = values(fields, name).flat_map(|value| value.split(','));
    elements.map(|element| element.trim_matches([' ', '\t'])).filter(|element| !element.is_empty())
}

/// The value of a field that may be there once.
fn only<'a>(fields: &'a [(String, String)], name: &'a str) -> Result<Option<&'a str>> {
    let mut found = values(fields, name);
    let first = found.next();
    match found.next() {
        Some(second) => Err(bad_value(name, second, "is there a second time")),
        None => Ok(first),
    }
}

/// RFC 9110 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn missing(name: &str) -> Error {
    let text = format!("The server's answer has no {name} field.");
    Error::new(ErrorKind::Handshake, text).advise(NOT_WEBSOCKET)
}

fn bad_value(name: &str, value: &str, what: &str) -> Error {
    let text = format!("{name} in the server's answer {what}: \"{}\".", excerpt(value.as_bytes()));
    Error::new(ErrorKind::Handshake, text).advise(NOT_WEBSOCKET)
}

const NOT_WEBSOCKET: &str =
    "The server, or a proxy before it, does not follow RFC 6455; check address and path.";

fn bad_request(name: &str, what: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("{name} in the request {what}."))
        .advise("Correct the header fields that the program adds to the request.")
}
