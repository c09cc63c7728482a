//! Calls by number with values that know their type: one path for Tcl, Python and tests.

use std::borrow::Cow;

use super::call::{no_object, put_handle, read, run};
use super::handle::{Handle, Pinned, Registered};
use crate::client::ck_byte_data::CkByteData;
use crate::client::web_socket::FrameText;
use crate::error::{Error, ErrorKind, Result};

/// The type of an argument or result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No result.
    Void,
    /// A truth value; as a result, success or failure.
    Bool,
    /// A signed number of 32 bits.
    Int,
    /// An unsigned number of 32 bits.
    ULong,
    /// A signed number of 64 bits.
    Int64,
    /// Text.
    Text,
    /// Bytes, or a CkByteData that holds them.
    Bytes,
    /// An object of the named class.
    Object(&'static str),
}

/// What kind of member it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A method.
    Method,
    /// The getter of a property.
    Get,
    /// The setter of a property.
    Put,
}

/// One member of the dynamic table; its number is its place in the table.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The class, without `Ck`.
    pub class: &'static str,
    /// The name in the API, such as `SendFrame` or `IdleTimeoutMs`.
    pub name: &'static str,
    /// Method, getter or setter.
    pub role: Role,
    /// The types of the arguments.
    pub args: &'static [Kind],
    /// The type of the result.
    pub returns: Kind,
}

/// An argument of a dynamic call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// Nothing: NULL or None.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text; U+0000 is allowed.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An object.
    Object(Handle),
}

/// The result of a dynamic call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: a failed text or bytes method, or a setter.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text; U+0000 is allowed.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Why a dynamic call could not be made at all. Nothing was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCall(pub String);

/// Checks number and types of arguments before a dispatch.
pub fn check(member: &Member, args: &[Arg<'_>]) -> std::result::Result<(), BadCall> {
    let (class, name) = (member.class, member.name);
    if args.len() != member.args.len() {
        let (want, got) = (member.args.len(), args.len());
        return Err(BadCall(format!("{class}.{name} takes {want} arguments, not {got}.")));
    }
    for (n, (kind, arg)) in member.args.iter().zip(args).enumerate() {
        if !fits(*kind, arg) {
            let n = n + 1;
            return Err(BadCall(format!(
                "{class}.{name}: argument {n} must be {kind}, not {arg}."
            )));
        }
    }
    Ok(())
}

fn fits(kind: Kind, arg: &Arg<'_>) -> bool {
    match (kind, arg) {
        (Kind::Bool, Arg::Bool(_) | Arg::Int(_))
        | (Kind::Int | Kind::Int64 | Kind::ULong, Arg::Bool(_))
        | (Kind::Int64, Arg::Int(_))
        | (Kind::Text, Arg::Text(_))
        | (Kind::Bytes, Arg::Bytes(_) | Arg::Object(_))
        | (Kind::Object(_), Arg::Object(_)) => true,
        (Kind::Int, Arg::Int(n)) => i32::try_from(*n).is_ok(),
        (Kind::ULong, Arg::Int(n)) => u32::try_from(*n).is_ok(),
        _ => false,
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Void => f.write_str("nothing"),
            Self::Bool => f.write_str("a truth value"),
            Self::Int => f.write_str("an integer of 32 bits"),
            Self::ULong => f.write_str("an unsigned integer of 32 bits"),
            Self::Int64 => f.write_str("an integer of 64 bits"),
            Self::Text => f.write_str("text"),
            Self::Bytes => f.write_str("bytes"),
            Self::Object(class) => write!(f, "a {class} object"),
        }
    }
}

impl std::fmt::Display for Arg<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(_) => f.write_str("text"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Object(_) => f.write_str("an object"),
        }
    }
}

/// The arguments of a dispatch, read by the generated arms.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a>(pub &'a [Arg<'a>]);

impl<'a> Args<'a> {
    /// The text at `n`.
    pub fn text(&self, n: usize) -> Result<&'a str> {
        match self.0.get(n) {
            Some(Arg::Text(text)) => Ok(text),
            _ => Err(missing(n, "text")),
        }
    }

    /// The truth value at `n`.
    pub fn flag(&self, n: usize) -> Result<bool> {
        Ok(self.int64(n)? != 0)
    }

    /// The number at `n`.
    pub fn int(&self, n: usize) -> Result<i32> {
        i32::try_from(self.int64(n)?).map_err(|_| missing(n, "an integer of 32 bits"))
    }

    /// The unsigned number at `n`.
    pub fn ulong(&self, n: usize) -> Result<u32> {
        u32::try_from(self.int64(n)?).map_err(|_| missing(n, "an unsigned integer of 32 bits"))
    }

    /// The number of 64 bits at `n`.
    pub fn int64(&self, n: usize) -> Result<i64> {
        match self.0.get(n) {
            Some(Arg::Int(value)) => Ok(*value),
            Some(Arg::Bool(value)) => Ok(i64::from(*value)),
            _ => Err(missing(n, "a number")),
        }
    }

    /// The bytes at `n`, or those of the CkByteData there.
    pub fn bytes(&self, n: usize) -> Result<Cow<'a, [u8]>> {
        match self.0.get(n) {
            Some(Arg::Bytes(bytes)) => Ok(Cow::Borrowed(bytes)),
            _ => Ok(Cow::Owned(self.object::<CkByteData>(n)?.to_vec())),
        }
    }

    /// The object at `n`.
    pub fn object<T: Registered>(&self, n: usize) -> Result<Pinned<T>> {
        match self.0.get(n) {
            Some(Arg::Object(handle)) => {
                handle.pin::<T>().ok_or_else(|| no_object("argument", T::NAME, handle.to_pointer()))
            }
            _ => Err(missing(n, T::NAME)),
        }
    }
}

#[cold]
fn missing(n: usize, what: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("Argument {} is not {what}.", n + 1))
        .advise("Look the member up in the reference.")
}

/// How a result becomes a [`Value`], and what stands for a failure.
pub trait IntoValue {
    /// The value after success.
    fn into_value(self) -> Value;
    /// The value after a failure.
    fn failed() -> Value;
}

macro_rules! into_value {
    ($($type:ty, $value:ident => $into:expr, $failed:expr;)*) => { $(
        impl IntoValue for $type {
            fn into_value(self) -> Value {
                let $value = self;
                $into
            }

            fn failed() -> Value {
                $failed
            }
        }
    )* };
}

into_value! {
    (), _value => Value::Bool(true), Value::Bool(false);
    bool, value => Value::Bool(value), Value::Bool(false);
    i32, value => Value::Int(value.into()), Value::Int(-1);
    u32, value => Value::Int(value.into()), Value::Int(0);
    String, value => Value::Text(value), Value::None;
    &'static str, value => Value::Text(value.to_owned()), Value::None;
    FrameText, value => Value::Text(value.into_string()), Value::None;
    Vec<u8>, value => Value::Bytes(value), Value::None;
}

/// Runs a method.
pub fn dynamic<T: Registered, R: IntoValue>(
    handle: usize,
    method: &'static str,
    f: impl FnOnce(&T) -> Result<R>,
) -> Value {
    run(Handle(handle), method, f).map_or_else(|| failed_on::<T, R>(handle), IntoValue::into_value)
}

/// As with the static functions, -1 is the failure of a method, 0 that of a bad handle.
fn failed_on<T: Registered, R: IntoValue>(handle: usize) -> Value {
    match R::failed() {
        Value::Int(_) if Handle(handle).pin::<T>().is_none() => Value::Int(0),
        failed => failed,
    }
}

/// Reads a property; the type's zero for a bad handle.
pub fn dynamic_get<T: Registered, R: IntoValue>(handle: usize, f: impl FnOnce(&T) -> R) -> Value {
    read(Handle(handle), f).map_or_else(|| failed_on::<T, R>(handle), IntoValue::into_value)
}

/// Sets a property. False when the value was refused.
pub fn dynamic_put<T: Registered>(
    handle: usize,
    property: &'static str,
    f: impl FnOnce(&T) -> Result<()>,
) -> Value {
    Value::Bool(put_handle(Handle(handle), property, f))
}
