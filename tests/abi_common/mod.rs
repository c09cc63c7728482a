//! Helpers of the tests that go through the exported functions.

// Each test binary uses its own part.
#![allow(dead_code)]
// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub(crate) mod calls;
pub(crate) mod dynamic;
pub(crate) mod fuzz;
pub(crate) mod pool;

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use openck::abi::wchar_t;
use openck::ffi::library::{openck_create, openck_dispose};

/// Every class that a handle can name.
pub(crate) use openck::ffi::generated::dynamic::CLASSES;

/// Runs a test and fails it when it takes too long; everything here should take far less.
pub(crate) fn watched<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    let runner = std::thread::spawn(move || {
        let result = test();
        let _ = done.send(());
        result
    });
    if finished.recv_timeout(Duration::from_secs(300)) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("the watchdog ended the test");
    }
    runner.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// An object, disposed at the end.
pub(crate) struct Object(usize);

impl Object {
    pub(crate) fn new(class: &str) -> Self {
        let name = CString::new(class).unwrap();
        // SAFETY: NUL-terminated text.
        let handle = unsafe { openck_create(name.as_ptr()) };
        assert_ne!(handle, 0, "no {class}");
        Self(handle)
    }

    /// As the static functions take it.
    pub(crate) fn get(&self) -> *mut c_void {
        std::ptr::without_provenance_mut(self.0)
    }

    /// As `openck_invoke` takes it.
    pub(crate) fn number(&self) -> usize {
        self.0
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        openck_dispose(self.0);
    }
}

/// A folder of its own for a test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("openck-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `char` text for an argument.
pub(crate) fn narrow(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// UTF-16 text for an argument.
pub(crate) fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// `wchar_t` text for an argument.
#[cfg(not(windows))]
pub(crate) fn wide(text: &str) -> Vec<wchar_t> {
    text.chars().map(|c| c as wchar_t).chain([0]).collect()
}

/// `wchar_t` text for an argument.
#[cfg(windows)]
pub(crate) fn wide(text: &str) -> Vec<wchar_t> {
    utf16(text)
}

/// A text that a function returned; `None` for NULL.
pub(crate) fn from_narrow(text: *const c_char) -> Option<String> {
    // SAFETY: the library returns NULL or NUL-terminated text.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned())
}

/// A UTF-16 text that a function returned; `None` for NULL.
pub(crate) fn from_utf16(text: *const u16) -> Option<String> {
    units(text).map(|units| String::from_utf16(units).unwrap())
}

/// A `wchar_t` text that a function returned; `None` for NULL.
#[cfg(not(windows))]
pub(crate) fn from_wide(text: *const wchar_t) -> Option<String> {
    let units = units(text)?;
    Some(units.iter().map(|unit| char::from_u32(*unit as u32).unwrap()).collect())
}

/// A `wchar_t` text that a function returned; `None` for NULL.
#[cfg(windows)]
pub(crate) fn from_wide(text: *const wchar_t) -> Option<String> {
    from_utf16(text)
}

fn units<'a, U: Copy + Default + PartialEq>(text: *const U) -> Option<&'a [U]> {
    if text.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: the library ends every text with a NUL unit.
    while unsafe { *text.add(length) } != U::default() {
        length += 1;
    }
    // SAFETY: all of these units have just been read.
    Some(unsafe { std::slice::from_raw_parts(text, length) })
}
