//! permessage-deflate: the compressed form of messages, RFC 7692 7.2.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::error::{Error, ErrorKind, Result};
use crate::proto::extension::Agreed;

/// The window of raw deflate that the library takes at least; for reading, a larger one will do.
const LEAST_BITS: u8 = 9;

/// What a sync flush ends with, and what is not sent at the end of a message. RFC 7692 7.2.1.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Empty stored blocks, as many as a broken block can swallow without a trace: the longest header
/// of a dynamic block has 2283 bits.
const PROBE: [[u8; 5]; 64] = [[0, 0, 0, 0xff, 0xff]; 64];

/// The data is not what RFC 7692 allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// What [`Inflater::step`] did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// So many bytes of the input were used.
    pub(crate) used: usize,
    /// There is more to come out of what was put in, or input left.
    pub(crate) more: bool,
}

/// So much is inflated at once.
const OUTPUT: usize = 16 << 10;

/// Inflates the messages of one connection..
#[derive(Debug)]
pub(crate) struct Inflater {
    bits: u8,
    takeover: bool,
    /// None until there is something to inflate, and between messages without context takeover.
    stream: Option<Box<Stream>>,
    /// A block marked as the last (BFINAL) has just ended.
    ended: bool,
}

#[derive(Debug)]
struct Stream {
    inflate: Decompress,
    /// What comes out, before it is appended to the message. Inflating into the message's own
    /// spare room would cost what that has room for: flate2 fills all of it with zeros each time.
    output: [u8; OUTPUT],
}

impl Stream {
    fn new(bits: u8) -> Self {
        Self { inflate: Decompress::new_with_window_bits(false, bits), output: [0; OUTPUT] }
    }
}

impl Inflater {
    pub(crate) fn new(agreed: &Agreed) -> Self {
        let bits = agreed.server_bits.clamp(LEAST_BITS, 15);
        Self { bits, takeover: agreed.server_takeover, stream: None, ended: false }
    }

    /// Inflates a piece of a message and appends at most 16 KiB to `message`, and not more than
    /// `room` and one byte, so that a bomb is noticed and not stored.
    pub(crate) fn step(
        &mut self,
        input: &[u8],
        message: &mut Vec<u8>,
        room: usize,
    ) -> Result<Step, Broken> {
        if input.is_empty() && self.stream.is_none() {
            return Ok(Step { used: 0, more: false });
        }
        let bits = self.bits;
        let stream = self.stream.get_or_insert_with(|| Box::new(Stream::new(bits)));
        let most = OUTPUT.min(room.saturating_add(1));
        let output = stream.output.get_mut(..most).unwrap_or_default();
        let (before_in, before_out) = (stream.inflate.total_in(), stream.inflate.total_out());
        let status = stream.inflate.decompress(input, output, FlushDecompress::None);
        let used = distance(before_in, stream.inflate.total_in())?;
        let made = distance(before_out, stream.inflate.total_out())?;
        append(message, output.get(..made).unwrap_or_default(), room);
        let status = status.map_err(|_| Broken)?;
        if status == Status::StreamEnd {
            // RFC 7692 7.2.3.4, R-87: a block may say that it is the last; the next one begins at
            // the next byte, and what wrote such a block has forgotten what was before it.
            (self.stream, self.ended) = (None, true);
            return Ok(Step { used, more: used != input.len() });
        }
        self.ended &= used == 0;
        if used == 0 && made == 0 && !input.is_empty() {
            return Err(Broken);
        }
        Ok(Step { used, more: used != input.len() || made == most })
    }

    /// The message ends here, all its input was given. RFC 7692 7.2.2, R-85.
    ///
    /// Fails when it ends inside of a block: the tail and the empty blocks behind it then become
    /// data, or nonsense.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        // After a last block, the octet that makes the tail an empty block is often left out.
        if !std::mem::take(&mut self.ended) {
            let stream = self.stream.as_mut().ok_or(Broken)?;
            swallow(&mut stream.inflate, &TAIL)?;
            swallow(&mut stream.inflate, PROBE.as_flattened())?;
        }
        if !self.takeover {
            self.stream = None;
        }
        Ok(())
    }
}

/// Puts in what must leave no trace.
fn swallow(stream: &mut Decompress, input: &[u8]) -> Result<(), Broken> {
    let (before_in, before_out) = (stream.total_in(), stream.total_out());
    let status = stream.decompress(input, &mut [0; 8], FlushDecompress::None);
    let all = stream.total_in() - before_in == input.len() as u64;
    let traceless = all && stream.total_out() == before_out;
    match status {
        Ok(Status::Ok | Status::BufError) if traceless => Ok(()),
        _ => Err(Broken),
    }
}

fn distance(before: u64, after: u64) -> Result<usize, Broken> {
    usize::try_from(after - before).map_err(|_| Broken)
}

/// Appends; `message` doubles when it is full, but not beyond `room` and one byte.
fn append(message: &mut Vec<u8>, piece: &[u8], room: usize) {
    if message.capacity() - message.len() < piece.len() {
        message.reserve_exact(message.len().min(room.saturating_add(1)).max(piece.len()));
    }
    message.extend_from_slice(piece);
}

/// Compresses the messages of one connection..
#[derive(Debug)]
pub struct Deflater {
    level: u8,
    bits: u8,
    takeover: bool,
    /// None until there is something to compress, and between messages without context takeover.
    stream: Option<Box<Compress>>,
    /// Whether the open message is compressed.
    active: bool,
    frame: Vec<u8>,
}

/// So much is compressed at once; then the caller may end it.
const PIECE: usize = 256 << 10;
/// So much of the buffer for compressed frames is kept.
const KEEP: usize = 64 << 10;

impl Deflater {
    /// The compressor of a fresh connection. `level` 0 stores, 1 is fast, 9 is small.
    pub fn new(agreed: &Agreed, level: u8) -> Self {
        Self {
            level: level.min(9),
            bits: agreed.client_bits.min(15),
            takeover: agreed.client_takeover,
            stream: None,
            active: false,
            frame: Vec::new(),
        }
    }

    /// The compressed payload of a frame; none when its message is sent as it is: one frame
    /// of fewer than `min_size` bytes.
    ///
    /// Each frame can be inflated as soon as it arrives. RFC 7692 7.2.1, R-84. `go_on` is asked now
    /// and then; if it says no, this fails with [`ErrorKind::Aborted`] and the connection is of no
    /// use any more. Fails with [`ErrorKind::Internal`] when the library fails.
    pub fn frame(
        &mut self,
        payload: &[u8],
        (first, fin): (bool, bool),
        min_size: usize,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<&[u8]>> {
        if first {
            // The length of a message in several frames is not known when it begins. R-82: the
            // library has no window of 8 bits; not to compress is always allowed.
            let worth_it = !fin || payload.len() >= min_size;
            self.active = worth_it && self.bits >= LEAST_BITS;
        }
        if !self.active {
            return Ok(None);
        }
        self.compress(payload, go_on)?;
        if fin {
            self.end();
        }
        Ok(Some(&self.frame))
    }

    fn compress(&mut self, payload: &[u8], go_on: impl Fn() -> bool) -> Result<()> {
        let (level, bits) = (Compression::new(self.level.into()), self.bits);
        let make = || Box::new(Compress::new_with_window_bits(level, false, bits));
        let stream = self.stream.get_or_insert_with(make);
        self.frame.clear();
        let mut rest = payload;
        loop {
            if !go_on() {
                return Err(aborted());
            }
            let piece = rest.get(..PIECE).unwrap_or(rest);
            let last = piece.len() == rest.len();
            let flush = if last { FlushCompress::Sync } else { FlushCompress::None };
            // With less room than a flush takes, each call would begin another one.
            self.frame.reserve((piece.len() / 2).max(64));
            let before = stream.total_in();
            stream.compress_vec(piece, &mut self.frame, flush).map_err(|error| defect(&error))?;
            let used = usize::try_from(stream.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(used..).unwrap_or_default();
            if last && rest.is_empty() && self.frame.len() < self.frame.capacity() {
                return Ok(());
            }
        }
    }

    /// Cuts the tail off the last frame. RFC 7692 7.2.1, 7.2.3.6.
    fn end(&mut self) {
        if self.frame.ends_with(&TAIL) {
            self.frame.truncate(self.frame.len() - TAIL.len());
        } else {
            // A flush gives nothing when nothing came after the last one: an empty block then.
            self.frame.push(0);
        }
        if !self.takeover {
            self.stream = None;
        }
    }

    /// Gives memory back that the next frame can do without.
    pub fn release(&mut self) {
        if self.frame.capacity() > KEEP || self.stream.is_none() {
            self.frame = Vec::new();
        }
    }
}

#[cold]
fn aborted() -> Error {
    Error::new(ErrorKind::Aborted, "The compression of a message was ended by the program.")
}

#[cold]
fn defect(error: &flate2::CompressError) -> Error {
    Error::new(ErrorKind::Internal, format!("A message could not be compressed: {error}."))
}
