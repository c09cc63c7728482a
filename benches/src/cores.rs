//! A core of its own for each side: on one core they would wait for each other, and which is used
//! is the scheduler's choice, not the client's merit.

/// Keeps this process, which has one thread yet, to its `n`th core, counted round.
///
/// Where cores cannot be chosen the scheduler chooses, as without.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to(n: usize) {
    use libc::cpu_set_t;
    use std::mem::{size_of, zeroed};

    // SAFETY: all zeros is the empty set.
    let (mut allowed, mut one): (cpu_set_t, cpu_set_t) = unsafe { zeroed() };
    let size = size_of::<cpu_set_t>();
    // SAFETY: the set is valid for writing `size` bytes.
    if unsafe { libc::sched_getaffinity(0, size, &raw mut allowed) } != 0 {
        return;
    }
    let cores = 0..libc::CPU_SETSIZE as usize;
    // SAFETY: `core` is below CPU_SETSIZE.
    let cores: Vec<usize> =
        cores.filter(|core| unsafe { libc::CPU_ISSET(*core, &allowed) }).collect();
    let Some(core) = n.checked_rem(cores.len()).and_then(|n| cores.get(n)) else { return };
    // SAFETY: as above, and the set is valid for reading `size` bytes.
    unsafe {
        libc::CPU_SET(*core, &mut one);
        libc::sched_setaffinity(0, size, &raw const one);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn keep_to(_: usize) {}
