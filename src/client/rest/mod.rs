//! Rest: the HTTP connection that a WebSocket session starts on.

mod exchange;
mod properties;
mod request;
mod server;
mod session;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

pub(crate) use self::properties::{set_number, set_timeout};
use self::request::Target;
use self::server::{check_host, check_port};
pub(crate) use self::session::{Session, millis};
use crate::client::base::lock;
use crate::client::bin_data::BinData;
use crate::client::string_builder::StringBuilder;
use crate::client::{Base, Class, charset};
use crate::error::{Error, ErrorKind, Result};

/// An HTTP/1.1 connection, as far as the opening handshake of a WebSocket needs one.
pub struct Rest {
    session: Arc<Session>,
    connect_fail_reason: AtomicI32,
    debug_mode: AtomicBool,
}

impl Class for Rest {
    fn new_object() -> Self {
        Self {
            session: Arc::new(Session::new()),
            connect_fail_reason: AtomicI32::new(0),
            debug_mode: AtomicBool::new(false),
        }
    }

    fn base(&self) -> &Base {
        &self.session.base
    }

    fn cancel(&self) {
        self.session.cancel();
    }
}

/// The connection, made and ended.
impl Rest {
    /// Connects to `hostname`, with TLS if `tls`.
    pub fn connect(
        &self,
        hostname: &str,
        port: i32,
        tls: bool,
        auto_reconnect: bool,
    ) -> Result<()> {
        let connected = check_host(hostname).and_then(|host| {
            let target = Target { host: host.to_owned(), port: check_port(port)?, tls };
            let mut dialing = lock(&self.session.dialing);
            dialing.target = target;
            dialing.auto_reconnect = auto_reconnect;
            drop(dialing);
            self.session.connect()
        });
        let reason = connected.as_ref().err().map_or(0, |error| error.kind().connect_fail_reason());
        self.connect_fail_reason.store(reason, Ordering::Relaxed);
        connected
    }

    /// Closes the connection cleanly, waiting at most `max_wait_ms` for the end to be sent.
    pub fn disconnect(&self, max_wait_ms: i32) -> Result<()> {
        let wait = u64::try_from(max_wait_ms).unwrap_or(0);
        self.session.disconnect(Duration::from_millis(wait));
        Ok(())
    }

    /// Trusts the certificates in `pem_data_or_filename` besides those of the system.
    pub fn add_trusted_ca_pem(&self, pem_data_or_filename: &str) -> Result<()> {
        let pem = if pem_data_or_filename.contains("-----BEGIN") {
            let pem = pem_data_or_filename.as_bytes();
            crate::net::tls::check_roots_pem("The PEM text", pem)?;
            pem.to_vec()
        } else {
            let file = format!("The file \"{pem_data_or_filename}\"");
            let pem = std::fs::read(pem_data_or_filename).map_err(|error| {
                Error::new(ErrorKind::File, format!("{file} cannot be read: {error}."))
                    .advise("Pass the path of a PEM file, or its text with the BEGIN line.")
            })?;
            crate::net::tls::check_roots_pem(&file, &pem)?;
            pem
        };
        lock(&self.session.dialing).roots_pem.push(pem);
        Ok(())
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

/// Settings of later requests.
impl Rest {
    /// Sets a header field, replacing one of that name.
    pub fn add_header(&self, name: &str, value: &str) -> Result<()> {
        self.session.add_field(name, value)
    }

    /// Removes all header fields of that name.
    pub fn remove_header(&self, name: &str) -> Result<()> {
        lock(&self.session.settings).remove_field(name);
        Ok(())
    }

    /// Removes all header fields set with [`Rest::add_header`].
    pub fn clear_all_headers(&self) -> Result<()> {
        lock(&self.session.settings).clear_fields();
        Ok(())
    }

    /// Sets a query parameter.
    pub fn add_query_param(&self, name: &str, value: &str) -> Result<()> {
        lock(&self.session.settings).add_query(name, value)
    }

    /// Sets the query parameters of a query string.
    pub fn add_query_params(&self, query_string: &str) -> Result<()> {
        lock(&self.session.settings).add_query_string(query_string)
    }

    /// Sets a query parameter to the text of `value`.
    pub fn add_query_param_sb(&self, name: &str, value: &StringBuilder) -> Result<()> {
        self.add_query_param(name, &value.get_as_string()?)
    }

    /// Removes a query parameter.
    pub fn remove_query_param(&self, name: &str) -> Result<()> {
        lock(&self.session.settings).remove_query(name);
        Ok(())
    }

    /// Removes all query parameters.
    pub fn clear_all_query_params(&self) -> Result<()> {
        lock(&self.session.settings).clear_query();
        Ok(())
    }

    /// Replaces `name` by `value` in the paths of later requests.
    pub fn add_path_param(&self, name: &str, value: &str) -> Result<()> {
        lock(&self.session.settings).add_path_param(name, value)
    }

    /// Forgets all path replacements.
    pub fn clear_all_path_params(&self) -> Result<()> {
        lock(&self.session.settings).clear_path_params();
        Ok(())
    }

    /// Sends user name and password with later requests.
    pub fn set_auth_basic(&self, username: &str, password: &str) -> Result<()> {
        lock(&self.session.settings).set_basic(username, password)
    }

    /// Forgets all credentials.
    pub fn clear_auth(&self) -> Result<()> {
        lock(&self.session.settings).clear_auth();
        Ok(())
    }
}

/// Requests and responses.
impl Rest {
    /// Sends a request without a body and reads the whole response as text.
    pub fn full_request_no_body(&self, http_verb: &str, uri_path: &str) -> Result<String> {
        self.full_text(http_verb, uri_path, None)
    }

    /// Sends a request without a body; the response's body replaces the content of `bin_data`.
    pub fn full_request_no_body_bd(
        &self,
        http_verb: &str,
        uri_path: &str,
        bin_data: &BinData,
    ) -> Result<()> {
        bin_data.load_binary(&self.full_bytes(http_verb, uri_path, None)?)
    }

    /// Sends a request without a body; the response's body replaces the content of `sb`.
    pub fn full_request_no_body_sb(
        &self,
        http_verb: &str,
        uri_path: &str,
        sb: &StringBuilder,
    ) -> Result<()> {
        sb.set_string(&self.full_text(http_verb, uri_path, None)?)
    }

    /// Sends a request with a text body and reads the whole response as text.
    pub fn full_request_string(
        &self,
        verb: &str,
        uri_path: &str,
        body_text: &str,
    ) -> Result<String> {
        self.full_text(verb, uri_path, Some(body_text.as_bytes()))
    }

    /// Sends the text of `request_body`; the response replaces the content of `response_body`.
    pub fn full_request_sb(
        &self,
        http_verb: &str,
        uri_path: &str,
        request_body: &StringBuilder,
        response_body: &StringBuilder,
    ) -> Result<()> {
        let body = request_body.get_as_string()?;
        response_body.set_string(&self.full_text(http_verb, uri_path, Some(body.as_bytes()))?)
    }

    /// Sends the bytes of `bin_data`; the response replaces the content of `response_body`.
    pub fn full_request_bd(
        &self,
        http_verb: &str,
        uri_path: &str,
        bin_data: &BinData,
        response_body: &StringBuilder,
    ) -> Result<()> {
        let body = bin_data.get_binary()?;
        response_body.set_string(&self.full_text(http_verb, uri_path, Some(&body))?)
    }

    /// Sends a request without a body.
    pub fn send_req_no_body(&self, http_verb: &str, uri_path: &str) -> Result<()> {
        self.send(http_verb, uri_path, None)
    }

    /// Sends a request with a text body.
    pub fn send_req_string_body(&self, verb: &str, uri_path: &str, body_text: &str) -> Result<()> {
        self.send(verb, uri_path, Some(body_text.as_bytes()))
    }

    /// Sends a request with the text of `body_sb`.
    pub fn send_req_sb(&self, verb: &str, uri_path: &str, body_sb: &StringBuilder) -> Result<()> {
        self.send(verb, uri_path, Some(body_sb.get_as_string()?.as_bytes()))
    }

    /// Sends a request with the bytes of `body`.
    pub fn send_req_bd(&self, http_verb: &str, uri_path: &str, body: &BinData) -> Result<()> {
        self.send(http_verb, uri_path, Some(&body.get_binary()?))
    }

    /// Reads the head of the response and returns its status code.
    pub fn read_response_header(&self) -> Result<i32> {
        self.session.read_head().map(i32::from)
    }

    /// Reads the body of the response as text.
    pub fn read_resp_body_string(&self) -> Result<String> {
        let bytes = self.session.read_body()?;
        self.body_text(bytes)
    }

    /// Reads the body of the response.
    pub fn read_resp_body_binary(&self) -> Result<Vec<u8>> {
        self.session.read_body()
    }

    /// Reads the body of the response into `response_body`, replacing its content.
    pub fn read_resp_sb(&self, response_body: &StringBuilder) -> Result<()> {
        response_body.set_string(&self.read_resp_body_string()?)
    }

    /// Reads the body of the response into `response_body`, replacing its content.
    pub fn read_resp_bd(&self, response_body: &BinData) -> Result<()> {
        response_body.load_binary(&self.session.read_body()?)
    }

    /// The first header field of that name in the response.
    pub fn response_hdr_by_name(&self, name: &str) -> Result<String> {
        self.session
            .exchange(|exchange| exchange.response.as_ref()?.field(name).map(str::to_owned))
            .ok_or_else(|| {
                Error::new(ErrorKind::Argument, format!("The response has no header \"{name}\"."))
                    .advise("ResponseHeader shows all that came.")
            })
    }

    /// The name of the header field at `index` in the response.
    pub fn response_hdr_name(&self, index: i32) -> Result<String> {
        self.response_field(index).map(|(name, _)| name)
    }

    /// The value of the header field at `index` in the response.
    pub fn response_hdr_value(&self, index: i32) -> Result<String> {
        self.response_field(index).map(|(_, value)| value)
    }

    /// The bytes of the last request of DebugMode, replacing the content of `bd`.
    pub fn get_last_debug_request(&self, bd: &BinData) -> Result<()> {
        let request = self.session.exchange(|exchange| exchange.debug_request.clone());
        let request = request.ok_or_else(|| {
            Error::new(ErrorKind::State, "No request was kept.")
                .advise("Set DebugMode to true before making the request.")
        })?;
        bd.load_binary(&request)
    }

    fn send(&self, verb: &str, path: &str, body: Option<&[u8]>) -> Result<()> {
        self.session.send(verb, path, body, self.debug_mode())
    }

    fn full_bytes(&self, verb: &str, path: &str, body: Option<&[u8]>) -> Result<Vec<u8>> {
        self.session.full_request(verb, path, body, self.debug_mode())
    }

    fn full_text(&self, verb: &str, path: &str, body: Option<&[u8]>) -> Result<String> {
        let bytes = self.full_bytes(verb, path, body)?;
        self.body_text(bytes)
    }

    /// The body as text: in the charset of the response, else UTF-8; a page in an unknown or wrong
    /// charset is shown as ISO-8859-1, because its text is what explains a refusal.
    fn body_text(&self, bytes: Vec<u8>) -> Result<String> {
        let content_type = self.response_hdr_by_name("Content-Type").unwrap_or_default();
        let charset = charset_of(&content_type).unwrap_or_else(|| "utf-8".to_owned());
        charset::decode_document(&bytes, &charset)
            .or_else(|_| charset::decode(&bytes, "iso-8859-1"))
    }

    fn response_field(&self, index: i32) -> Result<(String, String)> {
        let field = self.session.exchange(|exchange| {
            let fields = &exchange.response.as_ref()?.fields;
            fields.get(usize::try_from(index).ok()?).cloned()
        });
        field.ok_or_else(|| {
            let count = self.num_response_headers();
            Error::new(
                ErrorKind::Argument,
                format!("There is no header at index {index}; the response has {count}."),
            )
            .advise("Indexes go from 0 to NumResponseHeaders - 1.")
        })
    }
}

/// The charset parameter of a Content-Type.
fn charset_of(content_type: &str) -> Option<String> {
    let parameter = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })?;
    Some(parameter.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_is_found_in_any_place_and_case() {
        assert_eq!(charset_of("text/html; a=b; Charset=\"latin1\""), Some("latin1".into()));
        assert_eq!(charset_of("text/html"), None);
    }
}
