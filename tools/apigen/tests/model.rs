//! Mistakes in `api/` are refused with a message that names the place and the remedy.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking too")]

mod common;

use common::{ECHO, SHARED, tree};

/// The message for the Echo class with one piece of its description replaced.
fn refusal(name: &str, from: &str, to: &str) -> String {
    assert!(ECHO.contains(from), "{from} is not in the sample");
    let echo = ECHO.replacen(from, to, 1);
    let root = tree(name, &[("Echo.toml", &echo), ("shared.toml", SHARED)]);
    match apigen::generate(&root) {
        Ok(_) => panic!("{to} was accepted"),
        Err(message) => message,
    }
}

#[test]
fn an_unknown_type_is_named_with_the_known_ones() {
    let message = refusal("unknown-type", "type = \"Echo\"", "type = \"boolean\"");
    assert!(message.starts_with("api/Echo.toml: method CopyTo: argument other"), "{message}");
    assert!(message.contains("\"boolean\"") && message.contains("int64"), "{message}");
}

#[test]
fn only_a_string_is_long() {
    let message = refusal("long", "type = \"Echo\"", "type = \"int\", long = true");
    assert_eq!(
        message,
        "api/Echo.toml: method CopyTo: argument other is long, which only a string is"
    );
}

#[test]
fn an_unknown_result_is_named_with_the_known_ones() {
    let message = refusal("unknown-result", "returns = \"bool\"", "returns = \"boolean\"");
    assert!(message.starts_with("api/Echo.toml: method CopyTo: returns"), "{message}");
    assert!(message.contains("query"), "{message}");
}

#[test]
fn an_unknown_key_is_shown_with_its_line() {
    let message = refusal("unknown-key", "access = \"rw\"", "acess = \"rw\"");
    assert!(message.starts_with("api/Echo.toml: TOML parse error at line 13"), "{message}");
    assert!(message.contains("acess"), "{message}");
}

#[test]
fn an_unknown_binding_is_refused() {
    let message =
        refusal("unknown-binding", "access = \"rw\"", "access = \"rw\"\nonly = [\"ruby\"]");
    assert!(message.contains("ruby") && message.contains("python"), "{message}");
}

#[test]
fn access_is_r_or_rw() {
    let message = refusal("access", "access = \"rw\"", "access = \"w\"");
    assert!(message.starts_with("api/Echo.toml: property Prefix: access \"w\""), "{message}");
}

#[test]
fn a_member_without_documentation_is_refused() {
    let message = refusal("no-doc", "doc = \"Returns the text.\"", "doc = \"\"");
    assert_eq!(message, "api/Echo.toml: method GetEcho: doc is empty");
}

#[test]
fn text_that_ends_a_c_comment_is_refused() {
    let message = refusal("comment", "Returns the text.", "Returns text/*.");
    assert!(message.contains("method GetEcho: doc contains \"/*\""), "{message}");
}

#[test]
fn a_keyword_is_no_argument_name() {
    let message = refusal("keyword", "name = \"text\"", "name = \"type\"");
    assert!(message.contains("method GetEcho: an argument cannot be named type"), "{message}");
}

#[test]
fn a_pointer_needs_its_length() {
    let message = refusal("pointer", "type = \"Echo\"", "type = \"ptr\"");
    assert!(message.contains("is not followed by its length"), "{message}");
}

#[test]
fn the_file_is_named_after_the_class() {
    let message = refusal("file-name", "name = \"Echo\"", "name = \"Other\"");
    assert!(message.starts_with("api/Echo.toml: describes the class Other"), "{message}");
}

#[test]
fn two_members_cannot_get_one_name_in_any_language() {
    // In C the getter of Prefix is getPrefix, as is the pointer form of a method GetPrefix.
    let message = refusal("clash", "name = \"GetEcho\"", "name = \"GetPrefix\"");
    assert!(message.contains("two members would be named getPrefix in C"), "{message}");
}

#[test]
fn an_unknown_shared_set_is_refused() {
    let message = refusal("shared-set", "shared = true", "shared = \"some\"");
    assert!(message.contains("shared = \"some\" is unknown"), "{message}");
}
