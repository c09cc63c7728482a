//! What tungstenite does as one of the independent peers of the tests, by path. The protocol is
//! told in `tests/python/peers/conversation.py`.

use crate::echo;
use crate::head::Request;
use crate::server::Server;
use crate::stream::Stream;
use ring::digest::{SHA256, digest};
use std::io;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Bytes, Error, Message, WebSocket};

/// Starts the server. Each session that ended is told on standard output.
pub fn start() -> io::Result<Server> {
    Server::start(0, None, |mut stream| match Request::read(&mut stream)? {
        Some(request) => serve(stream, &request),
        None => Ok(()),
    })
}

fn serve(stream: Stream, request: &Request) -> io::Result<()> {
    let socket = echo::accept(stream, request)?;
    let mut session = Session { socket, kept: None, pings: Vec::new(), pongs: Vec::new() };
    let closed = session.run(request);
    // Ended by anything but a Close: 1006.
    let (code, reason) = match &closed {
        Ok(Some(frame)) => (u16::from(frame.code).to_string(), frame.reason.as_str()),
        Ok(None) => ("null".to_owned(), ""),
        Err(_) => ("1006".to_owned(), ""),
    };
    let id = request.number("id").unwrap_or_default();
    println!("{{\"id\": {id}, \"code\": {code}, \"reason\": \"{reason}\"}}");
    session.socket.get_mut().finish_writing()
}

struct Session {
    socket: WebSocket<Stream>,
    /// The message that `/cut` sends.
    kept: Option<Message>,
    pings: Vec<String>,
    pongs: Vec<String>,
}

impl Session {
    /// Serves until a Close came.
    fn run(&mut self, request: &Request) -> Result<Option<CloseFrame>, Error> {
        let path = request.path();
        if path == "/close" {
            self.socket.close(close_frame(request))?;
        }
        let mut closed = None;
        loop {
            match self.socket.read() {
                Ok(Message::Ping(data)) => self.pings.push(text(&data)),
                Ok(Message::Pong(data)) => self.pongs.push(text(&data)),
                Ok(Message::Close(frame)) => closed = frame,
                Ok(message) => self.answer(path, message)?,
                Err(Error::ConnectionClosed) => return Ok(closed),
                Err(error) => return Err(error),
            }
        }
    }

    fn answer(&mut self, path: &str, message: Message) -> Result<(), Error> {
        match (path, &self.kept) {
            ("/cut", None) => {
                self.kept = Some(message);
                Ok(())
            }
            ("/cut" | "/digest", _) if is_report(&message) => {
                let (pings, pongs) = (self.pings.join(","), self.pongs.join(","));
                let report = format!("pings={pings} pongs={pongs} received=");
                self.socket.send(Message::text(report))
            }
            ("/cut", Some(kept)) => {
                let kept = kept.clone();
                self.play(message.to_text()?, kept)
            }
            ("/digest", _) => self.socket.send(Message::text(told(message))),
            _ => self.socket.send(message),
        }
    }

    /// Sends `message` as the script says.
    fn play(&mut self, script: &str, message: Message) -> Result<(), Error> {
        let mut opcode = OpCode::Data(if message.is_text() { Data::Text } else { Data::Binary });
        let mut rest = message.into_data();
        for step in script.split(' ') {
            let (kind, value) = step.split_once(':').unwrap_or((step, ""));
            if kind == "ping" {
                self.socket.send(Message::Ping(Bytes::copy_from_slice(value.as_bytes())))?;
                continue;
            }
            let length = value.parse().unwrap_or(0).min(rest.len());
            let frame = Frame::message(rest.split_to(length), opcode, kind == "last");
            self.socket.send(Message::Frame(frame))?;
            opcode = OpCode::Data(Data::Continue);
        }
        Ok(())
    }
}

fn close_frame(request: &Request) -> Option<CloseFrame> {
    let code = u16::try_from(request.number("code")?).ok()?;
    let reason = request.query("reason").unwrap_or_default();
    Some(CloseFrame { code: code.into(), reason: reason.into() })
}

fn is_report(message: &Message) -> bool {
    matches!(message, Message::Text(text) if text.as_str() == "report")
}

/// Kind, length and SHA-256 of a message.
fn told(message: Message) -> String {
    let kind = if message.is_text() { "text" } else { "binary" };
    let data = message.into_data();
    let hash = digest(&SHA256, &data);
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind} {} {hex}", data.len())
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
