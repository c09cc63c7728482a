//! Loading and unloading the library, as hosts of extensions do it. (reliability 4, list A: 10)
//!
//! The library stays mapped after the first load: it is linked with `-z nodelete`. A thread of the
//! host that has used it, or a name lookup that still runs, would else return into nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "the library keeps its promises, and the types are those of its headers"
)]

#[path = "common/library.rs"]
mod library;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use openck_test_support::echo;

/// A load of the library; unloaded when dropped.
struct Loaded(AtomicPtr<c_void>);

/// The functions are looked up anew after each load.
macro_rules! call {
    ($loaded:expr, $name:literal, ($($type:ty),*) -> $ret:ty, $($argument:expr),*) => {{
        let function = $loaded.symbol($name);
        let function: unsafe extern "C" fn($($type),*) -> $ret =
            unsafe { std::mem::transmute(function) };
        unsafe { function($($argument),*) }
    }};
}

type Handle = *mut c_void;
type Text = *const c_char;

impl Loaded {
    fn new() -> Self {
        let path = CString::new(library::library().to_str().unwrap()).unwrap();
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{}", error());
        Self(AtomicPtr::new(handle))
    }

    fn symbol(&self, name: &CStr) -> *mut c_void {
        let symbol = unsafe { libc::dlsym(self.0.load(Ordering::SeqCst), name.as_ptr()) };
        assert!(!symbol.is_null(), "{}", error());
        symbol
    }

    /// A session with the echo server, and a failure with its report.
    fn use_it(&self, port: u16) {
        let rest = call!(self, c"CkRest_Create", () -> Handle,);
        let ws = call!(self, c"CkWebSocket_Create", () -> Handle,);
        let done = call!(
            self, c"CkRest_Connect", (Handle, Text, c_int, c_int, c_int) -> c_int,
            rest, c"localhost".as_ptr(), port.into(), 0, 0
        );
        assert_eq!(done, 1);
        let using = call!(
            self, c"CkWebSocket_UseConnection", (Handle, Handle) -> c_int, ws, rest
        );
        assert_eq!(using, 1);
        assert_eq!(call!(self, c"CkWebSocket_AddClientHeaders", (Handle) -> c_int, ws), 1);
        let answer = call!(
            self, c"CkRest_fullRequestNoBody", (Handle, Text, Text) -> Text,
            rest, c"GET".as_ptr(), c"/".as_ptr()
        );
        assert!(!answer.is_null());
        assert_eq!(call!(self, c"CkWebSocket_ValidateServerHandshake", (Handle) -> c_int, ws), 1);
        let sent = call!(
            self, c"CkWebSocket_SendFrame", (Handle, Text, c_int) -> c_int,
            ws, c"there and back".as_ptr(), 1
        );
        assert_eq!(sent, 1);
        assert_eq!(call!(self, c"CkWebSocket_ReadFrame", (Handle) -> c_int, ws), 1);
        let text = call!(self, c"CkWebSocket_getFrameData", (Handle) -> Text, ws);
        assert_eq!(unsafe { CStr::from_ptr(text) }, c"there and back");
        let refused = call!(
            self, c"CkWebSocket_SendClose", (Handle, c_int, c_int, Text) -> c_int,
            ws, 1, 1005, c"".as_ptr()
        );
        assert_eq!(refused, 0);
        let why = call!(self, c"CkWebSocket_lastErrorText", (Handle) -> Text, ws);
        assert!(unsafe { CStr::from_ptr(why) }.to_str().unwrap().contains("1005"));
        call!(self, c"CkWebSocket_Dispose", (Handle) -> (), ws);
        call!(self, c"CkRest_Dispose", (Handle) -> (), rest);
    }
}

impl Loaded {
    fn unload(&self) {
        let handle = self.0.swap(ptr::null_mut(), Ordering::SeqCst);
        assert!(handle.is_null() || unsafe { libc::dlclose(handle) } == 0, "{}", error());
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        self.unload();
    }
}

fn error() -> String {
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        String::new()
    } else {
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into()
    }
}

/// What the process holds: threads, open files, resident memory in KiB, mappings of the library.
#[derive(Debug)]
struct Held {
    threads: usize,
    files: usize,
    memory: i64,
    mappings: usize,
}

impl Held {
    fn now() -> Self {
        let count = |folder| std::fs::read_dir(folder).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = memory.trim().trim_end_matches(" kB").parse().unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mappings = maps.lines().filter(|line| line.ends_with("libopenck.so")).count();
        let (threads, files) = (count("/proc/self/task"), count("/proc/self/fd"));
        Self { threads, files, memory, mappings }
    }
}

/// One test at a time: they count what the whole process holds.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads and files that come and go with the test program's own threads and connections.
const OTHERS: usize = 10;

/// Loads, uses and unloads 100 times; after the first ten nothing is added.
#[track_caller]
fn cycles(mut cycle: impl FnMut(u16)) {
    let server = echo::start(0, None).unwrap();
    let mut before = Held::now();
    for n in 0..100 {
        cycle(server.port());
        if n == 9 {
            before = settled(before.threads);
        }
    }
    let after = settled(before.threads);
    assert!(after.files <= before.files + OTHERS, "{before:?} {after:?}");
    assert_eq!(after.mappings, before.mappings);
    assert!(after.memory - before.memory < 1024, "{before:?} {after:?}");
}

/// Once the server's threads have seen the end of their connections, a little later.
#[track_caller]
fn settled(threads: usize) -> Held {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let held = Held::now();
        if held.threads <= threads + OTHERS {
            return held;
        }
        assert!(Instant::now() < deadline, "{held:?}, {threads} threads at first");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

#[test]
fn a10_loaded_and_unloaded_a_hundred_times() {
    let _turn = turn();
    cycles(|port| Loaded::new().use_it(port));
}

/// Each thread has its own texts and wake handle, which end with it and not with the library.
#[test]
fn a10_loaded_and_unloaded_by_a_hundred_threads() {
    let _turn = turn();
    cycles(|port| std::thread::spawn(move || Loaded::new().use_it(port)).join().unwrap());
}

/// Here nothing of the threads holds the library when it is unloaded.
#[test]
fn a10_unloaded_a_hundred_times_after_its_threads_ended() {
    let _turn = turn();
    cycles(|port| {
        let loaded = Loaded::new();
        std::thread::scope(|scope| scope.spawn(|| loaded.use_it(port)).join().unwrap());
    });
}

/// The library is unloaded while threads live that have used it; then they end.
#[test]
fn a10_unloaded_before_its_threads_end() {
    let _turn = turn();
    let server = echo::start(0, None).unwrap();
    for _ in 0..20 {
        let loaded = Loaded::new();
        let (used, unloaded) = (Barrier::new(4), Barrier::new(4));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loaded.use_it(server.port());
                    used.wait();
                    unloaded.wait();
                });
            }
            used.wait();
            loaded.unload();
            unloaded.wait();
        });
    }
}

/// What the head of this file says.
#[test]
fn a10_the_library_stays_mapped() {
    let _turn = turn();
    drop(Loaded::new());
    assert!(Held::now().mappings > 0, "the library was unmapped");
}
