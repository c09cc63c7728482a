//! Buffers to receive into: a pool of them, and parts of them that are lent to whoever reads.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::net::wait::lock;

/// The smallest buffer of the pool.
pub(crate) const SMALLEST: usize = 4 * 1024;
/// The largest buffer of the pool.
pub(crate) const LARGEST: usize = 256 * 1024;
/// Sizes from `SMALLEST` to `LARGEST`, doubling.
const SIZES: usize = 7;
/// The pool keeps at most this much of each size.
const KEPT_PER_SIZE: usize = 1024 * 1024;
/// While buffers of so many bytes are kept alive by parts that were lent, nothing more is lent: a
/// small part may keep a large buffer.
const KEPT_BY_PARTS: usize = 4 * 1024 * 1024;

/// A buffer, all initialised, with arbitrary content; or none. It goes back to the pool when dropped.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Option<Arc<Vec<u8>>>);

impl Buffer {
    /// None.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// At least `size` bytes, of the pool if it has such a buffer.
    pub(crate) fn take(size: usize) -> Self {
        let size = size.max(SMALLEST).next_power_of_two();
        let pooled = shelf(size).and_then(|shelf| lock(&POOL).get_mut(shelf)?.pop());
        Self(Some(pooled.unwrap_or_else(|| Arc::new(vec![0; size]))))
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// To write into; empty while a part is lent.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_mut().and_then(Arc::get_mut).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Lends a part for reading; `None` where copying it is better: a smallest buffer holds few
    /// messages, and another one would be needed for each.
    #[inline]
    pub(crate) fn lend(&self, place: &Range<usize>) -> Option<Lent> {
        let buffer = self.0.as_ref()?;
        if buffer.len() == SMALLEST || LEFT_TO_PARTS.load(Ordering::Relaxed) > KEPT_BY_PARTS {
            return None;
        }
        Some(Lent { buffer: Some(Arc::clone(buffer)), place: place.clone() })
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if let Some(buffer) = self.0.take() {
            give(buffer);
        }
    }
}

/// A part of a buffer, to read. The buffer is not written into while this lives.
#[derive(Debug)]
pub struct Lent {
    /// `None` only while it is dropped.
    buffer: Option<Arc<Vec<u8>>>,
    place: Range<usize>,
}

impl Lent {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.as_ref().and_then(|buffer| buffer.get(self.place.clone())).unwrap_or_default()
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        // The last one has what the buffer's owner left.
        if let Some(buffer) = self.buffer.take().and_then(Arc::into_inner) {
            return_left(buffer);
        }
    }
}

#[cold]
fn return_left(buffer: Vec<u8>) {
    LEFT_TO_PARTS.fetch_sub(buffer.len(), Ordering::Relaxed);
    give(Arc::new(buffer));
}

/// Bytes of buffers whose owner went on to another one because parts were lent.
static LEFT_TO_PARTS: AtomicUsize = AtomicUsize::new(0);

/// Buffers by size, so that receiving neither allocates nor fills memory with zeros.
static POOL: Mutex<[Vec<Arc<Vec<u8>>>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);

/// Gives a buffer back; it is freed when its size is not the pool's or the pool is full.
fn give(mut buffer: Arc<Vec<u8>>) {
    let size = buffer.len();
    if Arc::get_mut(&mut buffer).is_none() {
        LEFT_TO_PARTS.fetch_add(size, Ordering::Relaxed);
        if let Some(buffer) = Arc::into_inner(buffer) {
            return_left(buffer);
        }
        return;
    }
    let Some(shelf) = shelf(size) else { return };
    let mut pool = lock(&POOL);
    let Some(shelf) = pool.get_mut(shelf) else { return };
    if shelf.len() < KEPT_PER_SIZE / size {
        shelf.push(buffer);
    }
}

fn shelf(size: usize) -> Option<usize> {
    let fits = size.is_power_of_two() && (SMALLEST..=LARGEST).contains(&size);
    fits.then(|| (size / SMALLEST).ilog2() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_is_bounded() {
        for _ in 0..3 * KEPT_PER_SIZE / LARGEST {
            give(Arc::new(vec![0; LARGEST]));
        }
        give(Arc::new(vec![0; 2 * LARGEST]));
        give(Arc::new(Vec::new()));
        let kept: usize = lock(&POOL).iter().flatten().map(|buffer| buffer.len()).sum();
        assert!(kept <= SIZES * KEPT_PER_SIZE);
        assert!(lock(&POOL)[SIZES - 1].len() <= KEPT_PER_SIZE / LARGEST);
    }

    #[test]
    fn what_is_lent_is_not_written_and_little_is_kept_for_it() {
        const SIZE: usize = 2 * SMALLEST;
        // Fresh ones, so that other tests have no part in them.
        let filled = |byte| Buffer(Some(Arc::new(vec![byte; SIZE])));
        assert!(Buffer::take(SMALLEST).lend(&(0..SMALLEST)).is_none());
        assert!(Buffer::none().lend(&(0..1)).is_none());

        let mut buffer = filled(7);
        let part = buffer.lend(&(10..1000)).unwrap();
        assert!(buffer.bytes_mut().is_empty());
        drop(part);
        buffer.bytes_mut().fill(8);

        let (first, second) = (buffer.lend(&(0..600)).unwrap(), buffer.lend(&(9..10)).unwrap());
        drop(buffer);
        assert_eq!(LEFT_TO_PARTS.load(Ordering::Relaxed), SIZE);
        drop(second);
        assert_eq!(LEFT_TO_PARTS.load(Ordering::Relaxed), SIZE);
        assert_eq!(first.bytes(), [8; 600]);
        drop(first);
        assert_eq!(LEFT_TO_PARTS.load(Ordering::Relaxed), 0);

        let parts: Vec<Lent> = (0..).map_while(|_| filled(9).lend(&(0..600))).collect();
        assert_eq!(parts.len(), KEPT_BY_PARTS / SIZE + 1);
        assert!(parts.iter().all(|part| part.bytes() == [9; 600]));
        drop(parts);
        assert_eq!(LEFT_TO_PARTS.load(Ordering::Relaxed), 0);
        assert!(filled(1).lend(&(0..600)).is_some());
    }
}
