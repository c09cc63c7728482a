//! What ends the poll of a thread: other threads ring it, and on Linux it rings by itself at a time.

pub(crate) use platform::Bell;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::fs::File;
    use std::io::{self, Read};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::ptr;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use crate::net::sys::RawSocketId;

    /// A timer that can be polled. To ring it is to let it run out.
    ///
    /// A poll with a timeout of its own starts and stops a timer of the kernel each time, a good part
    /// of what a short wait costs. This one is set once and left alone while later polls have later
    /// deadlines: it may ring too early, once, and never later than the clocks can tell.
    pub(crate) struct Bell {
        timer: File,
        /// The same moment, for the program and for the timer.
        born: (Instant, Duration),
        /// When it rings by itself, in nanoseconds after `born`. For the thread that polls.
        set_to: AtomicU64,
    }

    const NEVER: u64 = u64::MAX;

    impl Bell {
        pub(crate) fn new() -> io::Result<Self> {
            let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
            // SAFETY: takes two integers.
            let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: a new descriptor, which belongs to nobody else.
            let timer = unsafe { OwnedFd::from_raw_fd(fd) }.into();
            let born = (Instant::now(), monotonic()?);
            Ok(Self { timer, born, set_to: AtomicU64::new(NEVER) })
        }

        pub(crate) fn id(&self) -> RawSocketId {
            self.timer.as_raw_fd()
        }

        /// From any thread.
        pub(crate) fn ring(&self) {
            // The earliest time that does not stop the timer.
            self.set(Duration::from_nanos(1));
        }

        /// Lets it ring at `deadline`, unless it rings before that. May undo a [`Bell::ring`]. False if
        /// it cannot.
        #[inline]
        pub(crate) fn ring_by(&self, deadline: Instant) -> bool {
            let (born, _) = self.born;
            let after = deadline.saturating_duration_since(born).as_nanos();
            let after = u64::try_from(after).unwrap_or(NEVER - 1);
            self.set_to.load(Ordering::Relaxed) <= after || self.arm(after)
        }

        #[cold]
        fn arm(&self, after: u64) -> bool {
            let (_, born) = self.born;
            let set = self.set(born.saturating_add(Duration::from_nanos(after)));
            self.set_to.store(if set { after } else { NEVER }, Ordering::Relaxed);
            set
        }

        /// After it rang.
        pub(crate) fn silence(&self) {
            let _ = (&self.timer).read(&mut [0; 8]);
            self.set_to.store(NEVER, Ordering::Relaxed);
        }

        /// `at` is a time of the timer's clock.
        fn set(&self, at: Duration) -> bool {
            let value = libc::timespec {
                tv_sec: libc::time_t::try_from(at.as_secs()).unwrap_or(libc::time_t::MAX),
                tv_nsec: i32::try_from(at.subsec_nanos()).unwrap_or(0).into(),
            };
            let interval = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let time = libc::itimerspec { it_interval: interval, it_value: value };
            let (fd, absolute) = (self.timer.as_raw_fd(), libc::TFD_TIMER_ABSTIME);
            // SAFETY: `time` is valid for reading; the old time is not asked for.
            unsafe { libc::timerfd_settime(fd, absolute, &raw const time, ptr::null_mut()) == 0 }
        }
    }

    /// The clock of the timer.
    fn monotonic() -> io::Result<Duration> {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `now` is valid for writing.
        if unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let (seconds, nanos) = (u64::try_from(now.tv_sec), u32::try_from(now.tv_nsec));
        Ok(Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::net::sys::{PollFd, poll};

        fn rings_within(bell: &Bell, ms: u64) -> bool {
            let mut fds = [PollFd::new(bell.id(), true, false)];
            poll(&mut fds, Some(Duration::from_millis(ms))).unwrap() == 1
        }

        fn set(bell: &Bell, left: Duration) {
            assert!(bell.ring_by(Instant::now() + left));
        }

        const SOON: Duration = Duration::from_millis(10);
        const LATE: Duration = Duration::from_secs(60);

        #[test]
        fn it_rings_at_the_earliest_time_it_was_given() {
            let bell = Bell::new().unwrap();
            assert!(!rings_within(&bell, 0));
            set(&bell, LATE);
            set(&bell, SOON);
            set(&bell, LATE);
            assert!(rings_within(&bell, 30_000));
            bell.silence();
            set(&bell, LATE);
            assert!(!rings_within(&bell, 20));
        }

        #[test]
        fn another_thread_rings_it_at_once() {
            let bell = Bell::new().unwrap();
            set(&bell, LATE);
            std::thread::scope(|scope| scope.spawn(|| bell.ring()).join()).unwrap();
            assert!(rings_within(&bell, 30_000));
        }

        #[test]
        fn no_time_left_is_at_once_and_the_most_distant_time_is_no_error() {
            let bell = Bell::new().unwrap();
            set(&bell, Duration::from_secs(1 << 40));
            assert!(!rings_within(&bell, 0));
            bell.silence();
            set(&bell, Duration::ZERO);
            assert!(rings_within(&bell, 30_000));
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod platform {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use crate::net::sys::RawSocketId;

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

        /// It does not ring by itself: polls have timeouts.
        pub(crate) fn ring_by(&self, _deadline: Instant) -> bool {
            false
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
    use std::os::windows::io::AsRawSocket;
    use std::time::Instant;

    use crate::net::sys::RawSocketId;

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

        /// It does not ring by itself: polls have timeouts.
        pub(crate) fn ring_by(&self, _deadline: Instant) -> bool {
            false
        }

        pub(crate) fn silence(&self) {
            while self.0.recv(&mut [0]).is_ok() {}
        }
    }
}
