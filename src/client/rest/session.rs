//! One HTTP conversation: the connection, the request sent, the response read.
//!
//! Shared by a Rest and the WebSocket that uses it, so that either may be disposed first.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::exchange::{Body, Exchange, is_secret};
use super::request::{Settings, Target};
use crate::client::Base;
use crate::client::base::lock;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::net::connection::{Connection, Fill};
use crate::net::dial::{DialOptions, dial};
use crate::net::http1::{BodyReader, Framing, HeadLimits, HeadParser, Request, ResponseHead};
use crate::net::tls::TlsOptions;
use crate::net::wait::{Cancel, Step, block_on};

/// What a Rest and its WebSocket know together.
pub(crate) struct Session {
    pub(crate) base: Base,
    pub(super) settings: Mutex<Settings>,
    pub(super) dialing: Mutex<Dialing>,
    pub(super) connect_timeout_ms: AtomicI32,
    pub(super) idle_timeout_ms: AtomicI32,
    /// The most that a response may hold (DESIGN 4.6).
    pub(super) max_head: AtomicI32,
    pub(super) max_body: AtomicI32,
    connection: Mutex<Option<Arc<Connection>>>,
    exchange: Mutex<Exchange>,
    /// Calls that wait for the network take turns.
    turn: Mutex<()>,
    cancel: Cancel,
    upgraded: AtomicBool,
}

/// How to connect.
#[derive(Default)]
pub(super) struct Dialing {
    pub(super) target: Target,
    pub(super) auto_reconnect: bool,
    pub(super) verify: bool,
    pub(super) roots_pem: Vec<Vec<u8>>,
}

impl Session {
    pub(super) fn new() -> Self {
        Self {
            base: Base::new("Rest"),
            settings: Mutex::default(),
            dialing: Mutex::new(Dialing { verify: true, ..Dialing::default() }),
            connect_timeout_ms: AtomicI32::new(30_000),
            idle_timeout_ms: AtomicI32::new(30_000),
            max_head: AtomicI32::new(64 << 10),
            max_body: AtomicI32::new(1 << 20),
            connection: Mutex::default(),
            exchange: Mutex::default(),
            turn: Mutex::default(),
            cancel: Cancel::default(),
            upgraded: AtomicBool::new(false),
        }
    }

    /// The connection, if it is open.
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        lock(&self.connection).clone().filter(|connection| connection.is_open())
    }

    /// The connection for a request, or why there is none.
    fn usable_connection(&self) -> Result<Arc<Connection>> {
        self.check_not_upgraded()?;
        match lock(&self.connection).clone() {
            Some(connection) if connection.is_open() => Ok(connection),
            Some(_) => Err(Error::new(
                ErrorKind::NotConnected,
                "There is no open connection any more: the server or a failed call has closed it.",
            )
            .advise("Call Connect again; with its autoReconnect a new request does so itself.")),
            None => Err(Error::new(ErrorKind::NotConnected, "There is no open connection.")
                .advise("Call Connect and check that it succeeds.")),
        }
    }

    /// Fails if a WebSocket has taken the connection over.
    pub(crate) fn check_not_upgraded(&self) -> Result<()> {
        if !self.upgraded.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::State,
            "The connection of this Rest belongs to a WebSocket; it carries its frames and nothing else.",
        )
        .advise("Make another Rest for another WebSocket or other requests, or Connect this one again."))
    }

    /// Reads what the exchange holds.
    pub(crate) fn exchange<R>(&self, f: impl FnOnce(&Exchange) -> R) -> R {
        f(&lock(&self.exchange))
    }

    /// Adds a header field to later requests.
    pub(crate) fn add_field(&self, name: &str, value: &str) -> Result<()> {
        lock(&self.settings).add_field(name, value)
    }

    /// What the WebSocket extensions of later requests are; none takes back an earlier offer.
    pub(crate) fn offer_extensions(&self, offer: Option<String>) {
        lock(&self.settings).offer_extensions(offer);
    }

    /// From here on the connection speaks frames.
    pub(crate) fn set_upgraded(&self) {
        self.upgraded.store(true, Ordering::Release);
    }

    /// Ends calls that wait, for good.
    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    fn idle_timeout(&self) -> Option<Duration> {
        millis(self.idle_timeout_ms.load(Ordering::Relaxed))
    }

    fn max_body(&self) -> u64 {
        u64::try_from(self.max_body.load(Ordering::Relaxed)).unwrap_or(0)
    }

    fn head_limits(&self) -> HeadLimits {
        let total = usize::try_from(self.max_head.load(Ordering::Relaxed)).unwrap_or(0);
        HeadLimits { total, ..HeadLimits::default() }
    }

    /// Connects to the target that `dialing` names.
    pub(super) fn connect(&self) -> Result<()> {
        let _turn = lock(&self.turn);
        self.drop_connection();
        *lock(&self.exchange) = Exchange::default();
        self.dial()
    }

    fn dial(&self) -> Result<()> {
        let mut log = Log::new();
        let options = self.dial_options();
        let begun = Instant::now();
        let dialed = dial(&options, &self.cancel, &mut log);
        if self.base.verbose_logging() {
            log.info("time", format!("{} ms", begun.elapsed().as_millis()));
        }
        self.base.attach(log);
        *lock(&self.connection) = Some(Arc::new(dialed?));
        Ok(())
    }

    fn dial_options(&self) -> DialOptions {
        let dialing = lock(&self.dialing);
        let Target { host, port, tls } = dialing.target.clone();
        DialOptions {
            tls: tls.then(|| TlsOptions {
                verify: dialing.verify,
                roots_pem: dialing.roots_pem.clone(),
                ..TlsOptions::default()
            }),
            connect_timeout: millis(self.connect_timeout_ms.load(Ordering::Relaxed)),
            idle_timeout: self.idle_timeout(),
            prefer_ipv6: crate::client::global::prefer_ipv6(),
            ..DialOptions::new(host, port)
        }
    }

    /// Lets go of the connection. One that a WebSocket uses stays with the WebSocket.
    fn drop_connection(&self) {
        let connection = lock(&self.connection).take();
        let upgraded = self.upgraded.swap(false, Ordering::AcqRel);
        if let Some(connection) = connection
            && !upgraded
        {
            connection.close();
        }
    }

    /// Ends the connection, waiting for the end to be sent for `wait` at most.
    pub(super) fn disconnect(&self, wait: Duration) {
        let Some(connection) = lock(&self.connection).take() else { return };
        self.upgraded.store(false, Ordering::Release);
        connection.shut_down();
        let deadline = Instant::now() + wait;
        // Whatever cannot be sent in time is dropped with the connection.
        let _ = block_on(&[&self.cancel], || {
            if connection.flush()? {
                return Ok(Step::Done(()));
            }
            Ok(Step::Wait { watch: connection.watch(false), deadline: Some(deadline) })
        });
        connection.close();
    }

    /// Sends a request; the response is read later.
    pub(super) fn send(
        &self,
        verb: &str,
        path: &str,
        body: Option<&[u8]>,
        debug: bool,
    ) -> Result<()> {
        let _turn = lock(&self.turn);
        self.send_in_turn(verb, path, body, debug)
    }

    fn send_in_turn(&self, verb: &str, path: &str, body: Option<&[u8]>, debug: bool) -> Result<()> {
        self.try_send(verb, path, body, debug).inspect_err(|_| {
            // What was answered before is no answer to this, but a handshake's stays.
            let mut exchange = lock(&self.exchange);
            let upgraded = self.upgraded.load(Ordering::Acquire);
            if !upgraded && !exchange.waiting && exchange.body.is_none() {
                exchange.response = None;
            }
        })
    }

    fn try_send(&self, verb: &str, path: &str, body: Option<&[u8]>, debug: bool) -> Result<()> {
        let target = lock(&self.dialing).target.clone();
        let request = lock(&self.settings).request(verb, path, body, &target)?;
        let bytes = request.encode()?;
        if debug {
            self.begin_exchange(&request, Some(bytes));
            return Ok(());
        }
        self.check_not_upgraded()?;
        self.finish_exchange()?;
        self.begin_exchange(&request, None);
        let connection = self.connection_for_request()?;
        let ticket = connection.send_with(|out| {
            out.extend_from_slice(&bytes);
            Ok(())
        })?;
        if let Err(error) = connection.send_all(ticket, self.idle_timeout(), &[&self.cancel]) {
            // Nothing can follow a part of a request.
            connection.close();
            return Err(self.explain_send(error, &connection));
        }
        lock(&self.exchange).waiting = true;
        Ok(())
    }

    /// What the server still has to say about the request before must not be taken for the answer
    /// to the next one: a body that nobody read is dropped, a response is the program's to read.
    fn finish_exchange(&self) -> Result<()> {
        if self.connection().is_none() {
            return Ok(());
        }
        if lock(&self.exchange).waiting {
            return Err(Error::new(
                ErrorKind::State,
                "The response to the request before was not read.",
            )
            .advise("Call ReadResponseHeader before the next request, or Connect again."));
        }
        if lock(&self.exchange).body.is_some() {
            // A body that cannot be read has closed the connection; the request will tell.
            let _ = self.read_body_in_turn();
        }
        Ok(())
    }

    /// With autoReconnect, a connection that the server has closed is made again.
    fn connection_for_request(&self) -> Result<Arc<Connection>> {
        let again = lock(&self.dialing).auto_reconnect && !self.upgraded.load(Ordering::Acquire);
        if again && !self.target_is_empty() && self.is_stale() {
            self.drop_connection();
            self.dial()?;
        }
        self.usable_connection()
    }

    fn target_is_empty(&self) -> bool {
        lock(&self.dialing).target.host.is_empty()
    }

    /// Whether the server has closed the connection, as far as is known without waiting.
    fn is_stale(&self) -> bool {
        let Some(connection) = self.connection() else { return true };
        let mut input = lock(&connection.input);
        matches!(connection.fill_now(&mut input), Ok(Fill::End) | Err(_))
    }

    /// Reads the status line and the fields of the response.
    pub(super) fn read_head(&self) -> Result<u16> {
        let _turn = lock(&self.turn);
        self.read_head_in_turn()
    }

    fn read_head_in_turn(&self) -> Result<u16> {
        let connection = self.usable_connection()?;
        if !std::mem::take(&mut lock(&self.exchange).waiting) {
            return Err(Error::new(ErrorKind::State, "There is no response to read.")
                .advise("Send a request first, for example with SendReqNoBody."));
        }
        let head = match self.receive_head(&connection) {
            Ok(head) => head,
            Err(error) => {
                // What follows cannot be told from this response any more.
                connection.close();
                return Err(error);
            }
        };
        let status = head.status;
        let mut log = Log::new();
        log.info("status", format!("{status} {}", head.reason));
        self.base.attach(log);
        self.log_if_verbose("response", &format!("{status} {}", head.reason), &head.fields);
        let mut exchange = lock(&self.exchange);
        let body = Body::of(&exchange.verb, &head, self.max_body());
        exchange.response = Some(head);
        // Without its length nobody can tell where the next response begins.
        exchange.body = Some(body.inspect_err(|_| connection.close())?);
        Ok(status)
    }

    fn receive_head(&self, connection: &Connection) -> Result<ResponseHead> {
        let mut parser = HeadParser::new(self.head_limits());
        let mut since = Instant::now();
        let mut begun = false;
        let read = block_on(&[&self.cancel], || {
            let mut input = lock(&connection.input);
            loop {
                if !begun && !input.bytes().is_empty() {
                    // Silence is measured from the last byte, a head from its first (slow loris).
                    (begun, since) = (true, Instant::now());
                }
                let (used, head) = parser.feed(input.bytes())?;
                input.consume(used);
                if let Some(head) = head {
                    return Ok(Step::Done(head));
                }
                match connection.fill(&mut input)? {
                    Fill::Bytes(_) => {}
                    Fill::End => return Err(ended(connection, "the response head")),
                    Fill::Pending => {
                        let deadline = self.idle_timeout().map(|idle| since + idle);
                        return Ok(Step::Wait { watch: connection.watch(true), deadline });
                    }
                }
            }
        });
        read.map_err(|error| self.explain(error, connection, "response head"))
    }

    /// Reads the body of the response whose head was read.
    pub(super) fn read_body(&self) -> Result<Vec<u8>> {
        let _turn = lock(&self.turn);
        self.read_body_in_turn()
    }

    fn read_body_in_turn(&self) -> Result<Vec<u8>> {
        let Some(mut body) = lock(&self.exchange).body.take() else {
            return Err(Error::new(ErrorKind::State, "There is no response body to read.")
                .advise("Call ReadResponseHeader first, and read each body once."));
        };
        let mut bytes = Vec::new();
        let empty = matches!(body.framing, Framing::None | Framing::Length(0));
        if empty && !body.last {
            return Ok(bytes);
        }
        let connection = self.usable_connection()?;
        let read = match empty {
            true => Ok(()),
            false => self.receive_body(&connection, &mut body.reader, &mut bytes),
        };
        if read.is_err() || body.last {
            connection.close();
        }
        read.map_err(|error| self.explain(error, &connection, "response body"))?;
        lock(&self.exchange).note_body(&bytes);
        Ok(bytes)
    }

    fn receive_body(
        &self,
        connection: &Connection,
        body: &mut BodyReader,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let mut since = Instant::now();
        block_on(&[&self.cancel], || {
            let mut input = lock(&connection.input);
            loop {
                let (used, done) = body.feed(input.bytes(), bytes)?;
                input.consume(used);
                if done {
                    return Ok(Step::Done(()));
                }
                match connection.fill(&mut input)? {
                    Fill::Bytes(_) => since = Instant::now(),
                    Fill::End => {
                        body.eof()?;
                        return Ok(Step::Done(()));
                    }
                    Fill::Pending => {
                        let deadline = self.idle_timeout().map(|idle| since + idle);
                        return Ok(Step::Wait { watch: connection.watch(true), deadline });
                    }
                }
            }
        })
    }

    /// Sends a request and reads the whole response.
    pub(super) fn full_request(
        &self,
        verb: &str,
        path: &str,
        body: Option<&[u8]>,
        debug: bool,
    ) -> Result<Vec<u8>> {
        let _turn = lock(&self.turn);
        self.send_in_turn(verb, path, body, debug)?;
        if debug {
            return Ok(Vec::new());
        }
        self.read_head_in_turn()?;
        self.read_body_in_turn()
    }

    fn begin_exchange(&self, request: &Request, debug_request: Option<Vec<u8>>) {
        let exchange = Exchange::of(request, debug_request);
        self.log_if_verbose("request", &exchange.start_line, &request.fields);
        *lock(&self.exchange) = exchange;
    }

    /// VerboseLogging shows header fields, but no secrets.
    fn log_if_verbose(&self, part: &'static str, line: &str, fields: &[(String, String)]) {
        if !self.base.verbose_logging() {
            return;
        }
        let mut log = Log::new();
        log.enter(part);
        // What stands behind "?" may hold a token.
        log.info("line", line.split('?').next().unwrap_or_default());
        for (name, value) in fields {
            let value = if is_secret(name) { "(not shown)" } else { value };
            log.info("field", format!("{name}: {value}"));
        }
        log.leave();
        self.base.attach(log);
    }

    fn explain_send(&self, error: Error, connection: &Connection) -> Error {
        if error.kind() != ErrorKind::Timeout {
            return error;
        }
        let ms = self.idle_timeout_ms.load(Ordering::Relaxed);
        let (host, port) = (connection.host(), connection.port());
        Error::new(
            ErrorKind::Timeout,
            format!("{host}:{port} took no data for {ms} ms; the request could not be sent whole."),
        )
        .advise("The connection is closed, as nothing can follow half a request. Connect again.")
    }

    fn explain(&self, error: Error, connection: &Connection, what: &str) -> Error {
        if error.kind() != ErrorKind::Timeout {
            return error;
        }
        let ms = self.idle_timeout_ms.load(Ordering::Relaxed);
        let (host, port) = (connection.host(), connection.port());
        Error::new(
            ErrorKind::Timeout,
            format!("{host}:{port} sent no complete {what} within {ms} ms."),
        )
        .advise(
            "Check that the port speaks HTTP, and whether TLS is meant; a slow server needs a \
             larger IdleTimeoutMs.",
        )
    }
}

fn ended(connection: &Connection, what: &str) -> Error {
    let (host, port) = (connection.host(), connection.port());
    Error::new(
        ErrorKind::ConnectionLost,
        format!("{host}:{port} closed the connection before {what} was complete."),
    )
    .advise("Check that this port speaks HTTP, and whether TLS is meant.")
}

/// Milliseconds of a property; 0 is for ever.
pub(crate) fn millis(value: i32) -> Option<Duration> {
    u64::try_from(value).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
}
