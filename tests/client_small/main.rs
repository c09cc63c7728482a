//! The classes that hold text and bytes, and the process-wide settings, through their Rust API.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bin_data;
mod ck_byte_data;
mod ck_string;
mod global;
mod string_builder;
mod threads;

use std::path::PathBuf;

use openck::client::Class;
use openck::client::bin_data::BinData;
use openck::client::string_builder::StringBuilder;
use openck::error::{Error, ErrorKind, Result};

/// A file of its own for a test, removed at its end.
struct TestFile(PathBuf);

impl TestFile {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("openck-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn bytes(content: &[u8]) -> BinData {
    let object = BinData::new_object();
    object.append_binary(content).unwrap();
    object
}

fn text(content: &str) -> StringBuilder {
    let object = StringBuilder::new_object();
    object.append(content).unwrap();
    object
}

fn failure<T>(outcome: Result<T>, kind: ErrorKind) -> Error {
    let Err(error) = outcome else { panic!("the call should have failed") };
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.advice().is_some(), "no advice: {error}");
    error
}
