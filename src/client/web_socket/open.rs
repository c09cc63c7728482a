//! The opening handshake: the headers of the request, and the check of the response.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Link, WebSocket, no_connection};
use crate::client::base::lock;
use crate::client::rest::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::proto::handshake::{Accepted, ClientKey, refused, validate};
use crate::proto::mask::MaskKeys;

impl WebSocket {
    /// Adds the headers that ask for a WebSocket to the Rest of UseConnection.
    pub fn add_client_headers(&self) -> Result<()> {
        let mut link = lock(&self.link);
        let Some(Link { session, key }) = link.as_mut() else {
            return Err(no_connection("UseConnection was not called."));
        };
        // RFC 6455 4.1, R-05: a new key for every handshake.
        let new_key = ClientKey::generate()?;
        for (name, value) in new_key.fields() {
            session.add_field(&name, &value)?;
        }
        session.offer_extensions(self.settings.compression.offer().map(|offer| offer.to_string()));
        *key = Some(new_key);
        Ok(())
    }

    /// Checks the server's response; from then on frames can be sent and received.
    pub fn validate_server_handshake(&self) -> Result<()> {
        let link = lock(&self.link);
        let Some(Link { session, key }) = link.as_ref() else {
            return Err(no_connection("UseConnection was not called."));
        };
        if self.status.is_connected() {
            return Err(Error::new(ErrorKind::State, "The handshake was validated before.")
                .advise("Call ValidateServerHandshake once for each connection."));
        }
        // The connection may be another WebSocket's: hands off.
        session.check_not_upgraded()?;
        // Before the connection: without these headers many servers just end it.
        let Some(key) = key else {
            return Err(Error::new(ErrorKind::State, "AddClientHeaders was not called.")
                .advise("Call it before Rest.FullRequestNoBody: the request needs its headers."));
        };
        let connection = session.connection();
        if connection.is_none() && session.exchange(|exchange| exchange.response.is_none()) {
            drop(link);
            return Err(self.rest_is_not_connected());
        }
        // A refusal tells more than that the server then closed the connection.
        let accepted = check_response(session, key).inspect_err(|_| {
            // RFC 6455 4.1: after a 101 that is wrong nothing else can be said on it.
            if session.exchange(|e| e.response.as_ref().is_some_and(|r| r.status == 101))
                && let Some(connection) = &connection
            {
                connection.close();
            }
        })?;
        let Some(connection) = connection else {
            drop(link);
            return Err(self.rest_is_not_connected());
        };
        let keys = MaskKeys::new()?;
        // The Rest may have connected anew without another UseConnection.
        self.end_session();
        self.read.lock().open(Arc::clone(&connection), &self.settings, accepted.deflate.as_ref());
        let compression = &self.settings.compression;
        let deflater = accepted.deflate.as_ref().map(|agreed| compression.deflater(agreed));
        let compressing = deflater.is_some();
        *lock(&self.deflater) = deflater;
        self.write.lock().open(connection, keys, compressing);
        session.set_upgraded();
        self.status.set_connected(true);
        let mut log = Log::new();
        log.info("subprotocol", accepted.protocol.as_deref().unwrap_or("(none chosen)"));
        if let Some(deflate) = accepted.deflate {
            log.info("extension", deflate.to_string());
        }
        self.base.attach(log);
        Ok(())
    }

    /// Back to the state of a new object.
    pub(super) fn forget_session(&self) {
        *lock(&self.link) = None;
        self.end_session();
    }

    /// Nothing of the last connection is left, so that the next one starts clean.
    fn end_session(&self) {
        self.sessions.fetch_add(1, Ordering::AcqRel);
        if let Some(connection) = self.connection() {
            connection.close();
        }
        self.read.lock().reset();
        self.write.lock().reset();
        *lock(&self.deflater) = None;
        self.status.reset();
    }

    /// Says that the Rest has no connection and, if its last call failed, why.
    pub(super) fn rest_is_not_connected(&self) -> Error {
        let error = Error::new(ErrorKind::NotConnected, "The Rest object has no open connection.")
            .advise("Call Rest.Connect and check that it succeeds before UseConnection.");
        match &*lock(&self.link) {
            Some(link) => with_cause(error, &link.session),
            None => error,
        }
    }
}

/// What the Rest said when it failed to connect, to send or to read tells more.
fn with_cause(error: Error, session: &Session) -> Error {
    let of_network = |method: &str| {
        ["Connect", "FullRequest", "SendReq", "ReadResp"]
            .iter()
            .any(|name| method.starts_with(name))
    };
    let failure = session.base.last_failure().filter(|(method, _)| of_network(method));
    let Some((method, cause)) = failure else { return error };
    let text = format!("{} Its {method} failed: {cause}", error.message());
    let explained = Error::new(error.kind(), text);
    match cause.advice().or(error.advice()) {
        Some(advice) => explained.advise(advice),
        None => explained,
    }
}

fn check_response(session: &Session, key: &ClientKey) -> Result<Accepted> {
    session.exchange(|exchange| {
        let Some(response) = &exchange.response else {
            let error = Error::new(ErrorKind::State, "The Rest object has read no response to the handshake.");
            let error = error.advise(
                "Call Rest.FullRequestNoBody(\"GET\", path) after AddClientHeaders, and check that it \
                 succeeds.",
            );
            return Err(with_cause(error, session));
        };
        if response.status != 101 {
            let refusal = refused(response.status, &response.reason, &exchange.body_excerpt);
            return Err(match check_verb(&exchange.verb) {
                Ok(()) => refusal,
                Err(verb) => Error::new(refusal.kind(), format!("{refusal} {verb}")).advise(USE_GET),
            });
        }
        check_verb(&exchange.verb)?;
        validate(response.status, &response.fields, key, &exchange.fields)
    })
}

const USE_GET: &str = "Make the handshake with Rest.FullRequestNoBody(\"GET\", path).";

/// RFC 6455 4.1, item 1 of the request, R-02.
fn check_verb(verb: &str) -> Result<()> {
    if verb == "GET" {
        return Ok(());
    }
    Err(Error::new(ErrorKind::State, format!("The request was made with {verb} instead of GET."))
        .advise(USE_GET))
}
