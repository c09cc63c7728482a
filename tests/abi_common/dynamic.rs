//! The dynamic call, as a program in C makes it.

use std::ptr;

use openck::abi::{Arg, Value};
use openck::ffi::library::*;

use super::narrow;

/// A value of the dynamic call that borrows from an argument.
pub(crate) fn value(arg: &Arg<'_>) -> openck_value {
    let mut out =
        openck_value { r#type: OPENCK_NONE, reserved: 0, integer: 0, data: ptr::null(), size: 0 };
    match arg {
        Arg::None => {}
        Arg::Bool(flag) => (out.r#type, out.integer) = (OPENCK_BOOL, i64::from(*flag)),
        Arg::Int(number) => (out.r#type, out.integer) = (OPENCK_INT, *number),
        Arg::Object(handle) => (out.r#type, out.integer) = (OPENCK_OBJECT, handle.0 as i64),
        Arg::Text(text) => {
            (out.r#type, out.data, out.size) = (OPENCK_TEXT, text.as_ptr().cast(), text.len());
        }
        Arg::Bytes(bytes) => {
            (out.r#type, out.data, out.size) = (OPENCK_BYTES, bytes.as_ptr().cast(), bytes.len());
        }
    }
    out
}

/// The result of a dynamic call, copied.
pub(crate) fn result(value: &openck_value) -> Value {
    let bytes = || {
        if value.size == 0 {
            return Vec::new();
        }
        // SAFETY: the library promises `size` bytes until the thread's next call.
        unsafe { std::slice::from_raw_parts(value.data.cast::<u8>(), value.size) }.to_vec()
    };
    match value.r#type {
        OPENCK_NONE => Value::None,
        OPENCK_BOOL => Value::Bool(value.integer != 0),
        OPENCK_INT => Value::Int(value.integer),
        OPENCK_TEXT => Value::Text(String::from_utf8(bytes()).expect("text that is not UTF-8")),
        OPENCK_BYTES => Value::Bytes(bytes()),
        other => panic!("a result of the unknown type {other}"),
    }
}

/// The number of a member; 0 if there is none.
pub(crate) fn member(class: &str, name: &str) -> i32 {
    // SAFETY: NUL-terminated texts.
    unsafe { openck_member(narrow(class).as_ptr(), narrow(name).as_ptr()) }
}

/// Calls a member by number. `Err` is what a call that could not be made says.
pub(crate) fn call(handle: usize, member: i32, args: &[openck_value]) -> Result<Value, String> {
    let mut out = value(&Arg::None);
    // SAFETY: the values are valid, and so is the place for the result.
    let made =
        unsafe { openck_invoke(handle, member, args.as_ptr(), args.len() as i32, &raw mut out) };
    match (made, result(&out)) {
        (1, value) => Ok(value),
        (0, Value::Text(why)) => Err(why),
        (made, value) => panic!("openck_invoke gave {made} and {value:?}"),
    }
}

/// Calls a member of an object that was made by its class's name.
pub(crate) fn invoke(handle: usize, class: &str, name: &str, args: &[Arg<'_>]) -> Value {
    let id = member(class, name);
    assert!(id > 0, "{class} has no {name}");
    let args: Vec<_> = args.iter().map(value).collect();
    call(handle, id, &args).unwrap_or_else(|why| panic!("{class}.{name}: {why}"))
}

/// LastErrorText, for the message of a test that fails.
pub(crate) fn last_error(handle: usize, class: &str) -> String {
    match invoke(handle, class, "get:LastErrorText", &[]) {
        Value::Text(text) => text,
        other => panic!("LastErrorText is {other:?}"),
    }
}
