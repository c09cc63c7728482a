//! tungstenite, used as its documentation shows.

use std::hint::black_box;
use std::net::TcpStream;

use tungstenite::{Bytes, Message, Utf8Bytes, WebSocket};

use crate::Failure;
use crate::load::{Clock, Direction, Load, Measured};

/// Does the load and says what it took.
pub(crate) fn run(load: &Load, port: u16) -> Result<Measured, Failure> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let url = format!("ws://127.0.0.1:{port}{}", load.path());
    let (mut ws, _) = tungstenite::client(url, stream).map_err(|error| error.to_string())?;
    let message = if load.text {
        Message::Text(Utf8Bytes::try_from(load.payload.clone())?)
    } else {
        Message::Binary(Bytes::from(load.payload.clone()))
    };
    let clock = Clock::start();
    match load.direction {
        Direction::Receive => {
            for _ in 0..load.count {
                receive(&mut ws, load)?;
            }
        }
        Direction::Send => {
            for _ in 0..load.count {
                ws.send(message.clone())?;
            }
            // The server answers when it has all.
            ws.read()?;
        }
        Direction::Echo => {
            for _ in 0..load.count {
                ws.send(message.clone())?;
                receive(&mut ws, load)?;
            }
        }
    }
    Ok(clock.stop())
}

#[inline]
fn receive(ws: &mut WebSocket<TcpStream>, load: &Load) -> Result<(), Failure> {
    let message = black_box(ws.read()?);
    if message.len() == load.payload.len() {
        Ok(())
    } else {
        Err(format!("{} bytes came", message.len()).into())
    }
}
