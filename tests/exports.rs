//! What the library exports, what its headers declare and what the Delphi units bind to.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;
#[path = "common/library.rs"]
mod library;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use abi_common::Object;
use library::library;
use object::Object as _;
use openck::ffi::generated::ck_string::*;

/// Exports that no header declares: Tcl looks for them by name.
const TCL: [&str; 2] = ["Chilkat_Init", "Openck_Init"];

#[test]
fn headers_and_library_agree() {
    let mut declared = BTreeSet::new();
    for header in files("include", "h") {
        declared.extend(declared_names(&header));
    }
    assert!(declared.len() > 800, "only {} names in the headers", declared.len());
    let exported = exports();
    let undeclared: Vec<_> =
        exported.difference(&declared).filter(|name| !TCL.contains(&name.as_str())).collect();
    assert!(undeclared.is_empty(), "exported, but in no header: {undeclared:?}");
    let missing: Vec<_> = declared.difference(&exported).collect();
    assert!(missing.is_empty(), "in a header, but not exported: {missing:?}");
    for name in TCL {
        assert!(exported.contains(name), "{name} is not exported");
    }
}

#[test]
fn every_external_name_of_the_delphi_units_is_exported() {
    let exported = exports();
    let mut seen = 0;
    for unit in files("bindings/delphi", "pas") {
        for name in external_names(&unit) {
            assert!(exported.contains(name), "{name} is bound by a unit, but not exported");
            seen += 1;
        }
    }
    assert!(seen > 250, "only {seen} names in the units");
}

#[test]
fn ck_string_get_utf8_is_the_setting() {
    let text = Object::new("CkString");
    unsafe {
        CkString_setString(text.get(), c"text".as_ptr());
        // An address of text would not be 0 or 1.
        for set in [0, 1, 2, -1] {
            CkString_putUtf8(text.get(), set);
            assert_eq!(CkString_getUtf8(text.get()), i32::from(set != 0));
        }
    }
    let exported = exports();
    assert!(!exported.contains("CkString_getAnsi"));
    assert!(exported.contains("CkString_getStringUtf8"));
}

/// The names of the library that was built with this test.
fn exports() -> BTreeSet<String> {
    let path = library();
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = object::File::parse(&*bytes).unwrap();
    let names = file.exports().unwrap();
    // On macOS every C name begins with an underscore.
    let c_name = |name: &[u8]| {
        let name = String::from_utf8(name.to_vec()).unwrap();
        if cfg!(target_vendor = "apple") { name.trim_start_matches('_').to_owned() } else { name }
    };
    names.iter().map(|export| c_name(export.name())).collect()
}

/// The contents of the C headers, or of other files.
fn files(folder: &str, extension: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    wanted.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The functions that a C header declares. The headers of C++ classes declare none of their own.
fn declared_names(header: &str) -> Vec<String> {
    let code = without_comments(header);
    let mut names = Vec::new();
    for declaration in code.split("CK_C_VISIBLE_PUBLIC").skip(1) {
        let before = declaration.split('(').next().unwrap();
        let name = before.split(|c: char| !(c.is_alphanumeric() || c == '_')).next_back().unwrap();
        if name.starts_with("Ck") || name.starts_with("openck_") {
            names.push(name.to_owned());
        }
    }
    names
}

fn without_comments(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some((before, comment)) = rest.split_once("/*") {
        out += before;
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

/// What follows `external DLLName name`.
fn external_names(unit: &str) -> impl Iterator<Item = &str> {
    unit.split("external DLLName name '").skip(1).filter_map(|rest| rest.split('\'').next())
}
