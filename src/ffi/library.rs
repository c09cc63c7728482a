//! The exports that know lengths: what the bindings for Python and others are built on.

#![allow(
    non_camel_case_types,
    clippy::missing_safety_doc,
    reason = "the names and the documentation are those of the C header"
)]

use core::ffi::{CStr, c_char, c_int, c_void};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use crate::abi::{Arg, Args, BadCall, Handle, Role, Value, check};
use crate::ffi::generated::classes;
use crate::ffi::generated::dynamic::{MEMBERS, dispatch};

/// Nothing: NULL, None.
pub const OPENCK_NONE: i32 = 0;
/// A truth value, in `integer`.
pub const OPENCK_BOOL: i32 = 1;
/// A number, in `integer`.
pub const OPENCK_INT: i32 = 2;
/// Text: `size` bytes of UTF-8 at `data`, U+0000 allowed, no NUL behind it.
pub const OPENCK_TEXT: i32 = 3;
/// `size` bytes at `data`.
pub const OPENCK_BYTES: i32 = 4;
/// An object, its handle in `integer`.
pub const OPENCK_OBJECT: i32 = 5;

/// An argument or result of `openck_invoke`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct openck_value {
    /// One of the OPENCK_ numbers.
    pub r#type: i32,
    /// Not used; 0.
    pub reserved: i32,
    /// The value of a truth value, a number or an object.
    pub integer: i64,
    /// The first byte of text or bytes.
    pub data: *const c_void,
    /// The number of bytes at `data`.
    pub size: usize,
}

/// The version of the library, such as "0.1.0".
///
/// Ownership: a constant; never freed. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn openck_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Makes an object of the class with this name, such as "WebSocket".
///
/// Result: its handle, or 0 if there is no such class. Ownership: the caller gives it to
/// `openck_dispose`. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openck_create(class_name: *const c_char) -> usize {
    // SAFETY: the caller passes NULL or NUL-terminated text.
    let name = unsafe { name(class_name) };
    name.and_then(classes::create_by_name).map_or(0, |handle| handle.addr())
}

/// Disposes an object of any class. Calls still running on it in other threads end soon.
///
/// Result: 1, or 0 if the handle named no living object. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn openck_dispose(handle: usize) -> c_int {
    c_int::from(classes::dispose_any(Handle(handle)))
}

/// Finds a member: "SendFrame" for a method, "get:IdleTimeoutMs" and "put:IdleTimeoutMs" for the
/// two sides of a property.
///
/// Result: its number for `openck_invoke`, or 0 if the class has no such member. The numbers are
/// those of this very library; do not store them. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openck_member(class_name: *const c_char, member: *const c_char) -> c_int {
    // SAFETY: the caller passes NULL or NUL-terminated text.
    let names = unsafe { name(class_name).zip(name(member)) };
    names.and_then(|(class, member)| find_member(class, member)).unwrap_or(0)
}

fn find_member(class: &str, member: &str) -> Option<c_int> {
    let (role, member) = match member.split_once(':') {
        Some(("get", member)) => (Role::Get, member),
        Some(("put", member)) => (Role::Put, member),
        _ => (Role::Method, member),
    };
    let found = |m: &crate::abi::Member| m.class == class && m.name == member && m.role == role;
    c_int::try_from(MEMBERS.iter().position(found)? + 1).ok()
}

/// Calls a member of an object.
///
/// `args` are `nargs` values; `result` receives the value. Result: 1 if the call was made; a text,
/// bytes or object member that failed gives OPENCK_NONE then, others false, -1 or 0, and
/// LastErrorText tells why. 0 if the call itself was wrong (no such member, wrong number or type
/// of arguments, invalid UTF-8, a size without memory): nothing was run, and `result` holds a
/// text that says what.
/// Ownership: `result->data` stays valid until this thread's next `openck_invoke`.
/// Threads: any; a handle that names no living object is a failed call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openck_invoke(
    handle: usize,
    member: c_int,
    args: *const openck_value,
    nargs: c_int,
    result: *mut openck_value,
) -> c_int {
    if result.is_null() {
        return 0;
    }
    // SAFETY: the caller passes `nargs` values whose texts and bytes can be read.
    let invoke = || unsafe { invoke(handle, member, args, nargs) };
    let called = catch_unwind(AssertUnwindSafe(invoke))
        .unwrap_or_else(|_| Err(BadCall("openck met a defect of its own.".into())));
    let (code, value) = match called {
        Ok(value) => (1, value),
        Err(BadCall(why)) => (0, Value::Text(why)),
    };
    // SAFETY: not NULL, and the caller promises that it can be written.
    unsafe { result.write(keep(value)) };
    code
}

/// # Safety
/// As for [`openck_invoke`].
unsafe fn invoke(
    handle: usize,
    member: c_int,
    args: *const openck_value,
    nargs: c_int,
) -> Result<Value, BadCall> {
    let id = u32::try_from(member).unwrap_or(0);
    let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
    let Some(found) = place.and_then(|place| MEMBERS.get(place)) else {
        return Err(BadCall(format!("There is no member with the number {member}.")));
    };
    let count = usize::try_from(nargs).unwrap_or(0);
    if count != found.args.len() || (count > 0 && args.is_null()) {
        let (class, name, want) = (found.class, found.name, found.args.len());
        return Err(BadCall(format!("{class}.{name} takes {want} arguments, not {nargs}.")));
    }
    let values: &[openck_value] = if count == 0 {
        &[]
    } else {
        // SAFETY: not NULL, and the caller promises `nargs` values.
        unsafe { std::slice::from_raw_parts(args, count) }
    };
    let mut read = [Arg::None; MAX_ARGS];
    let Some(read) = read.get_mut(..count) else {
        return Err(BadCall(format!("{count} arguments are more than any member takes.")));
    };
    for (n, (place, value)) in read.iter_mut().zip(values).enumerate() {
        // SAFETY: the caller promises that texts and bytes can be read.
        *place = unsafe { argument(n, value) }?;
    }
    check(found, read)?;
    Ok(dispatch(id, handle, &Args(read)))
}

/// No member takes more.
const MAX_ARGS: usize = 8;

/// # Safety
/// `value.data` is NULL or points to `value.size` bytes that outlive `'a`.
unsafe fn argument<'a>(n: usize, value: &openck_value) -> Result<Arg<'a>, BadCall> {
    let n = n + 1;
    let bytes = || {
        if value.size == 0 {
            return Ok(&[][..]);
        }
        if value.data.is_null() || value.size > isize::MAX as usize {
            return Err(BadCall(format!("Argument {n} has {} bytes without memory.", value.size)));
        }
        // SAFETY: not NULL, and the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts(value.data.cast::<u8>(), value.size) })
    };
    match value.r#type {
        OPENCK_NONE => Ok(Arg::None),
        OPENCK_BOOL => Ok(Arg::Bool(value.integer != 0)),
        OPENCK_INT => Ok(Arg::Int(value.integer)),
        OPENCK_BYTES => Ok(Arg::Bytes(bytes()?)),
        OPENCK_OBJECT => {
            // The sign is a bit of the handle like any other. What does not fit this machine's
            // words names nothing.
            let handle = usize::try_from(value.integer.cast_unsigned());
            Ok(Arg::Object(Handle(handle.unwrap_or(0))))
        }
        OPENCK_TEXT => match simdutf8::basic::from_utf8(bytes()?) {
            Ok(text) => Ok(Arg::Text(text)),
            Err(_) => Err(BadCall(format!("Argument {n} is not valid UTF-8."))),
        },
        other => Err(BadCall(format!("Argument {n} has the unknown type {other}."))),
    }
}

/// Sets the check that waiting calls of this thread make now and then; NULL removes it.
///
/// While it is set, a call that waits asks it at least every 50 ms, and at once after a signal;
/// when it returns non-zero the call ends as aborted. It is how Ctrl-C reaches a Python program.
/// Threads: for the calling thread only.
#[unsafe(no_mangle)]
pub extern "C" fn openck_interrupt(check: Option<extern "C" fn() -> c_int>) {
    CHECK.with(|place| *place.borrow_mut() = check);
    crate::net::wait::set_interrupt(check.map(|_| interrupted as fn() -> bool));
}

thread_local! {
    static CHECK: RefCell<Option<extern "C" fn() -> c_int>> = const { RefCell::new(None) };
    static RESULT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn interrupted() -> bool {
    let check = CHECK.with(|place| *place.borrow());
    check.is_some_and(|check| check() != 0)
}

/// Keeps text and bytes for this thread until its next call.
fn keep(value: Value) -> openck_value {
    let mut out =
        openck_value { r#type: OPENCK_NONE, reserved: 0, integer: 0, data: ptr::null(), size: 0 };
    match value {
        Value::None => {}
        Value::Bool(value) => (out.r#type, out.integer) = (OPENCK_BOOL, value.into()),
        Value::Int(value) => (out.r#type, out.integer) = (OPENCK_INT, value),
        Value::Text(text) => keep_bytes(&mut out, OPENCK_TEXT, text.into_bytes()),
        Value::Bytes(bytes) => keep_bytes(&mut out, OPENCK_BYTES, bytes),
    }
    out
}

fn keep_bytes(out: &mut openck_value, kind: i32, bytes: Vec<u8>) {
    // A thread that is ending keeps nothing: it gets None.
    let _ = RESULT.try_with(|place| {
        let mut place = place.borrow_mut();
        *place = bytes;
        out.r#type = kind;
        out.data = place.as_ptr().cast();
        out.size = place.len();
    });
}

/// # Safety
/// `text` is NULL or NUL-terminated and outlives `'a`.
unsafe fn name<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL; the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}
