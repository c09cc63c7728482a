use openck::client::Class;
use openck::client::bin_data::BinData;
use openck::client::string_builder::StringBuilder;
use openck::error::ErrorKind;

use crate::{TestFile, bytes, failure, text};

fn content(object: &StringBuilder) -> String {
    object.get_as_string().unwrap()
}

#[test]
fn starts_empty() {
    let object = StringBuilder::new_object();
    assert_eq!(content(&object), "");
    assert_eq!(object.length(), 0);
    assert_eq!(object.int_value(), 0);
    assert!(object.is_base64());
    assert!(object.contains("", true).unwrap());
}

#[test]
fn appends_in_every_form() {
    let object = StringBuilder::new_object();
    object.append("a\0").unwrap();
    object.append_int(-5).unwrap();
    object.append_int64(i64::MIN).unwrap();
    object.append_line("é", true).unwrap();
    object.append_line("", false).unwrap();
    object.append_sb(&text("😀")).unwrap();
    object.prepend("^").unwrap();
    assert_eq!(content(&object), "^a\0-5-9223372036854775808é\r\n\n😀");
    object.set_string("").unwrap();
    assert_eq!(object.length(), 0);
}

#[test]
fn lengths_count_characters() {
    assert_eq!(text("aé€😀").length(), 4);
    assert_eq!(text("e\u{301}").length(), 2);
}

#[test]
fn integers_are_read_from_the_start() {
    let cases = [
        ("42", 42),
        (" \t-7x", -7),
        ("+3", 3),
        ("x1", 0),
        ("", 0),
        ("-", 0),
        ("- 1", 0),
        ("12.9", 12),
        ("2147483647", i32::MAX),
        ("2147483648", i32::MAX),
        ("-2147483648", i32::MIN),
        ("-99999999999999999999999", i32::MIN),
    ];
    for (digits, value) in cases {
        assert_eq!(text(digits).int_value(), value, "{digits:?}");
    }
    let object = text("old");
    object.set_int_value(i32::MIN).unwrap();
    assert_eq!(content(&object), "-2147483648");
}

#[test]
fn compares_with_and_without_case() {
    let object = text("Grüße, WELT");
    assert!(object.contains("Grüße", true).unwrap());
    assert!(!object.contains("grüsse", false).unwrap());
    assert!(!object.contains("welt", true).unwrap());
    assert!(object.contains("wElT", false).unwrap());
    assert!(object.starts_with("GRÜ", false).unwrap());
    assert!(!object.starts_with("GRÜ", true).unwrap());
    assert!(object.starts_with("", true).unwrap());
    assert!(object.ends_with("LT", true).unwrap());
    assert!(object.ends_with("lt", false).unwrap());
    assert!(!object.ends_with("lt", true).unwrap());
    assert!(object.contents_equal("grüße, welt", false).unwrap());
    assert!(!object.contents_equal("grüße, welt", true).unwrap());
    assert!(object.contents_equal_sb(&text("Grüße, WELT"), true).unwrap());
    assert!(!object.contents_equal_sb(&text("Grüße, WEL"), false).unwrap());
}

#[test]
fn takes_itself_as_argument() {
    let object = text("ab");
    object.append_sb(&object).unwrap();
    assert_eq!(content(&object), "abab");
    assert!(object.contents_equal_sb(&object, true).unwrap());
}

#[test]
fn ranges_are_taken_and_removed_by_character() {
    let object = text("aé😀z");
    assert_eq!(object.get_range(1, 2, false).unwrap(), "é😀");
    assert_eq!(object.get_range(4, 0, true).unwrap(), "");
    assert_eq!(object.get_range(1, 2, true).unwrap(), "é😀");
    assert_eq!(content(&object), "az");
    for (start, count) in [(0, 3), (2, 1), (-1, 1), (0, -1), (i32::MAX, i32::MAX)] {
        failure(object.get_range(start, count, true), ErrorKind::Argument);
    }
    assert_eq!(content(&object), "az");
}

#[test]
fn is_shortened_by_characters() {
    let object = text("aé😀");
    object.shorten(0).unwrap();
    assert_eq!(content(&object), "aé😀");
    object.shorten(2).unwrap();
    assert_eq!(content(&object), "a");
    failure(object.shorten(-1), ErrorKind::Argument);
    assert_eq!(content(&object), "a");
    object.shorten(2).unwrap();
    assert_eq!(content(&object), "");
}

#[test]
fn replaces_every_occurrence() {
    let object = text("aaa b a");
    assert_eq!(object.replace("a", "xa").unwrap(), 4);
    assert_eq!(content(&object), "xaxaxa b xa");
    assert_eq!(object.replace("q", "").unwrap(), 0);
    assert_eq!(object.replace("xa", "").unwrap(), 4);
    assert_eq!(content(&object), " b ");
    failure(object.replace("", "x"), ErrorKind::Argument);
    assert_eq!(content(&object), " b ");
}

#[test]
fn changes_white_space_case_and_line_ends() {
    let object = text(" \r\n\tÄé \u{A0}");
    object.trim().unwrap();
    assert_eq!(content(&object), "Äé");
    object.to_uppercase().unwrap();
    assert_eq!(content(&object), "ÄÉ");
    object.to_lowercase().unwrap();
    assert_eq!(content(&object), "äé");
    object.set_string("a\nb\r\nc\rd\n\n").unwrap();
    object.to_crlf().unwrap();
    assert_eq!(content(&object), "a\r\nb\r\nc\r\nd\r\n\r\n");
    object.to_lf().unwrap();
    assert_eq!(content(&object), "a\nb\nc\nd\n\n");
}

#[test]
fn encodes_and_decodes() {
    let object = text("é");
    assert_eq!(object.get_encoded("hex", "iso-8859-1").unwrap(), "E9");
    assert_eq!(object.get_encoded("hex", "utf-8").unwrap(), "C3A9");
    assert_eq!(object.get_encoded("hex", "unicode").unwrap(), "E900");
    object.encode("base64", "utf-8").unwrap();
    assert_eq!(content(&object), "w6k=");
    assert!(object.is_base64());
    assert_eq!(object.get_decoded("base64").unwrap(), b"\xC3\xA9");
    failure(object.decode("base64", "ascii"), ErrorKind::Text);
    failure(object.decode("hex", "utf-8"), ErrorKind::Text);
    failure(object.encode("hex", "no-charset"), ErrorKind::Argument);
    assert_eq!(content(&object), "w6k=", "failures keep the content");
    object.decode("BASE64", "UTF-8").unwrap();
    assert_eq!(content(&object), "é");
    assert!(!object.is_base64());
}

#[test]
fn bytes_are_appended_as_text() {
    let data = bytes(b"\xEF\xBB\xBFab\xC3\xA9");
    let object = text(">");
    object.append_bd(&data, "utf-8", 0, 0).unwrap();
    assert_eq!(content(&object), ">abé");
    object.append_bd(&data, "utf-8", 4, 0).unwrap();
    assert_eq!(content(&object), ">abé");
    object.append_bd(&data, "utf-8", 4, 3).unwrap();
    assert_eq!(content(&object), ">abébé");
    object.append_bd(&data, "ascii", 3, 1).unwrap();
    assert_eq!(content(&object), ">abébéa");
    failure(object.append_bd(&data, "utf-8", 5, 1), ErrorKind::Text);
    failure(object.append_bd(&data, "utf-8", 8, 0), ErrorKind::Argument);
    failure(object.append_bd(&data, "utf-8", 0, 8), ErrorKind::Argument);
    failure(object.append_bd(&data, "utf-8", -1, 0), ErrorKind::Argument);
    assert_eq!(content(&object), ">abébéa");
}

#[test]
fn clears() {
    let object = text("secret");
    object.secure_clear().unwrap();
    assert_eq!(content(&object), "");
    object.append("x").unwrap();
    object.clear().unwrap();
    assert_eq!(object.length(), 0);
}

#[test]
fn files_are_written_and_loaded_in_a_charset() {
    let file = TestFile::new("text.txt");
    let object = text("é😀");
    for (charset, mark) in [("utf-8", 3), ("utf-16", 2), ("utf-16be", 2), ("gb18030", 0)] {
        for emit_bom in [false, true] {
            object.write_file(file.path(), charset, emit_bom).unwrap();
            let raw = BinData::new_object();
            raw.load_file(file.path()).unwrap();
            let plain = BinData::new_object();
            plain.append_string("é😀", charset).unwrap();
            let expected = plain.num_bytes() + if emit_bom { mark } else { 0 };
            assert_eq!(raw.num_bytes(), expected, "{charset} {emit_bom}");
            let loaded = text("old");
            loaded.load_file(file.path(), charset).unwrap();
            assert_eq!(content(&loaded), "é😀", "{charset} {emit_bom}");
        }
    }
    failure(object.load_file(file.path(), "ascii"), ErrorKind::Text);
    failure(object.load_file("", "utf-8"), ErrorKind::File);
    failure(object.write_file(file.path(), "ascii", false), ErrorKind::Text);
    failure(object.write_file(file.path(), "utf-9", true), ErrorKind::Argument);
    assert_eq!(content(&object), "é😀");
}

#[test]
fn takes_text_over() {
    let object = StringBuilder::new_object();
    let long = "x".repeat(100);
    let address = long.as_ptr();
    object.append_string(long);
    object.with_str(|text| assert_eq!(text.as_ptr(), address));
    object.append_string("y".into());
    object.append_str("z");
    assert_eq!(object.length(), 102);
}
