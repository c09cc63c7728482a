//! What a piece of a test costs: memory as the allocator counts it, time on the processor.
//!
//! The allocator is the whole program's. Every test of a program with this module therefore takes
//! a [`Turn`] first; a program per test, as nextest does it, would not need that.
#![allow(dead_code, reason = "each test program uses a part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts the bytes in use, the most that ever were, and the largest block asked for.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// A block of `old` bytes, or none, is to have `new`. A block that grows counts once: where that is
/// large it is moved by its pages.
fn resized(old: usize, new: usize) {
    let before = USED.fetch_add(new.wrapping_sub(old), Relaxed);
    PEAK.fetch_max(before.wrapping_add(new).wrapping_sub(old), Relaxed);
    LARGEST.fetch_max(new, Relaxed);
}

// SAFETY: all work is the system allocator's; counting changes nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        resized(0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        resized(0, layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        resized(layout.size(), size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The right to be measured, or at least not to disturb who is.
pub(crate) struct Turn {
    _alone: MutexGuard<'static, ()>,
}

impl Turn {
    pub(crate) fn take() -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        Self { _alone: TURN.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// What `run` costs.
    pub(crate) fn cost(&self, run: impl FnOnce()) -> Cost {
        let (used, cpu) = (USED.load(Relaxed), cpu_time());
        PEAK.store(used, Relaxed);
        LARGEST.store(0, Relaxed);
        run();
        Cost {
            peak: PEAK.load(Relaxed).saturating_sub(used),
            largest: LARGEST.load(Relaxed),
            kept: USED.load(Relaxed).saturating_sub(used),
            cpu: cpu_time().saturating_sub(cpu),
        }
    }
}

/// What something cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// The most memory that was in use at once, beyond what was in use before.
    pub(crate) peak: usize,
    /// The largest block that was asked for.
    pub(crate) largest: usize,
    /// What was not given back.
    pub(crate) kept: usize,
    /// Processor time of the thread that ran it; servers have threads of their own.
    pub(crate) cpu: Duration,
}

#[cfg(unix)]
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place for the answer is valid.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::from_secs(time.tv_sec.unsigned_abs())
        + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// Where there is no such clock: the time that passed, which is never less.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    static BEGUN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGUN.get_or_init(std::time::Instant::now).elapsed()
}
