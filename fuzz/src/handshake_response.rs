//! Answers to an opening handshake, RFC 6455 4.1 and RFC 7692 7.1.

use openck::error::ErrorKind;
use openck::net::http1::{HeadLimits, HeadParser, ResponseHead};
use openck::proto::extension::Agreed;
use openck::proto::handshake::{Accepted, ClientKey, validate};

/// The example of RFC 6455 1.3, so that seeds can hold the answer.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const PROTOCOLS: [&str; 2] = ["chat", "superchat"];
/// What is offered, one after the other.
const OFFERS: [&str; 5] = [
    "",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate",
    "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=12",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits=15; server_max_window_bits=15",
];

type Fields = Vec<(String, String)>;

/// An answer is accepted exactly when it keeps each rule, and neither the case of field names nor
/// other fields matter..
pub fn handshake_response(data: &[u8]) {
    let Some((choice, answer)) = data.split_first() else { return };
    let mut parser = HeadParser::new(HeadLimits::default());
    let Ok((_, Some(head))) = parser.feed(answer) else { return };
    let offer = OFFERS[usize::from(choice & 15) % OFFERS.len()];
    let protocols = if choice & 16 == 0 { &PROTOCOLS[..] } else { &[] };
    let request = request(offer, protocols);
    let key = ClientKey::from_field(KEY).unwrap();
    let check = |fields: &Fields| {
        let result = validate(head.status, fields, &key, &request);
        result.map_err(|error| assert_eq!(error.kind(), ErrorKind::Handshake)).ok()
    };
    let result = check(&head.fields);
    if let Some(accepted) = &result {
        assert!(keeps_the_rules(&head));
        chosen_from(accepted, &head, protocols, offer);
        agreed_again(accepted, &head, offer, check);
    } else {
        let unknown = keeps_the_rules(&head) && protocol_offered(&head, protocols);
        assert!(!unknown || extension_answers(&head, offer) != Some(true), "{head:?} to {offer}");
    }
    let mut other = swapped(&head.fields);
    other.push(("X-Other".to_owned(), "websocket, Upgrade".to_owned()));
    assert_eq!(check(&other), result);
}

fn request(offer: &str, protocols: &[&str]) -> Fields {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut fields = vec![field("Sec-WebSocket-Key", KEY), field("Sec-WebSocket-Version", "13")];
    if !offer.is_empty() {
        fields.push(field("Sec-WebSocket-Extensions", offer));
    }
    fields.extend(protocols.iter().map(|name| field("Sec-WebSocket-Protocol", name)));
    fields
}

/// Each value of the fields with this name.
fn all<'a>(head: &'a ResponseHead, name: &str) -> Vec<&'a str> {
    let named = head.fields.iter().filter(|field| field.0.to_lowercase() == name);
    named.map(|field| field.1.trim_matches([' ', '\t'])).collect()
}

/// RFC 6455 4.1, items 1 to 4.
fn keeps_the_rules(head: &ResponseHead) -> bool {
    let upgrade = all(head, "upgrade");
    let connection = all(head, "connection").join(",").to_ascii_lowercase();
    head.status == 101
        && upgrade.len() == 1
        && upgrade[0].eq_ignore_ascii_case("websocket")
        && connection.split(',').any(|token| token.trim_matches([' ', '\t']) == "upgrade")
        && all(head, "sec-websocket-accept") == [ACCEPT]
}

/// Item 6: none, or one that was offered.
fn protocol_offered(head: &ResponseHead, protocols: &[&str]) -> bool {
    match all(head, "sec-websocket-protocol")[..] {
        [] => true,
        [one] => protocols.contains(&one),
        _ => false,
    }
}

fn chosen_from(accepted: &Accepted, head: &ResponseHead, protocols: &[&str], offer: &str) {
    assert!(protocol_offered(head, protocols));
    let chosen = all(head, "sec-websocket-protocol").first().map(|name| (*name).to_owned());
    assert_eq!(accepted.protocol, chosen);
    let answered = !all(head, "sec-websocket-extensions").is_empty();
    assert_eq!(accepted.deflate.is_some(), answered);
    assert_ne!(extension_answers(head, offer), Some(false), "{head:?} to {offer}");
    let Some(agreed) = &accepted.deflate else { return };
    assert!(!offer.is_empty());
    let most = |name: &str| offered_bits(offer, name).unwrap_or(15);
    assert!((8..=most("server_max_window_bits")).contains(&agreed.server_bits));
    assert!((8..=most("client_max_window_bits")).contains(&agreed.client_bits));
    assert!(!(offer.contains("server_no_context_takeover") && agreed.server_takeover));
    assert!(!(offer.contains("client_no_context_takeover") && agreed.client_takeover));
}

/// The value of a parameter of the offer; none without one.
fn offered_bits(offer: &str, name: &str) -> Option<u8> {
    let (_, rest) = offer.split_once(name)?;
    let digits = rest.strip_prefix('=')?.split(';').next()?;
    digits.parse().ok()
}

/// Item 5 and RFC 7692 7.1; none when quotes make it another test's matter.
fn extension_answers(head: &ResponseHead, offer: &str) -> Option<bool> {
    let values = all(head, "sec-websocket-extensions");
    let [value] = values[..] else { return Some(values.is_empty()) };
    if value.contains(['"', '\\']) {
        return None;
    }
    let blank = [' ', '\t'];
    let mut parts = value.split(';').map(|part| part.trim_matches(blank));
    if parts.next() != Some("permessage-deflate") || offer.is_empty() {
        return Some(false);
    }
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => {
                (name.trim_end_matches(blank), Some(value.trim_start_matches(blank)))
            }
            None => (part, None),
        };
        if seen.contains(&name) || !parameter_fits(name, value, offer) {
            return Some(false);
        }
        seen.push(name);
    }
    let asked = |name: &str| offer.contains(name);
    let missing = |name: &str| asked(name) && !seen.contains(&name);
    Some(!missing("server_no_context_takeover") && !missing("server_max_window_bits"))
}

fn parameter_fits(name: &str, value: Option<&str>, offer: &str) -> bool {
    const BITS: [&str; 8] = ["8", "9", "10", "11", "12", "13", "14", "15"];
    let bits = || value.filter(|value| BITS.contains(value)).and_then(|value| value.parse().ok());
    let most = offered_bits(offer, name).unwrap_or(15);
    match name {
        "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
        "server_max_window_bits" => bits().is_some_and(|bits: u8| bits <= most),
        "client_max_window_bits" => {
            offer.contains(name) && bits().is_some_and(|bits: u8| bits <= most)
        }
        _ => false,
    }
}

/// An answer that spells out what was agreed agrees to the same.
fn agreed_again(
    accepted: &Accepted,
    head: &ResponseHead,
    offer: &str,
    check: impl Fn(&Fields) -> Option<Accepted>,
) {
    let Some(agreed) = &accepted.deflate else { return };
    let mut fields = head.fields.clone();
    let field = fields.iter_mut().find(|field| field.0.to_lowercase().ends_with("-extensions"));
    field.unwrap().1 = spelled_out(agreed, offer);
    assert_eq!(check(&fields).as_ref(), Some(accepted));
}

fn spelled_out(agreed: &Agreed, offer: &str) -> String {
    let mut text = format!("permessage-deflate;server_max_window_bits=\"{}\"", agreed.server_bits);
    if offer.contains("client_max_window_bits") {
        text += &format!(" ; client_max_window_bits = {}", agreed.client_bits);
    }
    if !agreed.server_takeover {
        text += "; server_no_context_takeover";
    }
    if !agreed.client_takeover {
        text += "; client_no_context_takeover";
    }
    text
}

fn swapped(fields: &Fields) -> Fields {
    let swap = |letter: char| match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    };
    fields.iter().map(|(name, value)| (name.chars().map(swap).collect(), value.clone())).collect()
}
