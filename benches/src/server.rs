//! The other side: sends, swallows or returns messages as fast as it can, on plain sockets.
//!
//! It is no WebSocket library: frames to send are encoded before the clock starts, and frames
//! received are only counted or, for an echo, unmasked in place.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use tungstenite::handshake::derive_accept_key;

use crate::Failure;
use crate::load::payload;

/// How many bytes of encoded frames are written at once.
const BATCH: usize = 256 << 10;

/// Prints its port and serves until it is killed.
pub(crate) fn run() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        // One client at a time; one that leaves early is the client's matter.
        if let Err(error) = serve(stream?) {
            eprintln!("openck-bench server: {error}");
        }
    }
    Ok(())
}

fn serve(stream: TcpStream) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 20, stream.try_clone()?);
    let path = accept(&mut reader, &stream)?;
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let [direction, content, size, count] = parts.as_slice() else {
        return Err(format!("no such path: {path}").into());
    };
    let (size, count): (usize, u64) = (size.parse()?, count.parse()?);
    let frame = encode(content, &payload(content, size)?);
    match *direction {
        "receive" => send_all(stream, &frame, count),
        "send" => {
            swallow(&mut reader, size, count)?;
            (&stream).write_all(&encode("ascii", b"all received"))?;
            wait_for_end(&mut reader)
        }
        _ => echo(&mut reader, &stream, &frame, size, count),
    }
}

fn accept(reader: &mut impl BufRead, mut stream: &TcpStream) -> Result<String, Failure> {
    let (mut line, mut path, mut key) = (String::new(), String::new(), None);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let text = line.trim_end();
        if let Some(rest) = text.strip_prefix("GET ") {
            path = rest.split(' ').next().unwrap_or_default().to_owned();
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("sec-websocket-key")
        {
            key = Some(derive_accept_key(value.trim().as_bytes()));
        }
        if text.is_empty() {
            break;
        }
    }
    let key = key.ok_or("no Sec-WebSocket-Key")?;
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        key
    )?;
    Ok(path)
}

/// An unmasked frame with FIN.
fn encode(content: &str, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![if content == "binary" { 0x82 } else { 0x81 }];
    match payload.len() {
        n @ 0..=125 => frame.push(n as u8),
        n @ 126..=0xFFFF => {
            frame.push(126);
            frame.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            frame.push(127);
            frame.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

fn send_all(mut stream: TcpStream, frame: &[u8], count: u64) -> Result<(), Failure> {
    let frames = (BATCH / frame.len()).max(1) as u64;
    let batch = frame.repeat(frames as usize);
    let mut left = count;
    while left > 0 {
        let now = left.min(frames);
        stream.write_all(batch.get(..frame.len() * now as usize).unwrap_or_default())?;
        left -= now;
    }
    wait_for_end(&mut stream)
}

/// The client leaves when it has all.
fn wait_for_end(stream: &mut impl Read) -> Result<(), Failure> {
    std::io::copy(stream, &mut std::io::sink())?;
    Ok(())
}

/// Each frame of the client has the same length: header, mask key, payload.
fn masked_len(size: usize) -> (usize, usize) {
    let header = match size {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    };
    (header, header + 4 + size)
}

fn swallow(reader: &mut impl BufRead, size: usize, count: u64) -> Result<(), Failure> {
    let mut left = masked_len(size).1 as u64 * count;
    while left > 0 {
        let got = reader.fill_buf()?.len();
        if got == 0 {
            return Err("the client left early".into());
        }
        let take = (got as u64).min(left);
        reader.consume(take as usize);
        left -= take;
    }
    Ok(())
}

/// The answer is known beforehand; the client checks that nothing is missing.
fn echo(
    reader: &mut impl Read,
    mut stream: &TcpStream,
    frame: &[u8],
    size: usize,
    count: u64,
) -> Result<(), Failure> {
    let mut request = vec![0; masked_len(size).1];
    for _ in 0..count {
        reader.read_exact(&mut request)?;
        stream.write_all(frame)?;
    }
    wait_for_end(reader)
}
