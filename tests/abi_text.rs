//! Text through the exported functions: three spellings, invalid text, how long a returned text
//! lives, U+0000, empty and very large texts, objects that results are put into.
//! (reliability 4, list A: 1, 4, 7)

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;

use std::ffi::c_char;
use std::ptr;

use abi_common::{
    Object, dynamic, from_narrow, from_utf16, from_wide, narrow, utf16, watched, wide,
};
use openck::abi::{Arg, Handle, Value, wchar_t};
use openck::ffi::generated::bin_data::*;
use openck::ffi::generated::ck_byte_data::*;
use openck::ffi::generated::ck_string::*;
use openck::ffi::generated::global::*;
use openck::ffi::generated::rest::*;
use openck::ffi::generated::string_builder::*;
use openck::ffi::generated::string_builder_u::*;
use openck::ffi::generated::string_builder_w::*;
use openck::ffi::generated::web_socket::*;
use openck::ffi::generated::web_socket_u::*;
use openck::ffi::generated::web_socket_w::*;

const TEXT: &str = "gr\u{fc}n \u{20AC} \u{1F980}";

fn builder(text: &str) -> Object {
    let object = Object::new("StringBuilder");
    set(&object, text);
    object
}

fn set(object: &Object, text: &str) {
    let set = unsafe { CkStringBuilder_SetString(object.get(), narrow(text).as_ptr()) };
    assert_eq!(set, 1);
}

#[test]
fn text_is_the_same_in_all_three_spellings() {
    let object = Object::new("StringBuilder");
    unsafe {
        assert_eq!(CkStringBuilderU_SetString(object.get(), utf16(TEXT).as_ptr()), 1);
        assert_eq!(CkStringBuilderW_Append(object.get(), wide(TEXT).as_ptr()), 1);
        assert_eq!(CkStringBuilder_Append(object.get(), narrow(TEXT).as_ptr()), 1);
        let all = TEXT.repeat(3);
        assert_eq!(from_narrow(CkStringBuilder_getAsString(object.get())).unwrap(), all);
        assert_eq!(from_wide(CkStringBuilderW_getAsString(object.get())).unwrap(), all);
        assert_eq!(from_utf16(CkStringBuilderU_getAsString(object.get())).unwrap(), all);
    }
}

#[test]
fn empty_texts_are_texts() {
    let object = builder("x");
    let out = Object::new("CkString");
    unsafe {
        assert_eq!(CkStringBuilder_SetString(object.get(), c"".as_ptr()), 1);
        assert_eq!(CkStringBuilderW_Append(object.get(), wide("").as_ptr()), 1);
        assert_eq!(CkStringBuilderU_Append(object.get(), utf16("").as_ptr()), 1);
        assert_eq!(CkStringBuilder_getLength(object.get()), 0);
        assert_eq!(from_narrow(CkStringBuilder_getAsString(object.get())).unwrap(), "");
        assert_eq!(from_wide(CkStringBuilderW_getAsString(object.get())).unwrap(), "");
        assert_eq!(from_utf16(CkStringBuilderU_getAsString(object.get())).unwrap(), "");
        CkString_setString(out.get(), c"before".as_ptr());
        assert_eq!(CkStringBuilder_GetAsString(object.get(), out.get()), 1);
        assert_eq!(CkString_isEmpty(out.get()), 1);
    }
    // Without bytes there need be no address.
    let id = dynamic::member("StringBuilder", "SetString");
    let mut empty = dynamic::value(&Arg::Text(""));
    empty.data = ptr::null();
    assert_eq!(dynamic::call(object.number(), id, &[empty]), Ok(Value::Bool(true)));
}

#[test]
fn sixteen_returned_strings_stay_valid() {
    let (object, other) = (builder(""), builder("other"));
    for spelling in 0..3 {
        let mut returned = Vec::new();
        for n in 0..16 {
            let text = format!("text {n} of sixteen {TEXT}");
            set(&object, &text);
            returned.push((text, Returned::of(&object, spelling)));
            // The texts of another object do not count.
            for _ in 0..20 {
                Returned::of(&other, spelling);
            }
        }
        set(&object, "changed");
        for (text, pointer) in returned {
            assert_eq!(pointer.read(), text);
        }
    }
}

/// A returned text in one of the spellings.
enum Returned {
    Narrow(*const c_char),
    Wide(*const wchar_t),
    Utf16(*const u16),
}

impl Returned {
    fn of(object: &Object, spelling: u8) -> Self {
        unsafe {
            match spelling {
                0 => Self::Narrow(CkStringBuilder_getAsString(object.get())),
                1 => Self::Wide(CkStringBuilderW_getAsString(object.get())),
                _ => Self::Utf16(CkStringBuilderU_getAsString(object.get())),
            }
        }
    }

    fn read(&self) -> String {
        match self {
            Self::Narrow(text) => from_narrow(*text),
            Self::Wide(text) => from_wide(*text),
            Self::Utf16(text) => from_utf16(*text),
        }
        .unwrap()
    }
}

#[test]
fn the_last_two_of_many_large_strings_stay_valid() {
    let object = builder(&"0123456789abcdef".repeat(1 << 20));
    let mut last: *const c_char = ptr::null();
    for _ in 0..8 {
        let text = unsafe { CkStringBuilder_getAsString(object.get()) };
        assert_eq!(from_narrow(text).unwrap().len(), 16 << 20);
        if !last.is_null() {
            assert_eq!(from_narrow(last).unwrap().len(), 16 << 20);
        }
        last = text;
    }
}

#[test]
fn threads_do_not_free_each_others_strings() {
    let object = builder(TEXT);
    let mine = unsafe { CkStringBuilder_getAsString(object.get()) };
    let handle = object.number();
    let others = (0..4).map(|_| {
        std::thread::spawn(move || {
            for _ in 0..1000 {
                let text = dynamic::invoke(handle, "StringBuilder", "GetAsString", &[]);
                assert_eq!(text, Value::Text(TEXT.to_owned()));
                let pointer = ptr::without_provenance_mut(handle);
                let text = unsafe { CkStringBuilder_getAsString(pointer) };
                assert_eq!(from_narrow(text).unwrap(), TEXT);
            }
        })
    });
    others.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(from_narrow(mine).unwrap(), TEXT);
}

#[test]
fn the_result_of_a_dynamic_call_lives_until_the_next() {
    use openck::ffi::library::openck_invoke;
    let object = builder(TEXT);
    let id = dynamic::member("StringBuilder", "GetAsString");
    let mut result = dynamic::value(&Arg::None);
    let made = unsafe { openck_invoke(object.number(), id, ptr::null(), 0, &raw mut result) };
    assert_eq!(made, 1);
    let handle = object.number();
    let other = move || dynamic::invoke(handle, "StringBuilder", "GetAsString", &[]);
    std::thread::spawn(other).join().unwrap();
    assert_eq!(dynamic::result(&result), Value::Text(TEXT.to_owned()));
}

#[test]
fn r27_unpaired_surrogates_are_refused() {
    let (object, socket) = (builder("kept"), Object::new("WebSocket"));
    let bad: [&[u16]; 4] =
        [&[0xD800, 0], &[0x61, 0xDC00, 0x62, 0], &[0xDC00, 0xD800, 0], &[0xD83E, 0]];
    for units in bad {
        unsafe {
            assert_eq!(CkStringBuilderU_Append(object.get(), units.as_ptr()), 0, "{units:X?}");
            assert_eq!(CkStringBuilder_getLastMethodSuccess(object.get()), 0);
            assert_eq!(CkWebSocketU_SendFrame(socket.get(), units.as_ptr(), 1), 0);
            let why = from_utf16(CkWebSocketU_lastErrorText(socket.get())).unwrap();
            assert!(why.contains("The text argument stringToSend is not valid Unicode"), "{why}");
        }
    }
    let bad: [&[u32]; 4] = [&[0xD800, 0], &[0x61, 0xDFFF, 0], &[0x11_0000, 0], &[u32::MAX, 0]];
    #[cfg(not(windows))]
    for units in bad {
        let units: Vec<wchar_t> = units.iter().map(|unit| *unit as wchar_t).collect();
        unsafe {
            assert_eq!(CkStringBuilderW_Append(object.get(), units.as_ptr()), 0, "{units:X?}");
            assert_eq!(CkWebSocketW_SendPing(socket.get(), units.as_ptr()), 0);
            let why = from_wide(CkWebSocketW_lastErrorText(socket.get())).unwrap();
            assert!(why.contains("not valid Unicode"), "{why}");
        }
    }
    assert_eq!(from_narrow(unsafe { CkStringBuilder_getAsString(object.get()) }).unwrap(), "kept");
}

const NOT_UTF8: [&[u8]; 7] = [
    b"\x80\0",
    b"a\xC0\x80b\0",
    b"\xE0\x80\x80\0",
    b"\xED\xA0\x80\0",
    b"\xF4\x90\x80\x80\0",
    b"cut \xE2\x82\0",
    b"\xFF\0",
];

#[test]
fn r27_invalid_utf8_arguments_are_refused() {
    let (object, socket) = (builder("kept"), Object::new("WebSocket"));
    let append = dynamic::member("StringBuilder", "Append");
    for bytes in NOT_UTF8 {
        let pointer = bytes.as_ptr().cast();
        unsafe {
            assert_eq!(CkStringBuilder_Append(object.get(), pointer), 0, "{bytes:X?}");
            assert_eq!(CkStringBuilder_getLastMethodSuccess(object.get()), 0);
            assert_eq!(CkWebSocket_SendFrame(socket.get(), pointer, 1), 0);
            let why = from_narrow(CkWebSocket_lastErrorText(socket.get())).unwrap();
            assert!(why.contains("The text argument stringToSend is not valid UTF-8"), "{why}");
        }
        let mut text = dynamic::value(&Arg::Bytes(&bytes[..bytes.len() - 1]));
        text.r#type = openck::ffi::library::OPENCK_TEXT;
        let why = dynamic::call(object.number(), append, &[text]).unwrap_err();
        assert_eq!(why, "Argument 1 is not valid UTF-8.");
    }
    assert_eq!(from_narrow(unsafe { CkStringBuilder_getAsString(object.get()) }).unwrap(), "kept");
}

#[test]
fn a_null_text_is_refused_by_its_name() {
    let rest = Object::new("Rest");
    unsafe {
        assert_eq!(CkRest_Connect(rest.get(), ptr::null(), 80, 0, 0), 0);
        let why = from_narrow(CkRest_lastErrorText(rest.get())).unwrap();
        assert!(why.contains("The text argument hostname is NULL"), "{why}");
    }
}

#[test]
fn a_refused_property_keeps_its_value_and_says_why() {
    let rest = Object::new("Rest");
    unsafe {
        CkRest_putHost(rest.get(), c"example.com".as_ptr());
        CkRest_putHost(rest.get(), c"\xFF".as_ptr());
        assert_eq!(from_narrow(CkRest_host(rest.get())).unwrap(), "example.com");
        let why = from_narrow(CkRest_lastErrorText(rest.get())).unwrap();
        assert!(why.contains("not valid UTF-8"), "{why}");
        CkRest_putHost(rest.get(), ptr::null());
        assert_eq!(from_narrow(CkRest_host(rest.get())).unwrap(), "example.com");
    }
}

#[test]
fn char_text_is_utf8_whatever_utf8_says() {
    let (object, out) = (Object::new("StringBuilder"), Object::new("CkString"));
    let global = Object::new("Global");
    for utf8 in [0, 1, 0] {
        unsafe {
            CkStringBuilder_putUtf8(object.get(), utf8);
            assert_eq!(CkStringBuilder_getUtf8(object.get()), utf8);
            CkString_putUtf8(out.get(), utf8);
            CkGlobal_putDefaultUtf8(global.get(), utf8);
            let made = Object::new("WebSocket");
            assert_eq!(CkWebSocket_getUtf8(made.get()), utf8, "a new object starts with it");
            #[cfg(not(windows))]
            {
                assert_eq!(CkStringBuilder_SetString(object.get(), narrow(TEXT).as_ptr()), 1);
                let text = CkStringBuilder_getAsString(object.get());
                assert_eq!(from_narrow(text).unwrap(), TEXT);
                CkString_setString(out.get(), narrow(TEXT).as_ptr());
                assert_eq!(from_narrow(CkString_getString(out.get())).unwrap(), TEXT);
                assert_eq!(from_narrow(CkString_getStringAnsi(out.get())).unwrap(), TEXT);
            }
        }
    }
}

#[test]
fn ck_string_speaks_utf16() {
    let text = Object::new("CkString");
    unsafe {
        CkString_setStringUtf16(text.get(), utf16(TEXT).as_ptr());
        CkString_appendUtf16(text.get(), utf16("!").as_ptr());
        assert_eq!(from_utf16(CkString_getStringUtf16(text.get())).unwrap(), format!("{TEXT}!"));
        CkString_appendUtf16(text.get(), [0xD800, 0].as_ptr());
        assert_eq!(
            CkString_getSizeUnicode(text.get()),
            2 * (TEXT.encode_utf16().count() as i32 + 1)
        );
        assert_eq!(CkString_getSizeUtf8(text.get()), TEXT.len() as i32 + 1);
        assert_eq!(CkString_getNumChars(text.get()), TEXT.chars().count() as i32 + 1);
    }
}

#[test]
fn ck_string_speaks_every_spelling() {
    let text = Object::new("CkString");
    let other = Object::new("CkString");
    unsafe {
        CkString_setStringU(text.get(), wide("a\u{1F980}").as_ptr());
        CkString_appendU(text.get(), wide("b").as_ptr());
        CkString_appendUtf8(text.get(), c"c".as_ptr());
        CkString_appendAnsi(text.get(), c"d".as_ptr());
        CkString_append(text.get(), c"e".as_ptr());
        CkString_appendInt(text.get(), i32::MIN);
        assert_eq!(
            from_wide(CkString_getUnicode(text.get())).unwrap(),
            "a\u{1F980}bcde-2147483648"
        );
        CkString_setStr(other.get(), text.get());
        CkString_appendStr(other.get(), other.get());
        let twice = "a\u{1F980}bcde-2147483648".repeat(2);
        assert_eq!(from_narrow(CkString_getStringUtf8(other.get())).unwrap(), twice);
        assert_eq!(CkString_equalsStr(other.get(), text.get()), 0);
        assert_eq!(CkString_equals(other.get(), narrow(&twice).as_ptr()), 1);
        CkString_setStringAnsi(other.get(), c"A".as_ptr());
        CkString_setStringUtf8(text.get(), c"a".as_ptr());
        assert_eq!(CkString_equalsIgnoreCaseStr(other.get(), text.get()), 1);
        assert_eq!(CkString_equalsIgnoreCase(other.get(), c"a".as_ptr()), 1);
        assert_eq!(CkString_getSizeAnsi(other.get()), 1);
        CkString_clear(other.get());
        assert_eq!(CkString_isEmpty(other.get()), 1);
    }
}

#[test]
fn out_objects_are_unchanged_on_failure() {
    let (data, builder) = (Object::new("BinData"), builder("before"));
    let (text, bytes) = (Object::new("CkString"), Object::new("CkByteData"));
    unsafe {
        assert_eq!(CkBinData_AppendByte(data.get(), 0xFF), 1);
        CkString_setString(text.get(), c"before".as_ptr());
        CkByteData_append2(bytes.get(), b"before".as_ptr(), 6);
        assert_eq!(CkBinData_GetString(data.get(), c"utf-8".as_ptr(), text.get()), 0);
        assert_eq!(CkBinData_GetEncoded(data.get(), c"nothing".as_ptr(), text.get()), 0);
        assert_eq!(CkBinData_GetBinaryChunk(data.get(), 0, 2, bytes.get()), 0);
        assert_eq!(CkStringBuilder_GetDecoded(builder.get(), c"hex".as_ptr(), bytes.get()), 0);
        assert_eq!(CkBinData_GetEncodedSb(data.get(), c"nothing".as_ptr(), builder.get()), 0);
        assert_eq!(from_narrow(CkString_getString(text.get())).unwrap(), "before");
        assert_eq!(CkByteData_equals2(bytes.get(), b"before".as_ptr(), 6), 1);
        let content = CkStringBuilder_getAsString(builder.get());
        assert_eq!(from_narrow(content).unwrap(), "before");
    }
}

#[test]
fn out_objects_are_replaced_or_appended_to() {
    let (data, builder) = (Object::new("BinData"), builder("before"));
    let (text, bytes) = (Object::new("CkString"), Object::new("CkByteData"));
    let socket = Object::new("WebSocket");
    unsafe {
        assert_eq!(CkBinData_AppendByte(data.get(), 0x41), 1);
        CkString_setString(text.get(), c"before".as_ptr());
        CkByteData_append2(bytes.get(), b"before".as_ptr(), 6);
        assert_eq!(CkBinData_GetString(data.get(), c"utf-8".as_ptr(), text.get()), 1);
        assert_eq!(CkString_equals(text.get(), c"A".as_ptr()), 1);
        assert_eq!(CkBinData_GetBinary(data.get(), bytes.get()), 1);
        assert_eq!(CkByteData_equals2(bytes.get(), b"A".as_ptr(), 1), 1);
        CkWebSocket_getVersion(socket.get(), text.get());
        assert_eq!(CkString_equals(text.get(), narrow(env!("CARGO_PKG_VERSION")).as_ptr()), 1);
        assert_eq!(CkBinData_GetEncodedSb(data.get(), c"hex".as_ptr(), builder.get()), 1);
        let content = CkStringBuilder_getAsString(builder.get());
        assert_eq!(from_narrow(content).unwrap(), "before41");
    }
}

#[test]
fn an_out_object_of_another_class_makes_the_call_fail() {
    let data = Object::new("BinData");
    let wrong = Object::new("StringBuilder");
    unsafe {
        for out in [ptr::null_mut(), wrong.get(), data.get()] {
            assert_eq!(CkBinData_GetEncoded(data.get(), c"hex".as_ptr(), out), 0);
            assert_eq!(CkBinData_getLastMethodSuccess(data.get()), 0);
            assert_eq!(CkBinData_GetBinary(data.get(), out), 0);
        }
        assert_eq!(CkStringBuilder_getLength(wrong.get()), 0);
    }
}

#[test]
fn u0000_survives_where_lengths_are_known_and_ends_text_in_c() {
    let object = Object::new("StringBuilder");
    let call =
        |name, args: &[Arg<'_>]| dynamic::invoke(object.number(), "StringBuilder", name, args);
    assert_eq!(call("Append", &[Arg::Text("a\0b")]), Value::Bool(true));
    assert_eq!(call("get:Length", &[]), Value::Int(3));
    assert_eq!(call("GetAsString", &[]), Value::Text("a\0b".to_owned()));
    assert_eq!(call("Contains", &[Arg::Text("\0b"), Arg::Bool(true)]), Value::Bool(true));
    let hex = [Arg::Text("hex"), Arg::Text("utf-8")];
    assert_eq!(call("GetEncoded", &hex), Value::Text("610062".to_owned()));
    unsafe {
        assert_eq!(from_narrow(CkStringBuilder_getAsString(object.get())).unwrap(), "a");
        assert_eq!(from_wide(CkStringBuilderW_getAsString(object.get())).unwrap(), "a");
        assert_eq!(from_utf16(CkStringBuilderU_getAsString(object.get())).unwrap(), "a");
        let out = Object::new("CkString");
        assert_eq!(CkStringBuilder_GetAsString(object.get(), out.get()), 1);
        assert_eq!(CkString_getSizeUtf8(out.get()), 3);
    }
}

// A4
#[test]
fn texts_of_100_mb_pass() {
    const SIZE: usize = 100_000_000;
    watched(|| {
        let object = Object::new("StringBuilder");
        unsafe {
            let text = narrow(&"x".repeat(SIZE));
            assert_eq!(CkStringBuilder_Append(object.get(), text.as_ptr()), 1);
            assert_eq!(CkStringBuilder_getLength(object.get()), SIZE as i32);
            let back = CkStringBuilder_getAsString(object.get());
            assert!(std::ffi::CStr::from_ptr(back) == text.as_c_str());
            drop(text);
            CkStringBuilder_Clear(object.get());
            let text = utf16(&"\u{E9}".repeat(SIZE / 2));
            assert_eq!(CkStringBuilderU_Append(object.get(), text.as_ptr()), 1);
            let back = CkStringBuilderU_getAsString(object.get());
            assert!(std::slice::from_raw_parts(back, text.len()) == text);
            drop(text);
            CkStringBuilder_Clear(object.get());
            let text = wide(&"\u{1F980}".repeat(SIZE / 4));
            assert_eq!(CkStringBuilderW_Append(object.get(), text.as_ptr()), 1);
            let back = CkStringBuilderW_getAsString(object.get());
            assert!(std::slice::from_raw_parts(back, text.len()) == text);
        }
        // A message that long is refused without a connection, not copied for ever.
        let socket = Object::new("WebSocket");
        let send = [Arg::Object(Handle(object.number())), Arg::Bool(true)];
        let sent = dynamic::invoke(socket.number(), "WebSocket", "SendFrameSb", &send);
        assert_eq!(sent, Value::Bool(false));
    });
}
