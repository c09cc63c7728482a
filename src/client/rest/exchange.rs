//! One request and its response, as far as it was read, and what of them may be shown.

use crate::error::{Result, excerpt};
use crate::net::http1::{BodyReader, Framing, Request, ResponseHead};

/// The request sent last and its response, as far as it was read.
#[derive(Default)]
pub(crate) struct Exchange {
    pub(super) start_line: String,
    pub(super) header: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(super) debug_request: Option<Vec<u8>>,
    pub(crate) verb: String,
    pub(super) waiting: bool,
    pub(crate) response: Option<ResponseHead>,
    pub(super) body: Option<Body>,
    /// How the body began that was read, printable and short; empty without one.
    pub(crate) body_excerpt: String,
}

impl Exchange {
    pub(super) fn of(request: &Request, debug_request: Option<Vec<u8>>) -> Self {
        let line = |(name, value): &(String, String)| format!("{name}: {value}\r\n");
        Self {
            start_line: format!("{} {} HTTP/1.1", request.method, request.target),
            header: request.fields.iter().map(line).collect(),
            fields: request.fields.clone(),
            verb: request.method.clone(),
            debug_request,
            ..Self::default()
        }
    }

    /// Keeps how the body began, for messages. A page that repeats a secret of the request is not
    /// shown (R-60).
    pub(super) fn note_body(&mut self, bytes: &[u8]) {
        let told = self.secrets().any(|secret| begins_within(bytes, secret.as_bytes()));
        self.body_excerpt =
            if told { "(not shown: it repeats the request)".to_owned() } else { excerpt(bytes) };
    }

    /// The words of secret fields, and what stands behind "?" in the target.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter(|field| is_secret(&field.0));
        let words = fields.flat_map(|field| field.1.split([' ', ';', ',', '=']));
        let target = self.start_line.split(' ').nth(1).unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        // A short word stands in any page, and that of a scheme in one about credentials.
        let telling = |word: &&str| word.len() >= 4 && !SCHEMES.contains(word);
        words.chain(query.split(['&', '='])).filter(telling)
    }
}

/// The body of a response, not yet read.
pub(super) struct Body {
    pub(super) framing: Framing,
    pub(super) reader: BodyReader,
    /// The server will close the connection after it.
    pub(super) last: bool,
}

impl Body {
    /// Of at most `limit` bytes; 0 is no limit.
    pub(super) fn of(verb: &str, head: &ResponseHead, limit: u64) -> Result<Self> {
        let framing = Framing::of(verb, head)?;
        let last =
            head.status != 101 && (matches!(framing, Framing::UntilClose) || !is_persistent(head));
        Ok(Self { framing, reader: BodyReader::new(framing, limit), last })
    }
}

/// RFC 9112 9.3: whether the connection can serve another request.
fn is_persistent(head: &ResponseHead) -> bool {
    let connection = head.fields.iter().filter(|field| field.0.eq_ignore_ascii_case("connection"));
    let mut options = connection.flat_map(|field| field.1.split(',')).map(str::trim);
    if head.version == 0 {
        return options.any(|option| option.eq_ignore_ascii_case("keep-alive"));
    }
    !options.any(|option| option.eq_ignore_ascii_case("close"))
}

/// What stands before the secret in Authorization.
const SCHEMES: [&str; 3] = ["Basic", "Bearer", "Digest"];

/// Whether the value of a field of this name is a secret.
pub(super) fn is_secret(field: &str) -> bool {
    const SECRET: [&str; 8] =
        ["auth", "cookie", "token", "key", "secret", "passw", "session", "credential"];
    let field = field.to_ascii_lowercase();
    // The server's challenge names what it wants; it is no answer.
    let challenge = field.ends_with("-authenticate");
    !challenge && SECRET.iter().any(|word| field.contains(word))
}

/// Whether `needle` begins in the part of `bytes` that an excerpt shows.
fn begins_within(bytes: &[u8], needle: &[u8]) -> bool {
    (0..=80).filter_map(|at| bytes.get(at..)).any(|rest| rest.starts_with(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt_of(target: &str, field: (&str, &str), body: &str) -> String {
        let fields = vec![(field.0.to_owned(), field.1.to_owned())];
        let request =
            Request { method: "GET".into(), target: target.into(), fields, ..Request::default() };
        let mut exchange = Exchange::of(&request, None);
        exchange.note_body(body.as_bytes());
        exchange.body_excerpt
    }

    #[test]
    fn r60_a_body_that_repeats_a_secret_is_not_shown() {
        let cookie = ("Cookie", "id=s3cret; a=b");
        assert_eq!(excerpt_of("/p?q=1", cookie, "no /p here\r\n"), r"no /p here\r\n");
        for body in ["you sent s3cret", "no /p?token=abcd"] {
            let shown = excerpt_of("/p?token=abcd", cookie, body);
            assert!(shown.starts_with("(not shown"), "{shown}");
        }
        let basic = ("Authorization", "Basic dXNlcjpwYXNz");
        assert!(excerpt_of("/", basic, "dXNlcjpwYXNz?").starts_with("(not shown"));
        assert_eq!(excerpt_of("/", basic, "Basic is no more"), "Basic is no more");
    }
}
