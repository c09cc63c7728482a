//! Global through its exported functions.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;

use std::sync::Mutex;

use abi_common::{Object, from_narrow, from_utf16, from_wide, utf16, wide};
use openck::ffi::generated::global::*;
use openck::ffi::generated::global_u::*;
use openck::ffi::generated::global_w::*;

/// The settings are those of the process, which the tests share.
static SETTINGS: Mutex<()> = Mutex::new(());

#[test]
fn unlock_bundle_succeeds_with_any_text() {
    let global = Object::new("Global");
    unsafe {
        assert_eq!(CkGlobal_getUnlockStatus(global.get()), 2);
        for code in [c"", c"Anything for 30-day trial", c"gr\xC3\xBCn"] {
            assert_eq!(CkGlobal_UnlockBundle(global.get(), code.as_ptr()), 1);
            assert_eq!(CkGlobal_getLastMethodSuccess(global.get()), 1);
        }
        assert_eq!(CkGlobalW_UnlockBundle(global.get(), wide("x").as_ptr()), 1);
        assert_eq!(CkGlobalU_UnlockBundle(global.get(), utf16("x").as_ptr()), 1);
        assert_eq!(CkGlobal_getUnlockStatus(global.get()), 2);
        let text = from_narrow(CkGlobal_lastErrorText(global.get())).unwrap();
        assert!(!text.contains("30-day"), "{text}");
    }
}

#[test]
fn dns_clear_cache_succeeds() {
    let global = Object::new("Global");
    unsafe {
        assert_eq!(CkGlobal_DnsClearCache(global.get()), 1);
        assert_eq!(CkGlobal_getLastMethodSuccess(global.get()), 1);
    }
}

#[test]
fn finalize_thread_pool_succeeds() {
    let global = Object::new("Global");
    unsafe {
        assert_eq!(CkGlobal_FinalizeThreadPool(global.get()), 1);
        assert_eq!(CkGlobal_FinalizeThreadPool(global.get()), 1);
    }
}

#[test]
fn version_is_that_of_the_crate() {
    let global = Object::new("Global");
    let version = env!("CARGO_PKG_VERSION");
    unsafe {
        assert_eq!(from_narrow(CkGlobal_version(global.get())).unwrap(), version);
        assert_eq!(from_wide(CkGlobalW_version(global.get())).unwrap(), version);
        assert_eq!(from_utf16(CkGlobalU_version(global.get())).unwrap(), version);
        assert_eq!(from_narrow(openck::ffi::library::openck_version()).unwrap(), version);
    }
}

#[test]
fn every_object_shows_the_same_settings() {
    let _alone = SETTINGS.lock().unwrap();
    let (one, other) = (Object::new("Global"), Object::new("Global"));
    unsafe {
        for value in [1, 0, 2, 0, -1, 0] {
            CkGlobal_putPreferIpv6(one.get(), value);
            CkGlobal_putVerboseTls(one.get(), value);
            let wanted = i32::from(value != 0);
            assert_eq!(CkGlobal_getPreferIpv6(other.get()), wanted, "{value}");
            assert_eq!(CkGlobal_getVerboseTls(other.get()), wanted, "{value}");
        }
        CkGlobal_putUncommonOptions(one.get(), c"ProtectFromVpn".as_ptr());
        let options = from_narrow(CkGlobal_uncommonOptions(other.get())).unwrap();
        assert_eq!(options, "ProtectFromVpn");
        CkGlobal_putUncommonOptions(one.get(), c"".as_ptr());
    }
}

#[test]
fn an_unknown_code_page_is_refused() {
    let _alone = SETTINGS.lock().unwrap();
    let global = Object::new("Global");
    unsafe {
        CkGlobal_putAnsiCodePage(global.get(), 1252);
        for unknown in [-1, 1, 1200, i32::MAX, i32::MIN] {
            CkGlobal_putAnsiCodePage(global.get(), unknown);
            assert_eq!(CkGlobal_getAnsiCodePage(global.get()), 1252, "{unknown}");
            let text = from_narrow(CkGlobal_lastErrorText(global.get())).unwrap();
            assert!(text.contains(&format!("no code page {unknown}")), "{text}");
        }
        CkGlobal_putAnsiCodePage(global.get(), 0);
        assert_eq!(CkGlobal_getAnsiCodePage(global.get()), 0);
    }
}
