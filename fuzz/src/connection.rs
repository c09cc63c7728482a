//! Both directions of a connection without its socket.

use openck::error::ErrorKind;
use openck::proto::extension::Agreed;
use openck::proto::receiver::{Event, Limits, Receiver};

use crate::input::Input;
use crate::proto_support::take_both_ways;
use crate::sending;

/// Any split of what a server sends, taken by either way of receiving, means the same; limits hold
/// whenever they change; nothing follows a Close or a failure; what is sent is what RFC 6455
/// allows..
pub fn connection(data: &[u8]) {
    let mut input = Input::new(data);
    let setup = Setup::read(&mut input);
    let script = input.script();
    let whole = setup.run(&[&script], |_| false);
    let bytewise: Vec<&[u8]> = script.chunks(1).collect();
    same(&setup.run(&bytewise, |_| false), &whole);
    let pieces = input.cut(&script);
    let direct = input.byte();
    same(&setup.run(&pieces, |n| direct >> (n % 8) & 1 == 1), &whole);
    changing_limits(&setup, &pieces, &mut input);
    sending::sending(&mut input);
}

/// What was agreed and allowed before the first frame.
struct Setup {
    deflate: Option<Agreed>,
    limits: Limits,
}

impl Setup {
    fn read(input: &mut Input<'_>) -> Self {
        let takeover = input.flag();
        let agreed = Agreed {
            server_bits: 8 + input.below(8) as u8,
            client_bits: 15,
            server_takeover: takeover,
            client_takeover: true,
        };
        let deflate = input.flag().then_some(agreed);
        Self { deflate, limits: limits(input) }
    }

    fn start(&self) -> Run {
        let receiver = Receiver::new(self.limits);
        let receiver = match &self.deflate {
            Some(agreed) => receiver.with_deflate(agreed),
            None => receiver,
        };
        Run { receiver, seen: Seen::default(), start: 0, most: self.limits.message }
    }

    /// Takes the pieces; `direct` says which of them go straight into the message where they may.
    fn run(&self, pieces: &[&[u8]], direct: impl Fn(usize) -> bool) -> Seen {
        let mut run = self.start();
        for (n, piece) in pieces.iter().enumerate() {
            run.take(piece, direct(n));
        }
        run.seen
    }
}

fn limits(input: &mut Input<'_>) -> Limits {
    let mut limit = || input.pick(&[0, 1, 20, 125, 126, 1000, 70_000, u64::MAX]);
    Limits { frame: limit(), message: limit() }
}

/// What came of a script.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    events: Vec<Event>,
    message: Vec<u8>,
    failure: Option<ErrorKind>,
}

/// After a failure the bytes of the unfinished frame do not count.
fn same(pieces: &Seen, whole: &Seen) {
    assert_eq!(pieces.events, whole.events);
    assert_eq!(pieces.failure, whole.failure);
    if whole.failure.is_none() {
        assert_eq!(pieces.message, whole.message);
    }
}

struct Run {
    receiver: Receiver,
    seen: Seen,
    /// Where the open message begins.
    start: usize,
    /// The largest limit that this message was under; 0 is none.
    most: u64,
}

impl Run {
    fn take(&mut self, piece: &[u8], direct: bool) {
        let mut rest = piece;
        loop {
            let closed = matches!(self.seen.events.last(), Some(Event::Close(_)));
            let room = if direct { self.receiver.direct() } else { 0 };
            let (used, event) = match room {
                0 => match take_both_ways(&mut self.receiver, rest, &mut self.seen.message) {
                    Ok(taken) => taken,
                    Err(error) => return self.failed(error.kind()),
                },
                _ => {
                    let from = self.seen.message.len();
                    let used = room.min(rest.len());
                    self.seen.message.extend_from_slice(&rest[..used]);
                    match self.receiver.appended(&self.seen.message, from) {
                        Ok(event) => (used, event),
                        Err(error) => return self.failed(error.kind()),
                    }
                }
            };
            assert!(self.seen.failure.is_none(), "went on after a failure");
            rest = &rest[used..];
            self.bounded();
            match event {
                Some(event) => {
                    assert!(!closed, "{event:?} after a Close");
                    self.note(event);
                }
                None if rest.is_empty() => return,
                None => assert!(room > 0, "bytes were left without an event"),
            }
        }
    }

    fn note(&mut self, event: Event) {
        if let Event::Data { fin: true, .. } = event {
            self.start = self.seen.message.len();
            assert!(!self.receiver.in_progress());
        }
        self.seen.events.push(event);
    }

    /// a failure is one of three, and stays.
    fn failed(&mut self, kind: ErrorKind) {
        assert!(matches!(kind, ErrorKind::Protocol | ErrorKind::PeerText | ErrorKind::TooBig));
        assert_eq!(*self.seen.failure.get_or_insert(kind), kind);
        self.bounded();
        let again = self.receiver.receive(b"\x81\x00", &mut self.seen.message);
        assert_eq!(again.map_err(|error| error.kind()), Err(kind));
        assert_eq!(self.receiver.direct(), 0);
    }

    /// a message is within its limit, but for the byte that shows it is not.
    fn bounded(&self) {
        let len = (self.seen.message.len() - self.start) as u64;
        assert!(self.most == 0 || len <= self.most.saturating_add(1), "{len} of {}", self.most);
        let held = self.seen.message.capacity();
        assert!(held <= 2 * self.seen.message.len() + (64 << 10) + 1024, "{held} bytes are held");
    }
}

/// The program changes limits between pieces, and asks about the state.
fn changing_limits(setup: &Setup, pieces: &[&[u8]], input: &mut Input<'_>) {
    let mut run = setup.start();
    for piece in pieces {
        if input.flag() {
            let limits = limits(input);
            run.receiver.set_limits(limits);
            run.most =
                if run.most == 0 || limits.message == 0 { 0 } else { run.most.max(limits.message) };
        }
        run.take(piece, input.flag());
    }
    too_much(&mut run.receiver, run.seen.failure);
}

/// More payload than is missing is the caller's mistake, and told.
fn too_much(receiver: &mut Receiver, failure: Option<ErrorKind>) {
    let room = receiver.direct();
    if room > 1 << 20 {
        return;
    }
    let result = receiver.appended(&vec![b'a'; room + 1], 0).map_err(|error| error.kind());
    assert_eq!(result, Err(failure.unwrap_or(ErrorKind::Internal)));
}
