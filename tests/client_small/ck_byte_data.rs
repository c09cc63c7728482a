use std::ptr;

use openck::client::Class;
use openck::client::ck_byte_data::CkByteData;
use openck::client::ck_string::CkString;
use openck::error::ErrorKind;

use crate::{TestFile, failure};

fn bytes(content: &[u8]) -> CkByteData {
    let object = CkByteData::new_object();
    object.append2(content).unwrap();
    object
}

#[test]
fn holds_bytes() {
    let object = CkByteData::new_object();
    assert_eq!(object.get_size().unwrap(), 0);
    assert_eq!(object.get_data().unwrap(), ptr::null());
    object.append(b"\0a").unwrap();
    object.append2(b"b").unwrap();
    object.append_encoded("63", "hex").unwrap();
    assert_eq!(object.to_vec(), b"\0abc");
    object.append(&object.to_vec()).unwrap();
    assert_eq!(object.get_size().unwrap(), 8);
    object.borrow_data(b"new").unwrap();
    assert_eq!(object.to_vec(), b"new");
    object.set(b"result".to_vec());
    assert_eq!(object.to_vec(), b"result");
    object.clear().unwrap();
    assert_eq!(object.get_bytes().unwrap(), ptr::null());
}

#[test]
fn pointers_lead_to_the_bytes() {
    let object = bytes(b"0123");
    let start = object.with_bytes(<[u8]>::as_ptr);
    assert_eq!(object.get_data().unwrap(), start);
    assert_eq!(object.get_bytes().unwrap(), start);
    assert_eq!(object.get_range(1, 3).unwrap(), start.wrapping_add(1));
    for (index, count) in [(0, 5), (4, 1), (2, 0), (u32::MAX, u32::MAX)] {
        failure(object.get_range(index, count), ErrorKind::Argument);
    }
    assert_eq!(object.get_byte(3).unwrap(), i32::from(b'3'));
    failure(object.get_byte(4), ErrorKind::Argument);
    failure(object.get_byte(u32::MAX), ErrorKind::Argument);
}

#[test]
fn encodes_and_compares() {
    let object = bytes(b"hi");
    assert_eq!(object.get_encoded("base64").unwrap(), "aGk=");
    let out = CkString::new_object();
    out.set("old".into());
    object.encode("hex", &out).unwrap();
    assert_eq!(out.get_string().unwrap(), "6869");
    failure(object.encode("base1", &out), ErrorKind::Argument);
    assert_eq!(out.get_string().unwrap(), "6869");
    failure(object.append_encoded("x", "hex"), ErrorKind::Text);
    assert!(object.equals(b"hi").unwrap());
    assert!(!object.equals(b"hi!").unwrap());
    assert!(object.equals2(b"hi").unwrap());
    assert!(!object.equals2(b"").unwrap());
}

#[test]
fn files_are_written_and_loaded() {
    let file = TestFile::new("bytedata.bin");
    bytes(b"\0\xFF").save_file(file.path()).unwrap();
    let loaded = bytes(b"old");
    loaded.load_file(file.path()).unwrap();
    assert_eq!(loaded.to_vec(), b"\0\xFF");
    failure(loaded.load_file("no-such-file.bin"), ErrorKind::File);
    assert_eq!(loaded.to_vec(), b"\0\xFF");
    failure(loaded.save_file(""), ErrorKind::File);
}
