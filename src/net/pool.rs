//! Buffers to receive into: a pool of them, and parts of them that are lent to whoever reads.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

/// The smallest buffer of the pool.
pub(crate) const SMALLEST: usize = 4 * 1024;
/// The largest buffer of the pool.
pub(crate) const LARGEST: usize = 256 * 1024;
/// Sizes from `SMALLEST` to `LARGEST`, doubling.
const SIZES: usize = 7;
/// The pool keeps at most this much of each size.
const KEPT_PER_SIZE: usize = 1024 * 1024;
/// Of buffers of so many bytes parts may be lent; beyond that there are only copies. A small part may
/// keep a large buffer.
const LENT_AT_MOST: usize = 4 * 1024 * 1024;

/// A buffer, all initialised, with arbitrary content; or none. It goes back to the pool when dropped.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Option<Arc<Vec<u8>>>,
    /// It counts in [`LENT`].
    is_lent: bool,
}

impl Buffer {
    /// None.
    pub(crate) const fn none() -> Self {
        Self { bytes: None, is_lent: false }
    }

    /// At least `size` bytes, of the pool if it has such a buffer.
    pub(crate) fn take(size: usize) -> Self {
        let size = size.max(SMALLEST).next_power_of_two();
        let pooled = shelf(size).and_then(|shelf| pool()?.get_mut(shelf)?.pop());
        let bytes = pooled.unwrap_or_else(|| Arc::new(vec![0; size]));
        Self { bytes: Some(bytes), is_lent: false }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_deref().map_or(&[], Vec::as_slice)
    }

    /// To write into; empty while a part is lent.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let Some(bytes) = self.bytes.as_mut().and_then(Arc::get_mut) else { return &mut [] };
        if self.is_lent {
            self.is_lent = false;
            LENT.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
        bytes
    }

    /// Lends a part for reading; `None` where copying it is better: a smallest buffer holds few
    /// messages, and another one would be needed for each.
    #[inline]
    pub(crate) fn lend(&mut self, place: &Range<usize>) -> Option<Lent> {
        let bytes = self.bytes.as_ref()?;
        if !self.is_lent {
            let size = bytes.len();
            if size == SMALLEST || LENT.load(Ordering::Relaxed) + size > LENT_AT_MOST {
                return None;
            }
            LENT.fetch_add(size, Ordering::Relaxed);
            self.is_lent = true;
        }
        Some(Lent { bytes: Some(Arc::clone(bytes)), place: place.clone() })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(bytes) = self.bytes.take() else { return };
        if self.is_lent {
            return_lent(bytes);
        } else {
            give(bytes);
        }
    }
}

/// A part of a buffer, to read. The buffer is not written into while this lives.
#[derive(Debug)]
pub struct Lent {
    /// `None` only while it is dropped.
    bytes: Option<Arc<Vec<u8>>>,
    place: Range<usize>,
}

impl Lent {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().and_then(|bytes| bytes.get(self.place.clone())).unwrap_or_default()
    }
}

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        if let Some(bytes) = self.bytes.take() {
            return_lent(bytes);
        }
    }
}

/// Of the owner of a buffer that was lent and of all its parts, the last one gives it back.
#[inline]
fn return_lent(bytes: Arc<Vec<u8>>) {
    if let Some(bytes) = Arc::into_inner(bytes) {
        LENT.fetch_sub(bytes.len(), Ordering::Relaxed);
        give(Arc::new(bytes));
    }
}

/// Bytes of buffers of which a part is lent, or was lent since they were last written.
static LENT: AtomicUsize = AtomicUsize::new(0);

type Shelves = [Vec<Arc<Vec<u8>>>; SIZES];

/// Buffers by size, so that receiving neither allocates nor fills memory with zeros.
static POOL: Mutex<Shelves> = Mutex::new([const { Vec::new() }; SIZES]);

/// None while another thread is at it, also one of a parent process that was forked then: a new buffer
/// is better than a wait.
fn pool() -> Option<MutexGuard<'static, Shelves>> {
    match POOL.try_lock() {
        Ok(pool) => Some(pool),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Gives a buffer back that nobody else has; it is freed when its size is not the pool's or the pool is
/// full.
fn give(bytes: Arc<Vec<u8>>) {
    let size = bytes.len();
    let (Some(shelf), Some(mut pool)) = (shelf(size), pool()) else { return };
    let Some(shelf) = pool.get_mut(shelf) else { return };
    if shelf.len() < KEPT_PER_SIZE / size {
        shelf.push(bytes);
    }
}

fn shelf(size: usize) -> Option<usize> {
    let fits = size.is_power_of_two() && (SMALLEST..=LARGEST).contains(&size);
    fits.then(|| (size / SMALLEST).ilog2() as usize)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::net::wait::lock;

    /// For tests that lend: they count what the whole process has lent.
    pub(crate) static TURN: Mutex<()> = Mutex::new(());

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

    const SIZE: usize = 2 * SMALLEST;

    /// A fresh one.
    fn filled(byte: u8) -> Buffer {
        Buffer { bytes: Some(Arc::new(vec![byte; SIZE])), is_lent: false }
    }

    fn lent() -> usize {
        LENT.load(Ordering::Relaxed)
    }

    #[test]
    fn what_is_lent_is_not_written() {
        let _turn = lock(&TURN);
        assert!(Buffer::take(SMALLEST).lend(&(0..SMALLEST)).is_none());
        assert!(Buffer::none().lend(&(0..1)).is_none());

        let mut buffer = filled(7);
        let part = buffer.lend(&(10..1000)).unwrap();
        assert!(buffer.bytes_mut().is_empty());
        drop(part);
        assert_eq!(lent(), SIZE);
        buffer.bytes_mut().fill(8);
        assert_eq!(lent(), 0);

        let (first, second) = (buffer.lend(&(0..600)).unwrap(), buffer.lend(&(9..10)).unwrap());
        drop(buffer);
        assert_eq!(lent(), SIZE);
        drop(second);
        assert_eq!(lent(), SIZE);
        assert_eq!(first.bytes(), [8; 600]);
        drop(first);
        assert_eq!(lent(), 0);

        let mut buffer = filled(9);
        drop(buffer.lend(&(0..600)));
        drop(buffer);
        assert_eq!(lent(), 0);
    }

    #[test]
    fn little_is_kept_by_parts_whether_the_owner_goes_on_or_not() {
        let _turn = lock(&TURN);
        for owner_stays in [true, false] {
            let mut owners = Vec::new();
            let parts: Vec<Lent> = (0..)
                .map_while(|_| {
                    let mut buffer = filled(9);
                    let part = buffer.lend(&(0..600));
                    owners.extend(owner_stays.then_some(buffer));
                    part
                })
                .collect();
            assert_eq!(parts.len(), LENT_AT_MOST / SIZE);
            assert!(parts.iter().all(|part| part.bytes() == [9; 600]));
            drop((parts, owners));
            assert_eq!(lent(), 0);
        }
    }

    #[test]
    fn each_lent_buffer_is_taken_off_once() {
        let _turn = lock(&TURN);
        for _ in 0..2000 {
            let mut buffer = filled(1);
            let part = buffer.lend(&(0..600)).unwrap();
            let other = std::thread::spawn(move || drop(part));
            drop(buffer);
            other.join().unwrap();
            assert_eq!(lent(), 0);
        }
    }
}
