//! Named scenarios, reachable by path on one port: the scripted server for the tests that are
//! not written in Rust. Every other path is an echo.

use crate::head::Request;
use crate::script::{Action, Board, Player, Upgrade};
use crate::server::Server;
use crate::stream::Stream;
use crate::wire::{self, frame, opcode, raw_frame};
use crate::{WATCHDOG, echo};
use Action::{Close, Cut, ExpectFrame, Ignore, Pause, Report, Reset, Send, SendUpgrade, Stall};
use rustls::ServerConfig;
use std::io::{self, Write};
use std::sync::Arc;

/// Text with U+0000, two code points beyond the BMP and one of three bytes.
pub const NUL_TEXT: &str = "before\0after \u{1F600}\u{20AC}\u{1F980}";

/// Starts a server with all scenarios.
///
/// | path | what the server does |
/// |---|---|
/// | `/ok`, `/echo`, any other | echo; see [`echo::start`] |
/// | `/status/N` | an HTTP answer with that status and a body; the connection stays open. 401 has `WWW-Authenticate`, 302 has `Location`. `?body=TEXT` |
/// | `/chunked404` | 404 with a chunked body |
/// | `/request` | 200 whose body is the request as it came: head and body |
/// | `/garbage` | the greeting of an SSH server |
/// | `/silence` | nothing |
/// | `/slow` | the 101, one byte each `?ms=` (1000) |
/// | `/wrong-accept`, `/no-upgrade`, `/no-connection` | a 101 that is wrong there |
/// | `/extension` | a 101 that chooses permessage-deflate |
/// | `/cut?at=N` | the 101, "cut off" as a text frame and a Close, but only N bytes, then FIN; `&how=reset` |
/// | `/ping-then-text` | a Ping "are you there", then the text "after ping", then a report of the client's next frame |
/// | `/report` | a text for each frame of the client: `fin=1 rsv=0 opcode=9 masked=1 payload=abc`; a Close is reported and then echoed |
/// | `/pong` | an unasked Pong "unasked", then the text "after pong" |
/// | `/fragments` | the message "one two three" in three frames, a Ping between |
/// | `/close?code=N&reason=T` | a Close; empty without code |
/// | `/masked`, `/rsv`, `/bad-utf8`, `/big-length?len=N`, `/bad-opcode` | a frame that is forbidden; echoes nothing |
/// | `/nul-text` | the text [`NUL_TEXT`] |
/// | `/binary?len=N` | a binary message of the bytes 0, 1, … |
/// | `/two-messages-with-101` | the texts "first" and "second" in the segment of the 101 |
/// | `/partial` | a text frame of which the second half ("late") comes only after the client's Ping |
/// | `/never-read` | a 101, then the server reads nothing for 10 seconds, and resets |
/// | `/end` | a 101, then FIN without a Close |
pub fn start(port: u16, tls: Option<Arc<ServerConfig>>) -> io::Result<Server> {
    Server::start(port, tls, serve)
}

fn serve(mut stream: Stream) -> io::Result<()> {
    stream.set_timeout(Some(WATCHDOG))?;
    while let Some(request) = Request::read(&mut stream)? {
        if let Some(answer) = http_answer(&request, &mut stream)? {
            stream.write_all(&answer)?;
            stream.flush()?;
            continue;
        }
        let Some(script) = script(&request) else { return echo::serve(stream, &request) };
        let board = Board::default();
        let index = board.enter();
        Player::new(stream, Some(request), &board, index).play(&script);
        return Ok(());
    }
    Ok(())
}

/// The bytes of a plain HTTP answer, if the path asks for one.
fn http_answer(request: &Request, stream: &mut Stream) -> io::Result<Option<Vec<u8>>> {
    let path = request.path();
    if path == "/chunked404" {
        let head = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n";
        let body = "Transfer-Encoding: chunked\r\n\r\n7\r\nnothing\r\n6;x=y\r\n there\r\n0\r\n\r\n";
        return Ok(Some(format!("{head}{body}").into_bytes()));
    }
    if path == "/request" {
        let mut body = request.raw.clone();
        body.extend(request.read_body(stream)?);
        return Ok(Some(http(200, "", &body)));
    }
    let Some(status) = path.strip_prefix("/status/").and_then(|text| text.parse().ok()) else {
        return Ok(None);
    };
    request.read_body(stream)?;
    let more = match status {
        301 | 302 | 307 | 308 => "Location: /ok\r\n",
        401 => "WWW-Authenticate: Basic realm=\"openck\"\r\n",
        407 => "Proxy-Authenticate: Basic realm=\"openck\"\r\n",
        426 => "Upgrade: websocket\r\n",
        _ => "",
    };
    let body = request.query("body").unwrap_or_else(|| format!("status {status}\n"));
    Ok(Some(http(status, more, body.as_bytes())))
}

fn http(status: u16, more: &str, body: &[u8]) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        426 => "Upgrade Required",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Test",
    };
    let bodiless = status == 204 || status == 304;
    let length =
        if bodiless { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head =
        format!("HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\n{more}{length}\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(if bodiless { b"" } else { body });
    bytes
}

/// The script of a path; `None` for an echo.
fn script(request: &Request) -> Option<Vec<Action>> {
    let script = match request.path() {
        "/garbage" => vec![Send(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()), Stall],
        "/silence" => vec![Stall],
        "/slow" => slow(request),
        "/wrong-accept" => {
            answered(Upgrade::default().replacing("Sec-WebSocket-Accept", "d3Jvbmc="))
        }
        "/no-upgrade" => answered(Upgrade::default().without("Upgrade")),
        "/no-connection" => answered(Upgrade::default().without("Connection")),
        "/extension" => {
            answered(Upgrade::default().with("Sec-WebSocket-Extensions", "permessage-deflate"))
        }
        "/cut" => cut(request),
        "/ping-then-text" => ping_then_text(),
        "/report" => {
            let each = [ExpectFrame, Report];
            [upgraded()].into_iter().chain(each.into_iter().cycle().take(2000)).collect()
        }
        "/pong" => frames(&[&frame(true, opcode::PONG, b"unasked"), &wire::text("after pong")]),
        "/fragments" => frames(&[
            &frame(false, opcode::TEXT, b"one "),
            &frame(false, opcode::CONTINUATION, b"two "),
            &frame(true, opcode::PING, b"between"),
            &frame(true, opcode::CONTINUATION, b"three"),
        ]),
        "/close" => {
            let code = request.number("code").and_then(|code| u16::try_from(code).ok());
            let reason = request.query("reason").unwrap_or_default();
            vec![upgraded(), Send(wire::close(code, &reason)), ExpectFrame, Close]
        }
        "/masked" => frames(&[&raw_frame(0x81, Some([1, 2, 3, 4]), b"masked")]),
        "/rsv" => frames(&[&raw_frame(0xc1, None, b"reserved")]),
        "/bad-opcode" => frames(&[&raw_frame(0x83, None, b"three")]),
        "/bad-utf8" => frames(&[&frame(true, opcode::TEXT, b"bad \xff\xfe")]),
        "/big-length" => {
            let mut header = vec![0x82, 127];
            let length = request.number("len").unwrap_or(1 << 62);
            header.extend_from_slice(&length.to_be_bytes());
            frames(&[&header])
        }
        "/nul-text" => frames(&[&wire::text(NUL_TEXT)]),
        "/binary" => {
            let length = request.number("len").unwrap_or(256);
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            frames(&[&frame(true, opcode::BINARY, &bytes)])
        }
        "/two-messages-with-101" => {
            let both = [wire::text("first"), wire::text("second")].concat();
            answered(Upgrade::default().followed_by(both))
        }
        "/partial" => {
            let bytes = wire::text("early and late");
            let (early, late) = bytes.split_at(bytes.len() - 4);
            vec![upgraded(), Send(early.into()), ExpectFrame, Send(late.into()), Stall]
        }
        "/never-read" => vec![upgraded(), Ignore],
        "/end" => vec![upgraded(), Close],
        _ => return None,
    };
    Some(script)
}

fn upgraded() -> Action {
    SendUpgrade(Upgrade::default())
}

/// Answers, then waits for the client to leave.
fn answered(upgrade: Upgrade) -> Vec<Action> {
    vec![SendUpgrade(upgrade), Stall]
}

/// A right 101, these frames, then waits for the client to leave.
fn frames(frames: &[&[u8]]) -> Vec<Action> {
    vec![upgraded(), Send(frames.concat()), Stall]
}

fn ping_then_text() -> Vec<Action> {
    let ping = frame(true, opcode::PING, b"are you there");
    vec![upgraded(), Send(ping), Send(wire::text("after ping")), ExpectFrame, Report, Stall]
}

fn slow(request: &Request) -> Vec<Action> {
    let pause = request.number("ms").unwrap_or(1000);
    let bytes = Upgrade::default().bytes(request);
    bytes.iter().flat_map(|byte| [Send(vec![*byte]), Pause(pause)]).collect()
}

fn cut(request: &Request) -> Vec<Action> {
    let frames = [wire::text("cut off"), wire::close(Some(1000), "")].concat();
    let mut bytes = Upgrade::default().followed_by(frames).bytes(request);
    bytes.truncate(request.number("at").map_or(0, |at| at as usize));
    let end = if request.query("how").as_deref() == Some("reset") { Reset } else { Cut };
    if bytes.is_empty() { vec![end] } else { vec![Send(bytes), end] }
}
