//! `CkString`: text that comes out of methods in C, C++, Tcl and Delphi.

use std::sync::Mutex;

use super::base::Base;
use super::content::{as_int, fold_case, lock, read_file, write_file};
use super::{Class, charset};
use crate::error::Result;

/// Holds text that a method returns; such a method replaces the content.
///
/// The members for UTF-8, ANSI and UTF-16 differ only in how the caller passes text; inside, all
/// text is Unicode. Lengths and indexes count characters (Unicode scalar values), the sizes bytes.
/// When a method fails, the content is what it was. All methods may be called from several threads
/// at once; an object may be its own argument.
pub struct CkString {
    base: Base,
    text: Mutex<String>,
}

impl Class for CkString {
    fn new_object() -> Self {
        Self { base: Base::new("CkString"), text: Mutex::default() }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// For the other classes.
impl CkString {
    /// Replaces the content with `text`.
    pub fn set(&self, text: String) {
        *lock(&self.text) = text;
    }

    /// Calls `read` with the content, which is locked meanwhile: `read` must not use this object.
    pub fn with_str<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        read(&lock(&self.text))
    }

    fn copy(&self) -> String {
        lock(&self.text).clone()
    }
}

/// Reading.
impl CkString {
    /// The text; in C as UTF-8 or ANSI, by the `Utf8` setting of this object.
    pub fn get_string(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// The text; in C as ANSI.
    pub fn get_string_ansi(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// The text; in C as UTF-8.
    pub fn get_string_utf8(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// The text; in C as `wchar_t`.
    pub fn get_unicode(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// The text; in C as UTF-16.
    pub fn get_string_utf16(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// Whether `char` text of this object is UTF-8; else, on Windows, it is ANSI.
    pub fn get_utf8(&self) -> Result<bool> {
        Ok(self.base.utf8())
    }

    /// Sets whether `char` text of this object is UTF-8.
    pub fn put_utf8(&self, utf8: bool) -> Result<()> {
        self.base.set_utf8(utf8)
    }

    /// The number of characters.
    pub fn get_num_chars(&self) -> Result<i32> {
        Ok(self.with_str(|text| as_int(text.chars().count())))
    }

    /// The number of bytes in UTF-8, without a terminating NUL.
    pub fn get_size_utf8(&self) -> Result<i32> {
        Ok(self.with_str(|text| as_int(text.len())))
    }

    /// The number of bytes in ANSI, without a terminating NUL.
    /// Fails when a character does not exist in the ANSI code page.
    pub fn get_size_ansi(&self) -> Result<i32> {
        self.with_str(|text| charset::encode(text, "ansi")).map(|bytes| as_int(bytes.len()))
    }

    /// The number of bytes in UTF-16, without a terminating NUL.
    pub fn get_size_unicode(&self) -> Result<i32> {
        Ok(self.with_str(|text| as_int(text.encode_utf16().count().saturating_mul(2))))
    }

    /// Whether there are no characters.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.with_str(str::is_empty))
    }

    /// Whether the content is `text`.
    pub fn equals(&self, text: &str) -> Result<bool> {
        Ok(self.with_str(|content| content == text))
    }

    /// Whether the other object has the same text.
    pub fn equals_str(&self, other: &Self) -> Result<bool> {
        self.equals(&other.copy())
    }

    /// Whether the content is `text`, upper and lower case being the same.
    pub fn equals_ignore_case(&self, text: &str) -> Result<bool> {
        Ok(self.with_str(|content| fold_case(content) == fold_case(text)))
    }

    /// Whether the other object has the same text, upper and lower case being the same.
    pub fn equals_ignore_case_str(&self, other: &Self) -> Result<bool> {
        self.equals_ignore_case(&other.copy())
    }
}

/// Setting and appending.
impl CkString {
    /// Replaces the content with `text`; in C as UTF-8 or ANSI, by the `Utf8` setting.
    pub fn set_string(&self, text: &str) -> Result<()> {
        self.set(text.to_owned());
        Ok(())
    }

    /// Replaces the content with `text`; in C as ANSI.
    pub fn set_string_ansi(&self, text: &str) -> Result<()> {
        self.set_string(text)
    }

    /// Replaces the content with `text`; in C as UTF-8.
    pub fn set_string_utf8(&self, text: &str) -> Result<()> {
        self.set_string(text)
    }

    /// Replaces the content with `text`; in C as `wchar_t`.
    pub fn set_string_u(&self, text: &str) -> Result<()> {
        self.set_string(text)
    }

    /// Replaces the content with `text`; in C as UTF-16.
    pub fn set_string_utf16(&self, text: &str) -> Result<()> {
        self.set_string(text)
    }

    /// Replaces the content with that of another object.
    pub fn set_str(&self, other: &Self) -> Result<()> {
        self.set(other.copy());
        Ok(())
    }

    /// Appends `text`; in C as UTF-8 or ANSI, by the `Utf8` setting.
    pub fn append(&self, text: &str) -> Result<()> {
        lock(&self.text).push_str(text);
        Ok(())
    }

    /// Appends `text`; in C as ANSI.
    pub fn append_ansi(&self, text: &str) -> Result<()> {
        self.append(text)
    }

    /// Appends `text`; in C as UTF-8.
    pub fn append_utf8(&self, text: &str) -> Result<()> {
        self.append(text)
    }

    /// Appends `text`; in C as `wchar_t`.
    pub fn append_u(&self, text: &str) -> Result<()> {
        self.append(text)
    }

    /// Appends `text`; in C as UTF-16.
    pub fn append_utf16(&self, text: &str) -> Result<()> {
        self.append(text)
    }

    /// Appends the decimal digits of an integer.
    pub fn append_int(&self, number: i32) -> Result<()> {
        self.append(&number.to_string())
    }

    /// Appends the content of another object, or of this one.
    pub fn append_str(&self, other: &Self) -> Result<()> {
        self.append(&other.copy())
    }

    /// Removes all characters.
    pub fn clear(&self) -> Result<()> {
        lock(&self.text).clear();
        Ok(())
    }
}

/// Loading and saving.
impl CkString {
    /// Replaces the content with that of a file in `charset`, without its byte order mark.
    pub fn load_file(&self, path: &str, charset: &str) -> Result<()> {
        self.set(charset::decode_document(&read_file(path)?, charset)?);
        Ok(())
    }

    /// Writes the text to a file in `charset`, which is created or replaced.
    pub fn save_to_file(&self, path: &str, charset: &str) -> Result<()> {
        write_file(path, &charset::encode(&self.copy(), charset)?)
    }
}
