//! A mutex that favours the thread that uses it again and again.

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{self, PoisonError};
use std::time::{Duration, Instant};

use super::barrier;
use super::thread::{Hold, Record};

/// After so many locks in a row a thread is favoured; after each loss twice as many.
const FAVOUR_AFTER: u32 = 32;
const LOSSES_AT_MOST: u32 = 15;
/// A favour that lasted so long has paid for its loss, and for those before.
const WORTHWHILE: Duration = Duration::from_millis(100);

/// A mutex for sections that are short as a rule, and never wait for the network.
///
/// The favoured thread comes in by announcing it in its own record. Any other goes through the
/// gate, takes the favour away and waits until the favoured one is out. Not reentrant: a thread
/// that locks twice panics or waits for ever. A panic inside leaves the mutex usable, so the value
/// must be whole at each step.
pub struct Mutex<T> {
    /// The record of the favoured thread, or NULL. A later thread that has the same record, after
    /// this one's end, is favoured as well.
    favoured: AtomicPtr<Record>,
    /// The favoured thread is inside; part of what the mutex guards.
    inside: AtomicBool,
    gate: sync::Mutex<Habit>,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time has access to the value: through the gate, and then nobody is
// favoured, or as the favoured one, for whom everybody at the gate waits.
unsafe impl<T: Send> Sync for Mutex<T> {}

/// Who came through the gate.
struct Habit {
    last: Option<&'static Record>,
    times: u32,
    losses: u32,
    /// The thread that is favoured when the one inside leaves.
    favour: Option<&'static Record>,
    /// When it was last given.
    since: Option<Instant>,
}

impl Habit {
    const NEW: Self = Self { last: None, times: 0, losses: 0, favour: None, since: None };

    /// A thread that has come often in a row is favoured from its leaving on. One without a record
    /// never is.
    fn comes(&mut self, who: Option<&'static Record>) {
        let again = address_of(self.last) == address_of(who);
        self.times = if again { self.times.saturating_add(1) } else { 1 };
        self.last = who;
        let often = self.times >= FAVOUR_AFTER << self.losses;
        self.favour = who.filter(|_| often && barrier::is_available());
        self.since = self.favour.map(|_| Instant::now());
    }

    fn lose(&mut self) {
        let paid = self.since.is_some_and(|since| since.elapsed() >= WORTHWHILE);
        self.losses = if paid { 0 } else { (self.losses + 1).min(LOSSES_AT_MOST) };
        self.times = 0;
    }
}

impl<T> Mutex<T> {
    /// Holds `value`.
    pub const fn new(value: T) -> Self {
        Self {
            favoured: AtomicPtr::new(ptr::null_mut()),
            inside: AtomicBool::new(false),
            gate: sync::Mutex::new(Habit::NEW),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until no other thread is inside.
    #[inline(always)]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let me = Record::current();
        let way = match me.and_then(|me| self.enter(me)) {
            Some(hold) => Way::Favoured(hold),
            None => Way::Gate(ManuallyDrop::new(self.pass_gate(me))),
        };
        MutexGuard { mutex: self, way }
    }

    #[inline]
    fn is_favoured(&self, who: &Record) -> bool {
        ptr::eq(self.favoured.load(Ordering::Acquire), who)
    }

    /// The way of the favoured thread; `None` if it is not favoured, or not any more.
    #[inline(always)]
    fn enter(&self, me: &'static Record) -> Option<Hold> {
        if !self.is_favoured(me) {
            return None;
        }
        let hold = me.mutexes.hold(self.address())?;
        if !self.is_favoured(me) {
            hold.end();
            return None;
        }
        if self.inside.load(Ordering::Relaxed) {
            hold.end();
            panic!("one thread locks twice");
        }
        self.inside.store(true, Ordering::Relaxed);
        Some(hold)
    }

    #[cold]
    #[inline(never)]
    fn pass_gate(&self, who: Option<&'static Record>) -> sync::MutexGuard<'_, Habit> {
        let mut habit = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: NULL, or a record, and these are never freed.
        if let Some(favoured) = unsafe { self.favoured.load(Ordering::Relaxed).as_ref() } {
            self.favoured.store(ptr::null_mut(), Ordering::Relaxed);
            barrier::heavy();
            let mut patience = Patience::default();
            while favoured.mutexes.contain(self.address()) {
                patience.wait();
            }
            habit.lose();
        }
        habit.comes(who);
        habit
    }

    /// The way out of the others, kept out of the way of the favoured one. The gate opens last, as
    /// `habit` goes: who passes it sees who is favoured.
    #[cold]
    #[inline(never)]
    fn open_gate(&self, habit: sync::MutexGuard<'_, Habit>) {
        self.favoured.store(address_of(habit.favour).cast_mut(), Ordering::Relaxed);
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

fn address_of(record: Option<&'static Record>) -> *const Record {
    record.map_or(ptr::null(), ptr::from_ref)
}

/// Waits for the favoured thread: most sections end at once; a long one must not cost another thread
/// its core, and where priorities are strict yielding alone would never let it end.
#[derive(Default)]
struct Patience {
    waits: u32,
}

impl Patience {
    fn wait(&mut self) {
        const YIELDS: u32 = 50;
        const LONGEST: u32 = 5;
        match self.waits.checked_sub(YIELDS) {
            None => std::thread::yield_now(),
            Some(n) => std::thread::sleep(Duration::from_micros(50 << n.min(LONGEST))),
        }
        self.waits += 1;
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Access to the value, until it is dropped.
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    way: Way<'a>,
}

/// How the thread came in, and goes out.
enum Way<'a> {
    Favoured(Hold),
    Gate(ManuallyDrop<sync::MutexGuard<'a, Habit>>),
}

impl<T> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        match &mut self.way {
            Way::Favoured(hold) => {
                self.mutex.inside.store(false, Ordering::Relaxed);
                hold.end();
            }
            Way::Gate(habit) => {
                // SAFETY: dropping happens once, and nothing looks at it after this.
                let habit = unsafe { ManuallyDrop::take(habit) };
                self.mutex.open_gate(habit);
            }
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard is the right to access, see `Sync`.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard is the right to access, see `Sync`.
        unsafe { &mut *self.mutex.value.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn is_favoured(mutex: &Mutex<u64>) -> bool {
        Record::current().is_some_and(|me| mutex.is_favoured(me))
    }

    #[test]
    fn who_locks_often_is_favoured_until_another_comes() {
        if !barrier::is_available() {
            let mutex = Mutex::new(0);
            (0..2 * FAVOUR_AFTER).for_each(|_| *mutex.lock() += 1);
            return assert!(!is_favoured(&mutex));
        }
        let mutex = Arc::new(Mutex::new(0));
        for _ in 0..FAVOUR_AFTER {
            assert!(!is_favoured(&mutex));
            *mutex.lock() += 1;
        }
        assert!(is_favoured(&mutex));
        let other = Arc::clone(&mutex);
        std::thread::spawn(move || *other.lock() += 1).join().unwrap();
        assert!(!is_favoured(&mutex));
        assert_eq!(*mutex.lock(), u64::from(FAVOUR_AFTER) + 1);
    }

    #[test]
    fn a_long_favour_makes_up_for_losses() {
        let mutex = Mutex::new(0);
        let locks_until_favoured = || {
            let favoured = |_: &u32| (drop(mutex.lock()), is_favoured(&mutex)).1;
            (1..=10 * FAVOUR_AFTER).find(favoured)
        };
        let lose = || std::thread::scope(|scope| drop(scope.spawn(|| drop(mutex.lock()))));
        if !barrier::is_available() {
            return assert_eq!(locks_until_favoured(), None);
        }
        let begun = Instant::now();
        assert_eq!(locks_until_favoured(), Some(FAVOUR_AFTER));
        lose();
        let early = begun.elapsed() < WORTHWHILE;
        let locks = locks_until_favoured();
        assert!(!early || locks >= Some(2 * FAVOUR_AFTER), "{locks:?}");
        std::thread::sleep(2 * WORTHWHILE);
        lose();
        assert_eq!(locks_until_favoured(), Some(FAVOUR_AFTER));
    }

    #[test]
    fn one_thread_at_a_time_is_inside() {
        let mutex = Arc::new(Mutex::new((0_u64, 0_u64)));
        std::thread::scope(|scope| {
            for turns in [1, 7, 100, 5000] {
                let mutex = Arc::clone(&mutex);
                scope.spawn(move || {
                    for n in 0..100_000 {
                        let mut pair = mutex.lock();
                        pair.0 += 1;
                        assert_eq!(pair.0, pair.1 + 1);
                        pair.1 += 1;
                        drop(pair);
                        if n % turns == 0 {
                            std::thread::yield_now();
                        }
                    }
                });
            }
        });
        assert_eq!(*mutex.lock(), (400_000, 400_000));
    }

    #[test]
    fn the_favoured_thread_may_lose_it_while_it_is_inside() {
        let mutex = Mutex::new(0);
        (0..FAVOUR_AFTER).for_each(|_| drop(mutex.lock()));
        std::thread::scope(|scope| {
            let mut value = mutex.lock();
            let other = scope.spawn(|| *mutex.lock());
            while !mutex.favoured.load(Ordering::Relaxed).is_null() {
                std::thread::yield_now();
            }
            *value = 7;
            drop(value);
            assert_eq!(other.join().unwrap(), 7);
        });
    }

    #[test]
    fn a_panic_inside_leaves_it_usable() {
        let mutex = Mutex::new(1);
        for _ in 0..2 * FAVOUR_AFTER {
            let inside = std::panic::AssertUnwindSafe(|| {
                let _value = mutex.lock();
                std::panic::resume_unwind(Box::new("inside"));
            });
            assert!(std::panic::catch_unwind(inside).is_err());
        }
        assert_eq!(*mutex.lock(), 1);
    }

    #[test]
    #[should_panic(expected = "one thread locks twice")]
    fn locking_twice_is_a_panic_and_no_second_access() {
        assert!(barrier::is_available(), "one thread locks twice, and would wait for ever");
        let mutex = Mutex::new(1);
        (0..FAVOUR_AFTER).for_each(|_| drop(mutex.lock()));
        let _first = mutex.lock();
        let _second = mutex.lock();
    }
}
