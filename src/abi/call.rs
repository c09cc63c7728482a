//! What the generated exports call: one function for each shape of result.
//!
//! Each pins the object, runs the closure behind a panic guard and notes the outcome. A handle
//! that names no object of the class gives the shape's zero.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::{c_int, c_uchar, c_ulong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::handle::{self, Handle, Pinned, Registered};
use super::ring;
use super::text::{Returned, Text, speak_as};
use super::types::BOOL;
use crate::client::FrameStatus;
use crate::client::ck_byte_data::CkByteData;
use crate::client::ck_string::CkString;
use crate::error::{Error, ErrorKind, Result};

/// Makes an object; NULL when the table is full.
pub fn create<T: Registered>() -> *mut c_void {
    catch_unwind(handle::create::<T>).ok().flatten().map_or(ptr::null_mut(), Handle::to_pointer)
}

/// Disposes an object; anything that is no living object of `T` is ignored.
pub fn dispose<T: Registered>(handle: *mut c_void) {
    dispose_handle::<T>(Handle::of(handle));
}

/// As [`dispose`]; true if there was such an object.
pub fn dispose_handle<T: Registered>(handle: Handle) -> bool {
    let disposed = catch_unwind(|| handle::dispose::<T>(handle)).unwrap_or(false);
    // The texts of an object of another class stay: it is still alive.
    if disposed {
        ring::forget(handle);
    }
    disposed
}

/// Runs a method. `None` after a failure, which is noted, or for a bad handle.
#[inline]
pub(super) fn run<T: Registered, R>(
    handle: Handle,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<R>,
) -> Option<R> {
    let object = handle.pin::<T>()?;
    speak_as(object.base());
    match guarded(|| f(&object)) {
        Ok(value) => {
            object.base().succeeded(method);
            Some(value)
        }
        Err(error) => {
            object.base().failed(method, error);
            None
        }
    }
}

/// Turns a panic into an error: it must not unwind into the host program.
#[inline]
fn guarded<R>(f: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

#[cold]
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no text");
    Error::new(ErrorKind::Internal, format!("openck met a defect of its own: {text}."))
        .advise("Please report this with the program that shows it.")
}

/// A method that succeeds or fails: 1 or 0.
#[inline]
pub fn call<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<()>,
) -> BOOL {
    BOOL::from(run(Handle::of(handle), method, f).is_some())
}

/// A method that answers yes or no; a failure is a no.
pub fn call_query<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<bool>,
) -> BOOL {
    BOOL::from(run(Handle::of(handle), method, f).unwrap_or(false))
}

/// A method with a number as result: -1 after a failure, 0 for a bad handle.
pub fn call_int<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<i32>,
) -> c_int {
    let handle = Handle::of(handle);
    let failed = if handle.pin::<T>().is_some() { -1 } else { 0 };
    run(handle, method, f).unwrap_or(failed)
}

/// A method with an unsigned number as result: 0 after a failure.
pub fn call_ulong<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<u32>,
) -> c_ulong {
    run(Handle::of(handle), method, f).unwrap_or(0).into()
}

/// A method without a result.
pub fn call_void<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<()>,
) {
    run(Handle::of(handle), method, f);
}

/// A method that gives a view into the object: NULL after a failure.
pub fn call_ptr<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<*const u8>,
) -> *const c_uchar {
    run(Handle::of(handle), method, f).unwrap_or(ptr::null())
}

/// A text method in pointer form: NULL after a failure.
pub fn call_text<S: Text, T: Registered, R: Into<Returned<'static>>>(
    handle: *mut c_void,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<R>,
) -> *const S::Unit {
    let handle = Handle::of(handle);
    match run(handle, method, f) {
        Some(text) => keep::<S>(handle, text.into()),
        None => ptr::null(),
    }
}

/// A text method that fills a CkString, replacing its content.
pub fn call_text_into<T: Registered, R: Into<Returned<'static>>>(
    handle: *mut c_void,
    method: &'static str,
    out: *mut c_void,
    f: impl FnOnce(&T) -> Result<R>,
) -> BOOL {
    call(handle, method, |o: &T| {
        let out = object::<CkString>(out)?;
        out.set(f(o)?.into().into_string());
        Ok(())
    })
}

/// A bytes method that fills a CkByteData, replacing its content.
pub fn call_bytes_into<T: Registered>(
    handle: *mut c_void,
    method: &'static str,
    out: *mut c_void,
    f: impl FnOnce(&T) -> Result<Vec<u8>>,
) -> BOOL {
    call(handle, method, |o: &T| {
        let out = object::<CkByteData>(out)?;
        out.set(f(o)?);
        Ok(())
    })
}

/// A property of a type that C passes by value.
pub trait Scalar {
    /// How C spells the type.
    type C: Default;
    /// As C spells it.
    fn to_c(self) -> Self::C;
}

impl Scalar for bool {
    type C = BOOL;
    fn to_c(self) -> BOOL {
        BOOL::from(self)
    }
}

impl Scalar for i32 {
    type C = Self;
    fn to_c(self) -> Self {
        self
    }
}

impl Scalar for u32 {
    type C = c_ulong;
    fn to_c(self) -> c_ulong {
        self.into()
    }
}

/// Reads a property; zero for a bad handle.
pub fn get<T: Registered, R: Scalar>(handle: *mut c_void, f: impl FnOnce(&T) -> R) -> R::C {
    read(Handle::of(handle), f).map(Scalar::to_c).unwrap_or_default()
}

/// Reads a fact about the last frame without entering the object.
#[inline]
pub fn scalar<T: Registered, R: Scalar>(
    handle: *mut c_void,
    f: impl FnOnce(&FrameStatus) -> R,
) -> R::C {
    Handle::of(handle).status::<T>().map(|status| f(status).to_c()).unwrap_or_default()
}

/// Reads a property of an object, without noting an outcome.
pub(super) fn read<T: Registered, R>(handle: Handle, f: impl FnOnce(&T) -> R) -> Option<R> {
    let object = handle.pin::<T>()?;
    speak_as(object.base());
    guarded(|| Ok(f(&object))).ok()
}

/// Reads a text property in pointer form; NULL for a bad handle.
pub fn get_text<S: Text, T: Registered, R: Into<Cow<'static, str>>>(
    handle: *mut c_void,
    f: impl FnOnce(&T) -> R,
) -> *const S::Unit {
    let handle = Handle::of(handle);
    match read(handle, f).map(Into::into) {
        Some(Cow::Owned(text)) => keep::<S>(handle, Returned::Owned(text)),
        Some(Cow::Borrowed(text)) => keep::<S>(handle, Returned::Borrowed(text)),
        None => ptr::null(),
    }
}

/// Reads a text property into a CkString, replacing its content.
pub fn get_text_into<T: Registered, R: Into<Cow<'static, str>>>(
    handle: *mut c_void,
    out: *mut c_void,
    f: impl FnOnce(&T) -> R,
) {
    if let (Some(text), Ok(out)) = (read(Handle::of(handle), f), object::<CkString>(out)) {
        out.set(text.into().into_owned());
    }
}

/// Reads LastErrorText in pointer form. A bad handle is told of, so that programs can print what
/// they get.
pub fn last_error_text<S: Text, T: Registered>(handle: *mut c_void) -> *const S::Unit {
    let (owner, text) = error_text::<T>(handle);
    keep::<S>(owner, Returned::Owned(text))
}

/// Reads LastErrorText into a CkString, replacing its content.
pub fn last_error_text_into<T: Registered>(handle: *mut c_void, out: *mut c_void) {
    if let Ok(out) = object::<CkString>(out) {
        out.set(error_text::<T>(handle).1);
    }
}

/// The text, and whose it is.
fn error_text<T: Registered>(handle: *mut c_void) -> (Handle, String) {
    let owner = Handle::of(handle);
    let (owner, text) = match owner.pin::<T>() {
        Some(object) => {
            speak_as(object.base());
            (owner, guarded(|| Ok(object.base().last_error_text())))
        }
        None => (ring::NOBODY, Err(no_object("handle", T::NAME, handle))),
    };
    let words = |error: Error| [error.message(), error.advice().unwrap_or_default(), ""].join("\n");
    (owner, text.unwrap_or_else(words))
}

/// Sets a property. A value that is refused leaves the old one and says why in LastErrorText.
pub fn put<T: Registered>(
    handle: *mut c_void,
    property: &'static str,
    f: impl FnOnce(&T) -> Result<()>,
) {
    put_handle(Handle::of(handle), property, f);
}

pub(super) fn put_handle<T: Registered>(
    handle: Handle,
    property: &'static str,
    f: impl FnOnce(&T) -> Result<()>,
) -> bool {
    let Some(object) = handle.pin::<T>() else { return false };
    let base = object.base();
    speak_as(base);
    match guarded(|| f(&object)) {
        Ok(()) => true,
        Err(error) => {
            base.property_failed(property, error);
            false
        }
    }
}

fn keep<S: Text>(handle: Handle, text: Returned<'_>) -> *const S::Unit {
    let (kept, pointer) = S::write(text);
    if ring::keep(handle, kept.0, Handle::is_alive) { pointer } else { ptr::null() }
}

/// A truth value as C, Pascal or Basic pass it.
#[inline]
pub fn flag(value: BOOL) -> bool {
    value != 0
}

/// An unsigned number argument.
pub fn ulong(value: c_ulong) -> Result<u32> {
    // `c_ulong` has 32 bits on Windows, where this cannot fail.
    #[allow(clippy::useless_conversion)]
    u32::try_from(value).map_err(|_| {
        Error::new(ErrorKind::Argument, format!("The number {value} is too large."))
            .advise("Pass at most 4294967295.")
    })
}

/// An object argument.
#[inline(always)]
pub fn object<T: Registered>(handle: *mut c_void) -> Result<Pinned<T>> {
    Handle::of(handle).pin::<T>().ok_or_else(|| no_object("argument", T::NAME, handle))
}

#[cold]
pub(super) fn no_object(what: &str, class: &str, handle: *mut c_void) -> Error {
    let problem = if handle.is_null() {
        format!("The {class} {what} is NULL.")
    } else {
        format!("The {what} {:#x} is not a living {class} object.", handle.addr())
    };
    Error::new(ErrorKind::Handle, problem)
        .advise(format!("Pass an object made by {class}'s create function and not yet disposed."))
}

/// A CkByteData argument.
pub fn bytes(handle: *mut c_void) -> Result<Vec<u8>> {
    Ok(object::<CkByteData>(handle)?.to_vec())
}

/// A pointer and a length.
///
/// # Safety
/// `data` is NULL or points to `size` bytes that outlive `'a`.
pub unsafe fn raw_bytes<'a>(data: *const c_void, size: c_ulong) -> Result<&'a [u8]> {
    let too_large =
        || Error::new(ErrorKind::Argument, format!("{size} bytes cannot be in memory."));
    let size = usize::try_from(size).map_err(|_| too_large())?;
    if size == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Error::new(ErrorKind::Argument, format!("NULL with a size of {size} bytes."))
            .advise("Pass the address of the bytes, or a size of 0."));
    }
    if size > isize::MAX as usize {
        return Err(too_large());
    }
    // SAFETY: not NULL, and the caller promises `size` readable bytes.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), size) })
}
