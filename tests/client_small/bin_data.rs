use std::ptr;

use openck::client::Class;
use openck::client::bin_data::BinData;
use openck::error::ErrorKind;

use crate::{TestFile, bytes, failure, text};

#[test]
fn starts_empty() {
    let object = BinData::new_object();
    assert_eq!(object.num_bytes(), 0);
    assert_eq!(object.get_binary().unwrap(), b"");
    assert_eq!(object.get_string("utf-8").unwrap(), "");
    assert_eq!(object.get_encoded("base64").unwrap(), "");
    assert_eq!(object.get_bytes_ptr().unwrap(), ptr::null());
}

#[test]
fn appends_in_every_form() {
    let object = BinData::new_object();
    object.append_binary(b"\x01\0").unwrap();
    object.append_binary2(b"\x02").unwrap();
    object.append_byte(255).unwrap();
    object.append_encoded("aGk=", "base64").unwrap();
    object.append_string("é", "utf-16").unwrap();
    object.append_sb(&text("€"), "windows-1252").unwrap();
    object.append_bd(&bytes(b"end")).unwrap();
    assert_eq!(object.get_binary().unwrap(), b"\x01\0\x02\xFFhi\xE9\0\x80end");
    assert_eq!(object.num_bytes(), 12);
}

#[test]
fn integers_in_both_byte_orders() {
    let object = BinData::new_object();
    object.append_int2(0x1234, true).unwrap();
    object.append_int2(-2, false).unwrap();
    object.append_int2(65535, true).unwrap();
    object.append_int4(0x1234_5678, false).unwrap();
    object.append_int4(i32::MIN, true).unwrap();
    assert_eq!(object.get_encoded("hex").unwrap(), "3412FFFEFFFF1234567800000080");
    assert_eq!(object.get_int2(0, true).unwrap(), 0x1234);
    assert_eq!(object.get_int2(0, false).unwrap(), 0x3412);
    assert_eq!(object.get_int2(2, false).unwrap(), -2);
    assert_eq!(object.get_uint2(2, false).unwrap(), 65534);
    assert_eq!(object.get_int4(6, false).unwrap(), 0x1234_5678);
    assert_eq!(object.get_int4(10, true).unwrap(), i32::MIN);
    assert_eq!(object.get_uint4(10, true).unwrap(), 1 << 31);
    assert_eq!(object.get_byte(2).unwrap(), 255);
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let object = bytes(b"kept");
    for value in [-1, 256, i32::MAX] {
        let error = failure(object.append_byte(value), ErrorKind::Argument);
        assert!(error.message().contains(&value.to_string()), "{error}");
    }
    for value in [-32769, 65536, i32::MIN] {
        failure(object.append_int2(value, true), ErrorKind::Argument);
    }
    assert_eq!(object.get_binary().unwrap(), b"kept");
}

#[test]
fn ranges_outside_the_content_are_refused() {
    let object = bytes(b"12345");
    for (offset, count) in [(0, 6), (5, 1), (-1, 1), (2, -1), (i32::MAX, i32::MAX)] {
        failure(object.get_binary_chunk(offset, count), ErrorKind::Argument);
        failure(object.get_encoded_chunk(offset, count, "hex"), ErrorKind::Argument);
        failure(object.get_text_chunk(offset, count, "utf-8"), ErrorKind::Argument);
        failure(object.remove_chunk(offset, count), ErrorKind::Argument);
    }
    for index in [5, -1, i32::MIN] {
        failure(object.get_byte(index), ErrorKind::Argument);
    }
    for index in [4, -1, i32::MAX] {
        failure(object.get_int2(index, true), ErrorKind::Argument);
        failure(object.get_uint2(index, true), ErrorKind::Argument);
    }
    for index in [2, -3] {
        failure(object.get_int4(index, true), ErrorKind::Argument);
        failure(object.get_uint4(index, true), ErrorKind::Argument);
    }
    assert_eq!(object.num_bytes(), 5);
}

#[test]
fn chunks_are_read_and_removed() {
    let object = bytes(b"0123456789");
    assert_eq!(object.get_binary_chunk(2, 3).unwrap(), b"234");
    assert_eq!(object.get_binary_chunk(10, 0).unwrap(), b"");
    assert_eq!(object.get_encoded_chunk(0, 2, "hex").unwrap(), "3031");
    assert_eq!(object.get_text_chunk(8, 2, "ascii").unwrap(), "89");
    object.remove_chunk(1, 8).unwrap();
    assert_eq!(object.get_binary().unwrap(), b"09");
}

#[test]
fn failed_changes_keep_the_content() {
    let object = bytes(b"kept");
    failure(object.load_encoded("!", "base64"), ErrorKind::Text);
    failure(object.load_encoded("AA", "base1"), ErrorKind::Argument);
    failure(object.append_encoded("123", "hex"), ErrorKind::Text);
    failure(object.append_string("€", "ascii"), ErrorKind::Text);
    failure(object.append_sb(&text("x"), "no-charset"), ErrorKind::Argument);
    failure(object.load_file("no-such-file.bin"), ErrorKind::File);
    assert_eq!(object.get_binary().unwrap(), b"kept");
}

#[test]
fn text_must_be_valid_in_the_charset() {
    let object = bytes(b"ab\xFF");
    let error = failure(object.get_string("utf-8"), ErrorKind::Text);
    assert!(error.message().contains("Byte 2 (0xFF)"), "{error}");
    assert_eq!(object.get_string("iso-8859-1").unwrap(), "abÿ");
    assert_eq!(bytes(b"\xEF\xBB\xBFab").get_string("utf-8").unwrap(), "ab");
    assert_eq!(bytes(b"a\0b").get_string("utf-8").unwrap(), "a\0b");
    let emoji = bytes("😀".as_bytes());
    failure(emoji.get_text_chunk(0, 3, "utf-8"), ErrorKind::Text);
}

#[test]
fn finds_text_in_its_charset() {
    let object = bytes(b"abcabc");
    assert_eq!(object.find_string("bc", 0, "utf-8").unwrap(), 1);
    assert_eq!(object.find_string("bc", 2, "utf-8").unwrap(), 4);
    assert_eq!(object.find_string("bc", 5, "utf-8").unwrap(), -1);
    assert_eq!(object.find_string("x", 6, "utf-8").unwrap(), -1);
    failure(object.find_string("", 3, "utf-8"), ErrorKind::Argument);
    assert_eq!(bytes(b"\0b\0c\0").find_string("c", 0, "utf-16").unwrap(), 3);
    failure(object.find_string("a", 7, "utf-8"), ErrorKind::Argument);
    failure(object.find_string("a", -1, "utf-8"), ErrorKind::Argument);
    failure(object.find_string("€", 0, "ascii"), ErrorKind::Text);
}

#[test]
fn load_replaces_and_clear_empties() {
    let object = bytes(b"old");
    object.load_binary(b"new").unwrap();
    assert_eq!(object.get_binary().unwrap(), b"new");
    object.load_binary2(b"").unwrap();
    assert_eq!(object.num_bytes(), 0);
    object.load_encoded("4869", "hex").unwrap();
    assert_eq!(object.get_string("ascii").unwrap(), "Hi");
    object.clear().unwrap();
    assert_eq!(object.num_bytes(), 0);
    object.append_binary(b"secret").unwrap();
    object.secure_clear().unwrap();
    assert_eq!(object.num_bytes(), 0);
    assert_eq!(object.get_binary_data_ptr().unwrap(), ptr::null());
}

#[test]
fn pointers_lead_to_the_bytes() {
    let object = BinData::new_object();
    let mut content = vec![7u8; 100];
    let address = content.as_ptr();
    object.append_from(&mut content);
    assert_eq!(object.get_bytes_ptr().unwrap(), address, "an empty object takes the buffer");
    assert_eq!(object.get_binary_data_ptr().unwrap(), address);
    object.append_from(&mut vec![8]);
    assert_eq!(object.num_bytes(), 101);
    object.with_bytes(|bytes| assert_eq!(bytes.last(), Some(&8)));
}

#[test]
fn takes_itself_as_argument() {
    let object = bytes(b"ab");
    object.append_bd(&object).unwrap();
    assert_eq!(object.get_binary().unwrap(), b"abab");
    assert!(object.contents_equal(&object).unwrap());
    assert!(object.contents_equal(&bytes(b"abab")).unwrap());
    assert!(!object.contents_equal(&bytes(b"aba")).unwrap());
    assert!(BinData::new_object().contents_equal(&BinData::new_object()).unwrap());
}

#[test]
fn encoded_text_is_appended_to_a_string_builder() {
    let sb = text(">");
    bytes(b"hi").get_encoded_sb("base64", &sb).unwrap();
    assert_eq!(sb.get_as_string().unwrap(), ">aGk=");
    failure(bytes(b"hi").get_encoded_sb("base1", &sb), ErrorKind::Argument);
    assert_eq!(sb.get_as_string().unwrap(), ">aGk=");
}

#[test]
fn files_are_written_appended_and_loaded() {
    let file = TestFile::new("bytes.bin");
    let object = bytes(b"\0\xFFab");
    object.write_append_file(file.path()).unwrap();
    object.write_append_file(file.path()).unwrap();
    let loaded = bytes(b"old");
    loaded.load_file(file.path()).unwrap();
    assert_eq!(loaded.get_binary().unwrap(), b"\0\xFFab\0\xFFab");
    object.write_file(file.path()).unwrap();
    loaded.load_file(file.path()).unwrap();
    assert_eq!(loaded.get_binary().unwrap(), b"\0\xFFab");

    let missing = format!("{}/no-directory/x", file.path());
    let error = failure(object.write_file(&missing), ErrorKind::File);
    assert!(error.message().contains(&missing), "{error}");
    failure(object.write_append_file(""), ErrorKind::File);
    failure(object.load_file(&missing), ErrorKind::File);
}
