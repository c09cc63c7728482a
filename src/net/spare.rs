//! Large buffers between two uses: a new one costs a page fault for every 4 KiB.
//!
//! Few and for the whole process, so that an idle connection holds none.

use std::sync::Mutex;

use crate::net::wait::lock;

/// Smaller buffers are not worth keeping.
const SMALLEST: usize = 64 * 1024;
/// Larger ones are not kept.
const LARGEST: usize = 4 * 1024 * 1024;
/// How many are kept at most.
const KEPT: usize = 4;

static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// An empty buffer with room, if one is kept: for `wanted` bytes if there is such a one.
pub(crate) fn take(wanted: usize) -> Vec<u8> {
    let mut spare = lock(&SPARE);
    let found = spare.iter().position(|buffer| buffer.capacity() >= wanted);
    match found {
        Some(found) => spare.swap_remove(found),
        None => spare.pop().unwrap_or_default(),
    }
}

/// Keeps `buffer` for the next use, or frees it.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if !(SMALLEST..=LARGEST).contains(&buffer.capacity()) {
        return;
    }
    buffer.clear();
    let mut spare = lock(&SPARE);
    if spare.len() < KEPT {
        spare.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buffers_are_kept_and_none_too_large() {
        for _ in 0..2 * KEPT {
            give(vec![1; SMALLEST]);
        }
        give(vec![1; LARGEST + 1]);
        let kept = lock(&SPARE).iter().all(|b| b.is_empty() && b.capacity() <= LARGEST);
        assert!(kept && lock(&SPARE).len() <= KEPT);
    }
}
