use openck::client::Class;
use openck::client::ck_string::CkString;
use openck::client::global::{self, Global};
use openck::error::ErrorKind;

use crate::{bytes, failure};

/// One test only: the settings are those of the process, and other tests must not see them change.
#[test]
fn global_settings_are_shared() {
    let (first, second) = (Global::new_object(), Global::new_object());
    assert_eq!(first.unlock_status(), 2);
    first.unlock_bundle("").unwrap();
    first.unlock_bundle("any text").unwrap();
    first.dns_clear_cache().unwrap();
    first.finalize_thread_pool().unwrap();

    assert!(!second.default_utf8() && !second.prefer_ipv6() && !second.verbose_tls());
    first.set_default_utf8(true).unwrap();
    assert!(second.default_utf8() && global::default_utf8());
    assert!(CkString::new_object().get_utf8().unwrap());
    first.set_default_utf8(false).unwrap();
    let narrow = CkString::new_object();
    assert!(!narrow.get_utf8().unwrap());
    narrow.put_utf8(true).unwrap();
    assert!(narrow.get_utf8().unwrap());

    first.set_prefer_ipv6(true).unwrap();
    assert!(second.prefer_ipv6() && global::prefer_ipv6());
    first.set_prefer_ipv6(false).unwrap();
    first.set_verbose_tls(true).unwrap();
    assert!(second.verbose_tls() && global::verbose_tls());
    first.set_verbose_tls(false).unwrap();

    assert_eq!(second.uncommon_options(), "");
    first.set_uncommon_options("A,B").unwrap();
    assert_eq!(second.uncommon_options(), "A,B");
    first.set_uncommon_options("").unwrap();

    ansi_follows_the_code_page(&first);
}

fn ansi_follows_the_code_page(settings: &Global) {
    let euro = bytes(b"\x80");
    let string = CkString::new_object();
    string.set_string("€é").unwrap();
    assert_eq!(settings.ansi_code_page(), 0);
    let by_default = if cfg!(windows) { 2 } else { 5 };
    assert_eq!(string.get_size_ansi().unwrap(), by_default);

    settings.set_ansi_code_page(1252).unwrap();
    assert_eq!(euro.get_string("ansi").unwrap(), "€");
    assert_eq!(string.get_size_ansi().unwrap(), 2);
    settings.set_ansi_code_page(1251).unwrap();
    failure(string.get_size_ansi(), ErrorKind::Text);
    failure(settings.set_ansi_code_page(437), ErrorKind::Argument);
    assert_eq!(settings.ansi_code_page(), 1251, "a failure keeps the setting");
    settings.set_ansi_code_page(65001).unwrap();
    failure(euro.get_string("ANSI"), ErrorKind::Text);
    settings.set_ansi_code_page(0).unwrap();
}
