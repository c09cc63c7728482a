//! `Global`: the settings of the whole process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use super::base::Base;
use super::content::lock;
use super::{Class, charset};
use crate::error::{Error, ErrorKind, Result};

static ANSI_CODE_PAGE: AtomicI32 = AtomicI32::new(0);
static DEFAULT_UTF8: AtomicBool = AtomicBool::new(false);
static PREFER_IPV6: AtomicBool = AtomicBool::new(false);
static VERBOSE_TLS: AtomicBool = AtomicBool::new(false);
static UNCOMMON_OPTIONS: Mutex<String> = Mutex::new(String::new());

/// Whether objects made from now on start with `Utf8` set.
pub fn default_utf8() -> bool {
    DEFAULT_UTF8.load(Relaxed)
}

/// The Windows code page that "ansi" means; 0 for that of the system.
pub fn ansi_code_page() -> i32 {
    ANSI_CODE_PAGE.load(Relaxed)
}

/// Whether objects made from now on try IPv6 addresses first.
pub fn prefer_ipv6() -> bool {
    PREFER_IPV6.load(Relaxed)
}

/// Whether logs tell more about TLS.
pub fn verbose_tls() -> bool {
    VERBOSE_TLS.load(Relaxed)
}

/// Settings that hold for the whole process; all objects of this class share them.
///
/// A program sets them once, before it makes other objects, from any thread.
pub struct Global {
    base: Base,
}

impl Class for Global {
    fn new_object() -> Self {
        Self { base: Base::new("Global") }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// Properties.
impl Global {
    /// The Windows code page that "ansi" means; 0 for that of the system.
    pub fn ansi_code_page(&self) -> i32 {
        ansi_code_page()
    }

    /// Fails when the code page is unknown.
    pub fn set_ansi_code_page(&self, page: i32) -> Result<()> {
        if !charset::is_code_page(page) {
            return Err(Error::new(
                ErrorKind::Argument,
                format!("There is no code page {page} to be the ANSI code page."),
            )
            .advise(
                "Use 0 (that of the system), 874, 932, 936, 949, 950, 1250 to 1258, 20127, 28591 \
                 to 28606 or 65001 (UTF-8).",
            ));
        }
        ANSI_CODE_PAGE.store(page, Relaxed);
        Ok(())
    }

    /// Whether objects made from now on start with `Utf8` set.
    pub fn default_utf8(&self) -> bool {
        default_utf8()
    }

    /// Holds for objects made after this.
    pub fn set_default_utf8(&self, on: bool) -> Result<()> {
        DEFAULT_UTF8.store(on, Relaxed);
        Ok(())
    }

    /// Whether objects made from now on try IPv6 addresses first.
    pub fn prefer_ipv6(&self) -> bool {
        prefer_ipv6()
    }

    /// Holds for objects made after this.
    pub fn set_prefer_ipv6(&self, on: bool) -> Result<()> {
        PREFER_IPV6.store(on, Relaxed);
        Ok(())
    }

    /// Keywords for rare needs, separated by commas.
    pub fn uncommon_options(&self) -> String {
        lock(&UNCOMMON_OPTIONS).clone()
    }

    /// Any text is kept; no keyword has a meaning so far.
    pub fn set_uncommon_options(&self, options: &str) -> Result<()> {
        *lock(&UNCOMMON_OPTIONS) = options.to_owned();
        Ok(())
    }

    /// Always 2, "unlocked": there is nothing to unlock.
    pub fn unlock_status(&self) -> i32 {
        2
    }

    /// Whether logs tell more about TLS.
    pub fn verbose_tls(&self) -> bool {
        verbose_tls()
    }

    /// Holds for calls made after this.
    pub fn set_verbose_tls(&self, on: bool) -> Result<()> {
        VERBOSE_TLS.store(on, Relaxed);
        Ok(())
    }
}

/// Methods.
impl Global {
    /// Succeeds with any code: there is nothing to unlock.
    pub fn unlock_bundle(&self, _bundle_unlock_code: &str) -> Result<()> {
        Ok(())
    }

    /// Succeeds: names are looked up afresh for every connection, so that there is no cache.
    pub fn dns_clear_cache(&self) -> Result<()> {
        Ok(())
    }

    /// Succeeds: no thread outlives the call that needed it, so that there is no pool to end.
    pub fn finalize_thread_pool(&self) -> Result<()> {
        Ok(())
    }
}
