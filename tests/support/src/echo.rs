//! An echo server by tungstenite, which shares no code with the library.

use crate::head::Request;
use crate::server::Server;
use crate::stream::Stream;
use rustls::ServerConfig;
use std::io;
use std::sync::Arc;
use tungstenite::handshake::server::{Request as Upgrade, Response};
use tungstenite::http::HeaderValue;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

/// Starts a server that echoes text and binary messages on every path.
///
/// `?protocol=NAME` makes the answer choose that subprotocol, offered or not; `?keyupdate=N`
/// changes the TLS keys after every N messages.
pub fn start(port: u16, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
    Server::start(port, tls, |mut stream| match Request::read(&mut stream)? {
        Some(request) => serve(stream, &request),
        None => Ok(()),
    })
}

/// Echoes on a connection whose request head was read already.
pub fn serve(stream: Stream, request: &Request) -> io::Result<()> {
    let mut socket = accept(stream, request)?;
    let every = request.number("keyupdate").unwrap_or(0);
    let mut messages = 0;
    loop {
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                socket.send(message).map_err(io::Error::other)?;
                messages += 1;
                if every > 0 && messages % every == 0 {
                    socket.get_mut().refresh_traffic_keys()?;
                }
            }
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return socket.get_mut().finish_writing(),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

/// Upgrades a connection whose request head was read already.
pub(crate) fn accept(mut stream: Stream, request: &Request) -> io::Result<WebSocket<Stream>> {
    stream.set_timeout(None)?;
    stream.unread(&request.raw);
    let protocol = request.query("protocol");
    // The signature is tungstenite's.
    #[allow(clippy::result_large_err)]
    let choose = |_: &Upgrade, mut response: Response| {
        if let Some(value) = protocol.and_then(|name| HeaderValue::from_str(&name).ok()) {
            response.headers_mut().insert("Sec-WebSocket-Protocol", value);
        }
        Ok(response)
    };
    let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
    tungstenite::accept_hdr_with_config(stream, choose, Some(config))
        .map_err(|error| io::Error::other(error.to_string()))
}
