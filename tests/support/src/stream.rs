//! A connection of a test server: plain or TLS, with bytes that were read before given back.

use crate::WATCHDOG;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An accepted connection.
pub struct Stream {
    transport: Transport,
    /// Bytes that were read ahead and are to be read again.
    ahead: Vec<u8>,
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    /// Takes an accepted socket; with `tls` the handshake is made first, under the watchdog.
    pub fn accept(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(None)?;
        let transport = match tls {
            None => Transport::Plain(socket),
            Some(config) => Transport::Tls(Box::new(handshake(socket, config)?)),
        };
        Ok(Self { transport, ahead: Vec::new() })
    }

    /// Gives bytes back, so that the next read returns them.
    pub fn unread(&mut self, bytes: &[u8]) {
        self.ahead.splice(0..0, bytes.iter().copied());
    }

    /// The longest wait of one read or write; `None` waits for ever.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket().set_read_timeout(timeout)?;
        self.socket().set_write_timeout(timeout)
    }

    /// Reads some bytes until `deadline`. `Ok(0)` is the end of the stream.
    pub fn read_until(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.set_timeout(Some(left))?;
        match self.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::ErrorKind::TimedOut.into())
            }
            other => other,
        }
    }

    /// Changes the TLS keys of both directions (TLS 1.3 KeyUpdate). An error without TLS 1.3.
    pub fn refresh_traffic_keys(&mut self) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(_) => Err(io::Error::other("keyupdate needs TLS")),
            Transport::Tls(tls) => {
                tls.conn.refresh_traffic_keys().map_err(io::Error::other)?;
                tls.flush()
            }
        }
    }

    /// Ends the sending direction, after a close_notify with TLS. The client can still send.
    pub fn finish_writing(&mut self) -> io::Result<()> {
        if let Transport::Tls(tls) = &mut self.transport {
            tls.conn.send_close_notify();
            tls.flush()?;
        }
        self.socket().shutdown(Shutdown::Write)
    }

    /// Ends the connection by RST: unsent and unread bytes are lost.
    pub fn reset(self) -> io::Result<()> {
        SockRef::from(self.socket()).set_linger(Some(Duration::ZERO))
    }

    /// Ends the sending direction by FIN alone, without a close_notify.
    pub fn cut(&self) -> io::Result<()> {
        self.socket().shutdown(Shutdown::Write)
    }

    fn socket(&self) -> &TcpStream {
        match &self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.ahead.is_empty() {
            let n = buffer.len().min(self.ahead.len());
            buffer[..n].copy_from_slice(&self.ahead[..n]);
            self.ahead.drain(..n);
            return Ok(n);
        }
        match &mut self.transport {
            Transport::Plain(socket) => socket.read(buffer),
            Transport::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.transport {
            Transport::Plain(socket) => socket.write(bytes),
            Transport::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(socket) => socket.flush(),
            Transport::Tls(tls) => tls.flush(),
        }
    }
}

fn handshake(
    socket: TcpStream,
    config: &Arc<ServerConfig>,
) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    socket.set_read_timeout(Some(WATCHDOG))?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(connection, socket);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    tls.sock.set_read_timeout(None)?;
    Ok(tls)
}
