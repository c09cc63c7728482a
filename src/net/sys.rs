//! The operating system's socket calls that std and socket2 do not offer safely.
//!
//! `poll`, receiving into memory that was never filled, sending without SIGPIPE, and below it the
//! bell that ends a wait. The only unsafe code of `net`.

mod bell;
#[cfg_attr(unix, path = "sys/unix.rs")]
#[cfg_attr(windows, path = "sys/windows.rs")]
mod platform;

use std::io::{self, Read};
use std::time::Duration;

use socket2::Socket;

pub(crate) use bell::Bell;
pub use platform::RawSocketId;
pub(crate) use platform::{HAS_LOW_WATER, PollFd, forks, poll, raw_id, set_low_water};

/// No socket; skipped by [`poll`].
pub(crate) const NO_SOCKET: RawSocketId = platform::NO_SOCKET;

// macOS and Windows have no such flag; there socket2 sets SO_NOSIGPIPE, or no signal exists.
#[cfg(any(target_vendor = "apple", windows))]
const SEND_FLAGS: i32 = 0;
#[cfg(not(any(target_vendor = "apple", windows)))]
const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;

/// Receives into `room`; `Ok(0)` is the end of the stream. Never blocks; interruptions are retried.
pub(crate) fn receive(socket: &Socket, room: &mut [u8]) -> io::Result<usize> {
    retry(|| (&mut &*socket).read(room))
}

/// Receives up to `max` bytes into the spare capacity of `dst`, without filling it first.
///
/// `dst` must have spare capacity, else the result is 0 and looks like the end of the stream.
pub(crate) fn receive_spare(socket: &Socket, dst: &mut Vec<u8>, max: usize) -> io::Result<usize> {
    let spare = dst.spare_capacity_mut();
    let room = spare.len().min(max);
    let n = retry(|| socket.recv(&mut spare[..room]))?.min(room);
    // SAFETY: `n` is at most the spare capacity, and the kernel wrote its first `n` bytes.
    unsafe { dst.set_len(dst.len() + n) };
    Ok(n)
}

/// Sends what the socket takes now. Never blocks, never raises SIGPIPE.
pub(crate) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    retry(|| socket.send_with_flags(bytes, SEND_FLAGS)).map(|n| n.min(bytes.len()))
}

fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if is_interrupted(&error) => {}
            result => return result,
        }
    }
}

#[cold]
fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

/// Milliseconds for `poll`: rounded up so that a wait never ends early; -1 is forever.
fn poll_timeout(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_noticed_by_the_child_only() {
        let before = forks();
        // SAFETY: the child calls nothing but async-signal-safe functions.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let status = i32::from(forks() != before + 1);
            // SAFETY: ends the child without running anything of the test harness.
            unsafe { libc::_exit(status) };
        }
        let mut status = -1;
        // SAFETY: `status` is valid, and `child` is a child of this process.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert_eq!(forks(), before);
    }

    #[test]
    fn waits_are_rounded_up_and_may_be_endless() {
        assert_eq!(poll_timeout(None), -1);
        assert_eq!(poll_timeout(Some(Duration::ZERO)), 0);
        assert_eq!(poll_timeout(Some(Duration::from_nanos(1))), 1);
        assert_eq!(poll_timeout(Some(Duration::MAX)), i32::MAX);
    }
}
