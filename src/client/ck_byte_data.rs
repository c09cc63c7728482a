//! `CkByteData`: bytes that go into and come out of methods in C, C++ and Delphi.

use std::ptr;
use std::sync::Mutex;

use super::base::Base;
use super::ck_string::CkString;
use super::content::{lock, read_file, write_file};
use super::{Class, encoding};
use crate::error::{Error, ErrorKind, Result};

/// Holds bytes that a method takes or returns; a method that returns bytes replaces the content.
///
/// Indexes count bytes from 0. When a method fails, the content is what it was. All methods may be
/// called from several threads at once; an object may be its own argument.
pub struct CkByteData {
    base: Base,
    bytes: Mutex<Vec<u8>>,
}

impl Class for CkByteData {
    fn new_object() -> Self {
        Self { base: Base::new("CkByteData"), bytes: Mutex::default() }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// For the other classes.
impl CkByteData {
    /// Replaces the content with `bytes`.
    pub fn set(&self, bytes: Vec<u8>) {
        *lock(&self.bytes) = bytes;
    }

    /// A copy of the content.
    pub fn to_vec(&self) -> Vec<u8> {
        lock(&self.bytes).clone()
    }

    /// Calls `read` with the content, which is locked meanwhile: `read` must not use this object.
    pub fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&lock(&self.bytes))
    }
}

/// Filling and emptying.
impl CkByteData {
    /// Appends the bytes of another object, or of this one.
    pub fn append(&self, data: &[u8]) -> Result<()> {
        lock(&self.bytes).extend_from_slice(data);
        Ok(())
    }

    /// Appends bytes; the form for a pointer and a length.
    pub fn append2(&self, data: &[u8]) -> Result<()> {
        self.append(data)
    }

    /// Appends the bytes that `text` stands for in `encoding`, such as "base64" or "hex".
    pub fn append_encoded(&self, text: &str, encoding: &str) -> Result<()> {
        self.append(&encoding::decode(text, encoding)?)
    }

    /// Replaces the content with a copy of `data`, so that the program's memory need not live on.
    pub fn borrow_data(&self, data: &[u8]) -> Result<()> {
        self.set(data.to_vec());
        Ok(())
    }

    /// Removes all bytes.
    pub fn clear(&self) -> Result<()> {
        lock(&self.bytes).clear();
        Ok(())
    }
}

/// Reading.
impl CkByteData {
    /// The number of bytes.
    pub fn get_size(&self) -> Result<u32> {
        Ok(self.with_bytes(|bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX)))
    }

    /// Where the bytes are in memory: valid until the object is changed or disposed. NULL when
    /// there are none. The number of bytes is `getSize`.
    pub fn get_data(&self) -> Result<*const u8> {
        Ok(self.with_bytes(|bytes| if bytes.is_empty() { ptr::null() } else { bytes.as_ptr() }))
    }

    /// As [`Self::get_data`]; programs know both names.
    pub fn get_bytes(&self) -> Result<*const u8> {
        self.get_data()
    }

    /// Where the `num_bytes` bytes from `index` on are in memory; as [`Self::get_data`].
    /// Fails when the range is not within the content, or empty.
    pub fn get_range(&self, index: u32, num_bytes: u32) -> Result<*const u8> {
        self.with_bytes(|bytes| {
            let range = usize::try_from(index).ok().zip(usize::try_from(num_bytes).ok());
            let found =
                range.and_then(|(start, count)| bytes.get(start..start.checked_add(count)?));
            match found {
                Some(chunk) if !chunk.is_empty() => Ok(chunk.as_ptr()),
                _ => Err(out_of_range(index, num_bytes, bytes.len())),
            }
        })
    }

    /// The byte at `index`, 0 to 255. Fails when there is none.
    pub fn get_byte(&self, index: u32) -> Result<i32> {
        self.with_bytes(|bytes| {
            let byte = usize::try_from(index).ok().and_then(|index| bytes.get(index));
            byte.map(|byte| i32::from(*byte)).ok_or_else(|| out_of_range(index, 1, bytes.len()))
        })
    }

    /// All bytes as text in `encoding`, such as "base64" or "hex".
    pub fn get_encoded(&self, encoding: &str) -> Result<String> {
        self.with_bytes(|bytes| encoding::encode(bytes, encoding))
    }

    /// Replaces the content of `text` with all bytes as text in `encoding`.
    pub fn encode(&self, encoding: &str, text: &CkString) -> Result<()> {
        text.set(self.get_encoded(encoding)?);
        Ok(())
    }

    /// Whether the other object has the same bytes.
    pub fn equals(&self, data: &[u8]) -> Result<bool> {
        Ok(self.with_bytes(|bytes| bytes == data))
    }

    /// Whether the content is `data`; the form for a pointer and a length.
    pub fn equals2(&self, data: &[u8]) -> Result<bool> {
        self.equals(data)
    }
}

/// Loading and saving.
impl CkByteData {
    /// Replaces the content with that of a file.
    pub fn load_file(&self, path: &str) -> Result<()> {
        self.set(read_file(path)?);
        Ok(())
    }

    /// Writes all bytes to a file, which is created or replaced.
    pub fn save_file(&self, path: &str) -> Result<()> {
        write_file(path, &self.to_vec())
    }
}

fn out_of_range(index: u32, num_bytes: u32, length: usize) -> Error {
    Error::new(
        ErrorKind::Argument,
        format!("{num_bytes} bytes from {index} on are not within the {length} bytes held."),
    )
    .advise("Indexes count from 0. Compare with getSize first.")
}
