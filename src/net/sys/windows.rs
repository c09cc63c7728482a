//! `poll` of Windows.

use std::io;
use std::os::windows::io::{AsRawSocket, RawSocket};
use std::time::Duration;

use socket2::Socket;

/// The number by which the system knows a socket.
pub type RawSocketId = RawSocket;
pub(super) const NO_SOCKET: RawSocketId = RawSocket::MAX;

const POLLRDNORM: i16 = 0x0100;
const POLLWRNORM: i16 = 0x0010;

#[link(name = "ws2_32")]
unsafe extern "system" {
    fn WSAPoll(fds: *mut PollFd, count: u32, timeout: i32) -> i32;
}

/// The number by which `poll` knows a socket.
pub(crate) fn raw_id(socket: &Socket) -> RawSocketId {
    socket.as_raw_socket()
}

/// One socket to poll, laid out as WSAPOLLFD.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct PollFd {
    socket: usize,
    events: i16,
    revents: i16,
}

impl PollFd {
    /// Skipped by the poll.
    pub(crate) const fn nothing() -> Self {
        Self { socket: NO_SOCKET as usize, events: 0, revents: 0 }
    }

    pub(crate) fn new(socket: RawSocketId, readable: bool, writable: bool) -> Self {
        let mut events = 0;
        if readable {
            events |= POLLRDNORM;
        }
        if writable {
            events |= POLLWRNORM;
        }
        if events == 0 {
            return Self::nothing();
        }
        Self { socket: socket as usize, events, revents: 0 }
    }

    /// Whether something asked for, an error or the end is there.
    pub(crate) fn is_ready(&self) -> bool {
        self.revents != 0
    }
}

/// Windows has no such mark.
pub(crate) const HAS_LOW_WATER: bool = false;

pub(crate) fn set_low_water(_socket: &Socket, _bytes: usize) {}

/// Waits until a socket is ready; the number of ready ones.
pub(crate) fn poll(fds: &mut [PollFd], timeout: Option<Duration>) -> io::Result<usize> {
    let count = fds.len() as u32;
    // SAFETY: PollFd is laid out as WSAPOLLFD, and the slice is valid for `count` of them.
    let ready = unsafe { WSAPoll(fds.as_mut_ptr(), count, super::poll_timeout(timeout)) };
    let ready = usize::try_from(ready).map_err(|_| io::Error::last_os_error())?;
    // A skipped socket is reported as invalid; that is not news.
    for fd in fds.iter_mut().filter(|fd| fd.socket == NO_SOCKET as usize) {
        fd.revents = 0;
    }
    Ok(ready)
}

/// There is no fork on Windows.
pub(crate) fn forks() -> u32 {
    0
}
