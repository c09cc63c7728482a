//! StringBuilder through its exported functions: characters, ranges, answers, numbers.
//! (reliability 4, list A: 5)

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;

use std::ptr;

use abi_common::{Folder, Object, from_narrow, from_utf16, from_wide, narrow, utf16, wide};
use openck::ffi::generated::bin_data::*;
use openck::ffi::generated::string_builder::*;
use openck::ffi::generated::string_builder_u::*;
use openck::ffi::generated::string_builder_w::*;

fn builder(text: &str) -> Object {
    let object = Object::new("StringBuilder");
    let set = unsafe { CkStringBuilder_SetString(object.get(), narrow(text).as_ptr()) };
    assert_eq!(set, 1);
    object
}

fn content(object: &Object) -> String {
    from_narrow(unsafe { CkStringBuilder_getAsString(object.get()) }).unwrap()
}

fn failed(object: &Object) -> bool {
    unsafe { CkStringBuilder_getLastMethodSuccess(object.get()) == 0 }
}

#[test]
fn length_counts_code_points() {
    // Four code points: five units of UTF-16, eight bytes of UTF-8.
    let object = builder("a\u{301}\u{1F980}z");
    unsafe {
        assert_eq!(CkStringBuilder_getLength(object.get()), 4);
        assert_eq!(CkStringBuilderU_getLength(object.get()), 4);
        assert_eq!(CkStringBuilderW_getLength(object.get()), 4);
        let crab = CkStringBuilderU_getRange(object.get(), 2, 1, 0);
        assert_eq!(from_utf16(crab).unwrap(), "\u{1F980}");
        let tail = CkStringBuilderW_getRange(object.get(), 2, 2, 1);
        assert_eq!(from_wide(tail).unwrap(), "\u{1F980}z");
        assert_eq!(CkStringBuilder_getLength(object.get()), 2);
        assert_eq!(CkStringBuilder_Shorten(object.get(), 1), 1);
    }
    assert_eq!(content(&object), "a");
}

#[test]
fn ranges_outside_the_content_fail() {
    let object = builder("h\u{E9}llo");
    let data = Object::new("BinData");
    unsafe {
        CkBinData_AppendString(data.get(), c"hello".as_ptr(), c"utf-8".as_ptr());
        let ranges =
            [(0, 6), (5, 1), (6, 0), (-1, 1), (1, -1), (i32::MAX, i32::MAX), (i32::MIN, 1)];
        for (start, count) in ranges {
            // 1, 2 and -1 are all true: nothing is removed by a call that fails.
            for remove in [0, 1, 2, -1] {
                let range = CkStringBuilder_getRange(object.get(), start, count, remove);
                assert!(range.is_null(), "{count} from {start}");
                assert!(failed(&object));
            }
            let utf8 = c"utf-8".as_ptr();
            let appended = CkStringBuilder_AppendBd(object.get(), data.get(), utf8, start, count);
            assert_eq!(appended, 0, "{count} from {start}");
        }
        assert_eq!(content(&object), "h\u{E9}llo");
        let all = CkStringBuilder_getRange(object.get(), 0, 5, -1);
        assert_eq!(from_narrow(all).unwrap(), "h\u{E9}llo");
        assert_eq!(content(&object), "");
    }
}

#[test]
fn shorten_takes_at_most_what_is_there() {
    let object = builder("h\u{E9}llo");
    unsafe {
        for negative in [-1, i32::MIN] {
            assert_eq!(CkStringBuilder_Shorten(object.get(), negative), 0);
            assert!(failed(&object));
        }
        assert_eq!(CkStringBuilder_Shorten(object.get(), 3), 1);
        assert_eq!(content(&object), "h\u{E9}");
        assert_eq!(CkStringBuilder_Shorten(object.get(), i32::MAX), 1);
        assert_eq!(content(&object), "");
        assert_eq!(CkStringBuilder_Shorten(object.get(), 1), 1);
    }
}

#[test]
fn bytes_are_appended_in_a_charset() {
    let (object, data) = (builder(""), Object::new("BinData"));
    let append = |offset, count| unsafe {
        CkStringBuilder_Clear(object.get());
        let utf8 = c"utf-8".as_ptr();
        (CkStringBuilder_AppendBd(object.get(), data.get(), utf8, offset, count), content(&object))
    };
    unsafe { CkBinData_AppendEncoded(data.get(), c"EFBBBF616263".as_ptr(), c"hex".as_ptr()) };
    // All of them, and then a byte order mark is left out; else it is a character.
    assert_eq!(append(0, 0), (1, "abc".to_owned()));
    assert_eq!(append(0, 6), (1, "\u{FEFF}abc".to_owned()));
    assert_eq!(append(4, 2), (1, "bc".to_owned()));
    assert_eq!(append(4, 0), (1, String::new()));
    assert_eq!(append(1, 2), (0, String::new()), "a character cut in two");
}

#[test]
fn false_is_an_answer_and_no_failure() {
    let (object, other) = (builder("Hello"), builder("hello"));
    let invalid = c"\xFF".as_ptr();
    type Question =
        unsafe extern "C" fn(*mut std::ffi::c_void, *const std::ffi::c_char, i32) -> i32;
    let questions: [(Question, _, _); 4] = [
        (CkStringBuilder_Contains, c"ell", c"ELL"),
        (CkStringBuilder_ContentsEqual, c"Hello", c"hello"),
        (CkStringBuilder_StartsWith, c"He", c"he"),
        (CkStringBuilder_EndsWith, c"lo", c"LO"),
    ];
    unsafe {
        for (question, yes, no) in questions {
            assert_eq!(question(object.get(), yes.as_ptr(), 1), 1, "{yes:?}");
            assert_eq!(question(object.get(), no.as_ptr(), 1), 0, "{no:?}");
            assert!(!failed(&object));
            // Any number but 0 is true.
            assert_eq!(question(object.get(), no.as_ptr(), 2), 0);
            assert_eq!(question(object.get(), no.as_ptr(), -1), 0);
            assert_eq!(question(object.get(), no.as_ptr(), 0), 1);
            assert_eq!(question(object.get(), invalid, 1), 0);
            assert!(failed(&object));
        }
        assert_eq!(CkStringBuilder_ContentsEqualSb(object.get(), other.get(), 1), 0);
        assert!(!failed(&object));
        assert_eq!(CkStringBuilder_ContentsEqualSb(object.get(), other.get(), 0), 1);
        assert_eq!(CkStringBuilder_ContentsEqualSb(object.get(), ptr::null_mut(), 0), 0);
        assert!(failed(&object));
    }
}

#[test]
fn an_object_may_be_its_own_argument() {
    let object = builder("ab");
    unsafe {
        assert_eq!(CkStringBuilder_AppendSb(object.get(), object.get()), 1);
        assert_eq!(CkStringBuilder_ContentsEqualSb(object.get(), object.get(), 1), 1);
        let own = CkStringBuilder_getAsString(object.get());
        assert_eq!(CkStringBuilder_Append(object.get(), own), 1);
        assert_eq!(CkStringBuilder_SetString(object.get(), own), 1);
    }
    assert_eq!(content(&object), "abab");
}

#[test]
fn numbers_of_every_size_are_written_and_read() {
    let object = builder("");
    unsafe {
        assert_eq!(CkStringBuilder_AppendInt(object.get(), i32::MIN), 1);
        assert_eq!(CkStringBuilder_AppendInt64(object.get(), i64::MIN), 1);
        assert_eq!(CkStringBuilder_AppendInt64(object.get(), i64::MAX), 1);
        assert_eq!(content(&object), "-2147483648-92233720368547758089223372036854775807");
        assert_eq!(CkStringBuilder_getIntValue(object.get()), i32::MIN);
        for (text, value) in [
            ("99999999999", i32::MAX),
            ("-99999999999999999999999", i32::MIN),
            (" +7 apples", 7),
            ("none", 0),
            ("", 0),
        ] {
            CkStringBuilder_SetString(object.get(), narrow(text).as_ptr());
            assert_eq!(CkStringBuilder_getIntValue(object.get()), value, "{text:?}");
        }
        CkStringBuilder_putIntValue(object.get(), -1);
        assert_eq!(content(&object), "-1");
    }
}

#[test]
fn a_failed_change_keeps_the_content() {
    let object = builder("no hex \u{20AC}");
    unsafe {
        let (hex, ascii) = (c"hex".as_ptr(), c"ascii".as_ptr());
        assert_eq!(CkStringBuilder_Decode(object.get(), hex, c"utf-8".as_ptr()), 0);
        assert_eq!(CkStringBuilder_Encode(object.get(), hex, ascii), 0);
        assert_eq!(CkStringBuilder_Encode(object.get(), c"nothing".as_ptr(), ascii), 0);
        assert!(CkStringBuilder_getEncoded(object.get(), hex, ascii).is_null());
        assert_eq!(CkStringBuilder_Replace(object.get(), c"".as_ptr(), c"x".as_ptr()), -1);
        assert_eq!(CkStringBuilder_LoadFile(object.get(), c"".as_ptr(), c"utf-8".as_ptr()), 0);
        assert_eq!(content(&object), "no hex \u{20AC}");
        assert_eq!(CkStringBuilder_Replace(object.get(), c"x".as_ptr(), c"".as_ptr()), 1);
        assert_eq!(content(&object), "no he \u{20AC}");
    }
}

#[test]
fn files_are_read_and_written() {
    let folder = Folder::new("abi-string-builder");
    let path = folder.file("text");
    let object = builder("\u{20AC}");
    unsafe {
        let utf16_name = utf16("utf-16");
        let target = utf16(&path);
        let written =
            CkStringBuilderU_WriteFile(object.get(), target.as_ptr(), utf16_name.as_ptr(), 1);
        assert_eq!(written, 1);
        assert_eq!(std::fs::read(&path).unwrap(), b"\xFF\xFE\xAC\x20");
        CkStringBuilder_Clear(object.get());
        let (target, charset) = (wide(&path), wide("utf-16"));
        let loaded = CkStringBuilderW_LoadFile(object.get(), target.as_ptr(), charset.as_ptr());
        assert_eq!(loaded, 1);
    }
    assert_eq!(content(&object), "\u{20AC}");
}
