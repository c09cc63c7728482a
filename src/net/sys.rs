//! The operating system's socket calls that std and socket2 do not offer safely.
//!
//! `poll`, receiving into memory that was never filled, sending without SIGPIPE, and the bell
//! that wakes a waiting thread. The only unsafe code of `net`.

use std::io::{self, Read};
use std::time::Duration;

use socket2::Socket;

pub use platform::RawSocketId;
pub(crate) use platform::{Bell, PollFd, forks, poll, raw_id};

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
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Milliseconds for `poll`: rounded up so that a wait never ends early; -1 is forever.
fn poll_timeout(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

#[cfg(unix)]
mod platform {
    use std::io::{self, Read, Write};
    use std::os::fd::{AsRawFd, RawFd};
    use std::os::unix::net::UnixStream;
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
        pub(crate) fn new(socket: RawSocketId, readable: bool, writable: bool) -> Self {
            let mut events = 0;
            if readable {
                events |= libc::POLLIN;
            }
            if writable {
                events |= libc::POLLOUT;
            }
            // A socket that nothing is asked of would still report its end, again and again.
            let fd = if events == 0 { NO_SOCKET } else { socket };
            Self(libc::pollfd { fd, events, revents: 0 })
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
        let ready =
            unsafe { libc::poll(fds.as_mut_ptr().cast(), count, super::poll_timeout(timeout)) };
        usize::try_from(ready).map_err(|_| io::Error::last_os_error())
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

    /// Something that can be polled and that other threads can make readable.
    pub(crate) struct Bell {
        here: UnixStream,
        there: UnixStream,
    }

    impl Bell {
        pub(crate) fn new() -> io::Result<Self> {
            let (here, there) = UnixStream::pair()?;
            here.set_nonblocking(true)?;
            there.set_nonblocking(true)?;
            Ok(Self { here, there })
        }

        pub(crate) fn id(&self) -> RawSocketId {
            self.here.as_raw_fd()
        }

        pub(crate) fn ring(&self) {
            // A full pipe is a bell that rings already.
            let _ = (&self.there).write(&[1]);
        }

        pub(crate) fn silence(&self) {
            let mut bytes = [0; 16];
            while matches!((&self.here).read(&mut bytes), Ok(n) if n == bytes.len()) {}
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::io;
    use std::net::{Ipv4Addr, UdpSocket};
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
        pub(crate) fn new(socket: RawSocketId, readable: bool, writable: bool) -> Self {
            let mut events = 0;
            if readable {
                events |= POLLRDNORM;
            }
            if writable {
                events |= POLLWRNORM;
            }
            let socket = if events == 0 { NO_SOCKET } else { socket };
            Self { socket: socket as usize, events, revents: 0 }
        }

        /// Whether something asked for, an error or the end is there.
        pub(crate) fn is_ready(&self) -> bool {
            self.revents != 0
        }
    }

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

    /// Something that can be polled and that other threads can make readable.
    pub(crate) struct Bell(UdpSocket);

    impl Bell {
        pub(crate) fn new() -> io::Result<Self> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        }

        pub(crate) fn id(&self) -> RawSocketId {
            self.0.as_raw_socket()
        }

        pub(crate) fn ring(&self) {
            // A full queue is a bell that rings already.
            let _ = self.0.send(&[1]);
        }

        pub(crate) fn silence(&self) {
            while self.0.recv(&mut [0]).is_ok() {}
        }
    }
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
