use openck::client::Class;
use openck::client::ck_string::CkString;
use openck::error::{ErrorKind, Result};

use crate::{TestFile, failure};

#[test]
fn holds_text_in_every_form() {
    let object = CkString::new_object();
    assert!(object.is_empty().unwrap());
    type Set = fn(&CkString, &str) -> Result<()>;
    let setters: [Set; 5] = [
        CkString::set_string,
        CkString::set_string_ansi,
        CkString::set_string_utf8,
        CkString::set_string_u,
        CkString::set_string_utf16,
    ];
    let appenders: [Set; 5] = [
        CkString::append,
        CkString::append_ansi,
        CkString::append_utf8,
        CkString::append_u,
        CkString::append_utf16,
    ];
    for (set, append) in setters.into_iter().zip(appenders) {
        set(&object, "é").unwrap();
        append(&object, "€").unwrap();
        assert_eq!(object.get_string().unwrap(), "é€");
    }
    assert_eq!(object.get_string_ansi().unwrap(), "é€");
    assert_eq!(object.get_string_utf8().unwrap(), "é€");
    assert_eq!(object.get_unicode().unwrap(), "é€");
    assert_eq!(object.get_string_utf16().unwrap(), "é€");
}

#[test]
fn results_replace_the_content() {
    let object = CkString::new_object();
    object.set("first".into());
    object.set("a😀".into());
    assert_eq!(object.get_num_chars().unwrap(), 2);
    assert_eq!(object.get_size_utf8().unwrap(), 5);
    assert_eq!(object.get_size_unicode().unwrap(), 6);
    assert!(!object.is_empty().unwrap());
    object.clear().unwrap();
    assert!(object.is_empty().unwrap());
    assert_eq!(object.get_num_chars().unwrap(), 0);
}

#[test]
fn appends_and_compares_also_itself() {
    let object = CkString::new_object();
    object.set_string("Ab").unwrap();
    object.append_str(&object).unwrap();
    object.append_int(-1).unwrap();
    assert_eq!(object.get_string().unwrap(), "AbAb-1");
    object.set_str(&object).unwrap();
    assert!(object.equals_str(&object).unwrap());
    assert!(object.equals("AbAb-1").unwrap());
    assert!(!object.equals("abab-1").unwrap());
    assert!(object.equals_ignore_case("aBAB-1").unwrap());
    assert!(!object.equals_ignore_case("abab").unwrap());
    let other = CkString::new_object();
    assert!(!object.equals_str(&other).unwrap());
    other.set_string("ABAB-1").unwrap();
    assert!(object.equals_ignore_case_str(&other).unwrap());
    other.set_str(&object).unwrap();
    assert!(object.equals_str(&other).unwrap());
}

#[test]
fn files_are_written_and_loaded_in_a_charset() {
    let file = TestFile::new("ckstring.txt");
    let object = CkString::new_object();
    object.set_string("é€").unwrap();
    object.save_to_file(file.path(), "windows-1252").unwrap();
    let loaded = CkString::new_object();
    loaded.load_file(file.path(), "windows-1252").unwrap();
    assert_eq!(loaded.get_string().unwrap(), "é€");
    failure(loaded.load_file(file.path(), "utf-8"), ErrorKind::Text);
    failure(object.save_to_file(file.path(), "iso-8859-1"), ErrorKind::Text);
    failure(loaded.load_file("no-such-file.txt", "utf-8"), ErrorKind::File);
    assert_eq!(loaded.get_string().unwrap(), "é€");
}
