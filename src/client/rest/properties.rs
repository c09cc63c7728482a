//! The properties of Rest, and how a property that is a number is set.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicI32, Ordering};

use super::Rest;
use super::request::check_field_value;
use crate::client::base::lock;
use crate::error::{Error, ErrorKind, Result};

/// Properties.
impl Rest {
    /// Kept for old programs; header lines are never folded.
    pub fn allow_header_folding(&self) -> bool {
        lock(&self.session.settings).fold
    }

    /// Sets [`Rest::allow_header_folding`].
    pub fn set_allow_header_folding(&self, value: bool) -> Result<()> {
        lock(&self.session.settings).fold = value;
        Ok(())
    }

    /// Whether header values beyond ASCII are sent as RFC 2047 encoded words.
    pub fn allow_header_qb(&self) -> bool {
        lock(&self.session.settings).encode_words
    }

    /// Sets [`Rest::allow_header_qb`].
    pub fn set_allow_header_qb(&self, value: bool) -> Result<()> {
        lock(&self.session.settings).encode_words = value;
        Ok(())
    }

    /// The value of the Authorization header; empty for none.
    pub fn authorization(&self) -> String {
        lock(&self.session.settings).authorization.clone()
    }

    /// Sets [`Rest::authorization`].
    pub fn set_authorization(&self, value: &str) -> Result<()> {
        check_field_value("Authorization", value)?;
        lock(&self.session.settings).authorization = value.to_owned();
        Ok(())
    }

    /// Why the last Connect failed; 0 if it succeeded.
    pub fn connect_fail_reason(&self) -> i32 {
        self.connect_fail_reason.load(Ordering::Relaxed)
    }

    /// How long Connect may take until TCP is connected, in milliseconds; 0 is for ever.
    pub fn connect_timeout_ms(&self) -> i32 {
        self.session.connect_timeout_ms.load(Ordering::Relaxed)
    }

    /// Sets [`Rest::connect_timeout_ms`].
    pub fn set_connect_timeout_ms(&self, value: i32) -> Result<()> {
        set_timeout(&self.session.connect_timeout_ms, "ConnectTimeoutMs", value)
    }

    /// Whether requests are kept instead of sent.
    pub fn debug_mode(&self) -> bool {
        self.debug_mode.load(Ordering::Relaxed)
    }

    /// Sets [`Rest::debug_mode`].
    pub fn set_debug_mode(&self, value: bool) -> Result<()> {
        self.debug_mode.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// The value of the Host header; empty to take it from Connect.
    pub fn host(&self) -> String {
        lock(&self.session.settings).host.clone()
    }

    /// Sets [`Rest::host`].
    pub fn set_host(&self, value: &str) -> Result<()> {
        check_field_value("Host", value)?;
        lock(&self.session.settings).host = value.trim().to_owned();
        Ok(())
    }

    /// How long a request or response may go without progress, in milliseconds; 0 is for ever.
    pub fn idle_timeout_ms(&self) -> i32 {
        self.session.idle_timeout_ms.load(Ordering::Relaxed)
    }

    /// Sets [`Rest::idle_timeout_ms`].
    pub fn set_idle_timeout_ms(&self, value: i32) -> Result<()> {
        set_timeout(&self.session.idle_timeout_ms, "IdleTimeoutMs", value)
    }

    /// The header lines of the last request.
    pub fn last_request_header(&self) -> String {
        self.session.exchange(|exchange| exchange.header.clone())
    }

    /// The request line of the last request.
    pub fn last_request_start_line(&self) -> String {
        self.session.exchange(|exchange| exchange.start_line.clone())
    }

    /// What the body of a response may hold, in bytes; 0 is no limit.
    pub fn max_response_body_size(&self) -> i32 {
        self.session.max_body.load(Ordering::Relaxed)
    }

    /// Sets [`Rest::max_response_body_size`].
    pub fn set_max_response_body_size(&self, value: i32) -> Result<()> {
        let advice = "Pass a number of bytes, or 0 for no limit.";
        set_number(&self.session.max_body, "MaxResponseBodySize", value, 0..=i32::MAX, advice)
    }

    /// What the head of a response may hold, in bytes.
    pub fn max_response_head_size(&self) -> i32 {
        self.session.max_head.load(Ordering::Relaxed)
    }

    /// Sets [`Rest::max_response_head_size`].
    pub fn set_max_response_head_size(&self, value: i32) -> Result<()> {
        let advice = "Pass a number of bytes from 1 on; 65536 is usual.";
        set_number(&self.session.max_head, "MaxResponseHeadSize", value, 1..=i32::MAX, advice)
    }

    /// The number of header fields in the last response.
    pub fn num_response_headers(&self) -> i32 {
        let count =
            self.session.exchange(|exchange| exchange.response.as_ref().map(|r| r.fields.len()));
        count.and_then(|count| i32::try_from(count).ok()).unwrap_or(0)
    }

    /// Whether Connect with TLS verifies the server's certificate and host name.
    pub fn require_ssl_cert_verify(&self) -> bool {
        lock(&self.session.dialing).verify
    }

    /// Sets [`Rest::require_ssl_cert_verify`].
    pub fn set_require_ssl_cert_verify(&self, value: bool) -> Result<()> {
        lock(&self.session.dialing).verify = value;
        Ok(())
    }

    /// The header lines of the last response.
    pub fn response_header(&self) -> String {
        self.session.exchange(|e| e.response.as_ref().map(|r| r.raw.clone())).unwrap_or_default()
    }

    /// The status code of the last response; 0 if there is none.
    pub fn response_status_code(&self) -> i32 {
        self.session.exchange(|e| e.response.as_ref().map_or(0, |r| i32::from(r.status)))
    }

    /// The reason phrase of the last response.
    pub fn response_status_text(&self) -> String {
        self.session.exchange(|e| e.response.as_ref().map(|r| r.reason.clone())).unwrap_or_default()
    }

    /// The cipher suite of the current connection by its IANA name.
    pub fn tls_cipher_suite(&self) -> String {
        self.session.connection().map(|c| c.tls_cipher().to_owned()).unwrap_or_default()
    }

    /// The TLS version of the current connection.
    pub fn tls_version(&self) -> String {
        self.session.connection().map(|c| c.tls_version().to_owned()).unwrap_or_default()
    }

    /// Keywords for rare needs.
    pub fn uncommon_options(&self) -> String {
        lock(&self.session.settings).options.clone()
    }

    /// Sets [`Rest::uncommon_options`].
    pub fn set_uncommon_options(&self, value: &str) -> Result<()> {
        lock(&self.session.settings).options = value.to_owned();
        Ok(())
    }
}

/// Sets a timeout property; a negative value is refused.
pub(crate) fn set_timeout(place: &AtomicI32, property: &str, value: i32) -> Result<()> {
    let advice = "Pass milliseconds, or 0 to wait for ever.";
    set_number(place, property, value, 0..=i32::MAX, advice)
}

/// Sets a property that is a number; one that is not `allowed` is refused.
pub(crate) fn set_number(
    place: &AtomicI32,
    property: &str,
    value: i32,
    allowed: RangeInclusive<i32>,
    advice: &str,
) -> Result<()> {
    if !allowed.contains(&value) {
        let text = format!("{property} cannot be {value}.");
        return Err(Error::new(ErrorKind::Argument, text).advise(advice));
    }
    place.store(value, Ordering::Relaxed);
    Ok(())
}
