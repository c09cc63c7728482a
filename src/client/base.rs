//! What all classes share: the log of the last call, and options about logging and text.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::global;
use crate::client::outcome::{self, Identity};
use crate::client::report::Report;
use crate::error::{Error, ErrorKind, Result};
use crate::log::Log;

/// The members that every class has.
#[derive(Debug)]
pub struct Base {
    class: &'static str,
    identity: Identity,
    last: Mutex<Report>,
    /// What a success is to be reported in full for: bits of [`Unusual`].
    unusual: Unusual,
    attached: Mutex<Vec<(ThreadId, Log)>>,
    verbose: AtomicBool,
    utf8: AtomicBool,
    debug_log: Mutex<String>,
}

/// Why a success may need a report, in one byte, for every call looks at it.
#[derive(Debug)]
struct Unusual(AtomicU8);

impl Unusual {
    /// The object's last noted call failed, or there was none.
    const FAILED: u8 = 1;
    /// Something is attached to a call that runs.
    const ATTACHED: u8 = 2;
    /// Reports go to a file.
    const DEBUG_LOG: u8 = 4;

    #[inline]
    fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    fn has(&self, bit: u8) -> bool {
        self.0.load(Ordering::Acquire) & bit != 0
    }

    fn set(&self, bit: u8, value: bool) {
        if value {
            self.0.fetch_or(bit, Ordering::AcqRel);
        } else {
            self.0.fetch_and(!bit, Ordering::AcqRel);
        }
    }
}

impl Base {
    /// The shared members of a new object of `class`.
    pub fn new(class: &'static str) -> Self {
        Self {
            class,
            identity: Identity::default(),
            last: Mutex::default(),
            unusual: Unusual(AtomicU8::new(Unusual::FAILED)),
            attached: Mutex::default(),
            verbose: AtomicBool::new(false),
            utf8: AtomicBool::new(global::default_utf8()),
            debug_log: Mutex::default(),
        }
    }

    /// The class name, without the `Ck`.
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// Adds what this thread's running call tried to its report.
    pub fn attach(&self, log: Log) {
        lock(&self.attached).push((thread::current().id(), log));
        self.unusual.set(Unusual::ATTACHED, true);
    }

    /// Notes that this thread's call succeeded.
    #[inline]
    pub fn succeeded(&self, method: &'static str) {
        if self.unusual.any() {
            return self.finished(method, None);
        }
        outcome::succeeded(&self.identity, method);
    }

    /// Notes that this thread's call failed.
    #[cold]
    pub fn failed(&self, method: &'static str, error: Error) {
        self.finished(method, Some(error));
    }

    /// Notes why setting a property failed. LastMethodSuccess speaks of methods only.
    #[cold]
    pub fn property_failed(&self, property: &'static str, error: Error) {
        let success = self.last_method_success();
        self.finished(property, Some(error));
        outcome::update(&self.identity, |outcome| outcome.success = success);
    }

    #[cold]
    fn finished(&self, method: &'static str, error: Option<Error>) {
        let success = error.is_none();
        let log = self.take_attached();
        let mut report = Report { class: self.class, method, log, error };
        self.append_to_debug_log(&mut report);
        {
            let mut last = lock(&self.last);
            last.clone_from(&report);
            self.unusual.set(Unusual::FAILED, !success);
        }
        outcome::update(&self.identity, |outcome| {
            outcome.method = method;
            outcome.success = success;
            outcome.report = Some(report);
        });
    }

    /// Whether this thread's last method on this object succeeded; else the object's last. False
    /// before the first.
    pub fn last_method_success(&self) -> bool {
        match outcome::get(&self.identity) {
            Some(outcome) => outcome.success,
            None => !self.unusual.has(Unusual::FAILED),
        }
    }

    /// Sets what [`Base::last_method_success`] tells this thread.
    pub fn set_last_method_success(&self, value: bool) -> Result<()> {
        outcome::update(&self.identity, |outcome| outcome.success = value);
        Ok(())
    }

    /// The log of the last call as text.
    pub fn last_error_text(&self) -> String {
        self.report().to_text()
    }

    /// The log of the last call as XML.
    pub fn last_error_xml(&self) -> String {
        self.report().to_xml()
    }

    /// The log of the last call as HTML.
    pub fn last_error_html(&self) -> String {
        self.report().to_html()
    }

    /// Writes the log of the last call as XML to the file at `path`, replacing it.
    pub fn save_last_error(&self, path: &str) -> Result<()> {
        std::fs::write(path, self.report().to_xml())
            .map_err(|error| unwritable("SaveLastError", path, &error))
    }

    /// The object's last noted call and what went wrong in it, if it failed.
    pub fn last_failure(&self) -> Option<(&'static str, Error)> {
        let last = lock(&self.last);
        last.error.clone().map(|error| (last.method, error))
    }

    fn report(&self) -> Report {
        match outcome::get(&self.identity) {
            None => lock(&self.last).clone(),
            Some(outcome) => outcome.report.unwrap_or_else(|| Report {
                class: self.class,
                method: outcome.method,
                ..Report::default()
            }),
        }
    }

    fn take_attached(&self) -> Log {
        if !self.unusual.has(Unusual::ATTACHED) {
            return Log::new();
        }
        let me = thread::current().id();
        let mut attached = lock(&self.attached);
        let mut log = Log::new();
        for (_, part) in attached.extract_if(.., |(id, _)| *id == me) {
            log.append(part);
        }
        self.unusual.set(Unusual::ATTACHED, !attached.is_empty());
        log
    }

    fn append_to_debug_log(&self, report: &mut Report) {
        if !self.unusual.has(Unusual::DEBUG_LOG) {
            return;
        }
        let path = lock(&self.debug_log).clone();
        let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let text = format!("{now} {}", report.to_text());
        if let Err(error) = append(Path::new(&path), text.as_bytes()) {
            report.log.info("DebugLogFilePath", format!("could not write {path}: {error}"));
        }
    }

    /// Whether reports say more than needed.
    pub fn verbose_logging(&self) -> bool {
        self.verbose.load(Ordering::Relaxed)
    }

    /// Sets [`Base::verbose_logging`].
    pub fn set_verbose_logging(&self, value: bool) -> Result<()> {
        self.verbose.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// Whether `char` text is UTF-8 also where an ANSI code page exists.
    pub fn utf8(&self) -> bool {
        self.utf8.load(Ordering::Relaxed)
    }

    /// Sets [`Base::utf8`].
    pub fn set_utf8(&self, value: bool) -> Result<()> {
        self.utf8.store(value, Ordering::Relaxed);
        Ok(())
    }

    /// The file that every report is appended to; empty for none.
    pub fn debug_log_file_path(&self) -> String {
        lock(&self.debug_log).clone()
    }

    /// Sets [`Base::debug_log_file_path`]; fails if the file cannot be opened for appending.
    pub fn set_debug_log_file_path(&self, path: &str) -> Result<()> {
        if !path.is_empty() {
            append(Path::new(path), b"")
                .map_err(|error| unwritable("DebugLogFilePath", path, &error))?;
        }
        let mut debug_log = lock(&self.debug_log);
        path.clone_into(&mut debug_log);
        self.unusual.set(Unusual::DEBUG_LOG, !path.is_empty());
        Ok(())
    }

    /// openck's own version.
    pub fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
}

fn unwritable(member: &str, path: &str, error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::File,
        format!("{member}: the file \"{path}\" cannot be written: {error}."),
    )
    .advise("Check that the folder exists and that this program may write there.")
}

/// Locks, taking over from a thread that panicked: every state here is whole at each step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
