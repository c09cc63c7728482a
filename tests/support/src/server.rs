//! Accepts connections on loopback, one thread each.

use crate::stream::Stream;
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A listening server. Dropping it ends listening; open connections live on until their peers
/// or scripts end them.
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1 at `port` (0: any free one) and calls `serve` for each connection,
    /// after the TLS handshake if `tls` is given. A failed handshake is not reported to `serve`.
    pub fn start<F>(port: u16, tls: Option<Arc<ServerConfig>>, serve: F) -> io::Result<Self>
    where
        F: Fn(Stream) -> io::Result<()> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = spawn("accept", move || accept_all(&listener, &stopped, tls, serve))?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A connection wakes the accepting thread.
        let woken = TcpStream::connect(self.address).is_ok();
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn accept_all<F>(
    listener: &TcpListener,
    stop: &AtomicBool,
    tls: Option<Arc<ServerConfig>>,
    serve: F,
) where
    F: Fn(Stream) -> io::Result<()> + Send + Sync + 'static,
{
    let serve = Arc::new(serve);
    for socket in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(socket) = socket else { continue };
        let (tls, serve) = (tls.clone(), Arc::clone(&serve));
        // A connection that ends badly is the client's affair: the tests look at the client.
        let _ = spawn("connection", move || {
            let _ = Stream::accept(socket, tls.as_ref()).and_then(|stream| serve(stream));
        });
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).stack_size(512 * 1024).spawn(run)
}
