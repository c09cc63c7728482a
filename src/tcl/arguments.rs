//! The arguments of a call, read from the words of a command.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::handle::{self, prefix};
use super::stubs::{Object, Tcl};
use super::text::{excerpt, from_tcl};
use crate::abi::{Arg, Handle, Kind};

/// An argument that owns its text if that had to be rewritten.
pub(super) enum Read<'a> {
    Plain(Arg<'a>),
    Text(Cow<'a, str>),
}

impl Read<'_> {
    /// As the dynamic call takes it.
    pub(super) fn as_arg(&self) -> Arg<'_> {
        match self {
            Self::Plain(arg) => *arg,
            Self::Text(text) => Arg::Text(text),
        }
    }
}

/// Reads a word as an argument of this kind.
pub(super) fn read<'a>(tcl: Tcl<'a>, word: Object<'a>, kind: Kind) -> Result<Read<'a>, String> {
    let plain = match kind {
        Kind::Text => return text(tcl, word).map(Read::Text),
        Kind::Void => Arg::None,
        Kind::Bool => Arg::Bool(boolean(tcl, word)?),
        Kind::Int => Arg::Int(integer(tcl, word, i32::MIN.into()..=i32::MAX.into())?),
        Kind::ULong => Arg::Int(integer(tcl, word, 0..=u32::MAX.into())?),
        Kind::Int64 => Arg::Int(integer(tcl, word, i64::MIN..=i64::MAX)?),
        Kind::Bytes => Arg::Object(handle(tcl, word, "CkByteData")?),
        Kind::Object(class) => Arg::Object(handle(tcl, word, class)?),
    };
    Ok(Read::Plain(plain))
}

/// Reads a word as the handle of an object of `class`.
pub(super) fn handle<'a>(tcl: Tcl<'a>, word: Object<'a>, class: &str) -> Result<Handle, String> {
    let text = tcl.text(word);
    handle::read(text, class).ok_or_else(|| {
        format!("expected a {}{class} handle but got \"{}\"", prefix(class), excerpt(text))
    })
}

fn text<'a>(tcl: Tcl<'a>, word: Object<'a>) -> Result<Cow<'a, str>, String> {
    from_tcl(tcl.text(word)).map_err(|why| format!("expected text but it holds {why}"))
}

fn boolean<'a>(tcl: Tcl<'a>, word: Object<'a>) -> Result<bool, String> {
    tcl.boolean(word)
        .ok_or_else(|| format!("expected boolean value but got \"{}\"", excerpt(tcl.text(word))))
}

fn integer<'a>(tcl: Tcl<'a>, word: Object<'a>, range: RangeInclusive<i64>) -> Result<i64, String> {
    let text = tcl.text(word).trim_ascii();
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    // Tcl 8 wraps 18446744073709551615 around to -1; its text gives it away.
    let wrapped = |value: i64| value != 0 && (value < 0) != text.starts_with(b"-");
    match tcl.wide(word) {
        Some(value) if range.contains(&value) && !wrapped(value) => Ok(value),
        None if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) => {
            Err(format!("expected integer but got \"{}\"", excerpt(text)))
        }
        _ => {
            let (least, most) = range.into_inner();
            Err(format!("integer {} is not between {least} and {most}", excerpt(text)))
        }
    }
}
