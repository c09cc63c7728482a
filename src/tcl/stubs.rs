//! The interpreter's functions, found through its table of stubs: no Tcl library is linked.
//!
//! An interpreter begins with a few public words, and then the address of the table, on every
//! version from 8.1 to 9. Only functions are used that have the same place in the table and
//! compatible types in 8.6 and 9, so that one library serves both. Lengths are an `int` in 8 and
//! a pointer-sized number in 9: both read the low half of what is passed here, and what they
//! write goes to a zeroed word (little-endian machines).

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::mem::transmute_copy;
use std::ptr::{self, NonNull, addr_of};
use std::slice;

/// What a command procedure returns.
pub(super) const TCL_OK: c_int = 0;
/// What a command procedure returns after an error.
pub(super) const TCL_ERROR: c_int = 1;
const TCL_GLOBAL_ONLY: c_int = 1;

const MAGIC_8: u32 = 0xFCA3_BACF;
/// On machines of 32 bits it is that of version 8, so that it never tells 8 from 9.
const MAGIC_9: u32 = 0xFCA3_BACB + size_of::<*const c_void>() as u32;

/// The head of an interpreter.
#[repr(C)]
pub struct Interp {
    _result: *const c_char,
    _free: *const c_void,
    _error_line: c_int,
    stubs: *const Table,
}

#[repr(C)]
struct Table {
    magic: c_int,
    _hooks: *const c_void,
    slots: [*const c_void; 0],
}

/// A value of the script: `Tcl_Obj *`, alive for `'a`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(NonNull<c_void>, PhantomData<&'a ()>);

/// The procedure of a command.
pub(super) type Procedure =
    unsafe extern "C" fn(*mut c_void, *mut Interp, c_int, *const Object<'static>) -> c_int;

/// An interpreter that runs in this thread and lives for `'a`.
#[derive(Clone, Copy)]
pub(super) struct Tcl<'a> {
    interp: *mut Interp,
    table: *const Table,
    _interp: PhantomData<&'a ()>,
}

macro_rules! stubs {
    ($($slot:literal $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        impl Table { $(
            /// # Safety
            /// The table is an interpreter's, and the arguments are what this function takes.
            unsafe fn $name(table: *const Self, $($arg: $type),*) $(-> $result)? {
                type Function = unsafe extern "C" fn($($type),*) $(-> $result)?;
                // SAFETY: the tables of all supported versions have this function at this place.
                let function = unsafe {
                    let slots = addr_of!((*table).slots).cast::<*const c_void>();
                    transmute_copy::<*const c_void, Function>(&*slots.add($slot))
                };
                // SAFETY: the caller's promise.
                unsafe { function($($arg),*) }
            }
        )* }
    };
}

stubs! {
    0 pkg_provide(i: *mut Interp, name: *const c_char, version: *const c_char, data: *const c_void)
        -> c_int;
    1 pkg_require(i: *mut Interp, name: *const c_char, version: *const c_char, exact: c_int,
        data: *mut c_void) -> *const c_char;
    32 get_boolean(i: *mut Interp, object: Object<'_>, out: *mut c_int) -> c_int;
    41 get_string(object: Object<'_>, length: *mut isize) -> *const u8;
    56 new_string(bytes: *const u8, length: isize) -> Object<'static>;
    96 create_command(i: *mut Interp, name: *const c_char, run: Procedure, data: *mut c_void,
        delete: *const c_void) -> *mut c_void;
    235 set_result(i: *mut Interp, object: Object<'_>);
    264 wrong_args(i: *mut Interp, objc: isize, objv: *const Object<'_>, usage: *const c_char);
    279 get_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int, kind: *mut c_int);
    487 get_wide(i: *mut Interp, object: Object<'_>, out: *mut i64) -> c_int;
    488 new_wide(value: i64) -> Object<'static>;
    515 find_command(i: *mut Interp, name: *const c_char, context: *const c_void, flags: c_int)
        -> *const c_void;
}

impl<'a> Tcl<'a> {
    /// Finds the table; `None` if there is none or it is of an unknown kind.
    ///
    /// # Safety
    /// `interp` is NULL or an interpreter of this thread that lives for `'a`.
    pub(super) unsafe fn of(interp: *mut Interp) -> Option<Self> {
        if interp.is_null() {
            return None;
        }
        // SAFETY: an interpreter begins with these words.
        let table = unsafe { (*interp).stubs };
        if table.is_null() {
            return None;
        }
        // SAFETY: a table begins with its magic number.
        let magic = unsafe { (*table).magic } as u32;
        (magic == MAGIC_8 || magic == MAGIC_9).then_some(Self {
            interp,
            table,
            _interp: PhantomData,
        })
    }

    /// Whether this is Tcl 8.5 or later; if not, the interpreter's result says so.
    pub(super) fn is_recent(self) -> bool {
        // Without the hyphen, 9 would be refused.
        let (name, version) = (c"Tcl".as_ptr(), c"8.5-".as_ptr());
        // SAFETY: the table is this interpreter's; both texts end with a NUL.
        let found = unsafe {
            Table::pkg_require(self.table, self.interp, name, version, 0, ptr::null_mut())
        };
        !found.is_null()
    }

    /// The major version.
    pub(super) fn major(self) -> c_int {
        let [mut major, mut minor, mut patch, mut kind] = [0; 4];
        // SAFETY: four numbers to write to.
        unsafe {
            Table::get_version(self.table, &mut major, &mut minor, &mut patch, &mut kind);
        }
        major
    }

    /// The text of a value, in Tcl's own UTF-8.
    pub(super) fn text(self, object: Object<'a>) -> &'a [u8] {
        let mut length = 0;
        // SAFETY: the value lives for `'a`, and keeps its text: nothing here changes values, and
        // no script runs meanwhile.
        unsafe {
            let bytes = Table::get_string(self.table, object, &mut length);
            slice::from_raw_parts(bytes, usize::try_from(length).unwrap_or(0))
        }
    }

    /// The truth value that a value stands for, in any of Tcl's spellings.
    pub(super) fn boolean(self, object: Object<'a>) -> Option<bool> {
        let mut value = 0;
        // SAFETY: the value lives; without an interpreter no message is made.
        let code = unsafe { Table::get_boolean(self.table, ptr::null_mut(), object, &mut value) };
        (code == TCL_OK).then_some(value != 0)
    }

    /// The number that a value stands for. Above the range it may wrap around on Tcl 8.
    pub(super) fn wide(self, object: Object<'a>) -> Option<i64> {
        let mut value = 0;
        // SAFETY: as above.
        let code = unsafe { Table::get_wide(self.table, ptr::null_mut(), object, &mut value) };
        (code == TCL_OK).then_some(value)
    }

    /// Makes a number the result.
    pub(super) fn set_number(self, value: i64) {
        // SAFETY: the interpreter lives and takes the new value over.
        unsafe {
            Table::set_result(self.table, self.interp, Table::new_wide(self.table, value));
        }
    }

    /// Makes a text in Tcl's own UTF-8 the result; false if it is too large for a value.
    pub(super) fn set_text(self, text: &[u8]) -> bool {
        let Ok(length) = i32::try_from(text.len()) else { return false };
        // SAFETY: so many bytes can be read; the interpreter lives and takes the new value over.
        unsafe {
            let object = Table::new_string(self.table, text.as_ptr(), length as isize);
            Table::set_result(self.table, self.interp, object);
        }
        true
    }

    /// Makes the message about a wrong number of arguments the result.
    pub(super) fn set_usage(self, words: &[Object<'a>], usage: Option<&CStr>) {
        let usage = usage.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the first word, the command's name, is there; the text ends with a NUL.
        unsafe { Table::wrong_args(self.table, self.interp, 1, words.as_ptr(), usage) };
    }

    /// Whether the global namespace has this command.
    pub(super) fn has_command(self, name: &CStr) -> bool {
        let (table, interp) = (self.table, self.interp);
        // SAFETY: the text ends with a NUL; without a context the global namespace is meant.
        let found = unsafe {
            Table::find_command(table, interp, name.as_ptr(), ptr::null(), TCL_GLOBAL_ONLY)
        };
        !found.is_null()
    }

    /// Makes a command in the global namespace.
    ///
    /// # Safety
    /// `run` can be called with `data` for as long as the process lives.
    pub(super) unsafe fn create(self, name: &CStr, run: Procedure, data: *const c_void) {
        let (table, interp, name) = (self.table, self.interp, name.as_ptr());
        // SAFETY: the text ends with a NUL, the caller's promise covers the rest; nothing is to be
        // done when the command goes.
        unsafe { Table::create_command(table, interp, name, run, data.cast_mut(), ptr::null()) };
    }

    /// Declares that a package is there now.
    pub(super) fn provide(self, name: &CStr, version: &CStr) -> bool {
        let (table, interp) = (self.table, self.interp);
        // SAFETY: both texts end with a NUL.
        let code = unsafe {
            Table::pkg_provide(table, interp, name.as_ptr(), version.as_ptr(), ptr::null())
        };
        code == TCL_OK
    }
}

/// The words of a command, its name first.
///
/// # Safety
/// `objv` points to `objc` values that live for `'a`.
pub(super) unsafe fn words<'a>(objc: c_int, objv: *const Object<'static>) -> &'a [Object<'a>] {
    let count = usize::try_from(objc).unwrap_or(0);
    if count == 0 || objv.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(objv, count) }
}
