//! What is measured: direction, content, size and number of messages; and the clocks.

use std::time::{Duration, Instant};

use crate::Failure;

/// Which way the messages go, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Receive,
    Send,
    Echo,
}

/// One load.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) direction: Direction,
    pub(crate) text: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) count: u64,
}

impl Load {
    pub(crate) fn parse(
        direction: &str,
        content: &str,
        size: &str,
        count: &str,
    ) -> Result<Self, Failure> {
        let direction =
            Direction::parse(direction).ok_or_else(|| format!("no such direction: {direction}"))?;
        let payload = payload(content, size.parse()?)?;
        Ok(Self { direction, text: content != "binary", payload, count: count.parse()? })
    }

    /// What the server is asked for: it sends, swallows or returns messages of this payload.
    pub(crate) fn path(&self) -> String {
        let (size, count) = (self.payload.len(), self.count);
        let content = match (self.text, self.payload.is_ascii()) {
            (false, _) => "binary",
            (true, true) => "ascii",
            (true, false) => "utf8",
        };
        match self.direction {
            Direction::Receive => format!("/receive/{content}/{size}/{count}"),
            Direction::Send => format!("/send/{content}/{size}/{count}"),
            Direction::Echo => format!("/echo/{content}/{size}/{count}"),
        }
    }
}

/// `size` bytes of binary, of ASCII text, or of text in several scripts.
pub(crate) fn payload(content: &str, size: usize) -> Result<Vec<u8>, Failure> {
    match content {
        "binary" => Ok((0..size).map(|n| (n * 7 + n / 251) as u8).collect()),
        "ascii" => Ok((0..size).map(|n| b' ' + (n % 95) as u8).collect()),
        "utf8" => {
            let mut text = String::with_capacity(size + 4);
            for c in
                "Gr\u{fc}\u{df}e \u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{4f60}\u{597d} ok "
                    .chars()
                    .cycle()
            {
                if text.len() + c.len_utf8() > size {
                    break;
                }
                text.push(c);
            }
            while text.len() < size {
                text.push('.');
            }
            Ok(text.into_bytes())
        }
        _ => Err(format!("no such content: {content}").into()),
    }
}

/// What a load took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
}

/// Runs from its making to [`Clock::stop`].
pub(crate) struct Clock {
    wall: Instant,
    cpu: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu() }
    }

    pub(crate) fn stop(&self) -> Measured {
        Measured { wall: self.wall.elapsed(), cpu: cpu() - self.cpu }
    }
}

/// CPU of this process so far, user and system.
fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writing.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
