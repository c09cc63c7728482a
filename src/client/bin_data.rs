//! `BinData`: a buffer of bytes.

use std::ptr;

use super::base::Base;
use super::content::{append_file, as_int, range, read_file, wipe, write_file};
use super::string_builder::StringBuilder;
use super::{Class, charset, encoding};
use crate::error::{Error, ErrorKind, Result};
use crate::net::pool::Lent;
use crate::sync::Mutex;

/// Holds bytes: binary messages to send, and those received.
///
/// `Load…` replaces the content, `Append…` adds to its end; when one of them fails, the content is
/// what it was. Indexes and offsets count bytes from 0. Names of charsets and encodings are those
/// of `AppendString` and `AppendEncoded`, in any case.
///
/// All methods may be called from several threads at once; each call sees or makes one whole
/// change. An object may be its own argument.
pub struct BinData {
    base: Base,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    own: Vec<u8>,
    /// All of the content while it is there; `own` is empty then. What was received is copied only
    /// when it is changed.
    lent: Option<Lent>,
}

impl Content {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.lent.as_ref().map_or(&self.own, Lent::bytes)
    }

    /// The bytes, to change them.
    #[inline]
    fn own(&mut self) -> &mut Vec<u8> {
        if let Some(lent) = self.lent.take() {
            self.own.extend_from_slice(lent.bytes());
        }
        &mut self.own
    }

    #[inline(always)]
    fn clear(&mut self) {
        self.lent = None;
        self.own.clear();
    }
}

impl Class for BinData {
    fn new_object() -> Self {
        Self { base: Base::new("BinData"), content: Mutex::default() }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// For the other classes.
impl BinData {
    /// Appends a copy of `bytes`.
    #[inline(always)]
    pub fn append_bytes(&self, bytes: &[u8]) {
        self.content.lock().own().extend_from_slice(bytes);
    }

    /// Keeps what `lend` gives as the content, if there is none; whether it did.
    #[inline]
    pub fn fill_with_lent(&self, lend: impl FnOnce() -> Option<Lent>) -> bool {
        let mut content = self.content.lock();
        if !content.bytes().is_empty() {
            return false;
        }
        content.lent = lend();
        content.lent.is_some()
    }

    #[cfg(test)]
    pub(crate) fn is_lent(&self) -> bool {
        self.content.lock().lent.is_some()
    }

    /// Moves all of `bytes` behind the content. What is left there is empty, but may have room: an
    /// empty object gives its own buffer in exchange, so that a loop allocates nothing.
    pub fn append_from(&self, bytes: &mut Vec<u8>) {
        let mut content = self.content.lock();
        let own = content.own();
        if own.is_empty() {
            std::mem::swap(own, bytes);
        } else {
            own.append(bytes);
        }
    }

    /// Replaces the content with `bytes`.
    pub fn set(&self, bytes: Vec<u8>) {
        *self.content.lock() = Content { own: bytes, lent: None };
    }

    /// Calls `read` with the content, which is locked meanwhile: `read` must not use this object.
    #[inline]
    pub fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(self.content.lock().bytes())
    }

    /// A copy of the content.
    pub fn to_vec(&self) -> Vec<u8> {
        self.content.lock().bytes().to_vec()
    }
}

/// Size, comparison, emptying.
impl BinData {
    /// The number of bytes.
    pub fn num_bytes(&self) -> i32 {
        self.with_bytes(|bytes| as_int(bytes.len()))
    }

    /// Removes all bytes.
    #[inline(always)]
    pub fn clear(&self) -> Result<()> {
        self.content.lock().clear();
        Ok(())
    }

    /// Overwrites all bytes with zeros, then removes them. Copies made earlier are not reached, nor the
    /// buffers that a connection received them in.
    pub fn secure_clear(&self) -> Result<()> {
        let mut content = self.content.lock();
        content.lent = None;
        wipe(&mut content.own);
        Ok(())
    }

    /// Whether the other object has the same bytes.
    pub fn contents_equal(&self, bin_data: &Self) -> Result<bool> {
        let other = bin_data.to_vec();
        Ok(self.with_bytes(|bytes| bytes == other))
    }

    /// Removes `num_bytes` bytes from `offset` on. Fails when the range is not within the content.
    pub fn remove_chunk(&self, offset: i32, num_bytes: i32) -> Result<()> {
        let mut content = self.content.lock();
        let range = range(content.bytes().len(), offset, num_bytes, "bytes")?;
        content.own().drain(range);
        Ok(())
    }
}

/// Appending.
impl BinData {
    /// Appends the content of another object, or of this one.
    pub fn append_bd(&self, bin_data: &Self) -> Result<()> {
        self.append_from(&mut bin_data.to_vec());
        Ok(())
    }

    /// Appends bytes.
    pub fn append_binary(&self, data: &[u8]) -> Result<()> {
        self.append_bytes(data);
        Ok(())
    }

    /// Appends bytes; the form for a pointer and a length.
    pub fn append_binary2(&self, data: &[u8]) -> Result<()> {
        self.append_binary(data)
    }

    /// Appends one byte. Fails when `byte_value` is not 0 to 255.
    pub fn append_byte(&self, byte_value: i32) -> Result<()> {
        let byte = u8::try_from(byte_value).map_err(|_| {
            Error::new(ErrorKind::Argument, format!("{byte_value} is not the value of a byte."))
                .advise("Pass 0 to 255.")
        })?;
        self.append_bytes(&[byte]);
        Ok(())
    }

    /// Appends the bytes that `enc_data` stands for in `encoding`, such as "base64" or "hex".
    pub fn append_encoded(&self, enc_data: &str, encoding: &str) -> Result<()> {
        self.append_from(&mut encoding::decode(enc_data, encoding)?);
        Ok(())
    }

    /// Appends a 16-bit integer. Fails when `value` is not -32768 to 65535.
    pub fn append_int2(&self, value: i32, little_endian: bool) -> Result<()> {
        let value = u16::try_from(value)
            .or_else(|_| i16::try_from(value).map(i16::cast_unsigned))
            .map_err(|_| {
                Error::new(ErrorKind::Argument, format!("{value} does not fit in 16 bits."))
                    .advise("Pass -32768 to 65535, or use AppendInt4.")
            })?;
        self.append_bytes(&if little_endian { value.to_le_bytes() } else { value.to_be_bytes() });
        Ok(())
    }

    /// Appends a 32-bit integer.
    pub fn append_int4(&self, value: i32, little_endian: bool) -> Result<()> {
        self.append_bytes(&if little_endian { value.to_le_bytes() } else { value.to_be_bytes() });
        Ok(())
    }

    /// Appends the text of a `StringBuilder` in `charset`, without a byte order mark.
    pub fn append_sb(&self, sb: &StringBuilder, charset: &str) -> Result<()> {
        self.append_string(&sb.get_as_string()?, charset)
    }

    /// Appends text in `charset`, without a byte order mark.
    /// Fails when a character does not exist in the charset.
    pub fn append_string(&self, text: &str, charset: &str) -> Result<()> {
        self.append_from(&mut charset::encode(text, charset)?);
        Ok(())
    }
}

/// Reading.
impl BinData {
    /// All bytes.
    pub fn get_binary(&self) -> Result<Vec<u8>> {
        Ok(self.to_vec())
    }

    /// `num_bytes` bytes from `offset` on. Fails when the range is not within the content.
    pub fn get_binary_chunk(&self, offset: i32, num_bytes: i32) -> Result<Vec<u8>> {
        self.with_chunk(offset, num_bytes, |chunk| Ok(chunk.to_vec()))
    }

    /// The byte at `index`, 0 to 255. Fails when there is none.
    pub fn get_byte(&self, index: i32) -> Result<i32> {
        self.read_array(index).map(|[byte]| i32::from(byte))
    }

    /// Where the bytes are in memory: valid until the object is changed or disposed. NULL when
    /// there are none. The number of bytes is `NumBytes`.
    pub fn get_bytes_ptr(&self) -> Result<*const u8> {
        // Memory of its own: aligned as programs expect, and no neighbour is hurt by one that writes.
        let mut content = self.content.lock();
        let own = content.own();
        Ok(if own.is_empty() { ptr::null() } else { own.as_ptr() })
    }

    /// As [`Self::get_bytes_ptr`]; C programs know both names.
    pub fn get_binary_data_ptr(&self) -> Result<*const u8> {
        self.get_bytes_ptr()
    }

    /// All bytes as text in `encoding`, such as "base64" or "hex".
    pub fn get_encoded(&self, encoding: &str) -> Result<String> {
        self.with_bytes(|bytes| encoding::encode(bytes, encoding))
    }

    /// `num_bytes` bytes from `offset` on as text in `encoding`.
    pub fn get_encoded_chunk(&self, offset: i32, num_bytes: i32, encoding: &str) -> Result<String> {
        self.with_chunk(offset, num_bytes, |chunk| encoding::encode(chunk, encoding))
    }

    /// Appends all bytes as text in `encoding` to `sb`.
    pub fn get_encoded_sb(&self, encoding: &str, sb: &StringBuilder) -> Result<()> {
        sb.append_string(self.get_encoded(encoding)?);
        Ok(())
    }

    /// The two bytes at `index` as a signed integer.
    pub fn get_int2(&self, index: i32, little_endian: bool) -> Result<i32> {
        self.read_u16(index, little_endian).map(|value| i32::from(value.cast_signed()))
    }

    /// The four bytes at `index` as a signed integer.
    pub fn get_int4(&self, index: i32, little_endian: bool) -> Result<i32> {
        self.read_u32(index, little_endian).map(u32::cast_signed)
    }

    /// The two bytes at `index` as an unsigned integer.
    pub fn get_uint2(&self, index: i32, little_endian: bool) -> Result<u32> {
        self.read_u16(index, little_endian).map(u32::from)
    }

    /// The four bytes at `index` as an unsigned integer.
    pub fn get_uint4(&self, index: i32, little_endian: bool) -> Result<u32> {
        self.read_u32(index, little_endian)
    }

    /// All bytes as text that is in `charset`. A leading byte order mark is not part of the text.
    /// Fails when the bytes are not valid in the charset, and says where.
    pub fn get_string(&self, charset: &str) -> Result<String> {
        self.with_bytes(|bytes| charset::decode_document(bytes, charset))
    }

    /// `num_bytes` bytes from `start_idx` on as text that is in `charset`.
    pub fn get_text_chunk(&self, start_idx: i32, num_bytes: i32, charset: &str) -> Result<String> {
        self.with_chunk(start_idx, num_bytes, |chunk| charset::decode(chunk, charset))
    }

    /// The index of the first byte, at `start_idx` or later, where the bytes of `text` in
    /// `charset` are found; -1 when they are not. Fails when the text is empty.
    pub fn find_string(&self, text: &str, start_idx: i32, charset: &str) -> Result<i32> {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::Argument, "The text to look for is empty.")
                .advise("Pass at least one character."));
        }
        let wanted = charset::encode(text, charset)?;
        self.with_bytes(|bytes| {
            let start = range(bytes.len(), start_idx, 0, "bytes")?.start;
            let found = memchr::memmem::find(bytes.get(start..).unwrap_or_default(), &wanted);
            Ok(found.map_or(-1, |at| as_int(start + at)))
        })
    }

    fn with_chunk<T>(
        &self,
        offset: i32,
        num_bytes: i32,
        read: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.with_bytes(|bytes| {
            let range = range(bytes.len(), offset, num_bytes, "bytes")?;
            read(bytes.get(range).unwrap_or_default())
        })
    }

    fn read_array<const N: usize>(&self, index: i32) -> Result<[u8; N]> {
        self.with_bytes(|bytes| {
            let range = range(bytes.len(), index, as_int(N), "bytes")?;
            Ok(bytes.get(range).and_then(|chunk| chunk.first_chunk()).copied().unwrap_or([0; N]))
        })
    }

    fn read_u16(&self, index: i32, little_endian: bool) -> Result<u16> {
        let bytes = self.read_array(index)?;
        Ok(if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn read_u32(&self, index: i32, little_endian: bool) -> Result<u32> {
        let bytes = self.read_array(index)?;
        Ok(if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }
}

/// Loading and saving.
impl BinData {
    /// Replaces the content with `data`.
    pub fn load_binary(&self, data: &[u8]) -> Result<()> {
        self.set(data.to_vec());
        Ok(())
    }

    /// Replaces the content with `data`; the form for a pointer and a length.
    pub fn load_binary2(&self, data: &[u8]) -> Result<()> {
        self.load_binary(data)
    }

    /// Replaces the content with the bytes that `enc_data` stands for in `encoding`.
    pub fn load_encoded(&self, enc_data: &str, encoding: &str) -> Result<()> {
        self.set(encoding::decode(enc_data, encoding)?);
        Ok(())
    }

    /// Replaces the content with that of a file.
    pub fn load_file(&self, path: &str) -> Result<()> {
        self.set(read_file(path)?);
        Ok(())
    }

    /// Writes all bytes to a file, which is created or replaced.
    pub fn write_file(&self, path: &str) -> Result<()> {
        // A copy, because a slow file system must not hold up other threads.
        write_file(path, &self.to_vec())
    }

    /// Appends all bytes to a file, which is created when it does not exist.
    pub fn write_append_file(&self, path: &str) -> Result<()> {
        append_file(path, &self.to_vec())
    }
}
