//! Servers that do not play by the rules, and the record of what an attack costs.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openck_test_support::WATCHDOG;
use openck_test_support::head::Request;
use openck_test_support::script::Upgrade;
use openck_test_support::server::Server;
use openck_test_support::stream::Stream;
use openck_test_support::wire::Frame;

use crate::common::{Rest, Ws, eventually, expect_advice, upgrade_with};
use crate::measure::{Cost, Turn};

/// An attack, and what it may cost at most.
pub(crate) struct Attack {
    /// The item of the list of attacks and the requirement, such as `F4 R-42`.
    pub(crate) id: &'static str,
    /// What the server does.
    pub(crate) what: &'static str,
    /// How much of it.
    pub(crate) size: String,
    /// Bytes.
    pub(crate) memory: usize,
    /// Milliseconds of processor time of the program's thread.
    pub(crate) cpu_ms: u64,
}

impl Attack {
    /// Runs the attacked side, prints the figures in one line for `cargo xtask attacks`, and
    /// holds them against the bounds.
    #[track_caller]
    pub(crate) fn measure(&self, turn: &Turn, attacked: impl FnOnce()) -> Cost {
        let cost = turn.cost(attacked);
        let Self { id, what, size, memory, cpu_ms } = self;
        let Cost { peak, largest, cpu, .. } = cost;
        let ms = cpu.as_secs_f64() * 1000.0;
        println!(
            "attack | {id} | {what} | {size} | {memory} | {peak} | {largest} | {cpu_ms} | {ms:.1}"
        );
        self.expect(&cost);
        cost
    }

    /// Holds what was measured against the bounds.
    #[track_caller]
    pub(crate) fn expect(&self, cost: &Cost) {
        let Self { id, what, size, memory, cpu_ms } = self;
        let Cost { peak, cpu, .. } = cost;
        assert!(peak <= memory, "{id}, {what}, {size}: {peak} bytes are more than {memory}");
        let most = Duration::from_millis(*cpu_ms);
        assert!(*cpu <= most, "{id}, {what}, {size}: {cpu:?} are more than {most:?}");
    }
}

/// A server that makes the handshake and then does what it likes with the connection.
pub(crate) fn hostile<F>(upgrade: Upgrade, attack: F) -> Server
where
    F: Fn(&mut Stream) -> io::Result<()> + Send + Sync + 'static,
{
    let serve = move |mut stream: Stream| {
        let Some(request) = Request::read(&mut stream)? else { return Ok(()) };
        stream.set_timeout(Some(WATCHDOG))?;
        stream.write_all(&upgrade.bytes(&request))?;
        attack(&mut stream)
    };
    Server::start(0, None, serve).expect("a loopback port")
}

/// The next frame of the client; `None` when it leaves.
pub(crate) fn next_frame(stream: &mut Stream) -> Option<Frame> {
    let deadline = Instant::now() + WATCHDOG;
    let (mut inbox, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read_until(&mut chunk, deadline).ok().filter(|n| *n > 0)?;
        inbox.extend_from_slice(&chunk[..n]);
        if let Some(frame) = Frame::take(&mut inbox) {
            return Some(frame);
        }
    }
}

/// Keeps a connection open, without reading, until the test ends.
pub(crate) struct Hold(Mutex<Receiver<()>>);

impl Hold {
    /// The other half is to be kept as long as the connection.
    pub(crate) fn new() -> (Sender<()>, Self) {
        let (held, hold) = channel();
        (held, Self(Mutex::new(hold)))
    }

    pub(crate) fn wait(&self) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
}

/// One session after the other: some bytes, then the end of what the server sends, then the first
/// frame that comes back.
pub(crate) struct Sessions {
    server: Server,
    /// What the next session sends, until its thread has taken it.
    next: Arc<Mutex<Option<Vec<u8>>>>,
    answers: Receiver<Option<Frame>>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self::with(Upgrade::default())
    }

    pub(crate) fn with(upgrade: Upgrade) -> Self {
        let next = Arc::new(Mutex::new(None::<Vec<u8>>));
        let (told, answers) = channel();
        let script = Arc::clone(&next);
        let server = hostile(upgrade, move |stream| {
            let bytes = script.lock().unwrap().take();
            stream.write_all(&bytes.unwrap_or_default())?;
            stream.finish_writing()?;
            let _ = told.send(next_frame(stream));
            Ok(())
        });
        Self { server, next, answers }
    }

    /// A session in which the server sends this.
    #[track_caller]
    pub(crate) fn open(&self, bytes: Vec<u8>) -> Ws {
        self.open_with(bytes, |_| {})
    }

    #[track_caller]
    pub(crate) fn open_with(&self, bytes: Vec<u8>, prepare: impl FnOnce(&Ws)) -> Ws {
        *self.next.lock().unwrap() = Some(bytes);
        let ws = upgrade_with(&Rest::connected(self.server.port()), "/", prepare);
        eventually(|| self.next.lock().unwrap().is_none());
        ws
    }

    /// What came back in the last session.
    pub(crate) fn answer(&self) -> Option<Frame> {
        self.answers.recv_timeout(3 * WATCHDOG).expect("the server's report")
    }

    /// The session fails with reason 4 before anything of the wrong frame is delivered, and this
    /// Close goes out.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, ws: &Ws, name: &str, code: u16) {
        let mut reads = 0;
        while ws.read() {
            reads += 1;
            assert!(reads < 10, "{name}: accepted");
        }
        assert_eq!(ws.fail_reason(), 4, "{name}: {}", ws.error());
        expect_advice(&ws.error());
        self.expect_refusal_sent(ws, code);
    }

    /// The session has failed, and this Close went out.
    #[track_caller]
    pub(crate) fn expect_refusal_sent(&self, ws: &Ws, code: u16) {
        assert!(!ws.is_connected(), "{}", ws.error());
        let close = self.answer();
        let sent = close.as_ref().map(|frame| (frame.close_code(), frame.mask.is_some()));
        assert_eq!(sent, Some((Some(code), true)), "{close:?}: {}", ws.error());
    }
}
