//! The one place that waits: steps, deadlines, and how other threads end or hasten a wait.
//!
//! A step never blocks. It either finishes or says which socket to watch and until when;
//! [`block_on`] polls that socket together with the wake handle of the waiting thread.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::net::sys::{self, Bell, PollFd};

pub use crate::net::sys::RawSocketId;

/// How often a thread with an interrupt check looks at it.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(50);

/// What a step came to.
#[derive(Debug)]
pub enum Step<T> {
    /// Finished, with this result.
    Done(T),
    /// To be called again when `watch` is ready, or for the last time when `deadline` passes.
    Wait {
        /// What to wait for.
        watch: Watch,
        /// When waiting is in vain; `None` is never.
        deadline: Option<Instant>,
    },
}

/// What a step waits for: a socket, and news from other threads.
#[derive(Debug)]
pub struct Watch {
    /// The socket.
    pub socket: RawSocketId,
    /// Wait until it has something to receive.
    pub readable: bool,
    /// Wait until it takes something to send.
    pub writable: bool,
    /// News that also ends the wait.
    pub news: Option<News>,
}

impl Watch {
    /// Watches no socket, only `news` and the deadline.
    pub fn news(news: News) -> Self {
        Self { socket: sys::NO_SOCKET, readable: false, writable: false, news: Some(news) }
    }
}

/// A point in time on a [`Wakeup`]: a wait ends when the wakeup was called after it.
#[derive(Debug)]
pub struct News {
    wakeup: Arc<Wakeup>,
    seen: u64,
}

impl News {
    /// Everything that happens on `wakeup` from now on. Take it before looking at the state that
    /// the wakeup is about, or under the lock that guards that state.
    pub fn since_now(wakeup: &Arc<Wakeup>) -> Self {
        Self { wakeup: Arc::clone(wakeup), seen: wakeup.count() }
    }
}

/// Wakes the threads that wait for some state when another thread has changed it.
#[derive(Default)]
pub struct Wakeup {
    /// Calls of `wake` so far. A waiter that finds it changed after it registered does not sleep.
    count: AtomicU64,
    waiters: AtomicUsize,
    wakers: Mutex<Vec<Arc<Waker>>>,
}

impl std::fmt::Debug for Wakeup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wakeup({} calls)", self.count())
    }
}

impl Wakeup {
    /// Nobody waits, nothing happened.
    pub const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            waiters: AtomicUsize::new(0),
            wakers: Mutex::new(Vec::new()),
        }
    }

    /// Ends the waits of all threads that wait now, so that they look at the state again.
    pub fn wake(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        // A waiter counts itself before it compares `count`: one of the two sees the other.
        if self.waiters.load(Ordering::SeqCst) != 0 {
            for waker in lock(&self.wakers).iter() {
                waker.wake();
            }
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    fn register(&self, waker: &Arc<Waker>) {
        self.waiters.fetch_add(1, Ordering::SeqCst);
        lock(&self.wakers).push(Arc::clone(waker));
    }

    fn unregister(&self, waker: &Arc<Waker>) {
        let mut wakers = lock(&self.wakers);
        if let Some(index) = wakers.iter().position(|other| Arc::ptr_eq(other, waker)) {
            wakers.swap_remove(index);
            self.waiters.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Ends calls from another thread.
///
/// A call that is waiting when [`Cancel::cancel`] is called ends, even if [`Cancel::reset`]
/// follows at once; calls that start before the reset end at once.
#[derive(Debug, Default)]
pub struct Cancel {
    set: AtomicBool,
    wakeup: Wakeup,
}

impl Cancel {
    /// Not cancelled.
    pub const fn new() -> Self {
        Self { set: AtomicBool::new(false), wakeup: Wakeup::new() }
    }

    /// Ends all calls that watch this, now and until the reset. From any thread; never blocks.
    pub fn cancel(&self) {
        self.set.store(true, Ordering::SeqCst);
        self.wakeup.wake();
    }

    /// Lets new calls begin again.
    pub fn reset(&self) {
        self.set.store(false, Ordering::SeqCst);
    }

    /// Whether calls are to end.
    pub fn is_cancelled(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }
}

thread_local! {
    static WAKER: RefCell<Option<Arc<Waker>>> = const { RefCell::new(None) };
    static INTERRUPT: Cell<Option<fn() -> bool>> = const { Cell::new(None) };
    static INTERRUPT_ASKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets or removes this thread's interrupt check.
///
/// While set, every wait of this thread calls it at least every 50 ms and after a signal, with no
/// lock held; when it answers true the waiting call ends with [`ErrorKind::Aborted`].
pub fn set_interrupt(check: Option<fn() -> bool>) {
    INTERRUPT.set(check);
}

/// Calls `step` until it is done, and waits in between. This is the blocking form of every call.
///
/// Ends early with [`ErrorKind::Aborted`] when one of `cancels` is set or the interrupt check of
/// this thread says so, in both cases before the next step. When a deadline passes, the step is
/// called once more; if it then neither finishes nor sets a later deadline, the call ends with
/// [`ErrorKind::Timeout`] and nothing is lost: the same call may be made again.
pub fn block_on<T>(cancels: &[&Cancel], mut step: impl FnMut() -> Result<Step<T>>) -> Result<T> {
    let cancels = Cancels::new(cancels);
    let mut was_late = false;
    loop {
        cancels.check()?;
        let (watch, deadline) = match step()? {
            Step::Done(result) => return Ok(result),
            Step::Wait { watch, deadline } => (watch, deadline),
        };
        // A flood that keeps the socket ready does not outrun the deadline.
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if late && was_late {
            return Err(timeout());
        }
        let mut fds = [PollFd::new(watch.socket, watch.readable, watch.writable); 2];
        let ready = wait(&mut fds, deadline, watch.news.as_ref(), &cancels)?;
        was_late = late || !ready;
    }
}

/// A socket for [`wait_ready`].
#[derive(Debug)]
pub struct Ready {
    /// The socket.
    pub socket: RawSocketId,
    /// Wait until it has something to receive.
    pub readable: bool,
    /// Wait until it takes something to send.
    pub writable: bool,
    /// Set by the wait: something asked for, an error or the end is there.
    pub ready: bool,
}

/// Waits until at least one of several sockets is ready, and marks those that are.
///
/// True when one is ready; false when the deadline passed. Ends as [`block_on`] does.
pub fn wait_ready(
    watches: &mut [Ready],
    deadline: Option<Instant>,
    cancels: &[&Cancel],
) -> Result<bool> {
    let cancels = Cancels::new(cancels);
    let mut fds: Vec<PollFd> =
        watches.iter().map(|w| PollFd::new(w.socket, w.readable, w.writable)).collect();
    fds.push(PollFd::new(sys::NO_SOCKET, false, false));
    loop {
        cancels.check()?;
        let in_time = wait(&mut fds, deadline, None, &cancels)?;
        for (watch, fd) in watches.iter_mut().zip(&fds) {
            watch.ready = fd.is_ready();
        }
        let ready = watches.iter().any(|watch| watch.ready);
        if ready || !in_time {
            return Ok(ready);
        }
    }
}

/// The tokens that can end a call, and how often they were set when the call began.
struct Cancels<'a> {
    tokens: &'a [&'a Cancel],
    before: u64,
}

impl<'a> Cancels<'a> {
    fn new(tokens: &'a [&'a Cancel]) -> Self {
        Self { tokens, before: Self::count(tokens) }
    }

    fn count(tokens: &[&Cancel]) -> u64 {
        tokens.iter().map(|token| token.wakeup.count()).fold(0, u64::wrapping_add)
    }

    fn any(&self) -> bool {
        self.tokens.iter().any(|token| token.is_cancelled())
            || Self::count(self.tokens) != self.before
    }

    fn check(&self) -> Result<()> {
        if self.any() { Err(aborted("The call was ended by the program.")) } else { Ok(()) }
    }
}

/// Polls once. True when a socket is ready or there is news, false when the deadline has passed.
/// The last of `fds` is replaced by this thread's wake handle.
fn wait(
    fds: &mut [PollFd],
    deadline: Option<Instant>,
    news: Option<&News>,
    cancels: &Cancels<'_>,
) -> Result<bool> {
    if cancels.tokens.is_empty() && news.is_none() {
        if let Some(last) = fds.last_mut() {
            *last = PollFd::new(sys::NO_SOCKET, false, false);
        }
        return poll(fds, deadline);
    }
    let waker = Waker::of_this_thread()?;
    if let Some(last) = fds.last_mut() {
        *last = PollFd::new(waker.bell.id(), true, false);
    }
    let registered = Registered::new(&waker, news, cancels);
    // What happened before the registration rang no bell.
    if cancels.any() || news.is_some_and(|news| news.wakeup.count() != news.seen) {
        return Ok(true);
    }
    let in_time = poll(fds, deadline);
    drop(registered);
    if fds.last().is_some_and(PollFd::is_ready) {
        waker.silence();
    }
    in_time
}

/// One poll, cut into pieces while this thread has an interrupt check.
fn poll(fds: &mut [PollFd], deadline: Option<Instant>) -> Result<bool> {
    let interrupt = INTERRUPT.get();
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let piece = match (interrupt, left) {
            (Some(_), Some(left)) => Some(left.min(INTERRUPT_INTERVAL)),
            (Some(_), None) => Some(INTERRUPT_INTERVAL),
            (None, left) => left,
        };
        let result = sys::poll(fds, piece);
        if let Some(check) = interrupt {
            ask(check, result.is_err())?;
        }
        match result {
            Ok(0) => {}
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let text = format!("Waiting for the network failed: {error}.");
                return Err(Error::new(ErrorKind::Internal, text));
            }
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(false);
        }
    }
}

/// Calls the interrupt check when a signal came or when it was not called for a while.
fn ask(check: fn() -> bool, signal: bool) -> Result<()> {
    let now = Instant::now();
    let recent = INTERRUPT_ASKED.get().is_some_and(|asked| now - asked < INTERRUPT_INTERVAL);
    if recent && !signal {
        return Ok(());
    }
    INTERRUPT_ASKED.set(Some(now));
    if check() {
        return Err(aborted("The call was ended by the program's interrupt check."));
    }
    Ok(())
}

/// Rings when another thread wants this thread to look again; belongs to one thread.
struct Waker {
    bell: Bell,
    /// The bell rings already, so that many calls cost one write.
    rung: AtomicBool,
}

impl Waker {
    /// Made at the thread's first wait and kept for its life.
    fn of_this_thread() -> Result<Arc<Self>> {
        let made = || {
            let bell = Bell::new().map_err(|error| {
                let text = format!("No wake handle could be made for this thread: {error}.");
                Error::new(ErrorKind::Internal, text)
                    .advise("The process has probably too many open files or sockets.")
            })?;
            Ok(Arc::new(Self { bell, rung: AtomicBool::new(false) }))
        };
        let kept = WAKER.try_with(|slot| {
            let mut slot = slot.borrow_mut();
            match &*slot {
                Some(waker) => Ok(Arc::clone(waker)),
                None => made().inspect(|waker| *slot = Some(Arc::clone(waker))),
            }
        });
        // A thread that is ending has lost its slot.
        kept.unwrap_or_else(|_| made())
    }

    fn wake(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            self.bell.ring();
        }
    }

    /// The caller looks at the state afterwards, so a call between the two lines is not lost.
    fn silence(&self) {
        self.bell.silence();
        self.rung.store(false, Ordering::SeqCst);
    }
}

/// This thread on the lists of everything that may wake it; off them when dropped.
struct Registered<'a> {
    waker: &'a Arc<Waker>,
    news: Option<&'a News>,
    tokens: &'a [&'a Cancel],
}

impl<'a> Registered<'a> {
    fn new(waker: &'a Arc<Waker>, news: Option<&'a News>, cancels: &Cancels<'a>) -> Self {
        let this = Self { waker, news, tokens: cancels.tokens };
        this.wakeups().for_each(|wakeup| wakeup.register(waker));
        this
    }

    fn wakeups(&self) -> impl Iterator<Item = &'a Wakeup> {
        let news = self.news.map(|news| &*news.wakeup);
        self.tokens.iter().map(|token| &token.wakeup).chain(news)
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.wakeups().for_each(|wakeup| wakeup.unregister(self.waker));
    }
}

fn aborted(text: &str) -> Error {
    Error::new(ErrorKind::Aborted, text)
}

fn timeout() -> Error {
    Error::new(ErrorKind::Timeout, "Nothing happened within the time allowed.")
        .advise("Nothing is lost: the call may be repeated, or given more time.")
}

/// The state behind our locks is valid between any two statements, so a panic does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
