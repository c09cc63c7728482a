//! What the classes that hold text or bytes have in common: locking, ranges, files, wiping.

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// Locks the content of an object.
///
/// A lock left behind by a panic is taken over: every change of content is a single assignment or
/// append, so that what is found is whole.
pub(crate) fn lock<T>(content: &Mutex<T>) -> MutexGuard<'_, T> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A length as the `int` of the API; what does not fit is the greatest `int`.
pub(crate) fn as_int(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The range of `count` items from `start` on within `length` items.
///
/// The whole range must exist: a range that is cut short silently would hide a wrong index.
/// `unit` names the items in the error, such as "bytes".
pub(crate) fn range(length: usize, start: i32, count: i32, unit: &str) -> Result<Range<usize>> {
    let found = usize::try_from(start).ok().zip(usize::try_from(count).ok());
    found
        .and_then(|(start, count)| Some(start..start.checked_add(count)?))
        .filter(|range| range.end <= length)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Argument,
                format!(
                    "The range of {count} {unit} from {start} on is not within the {length} {unit} \
                     of the content."
                ),
            )
            .advise("Indexes count from 0. Compare with NumBytes, Length or getSize first.")
        })
}

/// The text for comparisons in which upper and lower case are the same.
///
/// Character by character, unlike `str::to_lowercase`, so that a part is equal to the same part of
/// a longer text.
pub(crate) fn fold_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Reads a whole file.
pub(crate) fn read_file(path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| file_error("read", path, &error))
}

/// Creates the file, or replaces what is in it.
pub(crate) fn write_file(path: &str, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(|error| file_error("written", path, &error))
}

/// Appends to the file, which is created when it does not exist.
pub(crate) fn append_file(path: &str, bytes: &[u8]) -> Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| file_error("appended to", path, &error))
}

/// Overwrites the buffer with zeros, unused capacity included, and empties it.
pub(crate) fn wipe(bytes: &mut Vec<u8>) {
    fill_with_zeros(bytes);
    bytes.clear();
}

fn fill_with_zeros(bytes: &mut Vec<u8>) {
    bytes.fill(0);
    bytes.resize(bytes.capacity(), 0);
    // The compiler must not drop the writes because nothing reads them.
    black_box(&mut *bytes);
}

fn file_error(verb: &str, path: &str, error: &io::Error) -> Error {
    let message = format!("The file \"{path}\" could not be {verb}: {error}.");
    Error::new(ErrorKind::File, message).advise(advice(path, error.kind()))
}

fn advice(path: &str, kind: io::ErrorKind) -> String {
    match kind {
        _ if path.is_empty() => "Pass the path of a file.".into(),
        io::ErrorKind::NotFound => format!(
            "Check the spelling of the path and that its directory exists; a relative path starts \
             at the working directory{}.",
            std::env::current_dir().map(|dir| format!(", {}", dir.display())).unwrap_or_default()
        ),
        io::ErrorKind::PermissionDenied => {
            "Check the permissions of the file and of its directory for this user.".into()
        }
        io::ErrorKind::IsADirectory => "Pass the path of a file, not of a directory.".into(),
        io::ErrorKind::StorageFull => "Free some space on that file system.".into(),
        io::ErrorKind::InvalidInput => "Remove U+0000 from the path.".into(),
        _ => "Check the path and the file system it is on.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_within_the_content() {
        assert_eq!(range(5, 0, 5, "bytes").unwrap(), 0..5);
        assert_eq!(range(5, 5, 0, "bytes").unwrap(), 5..5);
        assert_eq!(range(0, 0, 0, "bytes").unwrap(), 0..0);
        for (start, count) in [(0, 6), (5, 1), (6, 0), (-1, 1), (1, -1), (i32::MAX, i32::MAX)] {
            let error = range(5, start, count, "bytes").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Argument, "{start} {count}");
            assert!(error.message().contains("5 bytes"), "{error}");
        }
    }

    #[test]
    fn wiping_reaches_the_unused_capacity_and_empties() {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(b"secret");
        fill_with_zeros(&mut bytes);
        assert_eq!(bytes, vec![0; bytes.capacity()]);
        assert!(bytes.len() >= 64);
        wipe(&mut bytes);
        assert!(bytes.is_empty());
    }

    #[test]
    fn folding_case_keeps_parts_equal() {
        assert_eq!(fold_case("ΟΔΟΣ"), fold_case("οδοσ"));
        assert!(fold_case("ÄPFEL").contains(&fold_case("äp")));
    }

    #[test]
    fn a_poisoned_lock_is_taken_over() {
        let content = Mutex::new(vec![1u8]);
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _guard = content.lock().unwrap();
                    panic!("poison the lock");
                })
                .join()
        });
        assert!(panicked.is_err() && content.is_poisoned());
        lock(&content).push(2);
        assert_eq!(*lock(&content), [1, 2]);
    }

    #[test]
    fn file_errors_name_the_path_and_what_to_do() {
        let error = read_file("").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert_eq!(error.advice(), Some("Pass the path of a file."));

        let error = read_file("no-such-directory/x.bin").unwrap_err();
        assert!(error.message().contains("\"no-such-directory/x.bin\""), "{error}");
        assert!(error.advice().unwrap().contains("working directory, "));

        let error = write_file(&std::env::temp_dir().to_string_lossy(), b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        let error = append_file("a\0b", b"x").unwrap_err();
        assert_eq!(error.advice(), Some("Remove U+0000 from the path."));
    }
}
