//! The Tcl extension: `load ./chilkat.dll`, or `package require openck`.
//!
//! It reaches the classes over the dynamic call, one procedure for all commands. No Tcl library is
//! linked: a program in another language loads the same file without having Tcl.
//!
//! A safe interpreter cannot load it (there is no `Chilkat_SafeInit`): it would give the network
//! to code that must not have it. Tcl cannot unload it (no `Chilkat_Unload`): threads may run.

mod arguments;
mod command;
pub mod generated;
mod handle;
mod stubs;
mod text;

use std::ffi::{CStr, CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use generated::COMMANDS;
pub use stubs::Interp;
use stubs::{TCL_ERROR, TCL_OK, Tcl};

const PACKAGES: [&CStr; 2] = [c"openck", c"chilkat"];

/// Makes the commands in an interpreter; Tcl calls it for a file named `chilkat…`.
///
/// Result: 0, or 1 if the interpreter is too old or of an unknown kind.
///
/// # Safety
/// `interp` is an interpreter of the calling thread.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
pub unsafe extern "C" fn Chilkat_Init(interp: *mut Interp) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { init(interp) }
}

/// Makes the commands in an interpreter; Tcl calls it for a file named `libopenck…`.
///
/// Result: 0, or 1 if the interpreter is too old or of an unknown kind.
///
/// # Safety
/// `interp` is an interpreter of the calling thread.
#[unsafe(no_mangle)]
#[allow(non_snake_case)]
pub unsafe extern "C" fn Openck_Init(interp: *mut Interp) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { init(interp) }
}

/// # Safety
/// `interp` is an interpreter of the calling thread.
unsafe fn init(interp: *mut Interp) -> c_int {
    // SAFETY: the caller's promise; the result is used in this call only.
    let Some(tcl) = (unsafe { Tcl::of(interp) }) else { return TCL_ERROR };
    let made = catch_unwind(AssertUnwindSafe(|| {
        tcl.is_recent() && make_commands(tcl).is_some() && provide(tcl).is_some()
    }));
    if made.unwrap_or(false) { TCL_OK } else { TCL_ERROR }
}

fn make_commands(tcl: Tcl<'_>) -> Option<()> {
    for command in COMMANDS {
        let name = CString::new(command.name).ok()?;
        let data = std::ptr::from_ref(command).cast();
        // SAFETY: `run` takes an entry of the table, which is never freed.
        unsafe { tcl.create(&name, command::run, data) };
    }
    // The word is a common one: a command of the program goes first.
    if !tcl.has_command(c"new") {
        // SAFETY: `run_new` needs no data.
        unsafe { tcl.create(c"new", command::run_new, std::ptr::null()) };
    }
    Some(())
}

fn provide(tcl: Tcl<'_>) -> Option<()> {
    let version = CString::new(env!("CARGO_PKG_VERSION")).ok()?;
    PACKAGES.iter().all(|name| tcl.provide(name, &version)).then_some(())
}
