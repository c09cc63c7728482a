//! The receive buffer.

use std::ops::Range;

use crate::net::pool::{Buffer, LARGEST, Lent, SMALLEST};

/// Bytes received and not yet consumed.
///
/// A receive asks for 4 KiB at first and for twice as much each time the
/// network filled what was asked for, up to 256 KiB.
#[derive(Debug, Default)]
pub struct Input {
    /// Only `filled` is data.
    storage: Buffer,
    filled: Range<usize>,
    /// How much the next receive asks for; 0 is not known yet.
    window: usize,
}

impl Input {
    /// An empty buffer without memory.
    pub const fn new() -> Self {
        Self { storage: Buffer::none(), filled: 0..0, window: 0 }
    }

    /// The bytes received and not yet consumed.
    pub fn bytes(&self) -> &[u8] {
        self.storage.bytes().get(self.filled.clone()).unwrap_or_default()
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
        self.storage.bytes().get(place.clone()).unwrap_or_default()
    }

    /// The bytes at such a place, lent for longer; `None` where copying them is better.
    #[inline]
    pub fn lend(&mut self, place: &Range<usize>) -> Option<Lent> {
        self.storage.lend(place)
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

    /// How much memory it holds.
    pub fn capacity(&self) -> usize {
        self.storage.bytes().len()
    }

    /// Gives the memory back when there are no bytes.
    pub fn release(&mut self) {
        if self.is_empty() {
            self.storage = Buffer::none();
        }
    }

    /// As [`Input::release`], but keeps a smallest buffer, for a wait.
    pub(crate) fn release_large(&mut self) {
        if self.capacity() > SMALLEST {
            self.release();
        }
    }

    /// Room to receive into, initialised; what was received is added by [`Input::filled`].
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let window = self.window.clamp(SMALLEST, LARGEST);
        if self.is_empty() {
            self.filled = 0..0;
        }
        let end = self.filled.end + window;
        // No room at all while a part is lent.
        if self.storage.bytes_mut().len() < end {
            return self.make_room(window);
        }
        // Asking for more than the window would let one connection empty the socket for ever.
        self.storage.bytes_mut().get_mut(self.filled.end..end).unwrap_or_default()
    }

    /// The first `n` bytes of [`Input::room`] were filled.
    pub(crate) fn filled(&mut self, n: usize) {
        let room = self.capacity() - self.filled.end;
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

    /// Moves the bytes to the front, or to another buffer if that is not enough.
    #[cold]
    fn make_room(&mut self, window: usize) -> &mut [u8] {
        let used = self.len();
        let storage = self.storage.bytes_mut();
        if storage.len() >= used + window {
            storage.copy_within(self.filled.clone(), 0);
        } else {
            let mut other = Buffer::take((used + window).max(used.saturating_mul(2)));
            if let Some(front) = other.bytes_mut().get_mut(..used) {
                front.copy_from_slice(self.bytes());
            }
            self.storage = other;
        }
        self.filled = 0..used;
        self.storage.bytes_mut().get_mut(used..used + window).unwrap_or_default()
    }
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

    /// CVE-2026-107928: a stream that claims to have filled more than there is room for.
    #[test]
    fn more_than_the_room_is_not_filled() {
        let mut input = Input::new();
        let room = input.room().len();
        input.filled(usize::MAX);
        assert_eq!(input.bytes().len(), room);
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
        assert_eq!(input.capacity(), 0);
        assert_eq!(input.bytes(), b"");
    }

    #[test]
    fn a_lent_part_stays_while_more_is_received() {
        let _turn = crate::net::wait::lock(&crate::net::pool::tests::TURN);
        let mut input = Input { window: 2 * SMALLEST, ..Input::new() };
        receive(&mut input, &[1; 1000]);
        input.consume(600);
        let part = input.lend(&input.consumed(600)).unwrap();
        receive(&mut input, &[2; 1000]);
        assert_eq!(part.bytes(), [1; 600]);
        assert_eq!(input.bytes(), [[1; 400].as_slice(), &[2; 1000]].concat());
    }
}
