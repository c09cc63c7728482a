//! BinData through its exported functions: ranges, charsets, encodings, integers, addresses.
//! (reliability 4, list A: 5)

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;

use std::ptr;

use abi_common::{Folder, Object, from_narrow, from_utf16, from_wide, narrow, utf16, wide};
use openck::ffi::generated::bin_data::*;
use openck::ffi::generated::bin_data_u::*;
use openck::ffi::generated::bin_data_w::*;
use openck::ffi::generated::ck_byte_data::*;
use openck::ffi::generated::ck_string::*;
use openck::ffi::generated::string_builder::*;

const EXTREMES: [i32; 8] = [-1, 6, 7, 0x7FFF, 0x1_0000, i32::MAX, i32::MIN, i32::MIN + 1];

fn data(content: &[u8]) -> Object {
    let object = Object::new("BinData");
    let size = content.len() as std::ffi::c_ulong;
    let loaded = unsafe { CkBinData_LoadBinary2(object.get(), content.as_ptr(), size) };
    assert_eq!(loaded, 1);
    object
}

/// What it holds, through its own address.
fn content(object: &Object) -> Vec<u8> {
    unsafe {
        let size = CkBinData_getNumBytes(object.get()) as usize;
        let bytes = CkBinData_GetBytesPtr(object.get());
        assert_eq!(bytes, CkBinData_getBinaryDataPtr(object.get()));
        if size == 0 {
            assert!(bytes.is_null());
            return Vec::new();
        }
        std::slice::from_raw_parts(bytes, size).to_vec()
    }
}

fn failed(object: &Object) -> bool {
    unsafe { CkBinData_getLastMethodSuccess(object.get()) == 0 }
}

#[test]
fn ranges_outside_the_content_fail() {
    let object = data(b"hello");
    let out = Object::new("CkByteData");
    let ranges = EXTREMES.iter().flat_map(|start| [(*start, 0), (*start, 1), (1, *start)]);
    unsafe {
        CkByteData_append2(out.get(), b"before".as_ptr(), 6);
        for (start, count) in ranges.chain([(5, 1), (0, 6), (3, 3)]) {
            let place = format!("{count} bytes from {start}");
            assert_eq!(CkBinData_RemoveChunk(object.get(), start, count), 0, "{place}");
            assert_eq!(CkBinData_GetBinaryChunk(object.get(), start, count, out.get()), 0);
            let hex = CkBinData_getEncodedChunk(object.get(), start, count, c"hex".as_ptr());
            assert!(hex.is_null(), "{place}");
            let text = CkBinData_getTextChunk(object.get(), start, count, c"utf-8".as_ptr());
            assert!(text.is_null(), "{place}");
            assert!(failed(&object));
        }
        assert_eq!(content(&object), b"hello");
        assert_eq!(CkByteData_equals2(out.get(), b"before".as_ptr(), 6), 1);
        // The empty range at the end exists.
        assert_eq!(CkBinData_RemoveChunk(object.get(), 5, 0), 1);
        assert_eq!(CkBinData_RemoveChunk(object.get(), 1, 3), 1);
        assert_eq!(content(&object), b"ho");
    }
}

#[test]
fn failed_integers_are_minus_one_or_zero() {
    let object = data(b"hello");
    unsafe {
        for index in EXTREMES {
            assert_eq!(CkBinData_GetByte(object.get(), index), -1, "{index}");
            assert!(failed(&object));
            assert_eq!(CkBinData_GetInt2(object.get(), index, 1), -1);
            assert_eq!(CkBinData_GetInt4(object.get(), index, 0), -1);
            assert_eq!(CkBinData_GetUInt2(object.get(), index, 1), 0);
            assert!(failed(&object));
            assert_eq!(CkBinData_GetUInt4(object.get(), index, 0), 0);
            assert!(failed(&object));
            let found = CkBinData_FindString(object.get(), c"h".as_ptr(), index, c"utf-8".as_ptr());
            assert_eq!(found, -1);
            assert!(failed(&object));
        }
        // One byte too few; an empty text to look for; one that is not there, which is no failure.
        assert_eq!(CkBinData_GetInt2(object.get(), 4, 1), -1);
        assert_eq!(CkBinData_GetUInt4(object.get(), 2, 1), 0);
        assert!(failed(&object));
        let find = |text: &str| {
            CkBinData_FindString(object.get(), narrow(text).as_ptr(), 0, c"utf-8".as_ptr())
        };
        assert_eq!(find(""), -1);
        assert!(failed(&object));
        assert_eq!(find("x"), -1);
        assert!(!failed(&object));
        assert_eq!(find("lo"), 3);
    }
}

#[test]
fn integers_keep_their_sign_and_order() {
    let object = Object::new("BinData");
    unsafe {
        // Any number but 0 is true.
        for (order, bytes) in
            [(1, [0xFE, 0xFF]), (2, [0xFE, 0xFF]), (-1, [0xFE, 0xFF]), (0, [0xFF, 0xFE])]
        {
            CkBinData_Clear(object.get());
            assert_eq!(CkBinData_AppendInt2(object.get(), -2, order), 1);
            assert_eq!(content(&object), bytes, "{order}");
            assert_eq!(CkBinData_GetInt2(object.get(), 0, order), -2);
            assert_eq!(CkBinData_GetUInt2(object.get(), 0, order), 0xFFFE);
        }
        CkBinData_Clear(object.get());
        for value in [i32::MIN, i32::MAX, -1, 0x0102_0304] {
            assert_eq!(CkBinData_AppendInt4(object.get(), value, 0), 1);
            let at = CkBinData_getNumBytes(object.get()) - 4;
            assert_eq!(CkBinData_GetInt4(object.get(), at, 0), value);
            assert_eq!(CkBinData_GetUInt4(object.get(), at, 0), u64::from(value as u32) as _);
        }
        CkBinData_Clear(object.get());
        for refused in [-32769, 65536, i32::MAX, i32::MIN] {
            assert_eq!(CkBinData_AppendInt2(object.get(), refused, 1), 0, "{refused}");
        }
        for refused in [-1, 256, i32::MAX, i32::MIN] {
            assert_eq!(CkBinData_AppendByte(object.get(), refused), 0, "{refused}");
        }
        assert_eq!(content(&object), b"");
        assert_eq!(CkBinData_AppendByte(object.get(), 255), 1);
        assert_eq!(CkBinData_GetByte(object.get(), 0), 255);
    }
}

#[test]
fn characters_that_a_charset_lacks_are_errors() {
    let object = data(b"kept");
    let text = Object::new("StringBuilder");
    unsafe {
        CkStringBuilder_SetString(text.get(), narrow("\u{20AC}").as_ptr());
        for charset in [c"ascii", c"iso-8859-1", c"windows-1251", c"big5-unknown", c""] {
            let euro = narrow("ok \u{1F980}");
            let appended = CkBinData_AppendString(object.get(), euro.as_ptr(), charset.as_ptr());
            assert_eq!(appended, 0, "{charset:?}");
            assert!(failed(&object));
        }
        assert_eq!(CkBinData_AppendSb(object.get(), text.get(), c"ascii".as_ptr()), 0);
        assert_eq!(content(&object), b"kept");
        assert_eq!(CkBinData_AppendSb(object.get(), text.get(), c"windows-1252".as_ptr()), 1);
        assert_eq!(content(&object), b"kept\x80");
        // And the other way round: bytes that are not valid in a charset.
        assert!(CkBinData_getString(object.get(), c"utf-8".as_ptr()).is_null());
        assert!(CkBinData_getTextChunk(object.get(), 4, 1, c"ascii".as_ptr()).is_null());
        let back = CkBinData_getString(object.get(), c"windows-1252".as_ptr());
        assert_eq!(from_narrow(back).unwrap(), "kept\u{20AC}");
    }
}

#[test]
fn bad_base64_is_an_error() {
    let object = data(b"kept");
    unsafe {
        for bad in [c"SGVsbG8!", c"SGVsb", c"SG=VsbG8", c"====", c"SGVsbG8=SGVs", c"S\xC3\xA4"] {
            let base64 = c"base64".as_ptr();
            assert_eq!(CkBinData_AppendEncoded(object.get(), bad.as_ptr(), base64), 0, "{bad:?}");
            assert_eq!(CkBinData_LoadEncoded(object.get(), bad.as_ptr(), base64), 0);
            assert!(failed(&object));
        }
        assert_eq!(content(&object), b"kept");
        let good = c" SGVs\r\nbG8 ".as_ptr();
        assert_eq!(CkBinData_LoadEncoded(object.get(), good, c"BASE64".as_ptr()), 1);
        assert_eq!(content(&object), b"Hello");
    }
}

#[test]
fn every_documented_encoding_works_both_ways() {
    let all: Vec<u8> = (0..=255).collect();
    let object = data(&all);
    let back = Object::new("BinData");
    let names = [
        "base64",
        "base64Url",
        "modBase64",
        "base32",
        "hex",
        "hex_lower",
        "qp",
        "quoted-printable",
        "url",
        "url_rfc3986",
        "HEX",
        "Base64",
    ];
    for name in names {
        unsafe {
            let narrow_text = CkBinData_getEncoded(object.get(), narrow(name).as_ptr());
            let text = from_narrow(narrow_text).expect(name);
            assert!(text.is_ascii());
            let wide_text = CkBinDataW_getEncoded(object.get(), wide(name).as_ptr());
            assert_eq!(from_wide(wide_text).unwrap(), text);
            let utf16_text = CkBinDataU_getEncoded(object.get(), utf16(name).as_ptr());
            assert_eq!(from_utf16(utf16_text).unwrap(), text);
            assert_eq!(CkBinData_LoadEncoded(back.get(), narrow_text, narrow(name).as_ptr()), 1);
            assert_eq!(CkBinDataW_AppendEncoded(back.get(), wide_text, wide(name).as_ptr()), 1);
            assert_eq!(CkBinDataU_AppendEncoded(back.get(), utf16_text, utf16(name).as_ptr()), 1);
            assert_eq!(content(&back), all.repeat(3), "{name}");
        }
    }
    for name in ["base58", "uu", "Q", "B", "url_oauth", "", "hex "] {
        let text = unsafe { CkBinData_getEncoded(object.get(), narrow(name).as_ptr()) };
        // Spaces around a name are no part of it.
        assert_eq!(text.is_null(), name.trim() == name, "{name:?}");
    }
}

#[test]
fn an_object_may_be_its_own_argument() {
    let object = data(b"ab");
    unsafe {
        assert_eq!(CkBinData_AppendBd(object.get(), object.get()), 1);
        assert_eq!(CkBinData_ContentsEqual(object.get(), object.get()), 1);
        assert_eq!(content(&object), b"abab");
        let bytes = Object::new("CkByteData");
        assert_eq!(CkBinData_GetBinary(object.get(), bytes.get()), 1);
        assert_eq!(CkBinData_AppendBinary(object.get(), bytes.get()), 1);
        assert_eq!(CkBinData_LoadBinary(object.get(), bytes.get()), 1);
        assert_eq!(content(&object), b"abab");
    }
}

#[test]
fn memory_of_the_program_is_copied() {
    let object = Object::new("BinData");
    let mut memory = *b"abc";
    unsafe {
        assert_eq!(CkBinData_AppendBinary2(object.get(), memory.as_ptr(), 3), 1);
        memory.fill(0);
        assert_eq!(CkBinData_AppendBinary2(object.get(), ptr::null(), 0), 1);
        assert_eq!(CkBinData_AppendBinary2(object.get(), ptr::null(), 1), 0);
        assert_eq!(CkBinData_LoadBinary2(object.get(), ptr::null(), 1), 0);
        assert_eq!(
            CkBinData_AppendBinary2(object.get(), memory.as_ptr(), std::ffi::c_ulong::MAX),
            0
        );
        assert_eq!(content(&object), b"abc");
        assert_eq!(CkBinData_LoadBinary2(object.get(), ptr::null(), 0), 1);
        assert_eq!(content(&object), b"");
    }
}

#[test]
fn files_are_read_and_written() {
    let folder = Folder::new("abi-bin-data");
    let (path, object) = (narrow(&folder.file("d\u{E4}ta")), data(b"\0\xFF"));
    unsafe {
        assert_eq!(CkBinData_WriteFile(object.get(), path.as_ptr()), 1);
        let wide_path = wide(path.to_str().unwrap());
        assert_eq!(CkBinDataW_WriteAppendFile(object.get(), wide_path.as_ptr()), 1);
        let utf16_path = utf16(path.to_str().unwrap());
        assert_eq!(CkBinDataU_LoadFile(object.get(), utf16_path.as_ptr()), 1);
        assert_eq!(content(&object), b"\0\xFF\0\xFF");
        let out = Object::new("CkString");
        CkString_setString(out.get(), c"before".as_ptr());
        let missing = narrow(&folder.file("missing/file"));
        assert_eq!(CkBinData_LoadFile(object.get(), missing.as_ptr()), 0);
        assert_eq!(CkBinData_WriteFile(object.get(), missing.as_ptr()), 0);
        assert_eq!(content(&object), b"\0\xFF\0\xFF");
        CkBinData_SecureClear(object.get());
        assert_eq!(content(&object), b"");
    }
}
