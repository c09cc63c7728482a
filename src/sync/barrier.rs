//! A pair of fences of which one is free: [`light`] in the path that is taken always, [`heavy`] in
//! the path that is taken seldom.
//!
//! Two threads that each store, fence and load: at least one sees the other's store, if one of the
//! fences is heavy. Linux and Windows make every running thread of the process pass a barrier for a
//! heavy fence; elsewhere, and where the system refuses, both are ordinary fences.

use std::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};
use std::time::Duration;

const UNKNOWN: u8 = 0;
const ORDINARY: u8 = 1;
const PROCESS_WIDE: u8 = 2;

static KIND: AtomicU8 = AtomicU8::new(UNKNOWN);

/// The cheap fence.
#[inline]
pub fn light() {
    if KIND.load(Ordering::Relaxed) == PROCESS_WIDE {
        compiler_fence(Ordering::SeqCst);
    } else {
        ordinary();
    }
}

/// The dear one: some microseconds.
pub fn heavy() {
    fence(Ordering::SeqCst);
    if kind() == PROCESS_WIDE && !platform::pass_everywhere() {
        // A filter of system calls came later. Light fences are ordinary from now on, and what was
        // stored before any of them is soon out.
        KIND.store(ORDINARY, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Right with both kinds of heavy fence, so also while the kind is not known.
#[cold]
fn ordinary() {
    kind();
    fence(Ordering::SeqCst);
}

fn kind() -> u8 {
    match KIND.load(Ordering::Relaxed) {
        UNKNOWN => {
            let kind = if platform::prepare() { PROCESS_WIDE } else { ORDINARY };
            // Whoever comes first decides; a light fence that was ordinary is never wrong.
            match KIND.compare_exchange(UNKNOWN, kind, Ordering::SeqCst, Ordering::SeqCst) {
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
        true
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
        let run = |me: usize, fence: fn()| {
            for (stores, seen) in STORES.iter().zip(&SEEN) {
                stores[me].store(1, Ordering::Relaxed);
                fence();
                seen[me].store(stores[1 - me].load(Ordering::Relaxed), Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| run(0, light));
            scope.spawn(|| run(1, heavy));
        });
        for seen in &SEEN {
            assert!(seen.iter().any(|seen| seen.load(Ordering::Relaxed) == 1));
        }
    }
}
