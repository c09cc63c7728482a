//! The receive buffer, and the pool it comes from and goes back to.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Mutex;

use crate::net::wait::lock;

/// What one receive asks for at first, and the smallest buffer of the pool.
const SMALLEST: usize = 4 * 1024;
/// What one receive asks for at most, and the largest buffer of the pool.
const LARGEST: usize = 256 * 1024;
/// Sizes from `SMALLEST` to `LARGEST`, doubling.
const SIZES: usize = 7;
/// The pool keeps at most this much of each size.
const KEPT_PER_SIZE: usize = 1024 * 1024;

/// Bytes received and not yet consumed.
///
/// Empty it takes no memory. A receive asks for 4 KiB at first and for twice as much each time the
/// network filled what was asked for, up to 256 KiB.
#[derive(Debug, Default)]
pub struct Input {
    /// Always initialised to its full length; only `filled` is data.
    storage: Vec<u8>,
    filled: Range<usize>,
    /// How much the next receive asks for; 0 is not known yet.
    window: usize,
}

impl Input {
    /// An empty buffer without memory.
    pub const fn new() -> Self {
        Self { storage: Vec::new(), filled: 0..0, window: 0 }
    }

    /// The bytes received and not yet consumed.
    pub fn bytes(&self) -> &[u8] {
        self.storage.get(self.filled.clone()).unwrap_or_default()
    }

    /// Drops the first `n` bytes; all of them when there are fewer.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        self.filled.start = self.filled.end.min(self.filled.start.saturating_add(n));
    }

    /// Where the last `n` bytes that were consumed stand; [`Input::stored`] has them until this
    /// buffer is received into, released or exchanged.
    pub fn consumed(&self, n: usize) -> Range<usize> {
        self.filled.start.saturating_sub(n)..self.filled.start
    }

    /// The bytes at a place that [`Input::consumed`] told.
    pub fn stored(&self, place: &Range<usize>) -> &[u8] {
        self.storage.get(place.clone()).unwrap_or_default()
    }

    /// The next receive asks for little: what comes is probably the header of a large frame, whose
    /// payload is better received elsewhere.
    pub(crate) fn expect_little(&mut self) {
        self.window = SMALLEST;
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.filled.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// Gives the memory back when there are no bytes; nothing is held while idle.
    pub fn release(&mut self) {
        if self.is_empty() && !self.storage.is_empty() {
            put(std::mem::take(&mut self.storage));
        }
    }

    /// Room to receive into, initialised; what was received is added by [`Input::filled`].
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let window = self.window.clamp(SMALLEST, LARGEST);
        if self.storage.is_empty() {
            self.storage = take(window);
        }
        if self.is_empty() {
            self.filled = 0..0;
        }
        if self.storage.len() - self.filled.end < window {
            self.make_room(window);
        }
        // Asking for more than the window would let one connection empty the socket for ever.
        let end = self.storage.len().min(self.filled.end + window);
        self.storage.get_mut(self.filled.end..end).unwrap_or_default()
    }

    /// The first `n` bytes of [`Input::room`] were filled.
    pub(crate) fn filled(&mut self, n: usize) {
        let room = self.storage.len() - self.filled.end;
        let window = self.window.clamp(SMALLEST, LARGEST);
        self.filled.end += n.min(room);
        self.window = if n >= window {
            window * 2
        } else if n < window / 4 {
            window / 2
        } else {
            window
        };
    }

    /// Moves the bytes to the front, and to a larger buffer if that is not enough.
    fn make_room(&mut self, window: usize) {
        let used = self.len();
        if self.storage.len() - used >= window {
            self.storage.copy_within(self.filled.clone(), 0);
        } else {
            let mut larger = take((used + window).max(used.saturating_mul(2)));
            if let Some(front) = larger.get_mut(..used) {
                front.copy_from_slice(self.bytes());
            }
            put(std::mem::replace(&mut self.storage, larger));
        }
        self.filled = 0..used;
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        put(std::mem::take(&mut self.storage));
    }
}

/// Initialised buffers by size, so that receiving neither allocates nor fills memory with zeros.
static POOL: Mutex<[Vec<Vec<u8>>; SIZES]> = Mutex::new([const { Vec::new() }; SIZES]);

thread_local! {
    /// One buffer of the smallest size, which a thread that waits again and again gives and takes.
    static OWN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer of at least `size` bytes, all initialised, with arbitrary content.
pub(crate) fn take(size: usize) -> Vec<u8> {
    let size = size.max(SMALLEST).next_power_of_two();
    if size == SMALLEST {
        let own = OWN.try_with(Cell::take).unwrap_or_default();
        if !own.is_empty() {
            return own;
        }
    }
    let pooled = class(size).and_then(|class| lock(&POOL).get_mut(class)?.pop());
    pooled.unwrap_or_else(|| vec![0; size])
}

/// Gives a buffer back; it is freed when its size is not the pool's or the pool is full.
pub(crate) fn put(mut buffer: Vec<u8>) {
    let size = buffer.len();
    if size == SMALLEST {
        buffer = OWN.try_with(|own| own.replace(buffer)).unwrap_or_default();
        if buffer.is_empty() {
            return;
        }
    }
    let Some(class) = class(size) else { return };
    let mut pool = lock(&POOL);
    let Some(shelf) = pool.get_mut(class) else { return };
    if shelf.len() < KEPT_PER_SIZE / size {
        shelf.push(buffer);
    }
}

fn class(size: usize) -> Option<usize> {
    let fits = size.is_power_of_two() && (SMALLEST..=LARGEST).contains(&size);
    fits.then(|| (size / SMALLEST).ilog2() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(input: &mut Input, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = input.room();
            let n = room.len().min(rest.len());
            room[..n].copy_from_slice(&rest[..n]);
            input.filled(n);
            rest = &rest[n..];
        }
    }

    #[test]
    fn bytes_come_out_in_order_over_every_kind_of_growth() {
        let data: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
        let mut input = Input::new();
        let (mut received, mut consumed) = (0, 0);
        for round in 0usize.. {
            if consumed == data.len() {
                break;
            }
            let more = (round * 7919 % 300_000).min(data.len() - received);
            receive(&mut input, &data[received..received + more]);
            received += more;
            assert_eq!(input.bytes(), &data[consumed..received]);
            let less = if more == 0 { input.len() } else { round * 104_729 % (input.len() + 1) };
            input.consume(less);
            consumed += less;
        }
        assert!(input.is_empty());
    }

    #[test]
    fn a_receive_asks_for_more_while_data_flows_and_less_when_it_does_not() {
        let mut input = Input::new();
        let mut asked = Vec::new();
        for _ in 0..8 {
            let n = input.room().len();
            asked.push(n);
            input.filled(n);
            input.consume(n);
        }
        assert_eq!(asked, [4, 8, 16, 32, 64, 128, 256, 256].map(|kib| kib * 1024));
        for _ in 0..8 {
            input.room();
            input.filled(1);
            input.consume(1);
        }
        assert_eq!(input.room().len(), SMALLEST);
    }

    #[test]
    fn an_idle_buffer_holds_no_memory() {
        let mut input = Input::new();
        receive(&mut input, b"abc");
        input.release();
        assert_eq!(input.bytes(), b"abc");
        input.consume(usize::MAX);
        input.release();
        assert_eq!(input.storage.capacity(), 0);
        assert_eq!(input.bytes(), b"");
    }

    #[test]
    fn the_pool_is_bounded() {
        for _ in 0..3 * KEPT_PER_SIZE / LARGEST {
            put(vec![0; LARGEST]);
        }
        put(vec![0; 2 * LARGEST]);
        put(Vec::new());
        let kept: usize = lock(&POOL).iter().flatten().map(Vec::len).sum();
        assert!(kept <= SIZES * KEPT_PER_SIZE);
        assert!(lock(&POOL)[SIZES - 1].len() <= KEPT_PER_SIZE / LARGEST);
    }
}
