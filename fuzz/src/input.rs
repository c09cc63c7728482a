//! Decisions out of the bytes of a fuzzer.

use arbitrary::Unstructured;

use crate::proto_support::{cut, frame};

/// Reads decisions from bytes; when they are used up, every answer is the smallest.
pub(crate) struct Input<'a>(Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number under `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.int_in_range(0..=end - 1).unwrap_or(0)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Fewer than `end` bytes.
    pub(crate) fn bytes(&mut self, end: usize) -> &'a [u8] {
        let len = self.below(end).min(self.0.len());
        self.0.bytes(len).unwrap_or_default()
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0.take_rest()
    }

    /// What a server sends: frames that are mostly legal, so that scripts get past the first, and
    /// bytes of any kind between.
    pub(crate) fn script(&mut self) -> Vec<u8> {
        let count = self.below(16);
        let mut script = Vec::new();
        for _ in 0..count {
            match self.below(12) {
                0 => script.extend_from_slice(self.bytes(64)),
                1 => script.extend(frame(self.byte(), self.bytes(256))),
                2 => {
                    let (first, unit) = (self.pick(&FIRST), self.bytes(8));
                    script.extend(frame(first, &unit.repeat(self.below(512))));
                }
                _ => script.extend(frame(self.pick(&FIRST), self.bytes(128))),
            }
        }
        script
    }

    /// The script in pieces of sizes that repeat.
    pub(crate) fn cut<'s>(&mut self, script: &'s [u8]) -> Vec<&'s [u8]> {
        let count = self.below(8);
        let sizes: Vec<usize> = (0..=count).map(|_| 1 + self.below(64)).collect();
        cut(script, &sizes)
    }
}

/// First bytes of frames that may be legal, the compressed ones among them.
const FIRST: [u8; 13] =
    [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc1, 0xc2, 0x41, 0x42];
