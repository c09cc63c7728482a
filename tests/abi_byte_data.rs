//! CkByteData through its exported functions.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;

use std::ffi::{c_uchar, c_ulong};
use std::ptr;

use abi_common::{Folder, Object, from_narrow, narrow};
use openck::ffi::generated::ck_byte_data::*;
use openck::ffi::generated::ck_string::*;

fn data(content: &[u8]) -> Object {
    let object = Object::new("CkByteData");
    unsafe { CkByteData_append2(object.get(), content.as_ptr(), content.len() as c_ulong) };
    object
}

fn content(object: &Object) -> Vec<u8> {
    unsafe {
        let bytes = CkByteData_getData(object.get());
        assert_eq!(bytes, CkByteData_getBytes(object.get()));
        match CkByteData_getSize(object.get()) as usize {
            0 => Vec::new(),
            size => std::slice::from_raw_parts(bytes, size).to_vec(),
        }
    }
}

#[test]
fn borrow_data_copies() {
    let object = data(b"before");
    let memory = b"borrowed".to_vec();
    unsafe { CkByteData_borrowData(object.get(), memory.as_ptr(), memory.len() as c_ulong) };
    assert_ne!(unsafe { CkByteData_getData(object.get()) }, memory.as_ptr());
    drop(memory);
    assert_eq!(content(&object), b"borrowed");
}

#[test]
fn a_length_without_memory_changes_nothing() {
    let object = data(b"kept");
    let null: *const c_uchar = ptr::null();
    unsafe {
        for size in [1, c_ulong::MAX] {
            CkByteData_append2(object.get(), null, size);
            CkByteData_borrowData(object.get(), null, size);
            assert_eq!(CkByteData_equals2(object.get(), null, size), 0);
        }
        CkByteData_append2(object.get(), b"x".as_ptr(), c_ulong::MAX);
        CkByteData_append2(object.get(), null, 0);
        assert_eq!(content(&object), b"kept");
        CkByteData_borrowData(object.get(), null, 0);
        assert_eq!(content(&object), b"");
        assert!(CkByteData_getData(object.get()).is_null());
        assert_eq!(CkByteData_equals2(object.get(), null, 0), 1);
    }
}

#[test]
fn ranges_outside_the_content_fail() {
    let object = data(b"hello");
    unsafe {
        for (start, count) in [(0, 6), (5, 1), (5, 0), (0, 0), (c_ulong::MAX, 1), (1, c_ulong::MAX)]
        {
            assert!(CkByteData_getRange(object.get(), start, count).is_null(), "{start} {count}");
        }
        let range = CkByteData_getRange(object.get(), 1, 3);
        assert_eq!(std::slice::from_raw_parts(range, 3), b"ell");
        assert_eq!(CkByteData_getByte(object.get(), 4), i32::from(b'o'));
        for index in [5, 0xFFFF_FFFF, c_ulong::MAX] {
            assert_eq!(CkByteData_getByte(object.get(), index), -1, "{index}");
        }
    }
}

#[test]
fn an_object_may_be_its_own_argument() {
    let object = data(b"ab");
    unsafe {
        CkByteData_append(object.get(), object.get());
        assert_eq!(content(&object), b"abab");
        assert_eq!(CkByteData_equals(object.get(), object.get()), 1);
        assert_eq!(CkByteData_equals(object.get(), data(b"ab").get()), 0);
        CkByteData_append(object.get(), ptr::null_mut());
        assert_eq!(content(&object), b"abab");
        CkByteData_clear(object.get());
        assert_eq!(content(&object), b"");
    }
}

#[test]
fn text_becomes_bytes_and_bytes_become_text() {
    let object = data(b"");
    let out = Object::new("CkString");
    unsafe {
        CkByteData_appendEncoded(object.get(), c"4142".as_ptr(), c"hex".as_ptr());
        CkByteData_appendEncoded(object.get(), c"4".as_ptr(), c"hex".as_ptr());
        assert_eq!(content(&object), b"AB");
        let base64 = CkByteData_getEncoded(object.get(), c"base64".as_ptr());
        assert_eq!(from_narrow(base64).unwrap(), "QUI=");
        CkByteData_encode(object.get(), c"hex".as_ptr(), out.get());
        CkByteData_encode(object.get(), c"nothing".as_ptr(), out.get());
        assert_eq!(from_narrow(CkString_getString(out.get())).unwrap(), "4142");
        assert!(CkByteData_getEncoded(object.get(), c"nothing".as_ptr()).is_null());
    }
}

#[test]
fn files_are_read_and_written() {
    let folder = Folder::new("abi-byte-data");
    let path = narrow(&folder.file("data"));
    let object = data(b"\0\xFF");
    unsafe {
        assert_eq!(CkByteData_saveFile(object.get(), path.as_ptr()), 1);
        CkByteData_clear(object.get());
        assert_eq!(CkByteData_loadFile(object.get(), path.as_ptr()), 1);
        assert_eq!(content(&object), b"\0\xFF");
        assert_eq!(CkByteData_loadFile(object.get(), c"".as_ptr()), 0);
        assert_eq!(CkByteData_saveFile(object.get(), c"".as_ptr()), 0);
        assert_eq!(content(&object), b"\0\xFF");
    }
}
