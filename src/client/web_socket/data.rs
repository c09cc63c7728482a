//! The data of the frames that were read, until the program takes it.

use std::cell::Cell;
use std::ops::Range;

use crate::client::bin_data::BinData;
use crate::error::{Error, ErrorKind, Result};
use crate::net::buffer::Input;
use crate::net::spare;
use crate::proto::frame::Opcode;

/// From this size on payload is received straight into the message.
pub(super) const DIRECT_FROM: usize = 16 << 10;
/// Up to this size data is copied out, so that its buffer serves the next message.
const COPIED: usize = 4 << 10;
/// Less than this is cheaper to copy out of the receive buffer than to lend.
const LENT_FROM: usize = 512;
/// A text buffer larger than this is not kept for the next text.
const KEPT: usize = 4 << 20;

/// Data since the last take.
pub(super) struct Data {
    /// Whole frames, and behind them the beginning of an unfinished one.
    pub(super) bytes: Vec<u8>,
    /// A single whole frame that still stands in the receive buffer; `bytes` is empty then. So the
    /// usual frame is copied at most once, to where the program wants it.
    in_input: Range<usize>,
    /// How much belongs to whole frames.
    pub(super) ready: usize,
    /// Where the unfinished message begins.
    message_start: usize,
    /// The message that is read is text.
    text: bool,
    /// All whole frames were of text messages, so that the receiver has checked them.
    all_text: bool,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            in_input: 0..0,
            ready: 0,
            message_start: 0,
            text: false,
            all_text: true,
        }
    }
}

impl Data {
    /// The number of bytes held.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.in_input.len()
    }

    /// Whether nothing is held.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.in_input.is_empty()
    }

    /// A message has arrived in one frame, whose payload, `len` bytes, was just consumed from `input`.
    /// There must be no other data.
    #[inline(always)]
    pub(super) fn message_stays_in(&mut self, input: &Input, len: usize, opcode: Opcode) {
        self.in_input = input.consumed(len);
        self.text = opcode == Opcode::Text;
        self.all_text &= self.text;
        self.ready = len;
        self.message_start = len;
    }

    /// Before `input` is used again: copies what stands there.
    #[inline]
    pub(super) fn settle(&mut self, input: &Input) {
        if !self.in_input.is_empty() {
            let place = std::mem::take(&mut self.in_input);
            self.bytes.extend_from_slice(input.stored(&place));
        }
    }

    /// A data frame has arrived whole.
    #[inline]
    pub(super) fn frame_ended(&mut self, opcode: Opcode, fin: bool) {
        if opcode != Opcode::Continuation {
            self.text = opcode == Opcode::Text;
        }
        self.all_text &= self.text;
        self.ready = self.len();
        if fin {
            self.message_start = self.ready;
        }
    }

    /// the message that was begun will never be whole.
    pub(super) fn drop_unfinished(&mut self) {
        self.bytes.truncate(self.message_start);
        self.ready = self.ready.min(self.message_start);
    }

    /// Before `more` bytes of a large message are received: finds room that was used before.
    pub(super) fn prepare(&mut self, more: usize) {
        let room = self.bytes.capacity();
        if self.bytes.len() < DIRECT_FROM && room < DIRECT_FROM {
            let mut found = spare::take(self.bytes.len().saturating_add(more));
            if found.capacity() > room {
                found.extend_from_slice(&self.bytes);
                self.bytes = found;
            }
        }
    }

    /// While nothing is there no large buffer is held.
    pub(super) fn release(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > COPIED {
            spare::give(std::mem::take(&mut self.bytes));
        }
    }

    /// The whole frames.
    fn whole<'a>(&'a self, input: &'a Input) -> &'a [u8] {
        if self.in_input.is_empty() {
            self.bytes.get(..self.ready).unwrap_or_default()
        } else {
            input.stored(&self.in_input)
        }
    }

    /// Takes the whole frames as text, or nothing if they are not text.
    pub(super) fn take_text(&mut self, input: &Input) -> Result<FrameText> {
        let complete = self.message_start == self.ready;
        if !(self.all_text && complete) {
            check_text(self.whole(input))?;
        }
        let mut text = SPARE.take();
        text.clear();
        // One more for the NUL of C.
        if self.ready <= COPIED || !self.in_input.is_empty() {
            text.reserve(self.ready + 1);
            text.extend_from_slice(self.whole(input));
            self.drop_whole();
        } else {
            std::mem::swap(&mut self.bytes, &mut text);
            self.put_back_unfinished(&mut text);
            text.reserve(1);
        }
        self.taken();
        Ok(FrameText(text))
    }

    /// Takes the whole frames and appends them to `bin_data`.
    #[inline(always)]
    pub(super) fn take_into(&mut self, bin_data: &BinData, input: &mut Input) {
        if !self.in_input.is_empty() {
            let place = std::mem::take(&mut self.in_input);
            if place.len() < LENT_FROM || !lend_into(bin_data, input, &place) {
                bin_data.append_bytes(input.stored(&place));
            }
        } else if self.ready <= COPIED {
            bin_data.append_bytes(self.whole(input));
            self.drop_whole();
        } else {
            let mut unfinished = self.bytes.split_off(self.ready);
            bin_data.append_from(&mut self.bytes);
            self.bytes.append(&mut unfinished);
        }
        self.taken();
    }

    fn drop_whole(&mut self) {
        if self.in_input.is_empty() {
            self.bytes.drain(..self.ready);
        }
        self.in_input = 0..0;
    }

    /// `taken` was swapped out of `bytes`; what lies behind the whole frames stays.
    fn put_back_unfinished(&mut self, taken: &mut Vec<u8>) {
        self.bytes.extend_from_slice(taken.get(self.ready..).unwrap_or_default());
        taken.truncate(self.ready);
    }

    fn taken(&mut self) {
        // The rest of a message of which a part was taken may begin inside a character.
        self.all_text = self.message_start == self.ready;
        self.message_start = self.message_start.saturating_sub(self.ready);
        self.ready = 0;
    }
}

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Puts a part of `input` into an empty object without copying it; false where copying is better.
#[inline(never)]
fn lend_into(bin_data: &BinData, input: &mut Input, place: &Range<usize>) -> bool {
    bin_data.fill_with_lent(|| input.lend(place))
}

/// Gives the buffer of a text that is not needed any more to the next [`FrameText`].
pub fn recycle(buffer: Vec<u8>) {
    let _ = SPARE.try_with(|spare| {
        let kept = spare.take();
        let better = buffer.capacity() > kept.capacity() && buffer.capacity() <= KEPT;
        spare.set(if better { buffer } else { kept });
    });
}

/// Text that was received: bytes known to be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameText(Vec<u8>);

impl FrameText {
    /// The UTF-8, in a buffer with room for one byte more.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        simdutf8::basic::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as a `String`.
    pub fn into_string(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}

fn check_text(bytes: &[u8]) -> Result<()> {
    if simdutf8::basic::from_utf8(bytes).is_ok() {
        return Ok(());
    }
    let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    Err(Error::new(
        ErrorKind::Text,
        format!("The {} bytes received are not UTF-8 text, from offset {at} on.", bytes.len()),
    )
    .advise(
        "Nothing was taken. Use GetFrameDataBd for binary data, or read on to the final frame.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Class;

    fn data(bytes: &[u8], opcode: Opcode, fin: bool) -> Data {
        let mut data = Data { bytes: bytes.to_vec(), ..Data::default() };
        data.frame_ended(opcode, fin);
        data
    }

    #[test]
    fn the_beginning_of_a_frame_stays_behind() {
        for size in [3, COPIED + 1] {
            let mut data = data(&vec![b'a'; size], Opcode::Text, true);
            data.bytes.extend_from_slice(b"rest");
            assert_eq!(data.take_text(&Input::new()).unwrap().into_bytes().len(), size);
            assert_eq!(data.bytes, b"rest");
            let bin_data = BinData::new_object();
            data.take_into(&bin_data, &mut Input::new());
            assert_eq!((bin_data.num_bytes(), data.bytes.as_slice()), (0, &b"rest"[..]));
        }
    }

    #[test]
    fn binary_data_is_taken_as_text_only_if_it_is_utf8() {
        let mut bad = data(b"a\xFF", Opcode::Binary, true);
        assert!(bad.take_text(&Input::new()).is_err());
        assert_eq!(bad.ready, 2);
        assert_eq!(
            data(b"ok", Opcode::Binary, true).take_text(&Input::new()).unwrap().as_str(),
            "ok"
        );
    }

    #[test]
    fn a_character_cut_by_a_fragment_waits_for_its_rest() {
        let mut data = data(b"\xC3", Opcode::Text, false);
        assert!(data.take_text(&Input::new()).is_err());
        data.bytes.push(0xA9);
        data.frame_ended(Opcode::Continuation, true);
        assert_eq!(data.take_text(&Input::new()).unwrap().as_str(), "\u{e9}");
    }

    #[test]
    fn a_character_that_was_cut_by_a_take_is_no_text() {
        let mut data = data(b"\xC3", Opcode::Text, false);
        data.take_into(&BinData::new_object(), &mut Input::new());
        data.bytes.push(0xA9);
        data.frame_ended(Opcode::Continuation, true);
        assert!(data.take_text(&Input::new()).is_err());
        assert_eq!(data.ready, 1);
    }

    #[test]
    fn r54_a_close_drops_only_the_unfinished_message() {
        let mut data = data(b"whole", Opcode::Text, true);
        data.bytes.extend_from_slice(b"part");
        data.frame_ended(Opcode::Text, false);
        data.drop_unfinished();
        assert_eq!(data.take_text(&Input::new()).unwrap().as_str(), "whole");
    }

    #[test]
    fn what_came_with_much_more_is_lent_to_an_empty_object() {
        let _turn = crate::net::wait::lock(&crate::net::pool::tests::TURN);
        let mut input = Input::new();
        for _ in 0..2 {
            let n = input.room().len();
            input.filled(n);
        }
        for (size, prefix, is_lent) in
            [(LENT_FROM, "", true), (LENT_FROM, "x", false), (LENT_FROM - 1, "", false)]
        {
            let bin_data = BinData::new_object();
            bin_data.append_bytes(prefix.as_bytes());
            let mut data = Data::default();
            input.consume(size);
            data.message_stays_in(&input, size, Opcode::Binary);
            data.take_into(&bin_data, &mut input);
            assert_eq!(bin_data.is_lent(), is_lent, "{size} bytes behind \"{prefix}\"");
            assert_eq!(bin_data.num_bytes() as usize, prefix.len() + size);
            bin_data.get_bytes_ptr().unwrap();
            assert!(!bin_data.is_lent());
        }
    }
}
