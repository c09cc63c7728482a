//! From a host name to a connection: lookup, the race of addresses, TLS.
//!
//! RFC 6455 4.1 wants connections to one address to be opened one after the other. That is
//! not done here: at this point nobody knows yet whether the connection will ever be a WebSocket
//! (it is a REST connection until the handshake), and one server that stays silent would stop
//! every other thread of the program that connects to it. Programs that open many connections in
//! one thread open them one after the other by nature.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;
use crate::net::connection::Connection;
use crate::net::lookup::lookup;
use crate::net::sys;
use crate::net::tls::{Handshake, TlsEngine, TlsFacts, TlsOptions};
use crate::net::wait::{self, Cancel, Ready, Step, Watch};

/// Head start of each address over the next (RFC 8305 8).
const HEAD_START: Duration = Duration::from_millis(250);
/// A connection that is silent this long is probed by the system.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Where and how to connect.
#[derive(Debug, Clone)]
pub struct DialOptions {
    /// A host name or an IPv4 or IPv6 address, the latter with or without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// TLS, if wanted.
    pub tls: Option<TlsOptions>,
    /// The time for lookup and TCP connection together; `None` or zero is without end.
    pub connect_timeout: Option<Duration>,
    /// The time for each answer of the server in the TLS handshake; `None` or zero is without end.
    pub idle_timeout: Option<Duration>,
    /// Whether IPv6 addresses are tried before IPv4 ones.
    pub prefer_ipv6: bool,
    /// SO_SNDBUF; the system's choice when `None`.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF; the system's choice when `None`.
    pub receive_buffer: Option<usize>,
}

impl DialOptions {
    /// A connection without TLS and without time limits.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: None,
            connect_timeout: None,
            idle_timeout: None,
            prefer_ipv6: false,
            send_buffer: None,
            receive_buffer: None,
        }
    }

    /// How messages name the server.
    fn server(&self) -> String {
        server_name(&self.host, self.port)
    }
}

/// `host:port`, an IPv6 address in brackets.
pub(crate) fn server_name(host: &str, port: u16) -> String {
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    format!("{}:{port}", host.escape_debug())
}

/// Connects; blocks until the connection can be used, or fails.
///
/// `cancel` ends it from another thread ([`ErrorKind::Aborted`]). Other failures: `EmptyHost`,
/// `Dns`, `DnsTimeout`, `ConnectTimeout`, `ConnectFailed`, `Timeout` (the server fell silent in
/// the TLS handshake), and the `Tls…` kinds. `log` tells the steps.
pub fn dial(options: &DialOptions, cancel: &Cancel, log: &mut Log) -> Result<Connection> {
    if options.host.is_empty() {
        return Err(Error::new(ErrorKind::EmptyHost, "The host name is empty.")
            .advise("Pass a host name or an IP address, without http:// or ws://."));
    }
    log.enter("connect");
    log.info("host", &options.host);
    log.info("port", options.port);
    let result = connect(options, cancel, log).and_then(|(socket, peer)| match &options.tls {
        None => Ok(Connection::plain(socket, &options.host, options.port, peer)),
        Some(tls) => {
            let (engine, facts) = secure(options, tls, &socket, cancel, log)?;
            Ok(Connection::tls(socket, &options.host, options.port, peer, engine, facts))
        }
    });
    log.leave();
    result
}

/// Lookup and TCP.
fn connect(options: &DialOptions, cancel: &Cancel, log: &mut Log) -> Result<(Socket, SocketAddr)> {
    let deadline = deadline_in(options.connect_timeout);
    let addresses = lookup(&options.host, options.port, deadline, cancel)?;
    let addresses = interleave(addresses, options.prefer_ipv6);
    let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    log.info("addresses", list.join(", "));
    let mut race = Race { options, waiting: addresses, running: Vec::new(), failures: Vec::new() };
    let result = race.run(deadline, cancel);
    for (address, error) in &race.failures {
        log.info("failed", format_args!("{address}: {error}"));
    }
    let (socket, peer) = result?;
    log.info("connected", peer);
    // Neither changes what a program sees if the system refuses it.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE));
    Ok((socket, peer))
}

/// The families in turn (RFC 8305 4), beginning with the preferred one.
fn interleave(addresses: Vec<SocketAddr>, prefer_ipv6: bool) -> VecDeque<SocketAddr> {
    let mut seen = Vec::new();
    for address in addresses {
        if !seen.contains(&address) {
            seen.push(address);
        }
    }
    let (first, second): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|address| address.is_ipv6() == prefer_ipv6);
    let mut mixed = VecDeque::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = (first.next(), second.next());
        if pair == (None, None) {
            return mixed;
        }
        mixed.extend(pair.0);
        mixed.extend(pair.1);
    }
}

/// Attempts to several addresses at once; the first that connects wins, the others are closed.
struct Race<'a> {
    options: &'a DialOptions,
    waiting: VecDeque<SocketAddr>,
    running: Vec<(Socket, SocketAddr)>,
    failures: Vec<(SocketAddr, io::Error)>,
}

impl Race<'_> {
    fn run(&mut self, deadline: Option<Instant>, cancel: &Cancel) -> Result<(Socket, SocketAddr)> {
        let mut next_start = Instant::now();
        loop {
            if self.running.is_empty() || next_start <= Instant::now() {
                match self.waiting.pop_front() {
                    Some(address) => {
                        next_start = Instant::now() + HEAD_START;
                        self.start(address);
                    }
                    None if self.running.is_empty() => return Err(self.failed()),
                    None => {}
                }
            }
            let before = self.failures.len();
            if let Some(winner) = self.winner() {
                return Ok(winner);
            }
            if self.failures.len() > before {
                next_start = Instant::now();
            }
            if self.running.is_empty() {
                continue;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(self.too_late());
            }
            self.wait(deadline, next_start, cancel)?;
        }
    }

    /// Until an attempt is decided, the next one is due or the time is over.
    fn wait(&self, deadline: Option<Instant>, next: Instant, cancel: &Cancel) -> Result<bool> {
        let next = (!self.waiting.is_empty()).then_some(next);
        let until = [deadline, next].into_iter().flatten().min();
        let mut watches: Vec<Ready> = self
            .running
            .iter()
            .map(|(socket, _)| Ready {
                socket: sys::raw_id(socket),
                readable: false,
                writable: true,
                ready: false,
            })
            .collect();
        wait::wait_ready(&mut watches, until, &[cancel])
    }

    fn start(&mut self, address: SocketAddr) {
        match begin(address, self.options) {
            Ok(socket) => self.running.push((socket, address)),
            Err(error) => self.failures.push((address, error)),
        }
    }

    /// Takes the first attempt that has succeeded, and strikes off those that have failed.
    fn winner(&mut self) -> Option<(Socket, SocketAddr)> {
        let mut still_running = Vec::new();
        let mut winner = None;
        for (socket, address) in self.running.drain(..) {
            match outcome(&socket) {
                Ok(true) if winner.is_none() => winner = Some((socket, address)),
                Ok(true) => {}
                Ok(false) => still_running.push((socket, address)),
                Err(error) => self.failures.push((address, error)),
            }
        }
        self.running = still_running;
        winner
    }

    fn failed(&self) -> Error {
        let server = self.options.server();
        let text = format!("No connection to {server}: {}.", self.list());
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        let advice = if self.failures.iter().any(|(_, error)| refused(error)) {
            format!("Is a server listening on {server}? Check the port and whether TLS is meant.")
        } else {
            format!("Check the network connection, firewall and route to {server}.")
        };
        Error::new(ErrorKind::ConnectFailed, text).advise(advice)
    }

    fn too_late(&self) -> Error {
        let silent = self.running.iter().map(|(_, address)| format!("{address}: no answer"));
        let mut list: Vec<String> = silent.collect();
        if !self.failures.is_empty() {
            list.push(self.list());
        }
        let after = self.options.connect_timeout.unwrap_or_default().as_millis();
        let server = self.options.server();
        let text = format!("No connection to {server} within {after} ms: {}.", list.join("; "));
        Error::new(ErrorKind::ConnectTimeout, text)
            .advise("Check host and port; a firewall may drop the packets. Or allow more time.")
    }

    fn list(&self) -> String {
        let lines = self.failures.iter().map(|(address, error)| format!("{address}: {error}"));
        lines.collect::<Vec<_>>().join("; ")
    }
}

/// A socket that has begun to connect.
fn begin(address: SocketAddr, options: &DialOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Before connecting: the window scale is negotiated then.
    if let Some(size) = options.send_buffer {
        let _ = socket.set_send_buffer_size(size);
    }
    if let Some(size) = options.receive_buffer {
        let _ = socket.set_recv_buffer_size(size);
    }
    match socket.connect(&address.into()) {
        Ok(()) => Ok(socket),
        Err(error) if in_progress(&error) => Ok(socket),
        Err(error) => Err(error),
    }
}

fn in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    // EINTR too: the attempt goes on.
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// True when connected, false when still connecting.
fn outcome(socket: &Socket) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    let Ok(peer) = socket.peer_addr() else { return Ok(false) };
    // TCP can connect an ephemeral port to itself when nobody listens there.
    if socket.local_addr().is_ok_and(|local| local == peer) {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(true)
}

/// TLS over a connected socket.
fn secure(
    options: &DialOptions,
    tls: &TlsOptions,
    socket: &Socket,
    cancel: &Cancel,
    log: &mut Log,
) -> Result<(TlsEngine, TlsFacts)> {
    log.enter("tls");
    if !tls.verify {
        log.info(
            "certificate verification",
            "OFF: anybody between here and the server can read and change the data",
        );
    }
    let host = options.host.trim_start_matches('[').trim_end_matches(']');
    let result = handshake(options, tls, socket, host, cancel);
    if let Ok((_, facts)) = &result {
        log.info("version", &facts.version);
        log.info("cipher suite", &facts.cipher);
        log.info("certificate", facts.certificate.trim());
    }
    log.leave();
    result
}

fn handshake(
    options: &DialOptions,
    tls: &TlsOptions,
    socket: &Socket,
    host: &str,
    cancel: &Cancel,
) -> Result<(TlsEngine, TlsFacts)> {
    let mut handshake = Handshake::start(tls, host)?;
    let mut flights = handshake.flights();
    let mut deadline = deadline_in(options.idle_timeout);
    let result = wait::block_on(&[cancel], || {
        if let Some(done) = handshake.advance(socket)? {
            return Ok(Step::Done(done));
        }
        if handshake.flights() != flights {
            flights = handshake.flights();
            deadline = deadline_in(options.idle_timeout);
        }
        let writable = handshake.has_output();
        let watch = Watch {
            socket: sys::raw_id(socket),
            readable: true,
            writable,
            until: None,
            news: None,
        };
        Ok(Step::Wait { watch, deadline })
    });
    result.map_err(|error| match error.kind() {
        ErrorKind::Timeout => {
            let after = options.idle_timeout.unwrap_or_default().as_millis();
            let server = options.server();
            let text = format!("{server} fell silent in the TLS handshake for {after} ms.");
            Error::new(ErrorKind::Timeout, text)
                .advise("Check that this port expects TLS, or allow more time.")
        }
        _ => error,
    })
}

/// zero is without end, like none.
pub(crate) fn deadline_in(time: Option<Duration>) -> Option<Instant> {
    let time = time.filter(|time| !time.is_zero())?;
    Instant::now().checked_add(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 1)).collect()
    }

    #[test]
    fn families_take_turns_and_the_preferred_one_begins() {
        let all = addresses(&["::1", "::2", "::3", "127.0.0.1", "::1"]);
        let mixed: Vec<_> = interleave(all.clone(), true).into();
        assert_eq!(mixed, addresses(&["::1", "127.0.0.1", "::2", "::3"]));
        let mixed: Vec<_> = interleave(all, false).into();
        assert_eq!(mixed, addresses(&["127.0.0.1", "::1", "::2", "::3"]));
    }

    #[test]
    fn no_time_limit_means_none() {
        assert_eq!(deadline_in(None), None);
        assert_eq!(deadline_in(Some(Duration::ZERO)), None);
        assert_eq!(deadline_in(Some(Duration::MAX)), None);
        assert!(deadline_in(Some(Duration::from_secs(1))).is_some());
    }

    #[test]
    fn an_ipv6_address_is_named_in_brackets() {
        assert_eq!(server_name("::1", 80), "[::1]:80");
        assert_eq!(server_name("[::1]", 80), "[::1]:80");
        assert_eq!(server_name("example.test", 443), "example.test:443");
    }

    /// Runs a race over these addresses; the winner's address and how long it took.
    fn race(list: &[SocketAddr]) -> (SocketAddr, Duration) {
        let options = DialOptions::new("race.test", 1);
        let mut race = Race {
            options: &options,
            waiting: list.iter().copied().collect(),
            running: Vec::new(),
            failures: Vec::new(),
        };
        let begun = Instant::now();
        let deadline = Some(begun + Duration::from_secs(30));
        let (socket, address) = race.run(deadline, &Cancel::new()).unwrap();
        assert_eq!(socket.peer_addr().unwrap().as_socket(), Some(address));
        (address, begun.elapsed())
    }

    fn listening(address: &str) -> (std::net::TcpListener, SocketAddr) {
        let listener = std::net::TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[test]
    fn a_refused_address_gives_way_at_once() {
        let (gone, refusing) = listening("127.0.0.1");
        drop(gone);
        let (_listener, good) = listening("127.0.0.1");
        let (winner, after) = race(&[refusing, refusing, good]);
        assert_eq!(winner, good);
        assert!(after < HEAD_START, "{after:?}");
    }

    #[test]
    #[cfg(target_os = "linux")] // A full queue drops the packets there.
    fn a_silent_address_gives_way_after_its_head_start() {
        let (listener, silent) = listening("127.0.0.1");
        let listener = Socket::from(listener);
        listener.listen(0).unwrap();
        let options = DialOptions::new("127.0.0.1", silent.port());
        let _filling: Vec<_> = (0..4).map(|_| begin(silent, &options)).collect();
        let (_good_listener, good) = listening("127.0.0.1");
        let (winner, after) = race(&[silent, good]);
        assert_eq!(winner, good);
        assert!(after >= HEAD_START && after < 20 * HEAD_START, "{after:?}");
    }
}
