//! Helpers of the network tests: a watchdog, and the blocking form of the steps.

#![allow(dead_code)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // Only tests are in here.

pub(crate) mod tls;

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use openck::error::Result;
use openck::log::Log;
use openck::net::connection::{Connection, Fill};
use openck::net::dial::{self, DialOptions};
use openck::net::wait::{self, Cancel, Step};

/// Runs a test and fails it when it takes too long; everything here should take far less.
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let runner = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the watchdog ended the test"),
        _ => runner.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}

/// A listening socket and the options that lead to it.
pub(crate) fn listener() -> (TcpListener, DialOptions) {
    options_for(TcpListener::bind("127.0.0.1:0").unwrap())
}

/// The same with the smallest buffers on both sides, so that hardly anything is on the way.
pub(crate) fn narrow_listener() -> (TcpListener, DialOptions) {
    let (domain, kind) = (socket2::Domain::IPV4, socket2::Type::STREAM);
    let socket = socket2::Socket::new(domain, kind, None).unwrap();
    socket.set_send_buffer_size(8192).unwrap();
    socket.set_recv_buffer_size(8192).unwrap();
    socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(16).unwrap();
    let (listener, mut options) = options_for(socket.into());
    (options.send_buffer, options.receive_buffer) = (Some(8192), Some(8192));
    (listener, options)
}

fn options_for(listener: TcpListener) -> (TcpListener, DialOptions) {
    let port = listener.local_addr().unwrap().port();
    let options = DialOptions {
        connect_timeout: Some(Duration::from_secs(20)),
        idle_timeout: Some(Duration::from_secs(20)),
        ..DialOptions::new("127.0.0.1", port)
    };
    (listener, options)
}

pub(crate) fn dial(options: &DialOptions) -> Result<Connection> {
    dial::dial(options, &Cancel::new(), &mut Log::new())
}

/// A connection and its other end.
pub(crate) fn pair() -> (Connection, TcpStream) {
    let (listener, options) = listener();
    let connection = dial(&options).unwrap();
    (connection, listener.accept().unwrap().0)
}

/// Takes what is there, waiting until there is something; an empty result is the end.
pub(crate) fn read_some(connection: &Connection, cancels: &[&Cancel]) -> Result<Vec<u8>> {
    read_until(connection, None, cancels)
}

pub(crate) fn read_until(
    connection: &Connection,
    deadline: Option<Instant>,
    cancels: &[&Cancel],
) -> Result<Vec<u8>> {
    wait::block_on(cancels, || {
        let mut input = connection.lock_input();
        loop {
            if !input.is_empty() {
                let bytes = input.bytes().to_vec();
                input.consume(bytes.len());
                return Ok(Step::Done(bytes));
            }
            match connection.fill(&mut input)? {
                Fill::Bytes(_) => {}
                Fill::End => return Ok(Step::Done(Vec::new())),
                Fill::Pending => {
                    return Ok(Step::Wait { watch: connection.watch(true), deadline });
                }
            }
        }
    })
}

/// Reads exactly `n` bytes.
pub(crate) fn read_exactly(connection: &Connection, n: usize) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < n {
        let some = read_some(connection, &[])?;
        assert!(!some.is_empty(), "the end came after {} of {n} bytes", all.len());
        all.extend(some);
    }
    assert_eq!(all.len(), n);
    Ok(all)
}

/// Sends all of `bytes` and waits until the system has them.
pub(crate) fn write(connection: &Connection, bytes: &[u8], idle: Option<Duration>) -> Result<()> {
    let ticket = connection.send_with(|out| {
        out.extend_from_slice(bytes);
        Ok(())
    })?;
    connection.send_all(ticket, idle, &[])
}

/// Bytes that are different at every place, so that reordering shows.
pub(crate) fn pattern(from: usize, n: usize) -> Vec<u8> {
    (from..from + n).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
