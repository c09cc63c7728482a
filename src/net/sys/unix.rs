//! `poll` of Unix, and how a process knows that it is a fork.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use socket2::Socket;

/// The number by which the system knows a socket.
pub type RawSocketId = RawFd;
pub(super) const NO_SOCKET: RawSocketId = -1;

/// The number by which `poll` knows a socket.
pub(crate) fn raw_id(socket: &Socket) -> RawSocketId {
    socket.as_raw_fd()
}

/// One socket to poll; `NO_SOCKET` is skipped.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct PollFd(libc::pollfd);

impl PollFd {
    /// Skipped by the poll.
    pub(crate) const fn nothing() -> Self {
        Self(libc::pollfd { fd: NO_SOCKET, events: 0, revents: 0 })
    }

    pub(crate) fn new(socket: RawSocketId, readable: bool, writable: bool) -> Self {
        let mut events = 0;
        if readable {
            events |= libc::POLLIN;
        }
        if writable {
            events |= libc::POLLOUT;
        }
        if events == 0 {
            // It would still report its end, again and again.
            return Self::nothing();
        }
        Self(libc::pollfd { fd: socket, events, revents: 0 })
    }

    /// Whether something asked for, an error or the end is there.
    pub(crate) fn is_ready(&self) -> bool {
        self.0.revents != 0
    }
}

/// Waits until a socket is ready; the number of ready ones. Interruption is an error.
pub(crate) fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let count = fds.len() as libc::nfds_t;
    // SAFETY: PollFd is a transparent pollfd, and the slice is valid for `count` of them.
    let ready = unsafe { libc::poll(fds.as_mut_ptr().cast(), count, super::poll_timeout(timeout)) };
    usize::try_from(ready).map_err(|_| io::Error::last_os_error())
}

/// Whether [`set_low_water`] does what it says. macOS knows the option, but not so that a poll may
/// rely on it.
pub(crate) const HAS_LOW_WATER: bool = cfg!(target_os = "linux");

/// Asks the system to call `socket` readable only when `bytes` are there, or all that it has room for,
/// or the end. If it refuses, nothing changes.
pub(crate) fn set_low_water(socket: &Socket, bytes: usize) {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(1);
    let (option, size) = (libc::SO_RCVLOWAT, size_of_val(&bytes) as libc::socklen_t);
    let value = (&raw const bytes).cast();
    // SAFETY: `value` points to `size` bytes for the time of the call.
    let _ = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, size) };
}

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How often this process is a fork of one that called this. A bell made before a fork is
/// shared with the parent, so that one process could swallow what rings for the other.
pub(crate) fn forks() -> u32 {
    static WATCHED: Once = Once::new();
    extern "C" fn in_the_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    WATCHED.call_once(|| {
        // SAFETY: the handler only adds to an atomic. Should registering fail, a wake-up in a
        // forked process may come late; nothing else depends on it.
        unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
    });
    FORKS.load(Ordering::Relaxed)
}
