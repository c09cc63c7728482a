//! `StringBuilder`: text that is built piece by piece.

use std::ops::Range;
use std::sync::Mutex;

use super::base::Base;
use super::bin_data::BinData;
use super::content::{as_int, fold_case, lock, range, read_file, wipe, write_file};
use super::{Class, charset, encoding};
use crate::error::{Error, ErrorKind, Result};

/// Holds text: messages to send, and those received.
///
/// Lengths and indexes count characters (Unicode scalar values) from 0, on every platform: a
/// character outside the basic plane counts as one. Where `case_sensitive` is false, characters
/// are compared by their lower-case forms in Unicode. Names of charsets and encodings may be in
/// any case. When a method fails, the content is what it was.
///
/// All methods may be called from several threads at once; each call sees or makes one whole
/// change. An object may be its own argument.
pub struct StringBuilder {
    base: Base,
    text: Mutex<String>,
}

impl Class for StringBuilder {
    fn new_object() -> Self {
        Self { base: Base::new("StringBuilder"), text: Mutex::default() }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// For the other classes.
impl StringBuilder {
    /// Appends a copy of `text`.
    pub fn append_str(&self, text: &str) {
        lock(&self.text).push_str(text);
    }

    /// Appends `text`; an empty object takes the buffer over instead of copying it.
    pub fn append_string(&self, text: String) {
        let mut content = lock(&self.text);
        if content.is_empty() {
            *content = text;
        } else {
            content.push_str(&text);
        }
    }

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

    /// Replaces the content with what `change` makes of it, as one change.
    fn rewrite(&self, change: impl FnOnce(&str) -> Result<String>) -> Result<()> {
        let mut content = lock(&self.text);
        *content = change(&content)?;
        Ok(())
    }
}

/// Properties.
impl StringBuilder {
    /// The number of characters.
    pub fn length(&self) -> i32 {
        self.with_str(|text| as_int(text.chars().count()))
    }

    /// The integer that the text begins with, after whitespace and an optional sign; 0 when there
    /// is none. What does not fit is the nearest value that does.
    pub fn int_value(&self) -> i32 {
        self.with_str(leading_int)
    }

    /// Replaces the content with the decimal digits of `value`.
    pub fn set_int_value(&self, value: i32) -> Result<()> {
        self.set(value.to_string());
        Ok(())
    }

    /// Whether there are only characters of base64, padding at the end and whitespace.
    pub fn is_base64(&self) -> bool {
        self.with_str(encoding::looks_like_base64)
    }
}

/// Setting and appending.
impl StringBuilder {
    /// Replaces the content with `value`.
    pub fn set_string(&self, value: &str) -> Result<()> {
        self.set(value.to_owned());
        Ok(())
    }

    /// Removes all characters.
    pub fn clear(&self) -> Result<()> {
        lock(&self.text).clear();
        Ok(())
    }

    /// Overwrites the text with zeros, then removes it. Copies made earlier are not reached.
    pub fn secure_clear(&self) -> Result<()> {
        let mut content = lock(&self.text);
        wipe(&mut std::mem::take(&mut *content).into_bytes());
        Ok(())
    }

    /// Appends text.
    pub fn append(&self, value: &str) -> Result<()> {
        self.append_str(value);
        Ok(())
    }

    /// Appends `num_bytes` bytes of `bin_data` from `offset` on, which are text in `charset`. When
    /// both are 0, all bytes, and then a leading byte order mark is left out. Fails when the range
    /// is not within `bin_data`.
    pub fn append_bd(
        &self,
        bin_data: &BinData,
        charset: &str,
        offset: i32,
        num_bytes: i32,
    ) -> Result<()> {
        let text = bin_data.with_bytes(|bytes| {
            if offset == 0 && num_bytes == 0 {
                return charset::decode_document(bytes, charset);
            }
            let chunk = range(bytes.len(), offset, num_bytes, "bytes")?;
            charset::decode(bytes.get(chunk).unwrap_or_default(), charset)
        })?;
        self.append_string(text);
        Ok(())
    }

    /// Appends the decimal digits of a 32-bit integer.
    pub fn append_int(&self, value: i32) -> Result<()> {
        self.append(&value.to_string())
    }

    /// Appends the decimal digits of a 64-bit integer.
    pub fn append_int64(&self, value: i64) -> Result<()> {
        self.append(&value.to_string())
    }

    /// Appends text and a line end: CRLF when `crlf` is true, else LF.
    pub fn append_line(&self, value: &str, crlf: bool) -> Result<()> {
        let mut content = lock(&self.text);
        content.push_str(value);
        content.push_str(if crlf { "\r\n" } else { "\n" });
        Ok(())
    }

    /// Appends the content of another object, or of this one.
    pub fn append_sb(&self, sb: &Self) -> Result<()> {
        self.append_string(sb.copy());
        Ok(())
    }

    /// Inserts text before the content.
    pub fn prepend(&self, value: &str) -> Result<()> {
        lock(&self.text).insert_str(0, value);
        Ok(())
    }
}

/// Reading and comparing.
impl StringBuilder {
    /// The whole text.
    pub fn get_as_string(&self) -> Result<String> {
        Ok(self.copy())
    }

    /// `num_chars` characters from `start_index` on, which are also removed when `remove_flag` is
    /// true. Fails when the range is not within the content.
    pub fn get_range(&self, start_index: i32, num_chars: i32, remove_flag: bool) -> Result<String> {
        let mut content = lock(&self.text);
        let range = byte_range(&content, start_index, num_chars)?;
        Ok(if remove_flag {
            content.drain(range).collect()
        } else {
            content.get(range).unwrap_or_default().to_owned()
        })
    }

    /// Whether `text` is in the content.
    pub fn contains(&self, text: &str, case_sensitive: bool) -> Result<bool> {
        self.compare(text, case_sensitive, |content, text| content.contains(text))
    }

    /// Whether the content is `text`.
    pub fn contents_equal(&self, text: &str, case_sensitive: bool) -> Result<bool> {
        self.compare(text, case_sensitive, |content, text| content == text)
    }

    /// Whether the other object has the same text.
    pub fn contents_equal_sb(&self, sb: &Self, case_sensitive: bool) -> Result<bool> {
        self.contents_equal(&sb.copy(), case_sensitive)
    }

    /// Whether the content starts with `substr`.
    pub fn starts_with(&self, substr: &str, case_sensitive: bool) -> Result<bool> {
        self.compare(substr, case_sensitive, |content, text| content.starts_with(text))
    }

    /// Whether the content ends with `substr`.
    pub fn ends_with(&self, substr: &str, case_sensitive: bool) -> Result<bool> {
        self.compare(substr, case_sensitive, |content, text| content.ends_with(text))
    }

    fn compare(
        &self,
        text: &str,
        case_sensitive: bool,
        holds: impl FnOnce(&str, &str) -> bool,
    ) -> Result<bool> {
        Ok(self.with_str(|content| {
            if case_sensitive {
                holds(content, text)
            } else {
                holds(&fold_case(content), &fold_case(text))
            }
        }))
    }
}

/// Changing.
impl StringBuilder {
    /// Replaces every `value` by `replacement`. Returns how many were replaced.
    pub fn replace(&self, value: &str, replacement: &str) -> Result<i32> {
        if value.is_empty() {
            return Err(Error::new(ErrorKind::Argument, "The text to replace is empty.")
                .advise("Pass at least one character."));
        }
        let mut content = lock(&self.text);
        let count = content.matches(value).count();
        if count > 0 {
            *content = content.replace(value, replacement);
        }
        Ok(as_int(count))
    }

    /// Removes the last `num_chars` characters; all when there are fewer. Fails when it is negative.
    pub fn shorten(&self, num_chars: i32) -> Result<()> {
        let Ok(removed) = usize::try_from(num_chars) else {
            let message = format!("{num_chars} characters cannot be removed.");
            return Err(Error::new(ErrorKind::Argument, message).advise("Pass 0 or more."));
        };
        let mut content = lock(&self.text);
        let first_removed = removed
            .checked_sub(1)
            .map(|last| content.char_indices().rev().nth(last).map_or(0, |(at, _)| at));
        if let Some(at) = first_removed {
            content.truncate(at);
        }
        Ok(())
    }

    /// Removes whitespace from both ends.
    pub fn trim(&self) -> Result<()> {
        self.rewrite(|text| Ok(text.trim().to_owned()))
    }

    /// Makes all letters lower case, by the rules of Unicode.
    pub fn to_lowercase(&self) -> Result<()> {
        self.rewrite(|text| Ok(text.to_lowercase()))
    }

    /// Makes all letters upper case, by the rules of Unicode.
    pub fn to_uppercase(&self) -> Result<()> {
        self.rewrite(|text| Ok(text.to_uppercase()))
    }

    /// Makes every line end (CRLF, LF or CR) a CRLF.
    pub fn to_crlf(&self) -> Result<()> {
        self.rewrite(|text| Ok(to_lf(text).replace('\n', "\r\n")))
    }

    /// Makes every line end (CRLF, LF or CR) a LF.
    pub fn to_lf(&self) -> Result<()> {
        self.rewrite(|text| Ok(to_lf(text)))
    }
}

/// Encoding and decoding.
impl StringBuilder {
    /// Replaces the text by its bytes in `charset`, written in `encoding`.
    pub fn encode(&self, encoding: &str, charset: &str) -> Result<()> {
        self.rewrite(|text| encoding::encode(&charset::encode(text, charset)?, encoding))
    }

    /// Replaces the text, which is written in `encoding`, by what its bytes are in `charset`.
    pub fn decode(&self, encoding: &str, charset: &str) -> Result<()> {
        self.rewrite(|text| charset::decode(&encoding::decode(text, encoding)?, charset))
    }

    /// The bytes of the text in `charset`, written in `encoding`. The content stays.
    pub fn get_encoded(&self, encoding: &str, charset: &str) -> Result<String> {
        self.with_str(|text| encoding::encode(&charset::encode(text, charset)?, encoding))
    }

    /// The bytes that the text stands for in `encoding`. The content stays.
    pub fn get_decoded(&self, encoding: &str) -> Result<Vec<u8>> {
        self.with_str(|text| encoding::decode(text, encoding))
    }
}

/// Loading and saving.
impl StringBuilder {
    /// Replaces the content with that of a file in `charset`, without its byte order mark.
    pub fn load_file(&self, path: &str, charset: &str) -> Result<()> {
        self.set(charset::decode_document(&read_file(path)?, charset)?);
        Ok(())
    }

    /// Writes the text to a file in `charset`; before it, when `emit_bom` is true, the byte order
    /// mark of the charset if it has one. The file is created or replaced.
    pub fn write_file(&self, path: &str, charset: &str, emit_bom: bool) -> Result<()> {
        let mark = if emit_bom { charset::byte_order_mark(charset)? } else { b"" };
        let text = charset::encode(&self.copy(), charset)?;
        write_file(path, &[mark, &text].concat())
    }
}

/// The bytes of `count` characters from `start` on.
fn byte_range(text: &str, start: i32, count: i32) -> Result<Range<usize>> {
    let range = range(text.chars().count(), start, count, "characters")?;
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let from = ends.clone().nth(range.start).unwrap_or(text.len());
    let to = ends.nth(range.end).unwrap_or(text.len());
    Ok(from..to)
}

fn to_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn leading_int(text: &str) -> i32 {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.bytes().map_while(|byte| char::from(byte).to_digit(10));
    let value =
        digits.fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit)));
    let value = if negative { -value } else { value };
    i32::try_from(value).unwrap_or(if negative { i32::MIN } else { i32::MAX })
}
