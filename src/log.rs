//! What one call tried, as a flat list that renders as a tree.
//!
//! Filled only by calls that connect or negotiate; the frame calls leave it empty.

use std::fmt::Display;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Opens a nested part, such as `connect` or `tls`.
    Enter(&'static str),
    /// A named fact, such as `host: example.com`.
    Info(&'static str, String),
    /// Closes the innermost open part.
    Leave,
}

/// The log of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// An empty log; takes no memory.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Opens a part; everything until the matching [`Log::leave`] is nested in it.
    pub fn enter(&mut self, name: &'static str) {
        self.entries.push(Entry::Enter(name));
    }

    /// Closes the innermost open part.
    pub fn leave(&mut self) {
        self.entries.push(Entry::Leave);
    }

    /// Notes a fact. Never pass a secret: the log is shown to people and written to files.
    pub fn info(&mut self, key: &'static str, value: impl Display) {
        self.entries.push(Entry::Info(key, value.to_string()));
    }

    /// Adds the lines of `other` behind its own.
    pub fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// The lines in order; a part that was never closed ends with the log.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
