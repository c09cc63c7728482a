//! Handles: NULL, stale, foreign, of another class, invented; disposing, also while in use; small
//! stacks. (reliability 4, list A: 1, 2, 3, 11)

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

mod abi_common;
#[path = "generated/static_calls.rs"]
mod static_calls;

use std::ffi::{c_char, c_int, c_ulong, c_void};
use std::ptr;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use abi_common::calls::{Given, Source};
use abi_common::{
    CLASSES, Folder, Object, dynamic, from_narrow, from_utf16, from_wide, narrow, utf16, wide,
};
use openck::abi::{self, Arg, Handle, Kind, Member, Role, Value, wchar_t};
use openck::client::BinData;
use openck::ffi::generated::bin_data::*;
use openck::ffi::generated::ck_string::*;
use openck::ffi::generated::dynamic::MEMBERS;
use openck::ffi::generated::rest::*;
use openck::ffi::generated::string_builder::*;
use openck::ffi::generated::web_socket::*;
use openck::ffi::generated::web_socket_u::*;
use openck::ffi::generated::web_socket_w::*;
use openck::ffi::library::{openck_create, openck_dispose};
use static_calls::CALLS;

/// One living object of each class, and handles that name none of a given class.
struct World {
    living: Vec<(&'static str, Object)>,
    heap: Box<[u64; 8]>,
}

impl World {
    fn new() -> Self {
        let living = CLASSES.iter().map(|class| (*class, Object::new(class))).collect();
        Self { living, heap: Box::new([0; 8]) }
    }

    fn object(&self, class: &str) -> usize {
        let found = self.living.iter().find(|(name, _)| *name == class);
        found.expect("a known class").1.number()
    }

    /// Every kind of handle that is no living object of the class.
    fn bad(&self, class: &str) -> Vec<(&'static str, usize)> {
        let living = self.object(class);
        let stale = Object::new(class).number();
        let stack = 0_u8;
        let mut bad = vec![
            ("NULL", 0),
            ("stale", stale),
            ("a heap address", self.heap.as_ptr().addr()),
            ("an odd heap address", self.heap.as_ptr().addr() + 5),
            ("a stack address", (&raw const stack).addr()),
            ("a function", Self::bad as *const () as usize),
            ("all ones", usize::MAX),
            ("one", 1),
            ("a far index", living | 0xFFFF_FF00),
        ];
        // All but the low bits of the index, which may name an object of another test.
        let low = if usize::BITS == 64 { 8..24 } else { 3..17 };
        let bits = (0..usize::BITS).filter(|bit| !low.contains(bit));
        bad.extend(bits.map(|bit| ("one bit off", living ^ (1 << bit))));
        let others = self.living.iter().filter(|(name, _)| *name != class);
        bad.extend(others.map(|(_, object)| ("of another class", object.number())));
        bad
    }
}

/// What a member gives when its object is none.
fn zero(member: &Member) -> Value {
    match member.returns {
        Kind::Bool | Kind::Void => Value::Bool(false),
        Kind::Int | Kind::ULong | Kind::Int64 => Value::Int(0),
        Kind::Text | Kind::Bytes | Kind::Object(_) => Value::None,
    }
}

fn fitting_args<'a>(member: &Member, world: &World) -> Vec<Arg<'a>> {
    let arg = |kind: &Kind| match kind {
        Kind::Bool => Arg::Bool(true),
        Kind::Text => Arg::Text("1"),
        Kind::Bytes => Arg::Bytes(b"1"),
        Kind::Object(class) => Arg::Object(Handle(world.object(class))),
        _ => Arg::Int(1),
    };
    member.args.iter().map(arg).collect()
}

// A1, A2, A3
#[test]
fn bad_handles_fail_and_never_crash() {
    let world = World::new();
    for (n, member) in MEMBERS.iter().enumerate() {
        let args: Vec<_> = fitting_args(member, &world).iter().map(dynamic::value).collect();
        for (what, handle) in world.bad(member.class) {
            let given = dynamic::call(handle, n as i32 + 1, &args);
            let name = (member.class, member.name, member.role);
            assert_eq!(given, Ok(zero(member)), "{name:?} on {what} ({handle:#x})");
        }
    }
    for call in CALLS.iter().filter(|call| !call.name.ends_with("_Create")) {
        for (what, handle) in world.bad(call.class) {
            let given = (call.run)(&mut Fitting::new(&world, Some(handle), None));
            // A text to be printed; see the test below.
            let is_told = call.name.ends_with("_lastErrorText");
            assert!(given.is_zero() != is_told, "{} on {what} ({handle:#x}): {given:?}", call.name);
        }
    }
    for (class, object) in &world.living {
        assert!(Handle(object.number()).parts_are_alive(class), "{class} was disposed");
    }
}

/// Whether a handle names a living object of the class, asked by a getter of it.
trait Alive {
    fn parts_are_alive(self, class: &str) -> bool;
}

impl Alive for Handle {
    fn parts_are_alive(self, class: &str) -> bool {
        use openck::client::*;
        match class {
            "WebSocket" => self.pin::<WebSocket>().is_some(),
            "Rest" => self.pin::<Rest>().is_some(),
            "BinData" => self.pin::<BinData>().is_some(),
            "StringBuilder" => self.pin::<StringBuilder>().is_some(),
            "Global" => self.pin::<Global>().is_some(),
            "CkString" => self.pin::<CkString>().is_some(),
            "CkByteData" => self.pin::<CkByteData>().is_some(),
            other => panic!("no class {other}"),
        }
    }
}

/// C programs print LastErrorText without looking.
#[test]
fn last_error_text_of_a_bad_handle_tells_that_it_is_bad() {
    let world = World::new();
    let out = Object::new("CkString");
    for (what, handle) in world.bad("WebSocket") {
        let socket = ptr::without_provenance_mut(handle);
        let is_told = |text: &str| {
            let named = match handle {
                0 => "The WebSocket handle is NULL.".into(),
                _ => format!("The handle {handle:#x} is not a living WebSocket object."),
            };
            assert!(
                text.starts_with(&named) && text.contains("not yet disposed"),
                "{what}: {text}"
            );
        };
        unsafe {
            is_told(&from_narrow(CkWebSocket_lastErrorText(socket)).unwrap());
            is_told(&from_utf16(CkWebSocketU_lastErrorText(socket)).unwrap());
            is_told(&from_wide(CkWebSocketW_lastErrorText(socket)).unwrap());
            CkWebSocket_getLastErrorText(socket, out.get());
            is_told(&from_narrow(CkString_getString(out.get())).unwrap());
        }
    }
}

// A1, A2
#[test]
fn bad_object_arguments_fail_and_say_why() {
    let world = World::new();
    let mut seen = 0;
    for (n, member) in MEMBERS.iter().enumerate() {
        for (place, kind) in member.args.iter().enumerate() {
            let Kind::Object(class) = *kind else { continue };
            for (what, bad) in world.bad(class) {
                let mut args = fitting_args(member, &world);
                args[place] = Arg::Object(Handle(bad));
                let args: Vec<_> = args.iter().map(dynamic::value).collect();
                let given = dynamic::call(world.object(member.class), n as i32 + 1, &args);
                let name = (member.class, member.name, place, what);
                assert!(
                    matches!(given, Ok(Value::Bool(false) | Value::None)),
                    "{name:?} {given:?}"
                );
                check_reason(member.class, &world, class, bad);
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "only {seen} calls");
}

/// The classes that have LastErrorText name the argument in it.
fn check_reason(class: &str, world: &World, wanted: &str, bad: usize) {
    if dynamic::member(class, "get:LastErrorText") == 0 {
        return;
    }
    let text = dynamic::last_error(world.object(class), class);
    let reason = match bad {
        0 => format!("The {wanted} argument is NULL."),
        _ => format!("The argument {bad:#x} is not a living {wanted} object."),
    };
    assert!(text.contains(&reason), "{text}");
}

// A1
#[test]
fn every_pointer_argument_may_be_null() {
    let world = World::new();
    let mut seen = 0;
    for call in CALLS {
        for place in 1.. {
            let mut source = Fitting::new(&world, None, Some(place));
            let given = (call.run)(&mut source);
            if source.pointers <= place {
                break;
            }
            let failed = match given {
                Given::Int(value) => value == 0 || value == -1,
                other => other.is_zero(),
            };
            assert!(failed, "{} with NULL as pointer {place}: {given:?}", call.name);
            seen += 1;
        }
    }
    assert!(seen > 300, "only {seen} arguments");
}

/// Arguments that fit, except for the object itself or for one pointer, which is NULL.
struct Fitting<'a> {
    world: &'a World,
    this: Option<usize>,
    null: Option<usize>,
    pointers: usize,
    narrow: Vec<c_char>,
    wide: Vec<wchar_t>,
    utf16: Vec<u16>,
}

impl<'a> Fitting<'a> {
    fn new(world: &'a World, this: Option<usize>, null: Option<usize>) -> Self {
        let narrow = narrow("1").as_bytes_with_nul().iter().map(|byte| *byte as c_char).collect();
        Self { world, this, null, pointers: 0, narrow, wide: wide("1"), utf16: utf16("1") }
    }

    /// Whether the pointer that is asked for now is the one that shall be NULL.
    fn is_null(&mut self) -> bool {
        self.pointers += 1;
        self.null == Some(self.pointers - 1)
    }
}

impl Source for Fitting<'_> {
    fn handle(&mut self, class: &'static str) -> *mut c_void {
        let handle = match (self.pointers, self.this) {
            (0, Some(this)) => this,
            _ => self.world.object(class),
        };
        if self.is_null() { ptr::null_mut() } else { ptr::without_provenance_mut(handle) }
    }

    fn narrow(&mut self, _: &'static str) -> *const c_char {
        if self.is_null() { ptr::null() } else { self.narrow.as_ptr() }
    }

    fn wide(&mut self, _: &'static str) -> *const wchar_t {
        if self.is_null() { ptr::null() } else { self.wide.as_ptr() }
    }

    fn utf16(&mut self, _: &'static str) -> *const u16 {
        if self.is_null() { ptr::null() } else { self.utf16.as_ptr() }
    }

    fn flag(&mut self) -> c_int {
        1
    }

    fn int(&mut self, _: &'static str) -> c_int {
        1
    }

    fn ulong(&mut self) -> c_ulong {
        1
    }

    fn int64(&mut self) -> i64 {
        1
    }

    fn bytes(&mut self) -> (*const c_void, c_ulong) {
        let data = if self.is_null() { ptr::null() } else { self.narrow.as_ptr().cast() };
        (data, 1)
    }
}

// A3
#[test]
fn a_second_dispose_is_ignored() {
    for class in CLASSES {
        let name = narrow(class);
        let first = unsafe { openck_create(name.as_ptr()) };
        assert_eq!(openck_dispose(first), 1);
        let second = unsafe { openck_create(name.as_ptr()) };
        assert_eq!(openck_dispose(first), 0, "{class}");
        assert!(Handle(second).parts_are_alive(class), "{class}");
        assert_eq!(openck_dispose(second), 1);
    }
}

#[test]
fn a_dispose_of_another_class_changes_nothing() {
    let data = Object::new("BinData");
    unsafe {
        assert_eq!(CkBinData_AppendByte(data.get(), 65), 1);
        let text = CkBinData_getEncoded(data.get(), c"hex".as_ptr());
        CkRest_Dispose(data.get());
        CkStringBuilder_Dispose(data.get());
        assert_eq!(from_narrow(text).unwrap(), "41");
        assert_eq!(CkBinData_getNumBytes(data.get()), 1);
    }
}

// A3
#[test]
fn a_call_that_runs_keeps_its_object_until_it_ends() {
    let object = Object::new("BinData");
    unsafe { CkBinData_AppendByte(object.get(), 1) };
    let (pinned, disposed) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let handle = object.number();
    let (here, there) = (Arc::clone(&pinned), Arc::clone(&disposed));
    let user = std::thread::spawn(move || {
        let held = abi::object::<BinData>(ptr::without_provenance_mut(handle)).unwrap();
        here.wait();
        there.wait();
        // Nobody else finds it any more, but here it still lives.
        assert!(Handle(handle).pin::<BinData>().is_none());
        assert_eq!(held.num_bytes(), 1);
    });
    pinned.wait();
    assert_eq!(openck_dispose(handle), 1);
    assert_eq!(openck_dispose(handle), 0);
    unsafe { assert_eq!(CkBinData_getNumBytes(object.get()), 0) };
    disposed.wait();
    user.join().unwrap();
    assert_eq!(openck_dispose(handle), 0);
}

#[test]
fn dispose_ends_a_call_that_waits() {
    let server = openck_test_support::scenarios::start(0, None).unwrap();
    let (rest, socket) = session(i64::from(server.port()), "/never-read");
    let handle = socket.number();
    let (waiting, disposing) = (Arc::new(Barrier::new(2)), Instant::now());
    let there = Arc::clone(&waiting);
    let reader = std::thread::spawn(move || {
        there.wait();
        dynamic::invoke(handle, "WebSocket", "ReadFrame", &[])
    });
    waiting.wait();
    drop(rest);
    drop(socket);
    // The server sends nothing, and the timeout of the call is half a minute.
    assert_eq!(reader.join().unwrap(), Value::Bool(false));
    assert!(disposing.elapsed() < Duration::from_secs(9), "{:?}", disposing.elapsed());
}

// A11
#[test]
fn a_stack_of_64_kib_is_enough() {
    let server = openck_test_support::echo::start(0, None).unwrap();
    let port = i64::from(server.port());
    let folder = Folder::new("small-stack");
    let path = folder.file("data");
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let thread = small.spawn(move || {
        let (_rest, socket) = session(port, "/");
        let id = socket.number();
        let call = |name, args: &[Arg<'_>]| dynamic::invoke(id, "WebSocket", name, args);
        let message = "text ".repeat(20_000);
        let send = [Arg::Text(&message), Arg::Bool(true)];
        assert_eq!(call("SendFrame", &send), Value::Bool(true));
        assert_eq!(call("ReadFrame", &[]), Value::Bool(true));
        assert_eq!(call("GetFrameData", &[]), Value::Text(message));
        let (data, file) = (Object::new("BinData"), [Arg::Text(path.as_str())]);
        let written = dynamic::invoke(data.number(), "BinData", "WriteFile", &file);
        assert_eq!(written, Value::Bool(true));
        // A failure renders its report on this stack.
        let refused = [Arg::Bool(true), Arg::Int(1005), Arg::Text("")];
        assert_eq!(call("SendClose", &refused), Value::Bool(false));
        assert!(dynamic::last_error(id, "WebSocket").contains("1005"));
    });
    thread.unwrap().join().unwrap();
}

/// A Rest and a WebSocket after the handshake.
fn session(port: i64, path: &str) -> (Object, Object) {
    let (rest, socket) = (Object::new("Rest"), Object::new("WebSocket"));
    let ok = |object: &Object, class, name, args: &[Arg<'_>]| {
        let done = dynamic::invoke(object.number(), class, name, args);
        let good = matches!(done, Value::Bool(true) | Value::Text(_));
        assert!(good, "{}", dynamic::last_error(object.number(), class));
    };
    let target = [Arg::Text("127.0.0.1"), Arg::Int(port), Arg::Bool(false), Arg::Bool(false)];
    ok(&rest, "Rest", "Connect", &target);
    ok(&socket, "WebSocket", "UseConnection", &[Arg::Object(Handle(rest.number()))]);
    ok(&socket, "WebSocket", "AddClientHeaders", &[]);
    ok(&rest, "Rest", "FullRequestNoBody", &[Arg::Text("GET"), Arg::Text(path)]);
    ok(&socket, "WebSocket", "ValidateServerHandshake", &[]);
    (rest, socket)
}

#[test]
fn members_are_found_by_name() {
    for (n, member) in MEMBERS.iter().enumerate() {
        let prefix = match member.role {
            Role::Method => "",
            Role::Get => "get:",
            Role::Put => "put:",
        };
        let name = format!("{prefix}{}", member.name);
        assert_eq!(dynamic::member(member.class, &name), n as i32 + 1, "{name}");
    }
    for (class, name) in [
        ("", ""),
        ("WebSocket", ""),
        ("Nothing", "SendFrame"),
        ("WebSocket", "set:Utf8"),
        ("WebSocket", "sendframe"),
        ("WebSocket", "get:SendFrame"),
        ("WebSocket", "Utf8"),
    ] {
        assert_eq!(dynamic::member(class, name), 0, "{class} {name}");
    }
    use openck::ffi::library::openck_member;
    unsafe {
        assert_eq!(openck_member(ptr::null(), c"SendFrame".as_ptr()), 0);
        assert_eq!(openck_member(c"WebSocket".as_ptr(), ptr::null()), 0);
        assert_eq!(openck_member(c"\xFF".as_ptr(), c"\xFF".as_ptr()), 0);
        assert_eq!(openck_create(ptr::null()), 0);
        assert_eq!(openck_create(c"Nothing".as_ptr()), 0);
        assert_eq!(openck_create(c"\xFF".as_ptr()), 0);
    }
}
