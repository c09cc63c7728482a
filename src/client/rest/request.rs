//! What the next requests will carry: headers, parameters, credentials.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, ErrorKind, Result};
use crate::net::http1::{Request, host_field};
use crate::proto::handshake::{valid_field_name, valid_field_value};

/// RFC 3986 2.3: what needs no encoding.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a connection leads, as far as a request depends on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

impl Target {
    fn is_this_machine(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback || host.eq_ignore_ascii_case("localhost")
    }
}

/// Everything that requests are made of, besides verb, path and body.
#[derive(Debug)]
pub(super) struct Settings {
    fields: Vec<(String, String)>,
    query: Vec<(String, String)>,
    path_params: Vec<(String, String)>,
    basic: Option<(String, String)>,
    pub(super) authorization: String,
    pub(super) host: String,
    pub(super) options: String,
    pub(super) encode_words: bool,
    pub(super) fold: bool,
    /// The extensions that a WebSocket added to `fields`.
    offer: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            fields: Vec::new(),
            query: Vec::new(),
            path_params: Vec::new(),
            basic: None,
            authorization: String::new(),
            host: String::new(),
            options: String::new(),
            encode_words: true,
            fold: true,
            offer: None,
        }
    }
}

impl Settings {
    pub(super) fn add_field(&mut self, name: &str, value: &str) -> Result<()> {
        let value = value.trim_matches([' ', '\t']);
        check_field_name(name)?;
        check_field_value(name, value)?;
        if name.eq_ignore_ascii_case("host") {
            self.host = value.to_owned();
            return Ok(());
        }
        replace(&mut self.fields, name, value, |a, b| a.eq_ignore_ascii_case(b));
        Ok(())
    }

    /// Adds the extensions that a WebSocket offers. None takes its earlier offer back, so that a
    /// Rest can be used again without; what the program added itself stays then.
    pub(super) fn offer_extensions(&mut self, offer: Option<String>) {
        let name = "Sec-WebSocket-Extensions";
        let is_it = |known: &str| known.eq_ignore_ascii_case(name);
        if let Some(offer) = &offer {
            replace(&mut self.fields, name, offer, |known, _| is_it(known));
        } else if let Some(earlier) = &self.offer {
            self.fields.retain(|(known, value)| !is_it(known) || value != earlier);
        }
        self.offer = offer;
    }

    pub(super) fn remove_field(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("host") {
            self.host.clear();
        }
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(super) fn clear_fields(&mut self) {
        self.fields.clear();
    }

    pub(super) fn add_query(&mut self, name: &str, value: &str) -> Result<()> {
        if name.is_empty() {
            return Err(empty_name("query parameter"));
        }
        replace(&mut self.query, name, value, |a, b| a == b);
        Ok(())
    }

    pub(super) fn add_query_string(&mut self, query: &str) -> Result<()> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let mut parsed = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if name.is_empty() {
                return Err(empty_name("query parameter"));
            }
            parsed.push((decode_query(name)?, decode_query(value)?));
        }
        for (name, value) in parsed {
            self.add_query(&name, &value)?;
        }
        Ok(())
    }

    pub(super) fn remove_query(&mut self, name: &str) {
        self.query.retain(|(known, _)| known != name);
    }

    pub(super) fn clear_query(&mut self) {
        self.query.clear();
    }

    pub(super) fn add_path_param(&mut self, name: &str, value: &str) -> Result<()> {
        if name.is_empty() {
            return Err(empty_name("path parameter"));
        }
        check_target_text("path parameter", value)?;
        replace(&mut self.path_params, name, value, |a, b| a == b);
        Ok(())
    }

    pub(super) fn clear_path_params(&mut self) {
        self.path_params.clear();
    }

    pub(super) fn set_basic(&mut self, user: &str, password: &str) -> Result<()> {
        let forbidden = |text: &str| text.contains(['\r', '\n', '\0']);
        if user.contains(':') || forbidden(user) || forbidden(password) {
            // The texts themselves are secrets.
            return Err(Error::new(
                ErrorKind::Argument,
                "The user name contains a colon, or user name or password contain CR, LF or NUL.",
            )
            .advise("RFC 7617 allows none of them in Basic authentication."));
        }
        self.basic = Some((user.to_owned(), password.to_owned()));
        Ok(())
    }

    pub(super) fn clear_auth(&mut self) {
        self.basic = None;
        self.authorization.clear();
    }

    /// The request to send. `None` as target: nothing is connected (DebugMode).
    pub(super) fn request(
        &self,
        verb: &str,
        path: &str,
        body: Option<&[u8]>,
        target: &Target,
    ) -> Result<Request> {
        let verb = check_verb(verb)?;
        let path = self.path(path)?;
        let mut fields = vec![("Host".to_owned(), self.host_field(target))];
        if let Some(credentials) = self.credentials(target)? {
            fields.push(("Authorization".to_owned(), credentials));
        }
        fields.extend(self.own_fields());
        if let Some(body) = body {
            fields.push(("Content-Length".to_owned(), body.len().to_string()));
        }
        let body = body.unwrap_or_default().to_vec();
        Ok(Request { method: verb, target: path, fields, body })
    }

    fn host_field(&self, target: &Target) -> String {
        if self.host.is_empty() {
            return host_field(&target.host, target.port, target.tls);
        }
        self.host.clone()
    }

    /// The fields of AddHeader, less those that openck makes itself.
    fn own_fields(&self) -> impl Iterator<Item = (String, String)> {
        let has_credentials = !self.authorization.is_empty() || self.basic.is_some();
        let kept = self.fields.iter().filter(move |(name, _)| {
            !(name.eq_ignore_ascii_case("content-length")
                || name.eq_ignore_ascii_case("transfer-encoding")
                || (has_credentials && name.eq_ignore_ascii_case("authorization")))
        });
        kept.map(|(name, value)| (name.clone(), self.field_value(name, value)))
    }

    fn field_value(&self, name: &str, value: &str) -> String {
        let handshake = name.len() >= 14 && name.to_ascii_lowercase().starts_with("sec-websocket-");
        if value.is_ascii() || !self.encode_words || handshake {
            return value.to_owned();
        }
        encoded_words(value)
    }

    fn credentials(&self, target: &Target) -> Result<Option<String>> {
        if !self.authorization.is_empty() {
            return Ok(Some(self.authorization.clone()));
        }
        let Some((user, password)) = &self.basic else { return Ok(None) };
        let allowed =
            target.tls || target.is_this_machine() || self.has_option("AllowInsecureBasicAuth");
        if !allowed {
            return Err(Error::new(
                ErrorKind::State,
                format!("SetAuthBasic: the password is not sent to {} without TLS.", target.host),
            )
            .advise(
                "Connect with TLS, or set UncommonOptions to \"AllowInsecureBasicAuth\" if anyone \
                 on the way may read the password.",
            ));
        }
        Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))))
    }

    fn has_option(&self, keyword: &str) -> bool {
        self.options.split(',').any(|option| option.trim().eq_ignore_ascii_case(keyword))
    }

    fn path(&self, path: &str) -> Result<String> {
        let mut path = path.to_owned();
        for (name, value) in &self.path_params {
            path = path.replace(name.as_str(), value);
        }
        check_target_text("path", &path)?;
        if is_url(&path) {
            return Err(Error::new(ErrorKind::Argument, "The path is a URL.")
                .advise("Pass what comes after the host, such as \"/chat?room=1\"."));
        }
        if let Some(at) = path.find('#') {
            // RFC 6455 3, R-01: a fragment has no meaning in a request.
            return Err(Error::new(
                ErrorKind::Argument,
                format!("The path has a fragment: \"#\" at offset {at}."),
            )
            .advise("Remove the part from \"#\" on, or write the character as %23."));
        }
        if !path.starts_with('/') {
            path.insert(0, '/');
        }
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for (name, value) in &self.query {
            path.push(separator);
            path.extend(utf8_percent_encode(name, UNRESERVED));
            path.push('=');
            path.extend(utf8_percent_encode(value, UNRESERVED));
            separator = '&';
        }
        Ok(encode_non_ascii(&path))
    }
}

/// Whether it begins as URLs do: with a scheme and two slashes.
fn is_url(path: &str) -> bool {
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// the name of a header field.
fn check_field_name(name: &str) -> Result<()> {
    if valid_field_name(name) {
        return Ok(());
    }
    // What comes after the first wrong character may be a value, and secret.
    let wrong = |c: &char| !valid_field_name(c.encode_utf8(&mut [0; 4]));
    let text = match name.char_indices().find(|(_, c)| wrong(c)) {
        None => "The name of a header is empty.".to_owned(),
        Some((at, c)) => {
            let start = name.get(..at).unwrap_or_default();
            format!("The name of a header, \"{start}...\", has {c:?} at offset {at}.")
        }
    };
    Err(Error::new(ErrorKind::Argument, text).advise(
        "A name has letters, digits and !#$%&'*+-.^_`|~ only; the value is an argument of its own.",
    ))
}

/// the value of a header field. The value itself may be a secret.
pub(super) fn check_field_value(name: &str, value: &str) -> Result<()> {
    if valid_field_value(value) {
        return Ok(());
    }
    let at = value.find(['\r', '\n', '\0']).unwrap_or(0);
    Err(Error::new(
        ErrorKind::Argument,
        format!("The value of the header {name} has CR, LF or NUL at offset {at}."),
    )
    .advise("A header value is one line."))
}

fn replace(
    list: &mut Vec<(String, String)>,
    name: &str,
    value: &str,
    same: impl Fn(&str, &str) -> bool,
) {
    match list.iter_mut().find(|(known, _)| same(known, name)) {
        Some(entry) => *entry = (name.to_owned(), value.to_owned()),
        None => list.push((name.to_owned(), value.to_owned())),
    }
}

fn empty_name(what: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("The name of the {what} is empty."))
        .advise("Pass the name as the first argument.")
}

/// nothing that could end the request line early.
fn check_target_text(what: &str, text: &str) -> Result<()> {
    match text.char_indices().find(|(_, c)| c.is_ascii_control() || *c == ' ') {
        None => Ok(()),
        Some((at, c)) => Err(Error::new(
            ErrorKind::Argument,
            format!("The {what} has a forbidden character: {c:?} at offset {at}."),
        )
        .advise("Percent-encode it, a space as %20. CR, LF and NUL are never allowed.")),
    }
}

fn check_verb(verb: &str) -> Result<String> {
    if valid_field_name(verb) {
        return Ok(verb.to_owned());
    }
    // What is no method may be a path with a secret in its query.
    let shown: String = verb.chars().take_while(char::is_ascii_alphanumeric).collect();
    Err(Error::new(
        ErrorKind::Argument,
        format!("The verb, which begins \"{shown}\", is not an HTTP method."),
    )
    .advise("Pass a method such as \"GET\" first, then the path."))
}

fn decode_query(text: &str) -> Result<String> {
    let text = text.replace('+', " ");
    match percent_decode_str(&text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        // The text itself may be a secret.
        Err(error) => Err(Error::new(
            ErrorKind::Text,
            format!(
                "A query parameter does not decode to UTF-8: {} good bytes, then a wrong one.",
                error.valid_up_to()
            ),
        )
        .advise("Percent-encode the UTF-8 bytes of the text.")),
    }
}

/// RFC 9112 3.2 allows ASCII only; a path written as text is sent as its UTF-8, percent-encoded.
fn encode_non_ascii(path: &str) -> String {
    if path.is_ascii() {
        return path.to_owned();
    }
    let encode = |c: char| {
        let mut buffer = [0; 4];
        let text = c.encode_utf8(&mut buffer);
        if c.is_ascii() {
            text.to_owned()
        } else {
            utf8_percent_encode(text, UNRESERVED).to_string()
        }
    };
    path.chars().map(encode).collect()
}

/// RFC 2047: words of at most 75 characters, cut between characters.
fn encoded_words(value: &str) -> String {
    const BYTES_A_WORD: usize = 45;
    let mut words = Vec::new();
    let mut word = String::new();
    for c in value.chars() {
        if word.len() + c.len_utf8() > BYTES_A_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encode = |word: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(word));
    words.iter().map(encode).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(host: &str, port: u16, tls: bool) -> Target {
        Target { host: host.into(), port, tls }
    }

    fn path_of(settings: &Settings, path: &str) -> Result<String> {
        settings.request("GET", path, None, &target("h", 80, false)).map(|request| request.target)
    }

    fn field(request: &Request, name: &str) -> Option<String> {
        request.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    }

    #[test]
    fn r02_the_target_is_path_and_query() {
        let mut settings = Settings::default();
        assert_eq!(path_of(&settings, "").unwrap(), "/");
        settings.add_query("a b", "\u{e9}&").unwrap();
        settings.add_query_string("?x=1+2&y=%C3%A9").unwrap();
        assert_eq!(path_of(&settings, "/p").unwrap(), "/p?a%20b=%C3%A9%26&x=1%202&y=%C3%A9");
        assert_eq!(
            path_of(&settings, "/p?q=1").unwrap(),
            "/p?q=1&a%20b=%C3%A9%26&x=1%202&y=%C3%A9"
        );
        settings.clear_query();
        settings.add_path_param("{room}", "42").unwrap();
        assert_eq!(path_of(&settings, "chat/{room}/{room}").unwrap(), "/chat/42/42");
    }

    #[test]
    fn r11_line_breaks_are_refused_everywhere() {
        let mut settings = Settings::default();
        for bad in ["a\rb", "a\nb", "a\0b"] {
            assert!(settings.add_field("X", bad).is_err());
            assert!(settings.add_field(bad, "x").is_err());
            assert!(settings.add_path_param("p", bad).is_err());
            assert!(settings.set_basic(bad, "x").is_err());
            assert!(settings.set_basic("x", bad).is_err());
            assert!(path_of(&settings, bad).is_err());
            assert!(settings.request(bad, "/", None, &target("h", 80, false)).is_err());
        }
        assert!(path_of(&settings, "/a#b").is_err());
        assert!(path_of(&settings, "ws://h/a").is_err());
        assert!(path_of(&settings, "/a?back=http://h/").is_ok());
    }

    #[test]
    fn a_field_replaces_one_of_the_same_name() {
        let mut settings = Settings::default();
        settings.add_field("Origin", "a").unwrap();
        settings.add_field("ORIGIN", " b ").unwrap();
        let request = settings.request("GET", "/", None, &target("h", 80, false)).unwrap();
        assert_eq!(field(&request, "ORIGIN").as_deref(), Some("b"));
        assert_eq!(request.fields.len(), 2);
    }

    #[test]
    fn a_password_is_sent_over_tls_or_to_this_machine_only() {
        let mut settings = Settings::default();
        settings.set_basic("u", "secret").unwrap();
        let get = |settings: &Settings, target: Target| settings.request("GET", "/", None, &target);
        let error = get(&settings, target("example.com", 80, false)).unwrap_err();
        assert!(!format!("{error}{:?}", error.advice()).contains("secret"));
        for allowed in [
            target("example.com", 443, true),
            target("localhost", 80, false),
            target("127.0.0.1", 80, false),
            target("[::1]", 80, false),
        ] {
            let request = get(&settings, allowed).unwrap();
            assert_eq!(field(&request, "Authorization").as_deref(), Some("Basic dTpzZWNyZXQ="));
        }
        settings.options = "x, allowinsecurebasicauth".into();
        assert!(get(&settings, target("example.com", 80, false)).is_ok());
    }

    #[test]
    fn text_beyond_ascii_becomes_encoded_words_but_not_in_the_handshake() {
        let mut settings = Settings::default();
        settings.add_field("X-Name", "J\u{fc}rgen").unwrap();
        let request = settings.request("GET", "/", None, &target("h", 80, false)).unwrap();
        assert_eq!(field(&request, "X-Name").as_deref(), Some("=?utf-8?B?SsO8cmdlbg==?="));
        settings.encode_words = false;
        let request = settings.request("GET", "/", None, &target("h", 80, false)).unwrap();
        assert_eq!(field(&request, "X-Name").as_deref(), Some("J\u{fc}rgen"));
        assert!(encoded_words(&"\u{fc}".repeat(100)).split(' ').all(|word| word.len() <= 75));
    }
}
