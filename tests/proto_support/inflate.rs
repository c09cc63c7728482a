//! RFC 1951 by the book and slowly, apart from the library that openck uses: an oracle for what a
//! sender compresses.

/// Inflates the messages of one connection and watches how far back they refer.
#[derive(Default)]
pub(crate) struct Oracle {
    /// Everything inflated so far.
    history: Vec<u8>,
    /// The largest distance that was used.
    pub(crate) farthest: usize,
}

impl Oracle {
    /// The plain payload of a message without its tail; it must end where a block does.
    pub(crate) fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let from = self.history.len();
        let data = [payload, &[0, 0, 0xff, 0xff]].concat();
        let mut bits = Bits { data: &data, at: 0 };
        let mut last = 0;
        while bits.at < data.len() * 8 {
            last = bits.take(1);
            match bits.take(2) {
                0 => self.stored(&mut bits),
                1 => self.coded(&mut bits, &Code::fixed()),
                2 => {
                    let codes = Code::dynamic(&mut bits);
                    self.coded(&mut bits, &codes);
                }
                _ => panic!("a block of type 3"),
            }
        }
        assert_eq!(last, 0, "a last block");
        self.history[from..].to_vec()
    }

    /// Forgets earlier messages.
    pub(crate) fn forget(&mut self) {
        self.history.clear();
    }

    fn stored(&mut self, bits: &mut Bits<'_>) {
        bits.at = bits.at.next_multiple_of(8);
        let (len, complement) = (bits.take(16), bits.take(16));
        assert_eq!(len ^ 0xffff, complement, "the length of a stored block");
        for _ in 0..len {
            self.history.push(bits.take(8) as u8);
        }
    }

    fn coded(&mut self, bits: &mut Bits<'_>, (literals, distances): &(Code, Code)) {
        loop {
            match literals.read(bits) {
                symbol @ 0..256 => self.history.push(symbol as u8),
                256 => return,
                symbol => {
                    let len = extended(bits, symbol - 257, 4, 3, Some(28));
                    let symbol = distances.read(bits);
                    let distance = extended(bits, symbol, 2, 1, None);
                    self.farthest = self.farthest.max(distance);
                    for _ in 0..len {
                        self.history.push(self.history[self.history.len() - distance]);
                    }
                }
            }
        }
    }
}

/// A length or distance: RFC 1951 3.2.5 as a formula. Groups of `group` symbols share a number of
/// extra bits, the first two groups have none.
fn extended(
    bits: &mut Bits<'_>,
    symbol: usize,
    group: usize,
    least: usize,
    top: Option<usize>,
) -> usize {
    if top == Some(symbol) {
        return 258;
    }
    let extra = (symbol / group).saturating_sub(1);
    let base = if extra == 0 { symbol } else { (group + symbol % group) << extra };
    least + base + bits.take(extra)
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        let bit = |at: usize| usize::from(self.data[at / 8] >> (at % 8) & 1);
        let value = (0..count).map(|n| bit(self.at + n) << n).sum();
        self.at += count;
        value
    }
}

/// A Huffman code: for each length, the first code and the symbols in order.
struct Code(Vec<Vec<usize>>);

impl Code {
    fn of(lengths: &[usize]) -> Self {
        let symbols = |len| (0..lengths.len()).filter(|s| lengths[*s] == len).collect();
        Self((0..16).map(|len| if len == 0 { Vec::new() } else { symbols(len) }).collect())
    }

    fn read(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first) = (0, 0);
        for symbols in &self.0[1..] {
            code = code << 1 | bits.take(1);
            first <<= 1;
            if let Some(symbol) = symbols.get(code - first) {
                return *symbol;
            }
            first += symbols.len();
        }
        panic!("no such code");
    }

    fn fixed() -> (Self, Self) {
        let lengths = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
        (Self::of(&lengths), Self::of(&[5; 30]))
    }

    fn dynamic(bits: &mut Bits<'_>) -> (Self, Self) {
        const ORDER: [usize; 19] =
            [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (literals, distances) = (257 + bits.take(5), 1 + bits.take(5));
        let mut lengths = [0; 19];
        for place in &ORDER[..4 + bits.take(4)] {
            lengths[*place] = bits.take(3);
        }
        let code = Self::of(&lengths);
        let mut lengths: Vec<usize> = Vec::new();
        while lengths.len() < literals + distances {
            let (value, times) = match code.read(bits) {
                16 => (*lengths.last().unwrap(), 3 + bits.take(2)),
                17 => (0, 3 + bits.take(3)),
                18 => (0, 11 + bits.take(7)),
                len => (len, 1),
            };
            lengths.extend(vec![value; times]);
        }
        assert_eq!(lengths.len(), literals + distances);
        (Self::of(&lengths[..literals]), Self::of(&lengths[literals..]))
    }
}
