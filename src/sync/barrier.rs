//! A pair of fences of which one is free: [`light`] in the path that is taken always, [`heavy`] in
//! the path that is taken seldom.
//!
//! Two threads that each store, fence and load: at least one sees the other's store, if one of the
//! fences is heavy. For that Linux and Windows make every running thread of the process pass a
//! barrier. Where [`is_available`] says no, a light fence is none.

use std::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};
use std::time::Duration;

const UNKNOWN: u8 = 0;
const NONE: u8 = 1;
const PROCESS_WIDE: u8 = 2;
/// The system had it, and refuses it now.
const REFUSED: u8 = 3;

static KIND: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Whether this system has such a pair. To be asked before the first [`light`] that counts.
pub fn is_available() -> bool {
    kind() == PROCESS_WIDE
}

/// The free fence: only the compiler minds it.
#[inline]
pub fn light() {
    compiler_fence(Ordering::SeqCst);
}

/// The dear one: some microseconds.
pub fn heavy() {
    fence(Ordering::SeqCst);
    let kind = kind();
    if kind == REFUSED || (kind == PROCESS_WIDE && !platform::pass_everywhere()) {
        // A filter of system calls came later. No thread relies on light fences anew, and what was
        // stored before those of the others has left its processor long before this time is over.
        KIND.store(REFUSED, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kind() -> u8 {
    match KIND.load(Ordering::Relaxed) {
        UNKNOWN => {
            let kind = if platform::prepare() { PROCESS_WIDE } else { NONE };
            // Whoever comes first decides. No lock: a process may fork in the middle of this.
            match KIND.compare_exchange(UNKNOWN, kind, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => kind,
                Err(decided) => decided,
            }
        }
        known => known,
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
mod platform {
    const QUERY: libc::c_int = 0;
    const GLOBAL: libc::c_int = 1;
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    fn membarrier(command: libc::c_int) -> libc::c_long {
        // SAFETY: membarrier(2) takes three integers and touches no memory of the process.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
    }

    /// Whether the system has process-wide barriers, and lets this process use them.
    pub(super) fn prepare() -> bool {
        let wanted = libc::c_long::from(GLOBAL | PRIVATE_EXPEDITED | REGISTER_PRIVATE_EXPEDITED);
        let known = membarrier(QUERY);
        known >= 0 && known & wanted == wanted && membarrier(REGISTER_PRIVATE_EXPEDITED) == 0
    }

    /// The expedited barrier may lack memory for a moment, and a process may have lost its
    /// registration; the global one needs neither. False if the system refuses both.
    pub(super) fn pass_everywhere() -> bool {
        membarrier(PRIVATE_EXPEDITED) == 0 || membarrier(GLOBAL) == 0
    }
}

#[cfg(windows)]
mod platform {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn FlushProcessWriteBuffers();
    }

    /// Every Windows since Vista has it.
    pub(super) fn prepare() -> bool {
        true
    }

    pub(super) fn pass_everywhere() -> bool {
        // SAFETY: takes nothing, returns nothing, never fails.
        unsafe { FlushProcessWriteBuffers() };
        true
    }
}

#[cfg(not(any(all(target_os = "linux", not(miri)), windows)))]
mod platform {
    pub(super) fn prepare() -> bool {
        false
    }

    pub(super) fn pass_everywhere() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn of_two_threads_at_least_one_sees_the_other() {
        static STORES: [[AtomicUsize; 2]; 2000] =
            [const { [const { AtomicUsize::new(0) }; 2] }; 2000];
        static SEEN: [[AtomicUsize; 2]; 2000] =
            [const { [const { AtomicUsize::new(0) }; 2] }; 2000];
        assert!(is_available() || cfg!(not(any(target_os = "linux", windows))) || cfg!(miri));
        let run = |me: usize, fence: fn()| {
            for (stores, seen) in STORES.iter().zip(&SEEN) {
                stores[me].store(1, Ordering::Relaxed);
                fence();
                seen[me].store(stores[1 - me].load(Ordering::Relaxed), Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| run(0, if is_available() { light } else { heavy }));
            scope.spawn(|| run(1, heavy));
        });
        for seen in &SEEN {
            assert!(seen.iter().any(|seen| seen.load(Ordering::Relaxed) == 1));
        }
    }
}
