//! How other threads end or hasten a wait: news, cancel tokens, and the waker of each thread.

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use super::lock;
use crate::error::{Error, ErrorKind, Result};
use crate::net::sys::{self, Bell};

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

    /// Whether something has happened since.
    pub(super) fn came(&self) -> bool {
        self.wakeup.count() != self.seen
    }
}

/// Wakes the threads that wait for some state when another thread has changed it.
#[derive(Default)]
pub struct Wakeup {
    /// Calls of `wake` so far. A waiter that finds it changed after it registered does not sleep.
    count: AtomicU64,
    waiters: AtomicUsize,
    /// The waker of the thread that waited first. It stays here, so that one thread that waits again
    /// and again, the usual case, only counts itself. Weak: the thread may end.
    first: OnceLock<Weak<Waker>>,
    /// The wakers of other threads that wait now.
    others: Mutex<Vec<Arc<Waker>>>,
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
            first: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        }
    }

    /// Ends the waits of all threads that wait now, so that they look at the state again.
    pub fn wake(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        // A waiter counts itself before it compares `count`: one of the two sees the other.
        if self.waiters.load(Ordering::SeqCst) != 0 {
            self.wake_waiters();
        }
    }

    #[cold]
    fn wake_waiters(&self) {
        if let Some(first) = self.first.get().and_then(Weak::upgrade) {
            // It may not be among the waiters; its next wait then looks once in vain.
            first.wake();
        }
        for waker in lock(&self.others).iter() {
            waker.wake();
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// How many threads wait.
    #[cfg(test)]
    pub(super) fn waiters(&self) -> usize {
        self.waiters.load(Ordering::SeqCst).max(lock(&self.others).len())
    }

    /// Whether the thread that waited first still lives.
    #[cfg(test)]
    pub(super) fn knows_first(&self) -> bool {
        self.first.get().is_some_and(|first| first.strong_count() > 0)
    }

    fn register(&self, waker: &Arc<Waker>) {
        if !self.is_first(waker) {
            self.register_other(waker);
        }
        self.waiters.fetch_add(1, Ordering::SeqCst);
    }

    fn unregister(&self, waker: &Arc<Waker>) {
        self.waiters.fetch_sub(1, Ordering::SeqCst);
        if !self.is_first(waker) {
            self.unregister_other(waker);
        }
    }

    #[inline]
    fn is_first(&self, waker: &Arc<Waker>) -> bool {
        self.first.get().is_some_and(|first| ptr::eq(first.as_ptr(), Arc::as_ptr(waker)))
    }

    #[cold]
    fn register_other(&self, waker: &Arc<Waker>) {
        if self.first.set(Arc::downgrade(waker)).is_err() {
            lock(&self.others).push(Arc::clone(waker));
        }
    }

    #[cold]
    fn unregister_other(&self, waker: &Arc<Waker>) {
        let mut others = lock(&self.others);
        if let Some(index) = others.iter().position(|other| Arc::ptr_eq(other, waker)) {
            others.swap_remove(index);
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
    pub(super) wakeup: Wakeup,
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

    /// How often it was cancelled.
    pub(super) fn count(&self) -> u64 {
        self.wakeup.count()
    }

    /// Whether calls are to end.
    pub fn is_cancelled(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }
}

thread_local! {
    static WAKER: RefCell<Option<Arc<Waker>>> = const { RefCell::new(None) };
}

/// Rings when another thread wants this thread to look again; belongs to one thread.
pub(super) struct Waker {
    pub(super) bell: Bell,
    /// The bell rings already, so that many calls cost one write.
    rung: AtomicBool,
    /// In which process the bell was made.
    forks: u32,
}

impl Waker {
    /// Made at the thread's first wait and kept for its life.
    pub(super) fn of_this_thread() -> Result<Arc<Self>> {
        let made = || {
            let bell = Bell::new().map_err(|error| {
                let text = format!("No wake handle could be made for this thread: {error}.");
                Error::new(ErrorKind::Internal, text)
                    .advise("The process has probably too many open files or sockets.")
            })?;
            Ok(Arc::new(Self { bell, rung: AtomicBool::new(false), forks: sys::forks() }))
        };
        let kept = WAKER.try_with(|slot| {
            let mut slot = slot.borrow_mut();
            match &*slot {
                Some(waker) if waker.forks == sys::forks() => Ok(Arc::clone(waker)),
                _ => made().inspect(|waker| *slot = Some(Arc::clone(waker))),
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

    /// Whether another thread has called since the last silence, and then silence.
    pub(super) fn was_called(&self) -> bool {
        self.rung.load(Ordering::SeqCst) && self.silence()
    }

    /// Whether another thread has called. The caller looks at the state afterwards, so a call between
    /// the two lines is not lost.
    pub(super) fn silence(&self) -> bool {
        self.bell.silence();
        self.rung.swap(false, Ordering::SeqCst)
    }
}

/// This thread on the lists of everything that may wake it; off them when dropped.
pub(super) struct Registered<'a> {
    waker: &'a Arc<Waker>,
    news: Option<&'a News>,
    tokens: &'a [&'a Cancel],
}

impl<'a> Registered<'a> {
    pub(super) fn new(
        waker: &'a Arc<Waker>,
        news: Option<&'a News>,
        tokens: &'a [&'a Cancel],
    ) -> Self {
        let this = Self { waker, news, tokens };
        this.each(Wakeup::register);
        this
    }

    #[inline(always)]
    fn each(&self, f: impl Fn(&Wakeup, &Arc<Waker>)) {
        for token in self.tokens {
            f(&token.wakeup, self.waker);
        }
        if let Some(news) = self.news {
            f(&news.wakeup, self.waker);
        }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.each(Wakeup::unregister);
    }
}
