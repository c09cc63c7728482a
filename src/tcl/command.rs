//! The procedures behind the commands: words in, a call by number, its value out.

use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::arguments::{Read, handle, read};
use super::generated::{COMMANDS, Command, Kind as Does};
use super::handle::written;
use super::stubs::{Interp, Object, TCL_ERROR, TCL_OK, Tcl, words};
use super::text::{excerpt, to_tcl};
use crate::abi::{Arg, Args, Handle, Kind, Member, Role, Value};
use crate::client::{CkByteData, CkString};
use crate::ffi::generated::classes;
use crate::ffi::generated::dynamic::{MEMBERS, dispatch};

/// No member takes more arguments.
const MAX_ARGS: usize = 8;

/// What a command leaves as its result.
enum Reply {
    Nothing,
    Number(i64),
    Text(String),
}

/// Why a command could not do its work.
enum Failure {
    /// A wrong number of arguments; the arguments there should be.
    Usage(&'static str),
    /// Anything else, in words.
    Message(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// Runs any command of the table.
///
/// # Safety
/// `data` is an entry of [`COMMANDS`]; the rest comes from Tcl.
pub(super) unsafe extern "C" fn run(
    data: *mut c_void,
    interp: *mut Interp,
    objc: c_int,
    objv: *const Object<'static>,
) -> c_int {
    // SAFETY: the caller's promise; the table is never freed.
    let command: &'static Command = unsafe { &*data.cast::<Command>() };
    // SAFETY: Tcl passes its own words.
    unsafe { guarded(interp, objc, objv, |tcl, words| execute(tcl, command, words)) }
}

/// Runs `new CkWebSocket`, another spelling of `new_CkWebSocket`.
///
/// # Safety
/// All arguments come from Tcl.
pub(super) unsafe extern "C" fn run_new(
    _data: *mut c_void,
    interp: *mut Interp,
    objc: c_int,
    objv: *const Object<'static>,
) -> c_int {
    // SAFETY: Tcl passes its own words.
    unsafe { guarded(interp, objc, objv, new) }
}

/// Runs a command, and turns what it gives, also a panic, into the interpreter's result.
///
/// # Safety
/// The arguments come from Tcl, which keeps the words until the command ends.
unsafe fn guarded<'a>(
    interp: *mut Interp,
    objc: c_int,
    objv: *const Object<'static>,
    run: impl FnOnce(Tcl<'a>, &'a [Object<'a>]) -> Result<Reply>,
) -> c_int {
    // SAFETY: the interpreter lives while it runs a command, and so do the words.
    let (tcl, words) = unsafe { (Tcl::of(interp), words(objc, objv)) };
    let Some(tcl) = tcl else { return TCL_ERROR };
    let finish = || match run(tcl, words) {
        Ok(reply) => answer(tcl, reply),
        Err(Failure::Usage(usage)) => {
            let usage = CString::new(usage).ok().filter(|usage| !usage.is_empty());
            tcl.set_usage(words, usage.as_deref());
            TCL_ERROR
        }
        Err(Failure::Message(message)) => fail(tcl, &message),
    };
    catch_unwind(AssertUnwindSafe(finish))
        .unwrap_or_else(|_| fail(tcl, "openck met a defect of its own"))
}

fn answer(tcl: Tcl<'_>, reply: Reply) -> c_int {
    match reply {
        // The result is empty when a command begins.
        Reply::Nothing => TCL_OK,
        Reply::Number(number) => {
            tcl.set_number(number);
            TCL_OK
        }
        Reply::Text(text) if set_text(tcl, &text) => TCL_OK,
        Reply::Text(text) => fail(tcl, &format!("{} bytes are too many for a value", text.len())),
    }
}

fn fail(tcl: Tcl<'_>, message: &str) -> c_int {
    set_text(tcl, message);
    TCL_ERROR
}

fn set_text(tcl: Tcl<'_>, text: &str) -> bool {
    tcl.set_text(&to_tcl(text, || tcl.major()))
}

fn new<'a>(tcl: Tcl<'a>, words: &'a [Object<'a>]) -> Result<Reply> {
    let [_, class] = words else { return Err(Failure::Usage("class")) };
    let class = tcl.text(*class);
    let makes = |c: &&Command| {
        c.kind == Does::Create && c.name.strip_prefix("new_").map(str::as_bytes) == Some(class)
    };
    let command = COMMANDS.iter().find(makes);
    let unknown = || format!("there is no class \"{}\"", excerpt(class));
    create(command.ok_or_else(unknown)?.class)
}

fn create(class: &str) -> Result<Reply> {
    let pointer = classes::create_by_name(class).filter(|pointer| !pointer.is_null());
    let pointer = pointer.ok_or_else(|| format!("no more {class} objects can be made"))?;
    Ok(Reply::Text(written(Handle::of(pointer), class)))
}

fn execute<'a>(tcl: Tcl<'a>, command: &'static Command, words: &'a [Object<'a>]) -> Result<Reply> {
    match (command.kind, words) {
        (Does::Create, [_]) => create(command.class),
        (Does::Dispose, [_, object]) => {
            classes::dispose_any(handle(tcl, *object, command.class)?);
            Ok(Reply::Nothing)
        }
        (Does::Call(id), [_, object, args @ ..]) => {
            Call::new(tcl, command, id, *object, args)?.reply()
        }
        (Does::TextInto(id), [_, object, args @ .., out]) => {
            Call::new(tcl, command, id, *object, args)?.text_into(*out)
        }
        (Does::BytesInto(id), [_, object, args @ .., out]) => {
            Call::new(tcl, command, id, *object, args)?.bytes_into(*out)
        }
        _ => Err(Failure::Usage(command.usage)),
    }
}

/// A call of a member with the right number of arguments.
struct Call<'a> {
    tcl: Tcl<'a>,
    command: &'static Command,
    id: u32,
    member: &'static Member,
    object: Object<'a>,
    args: &'a [Object<'a>],
}

impl<'a> Call<'a> {
    fn new(
        tcl: Tcl<'a>,
        command: &'static Command,
        id: u32,
        object: Object<'a>,
        args: &'a [Object<'a>],
    ) -> Result<Self> {
        let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let member = place.and_then(|place| MEMBERS.get(place));
        match member {
            Some(member) if member.args.len() == args.len() => {
                Ok(Self { tcl, command, id, member, object, args })
            }
            _ => Err(Failure::Usage(command.usage)),
        }
    }

    /// Makes the call and gives its value back.
    fn reply(&self) -> Result<Reply> {
        Ok(match self.value()? {
            // As with the original, a setter and a method without a result give nothing.
            _ if self.member.role == Role::Put || self.member.returns == Kind::Void => {
                Reply::Nothing
            }
            Value::Bool(value) => Reply::Number(value.into()),
            Value::Int(value) => Reply::Number(value),
            Value::Text(text) => Reply::Text(text),
            // A text method that failed gives an empty text. Bytes go to a CkByteData.
            Value::None | Value::Bytes(_) => Reply::Nothing,
        })
    }

    /// Makes the call and puts the text into a CkString. After a failure that stays as it is.
    fn text_into(&self, out: Object<'a>) -> Result<Reply> {
        let Some(out) = self.out(out, "CkString")?.pin::<CkString>() else {
            return Ok(self.filled(false));
        };
        let Value::Text(text) = self.value()? else { return Ok(self.filled(false)) };
        out.set(text);
        Ok(self.filled(true))
    }

    /// Makes the call and puts the bytes into a CkByteData. After a failure that stays as it is.
    fn bytes_into(&self, out: Object<'a>) -> Result<Reply> {
        let Some(out) = self.out(out, "CkByteData")?.pin::<CkByteData>() else {
            return Ok(self.filled(false));
        };
        let Value::Bytes(bytes) = self.value()? else { return Ok(self.filled(false)) };
        out.set(bytes);
        Ok(self.filled(true))
    }

    fn out(&self, word: Object<'a>, class: &str) -> Result<Handle> {
        handle(self.tcl, word, class).map_err(|problem| self.about(self.args.len(), &problem))
    }

    /// A getter gives no result, a method tells whether it succeeded.
    fn filled(&self, done: bool) -> Reply {
        if self.member.role == Role::Get { Reply::Nothing } else { Reply::Number(done.into()) }
    }

    /// Reads the arguments and makes the call.
    fn value(&self) -> Result<Value> {
        let object = handle(self.tcl, self.object, self.command.class)?;
        let mut texts = [const { Read::Plain(Arg::None) }; MAX_ARGS];
        let kinds = self.member.args.iter().zip(self.args);
        for (n, (place, (kind, word))) in texts.iter_mut().zip(kinds).enumerate() {
            *place = read(self.tcl, *word, *kind).map_err(|problem| self.about(n, &problem))?;
        }
        let args = texts.each_ref().map(Read::as_arg);
        let args = args.get(..self.args.len()).unwrap_or_default();
        Ok(dispatch(self.id, object.0, &Args(args)))
    }

    /// A problem with the argument after the handle and `n` others.
    fn about(&self, n: usize, problem: &str) -> Failure {
        let name = self.command.usage.split(' ').nth(n + 1).unwrap_or_default();
        Failure::Message(format!("argument \"{name}\": {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_member_takes_more_than_there_is_room_for() {
        assert!(MEMBERS.iter().all(|member| member.args.len() <= MAX_ARGS));
    }

    #[test]
    fn the_usage_names_every_argument() {
        for command in COMMANDS {
            let (id, fixed) = match command.kind {
                Does::Create | Does::Dispose => continue,
                Does::Call(id) => (id, 1),
                Does::TextInto(id) | Does::BytesInto(id) => (id, 2),
            };
            let member = &MEMBERS[id as usize - 1];
            let names = command.usage.split(' ').count();
            assert_eq!(names, member.args.len() + fixed, "{}", command.name);
            assert_eq!(member.class, command.class, "{}", command.name);
        }
    }
}
