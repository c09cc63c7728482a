//! Random calls with good and bad arguments, the same for the same seed.

use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_ulong, c_void};

use openck::abi::{Kind, Member, Role, wchar_t};
use openck::ffi::generated::dynamic::MEMBERS;
use openck::ffi::library::*;
use rand::RngExt;
use rand::rngs::StdRng;

use super::calls::{Given, Source, StaticCall};
use super::dynamic;
use super::pool::Pools;
use super::{CLASSES, narrow};

/// Objects of each class at a time.
const OBJECTS: usize = 3;
/// Dead handles that are remembered.
const DEAD: usize = 64;
/// An object that holds more, or a file, is replaced: what random calls double must end somewhere.
const LARGE: u64 = 64 << 10;
const EXTREMES: [i32; 16] =
    [0, 1, 2, 3, 7, 8, 127, 255, 256, 1000, 65535, 65536, -1, -2, i32::MAX, i32::MIN];

/// The living objects, which threads may share, and those that died.
#[derive(Clone, Default)]
pub(crate) struct Objects {
    living: HashMap<&'static str, Vec<usize>>,
    dead: Vec<usize>,
}

impl Objects {
    pub(crate) fn new(classes: &[&'static str]) -> Self {
        let mut objects = Self::default();
        for class in classes {
            let made = (0..OBJECTS).map(|_| create(class)).collect();
            objects.living.insert(class, made);
        }
        objects
    }

    pub(crate) fn dispose(&self) {
        for handle in self.living.values().flatten() {
            openck_dispose(*handle);
        }
    }
}

/// What decides between possibilities: a seeded generator, or the bytes of a fuzzer.
pub(crate) trait Choices {
    /// A number under `end`.
    fn below(&mut self, end: usize) -> usize;
}

impl Choices for StdRng {
    fn below(&mut self, end: usize) -> usize {
        self.random_range(0..end)
    }
}

/// Where random arguments come from.
pub(crate) struct Fuzz<C> {
    pub(crate) choices: C,
    pools: Pools,
    pub(crate) objects: Objects,
    /// Real memory that is no object: its address is a foreign handle.
    heap: Box<[u64; 64]>,
    /// The objects of the call that is being made, to look at after it.
    used: Vec<(&'static str, usize)>,
    /// The text that the call before returned, which must still be there.
    kept: Option<Kept>,
}

struct Kept {
    object: (&'static str, usize),
    given: Given,
    text: String,
}

impl<C: Choices> Fuzz<C> {
    pub(crate) fn new(choices: C, objects: Objects) -> Self {
        let heap = Box::new([0xA5; 64]);
        Self { choices, pools: Pools::new(), objects, heap, used: Vec::new(), kept: None }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.choices.below(end)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A random static export with random arguments; its text is read to the end, now and once
    /// more after the next call.
    pub(crate) fn call_static(&mut self, calls: &'static [StaticCall]) -> &'static str {
        let call = &calls[self.below(calls.len())];
        self.used.clear();
        let given = (call.run)(self);
        self.read_again(call.name);
        if let Given::Handle(handle) = given {
            assert!(!handle.is_null(), "{}", call.name);
            self.replace(call.class, handle.addr());
        } else if let (Some(text), Some(object)) = (given.text(), self.used.first()) {
            self.kept = Some(Kept { object: *object, given, text });
        }
        call.name
    }

    /// A random export on objects that other threads use too. An address of bytes may be gone
    /// already, but a text is this thread's.
    pub(crate) fn call_shared(&mut self, calls: &[&StaticCall]) {
        let call = calls[self.below(calls.len())];
        self.used.clear();
        match (call.run)(self) {
            Given::Handle(handle) => drop(openck_dispose(handle.addr())),
            given => drop(given.text()),
        }
    }

    fn read_again(&mut self, after: &str) {
        let Some(kept) = self.kept.take() else { return };
        if size(kept.object.0, kept.object.1).is_some() {
            assert_eq!(kept.given.text().as_ref(), Some(&kept.text), "after {after}");
        }
    }

    /// A random member by number, sometimes with what does not fit it.
    pub(crate) fn call_dynamic(&mut self) -> &'static str {
        self.used.clear();
        let at = self.below(MEMBERS.len());
        let member = &MEMBERS[at];
        let mut number = at as i32 + 1;
        let handle = self.any_handle(member.class);
        let mut texts = Vec::new();
        let mut args: Vec<_> =
            (0..member.args.len()).map(|n| self.argument(member, n, &mut texts)).collect();
        if self.one_in(32) {
            args.pop();
        }
        if self.one_in(32) {
            args.push(dynamic::value(&openck::abi::Arg::Int(1)));
        }
        if self.one_in(64) {
            number = self.pick(&EXTREMES);
        }
        // A result is there or a text that says why not; both are checked while they are copied.
        let _ = dynamic::call(handle, number, &args);
        self.read_again(member.name);
        member.name
    }

    fn argument(&mut self, member: &Member, n: usize, texts: &mut Vec<Vec<u8>>) -> openck_value {
        let kind = if self.one_in(24) { self.any_kind() } else { member.args[n] };
        let mut out = dynamic::value(&openck::abi::Arg::None);
        match kind {
            Kind::Void => out.r#type = self.pick(&[0, -1, 6, i32::MAX, i32::MIN]),
            Kind::Bool => (out.r#type, out.integer) = (OPENCK_BOOL, i64::from(self.flag())),
            Kind::Int => {
                let name = if member.name == "Connect" { "port" } else { "" };
                (out.r#type, out.integer) = (OPENCK_INT, i64::from(self.int(name)));
            }
            Kind::ULong | Kind::Int64 => {
                (out.r#type, out.integer) = (OPENCK_INT, self.int64());
            }
            Kind::Object(class) => {
                (out.r#type, out.integer) = (OPENCK_OBJECT, self.any_handle(class) as i64);
            }
            Kind::Text | Kind::Bytes => {
                out.r#type = if kind == Kind::Text { OPENCK_TEXT } else { OPENCK_BYTES };
                let pool = &self.pools.of(argument_name(member, n)).any;
                let text = pool[self.choices.below(pool.len())].clone();
                (out.data, out.size) = (text.as_ptr().cast(), text.len());
                texts.push(text);
                if self.one_in(32) {
                    out.data = std::ptr::null();
                }
            }
        }
        out
    }

    fn any_kind(&mut self) -> Kind {
        let class = self.pick(CLASSES);
        self.pick(&[
            Kind::Void,
            Kind::Bool,
            Kind::Int,
            Kind::Int64,
            Kind::Bytes,
            Kind::Object(class),
        ])
    }

    /// Mostly an object of the class; else NULL, stale, foreign, of another class, or invented.
    fn any_handle(&mut self, class: &'static str) -> usize {
        let living = self.living(class);
        match self.below(16) {
            0 => self.bad_handle(living),
            1 => {
                let other = self.pick(CLASSES);
                self.living(other)
            }
            _ => {
                self.used.push((class, living));
                living
            }
        }
    }

    fn living(&mut self, class: &str) -> usize {
        let at = self.below(OBJECTS);
        self.objects.living.get(class).map_or(0, |objects| objects[at])
    }

    fn bad_handle(&mut self, living: usize) -> usize {
        let stack = 0_u64;
        let dead = self.below(DEAD);
        match self.below(7) {
            0 => 0,
            1 => self.objects.dead.get(dead).copied().unwrap_or(1),
            2 => self.heap.as_ptr().addr() + self.below(512),
            3 => (&raw const stack).addr(),
            4 => size as *const () as usize,
            5 => living ^ (1 << self.below(usize::BITS as usize)),
            _ => self.below(usize::MAX),
        }
    }

    /// Puts a new object in the place of a random one, which is disposed.
    fn replace(&mut self, class: &'static str, new: usize) {
        let at = self.below(OBJECTS);
        if let Some(objects) = self.objects.living.get_mut(class) {
            let old = std::mem::replace(&mut objects[at], new);
            openck_dispose(old);
            self.note_dead(old);
        } else {
            openck_dispose(new);
        }
    }

    fn note_dead(&mut self, handle: usize) {
        let at = self.below(DEAD);
        match self.objects.dead.get_mut(at) {
            Some(place) => *place = handle,
            None => self.objects.dead.push(handle),
        }
    }

    /// Replaces objects of the last call that were disposed by it or became large.
    pub(crate) fn tidy(&mut self) {
        for (class, handle) in std::mem::take(&mut self.used) {
            if size(class, handle).is_some_and(|size| size <= LARGE) {
                continue;
            }
            let Some(objects) = self.objects.living.get_mut(class) else { continue };
            if let Some(place) = objects.iter_mut().find(|place| **place == handle) {
                openck_dispose(handle);
                *place = create(class);
                self.note_dead(handle);
            }
        }
    }
}

impl<C: Choices> Source for Fuzz<C> {
    fn handle(&mut self, class: &'static str) -> *mut c_void {
        std::ptr::without_provenance_mut(self.any_handle(class))
    }

    fn narrow(&mut self, name: &'static str) -> *const c_char {
        choose(&self.pools.of(name).narrow, &mut self.choices).cast()
    }

    fn wide(&mut self, name: &'static str) -> *const wchar_t {
        choose(&self.pools.of(name).wide, &mut self.choices)
    }

    fn utf16(&mut self, name: &'static str) -> *const u16 {
        choose(&self.pools.of(name).utf16, &mut self.choices)
    }

    fn flag(&mut self) -> c_int {
        self.pick(&[0, 1, 2, -1, c_int::MIN])
    }

    fn int(&mut self, name: &'static str) -> c_int {
        match name {
            // Nothing listens there.
            "port" => self.pick(&[0, 1, -1, 65536, c_int::MAX, c_int::MIN]),
            _ if self.one_in(2) => self.below(40) as c_int,
            _ => self.pick(&EXTREMES),
        }
    }

    fn ulong(&mut self) -> c_ulong {
        let small = self.below(40) as c_ulong;
        self.pick(&[small, 0, 1, 0xFFFF_FFFF, c_ulong::MAX])
    }

    fn int64(&mut self) -> i64 {
        let small = i64::from(self.int(""));
        self.pick(&[small, i64::MAX, i64::MIN, 0xFFFF_FFFF])
    }

    /// A length without an address is refused; so is one that no memory has.
    fn bytes(&mut self) -> (*const c_void, c_ulong) {
        let data = self.heap.as_ptr().cast();
        let length = self.below(512) as c_ulong;
        let null = std::ptr::null();
        self.pick(&[(data, length), (data, 0), (null, 0), (null, length), (data, c_ulong::MAX)])
    }
}

/// One of the texts, or NULL.
fn choose<U>(texts: &[Vec<U>], choices: &mut impl Choices) -> *const U {
    texts.get(choices.below(texts.len() + 1)).map_or(std::ptr::null(), |text| text.as_ptr())
}

fn create(class: &str) -> usize {
    // SAFETY: NUL-terminated text.
    unsafe { openck_create(narrow(class).as_ptr()) }
}

/// What an object holds; `None` if it is dead.
fn size(class: &str, handle: usize) -> Option<u64> {
    use openck::abi::Handle;
    use openck::client::{BinData, CkByteData, CkString, Global, Rest, StringBuilder, WebSocket};
    let handle = Handle(handle);
    let held = match class {
        "BinData" => handle.pin::<BinData>()?.with_bytes(<[u8]>::len),
        "StringBuilder" => handle.pin::<StringBuilder>()?.with_str(str::len),
        "CkString" => handle.pin::<CkString>()?.with_str(str::len),
        "CkByteData" => handle.pin::<CkByteData>()?.with_bytes(<[u8]>::len),
        "WebSocket" => handle.pin::<WebSocket>().map(|_| 0)?,
        "Rest" => handle.pin::<Rest>().map(|_| 0)?,
        _ => handle.pin::<Global>().map(|_| 0)?,
    };
    Some(held as u64)
}

/// The dynamic table has no names of arguments; those that matter follow from the member.
fn argument_name(member: &Member, n: usize) -> &'static str {
    match (member.name, n) {
        ("Connect", 0) => "hostname",
        ("DebugLogFilePath", _) if member.role == Role::Put => "path",
        ("SaveLastError" | "AddTrustedCaPem", _) => "path",
        (name, 0) if name.to_lowercase().ends_with("file") => "path",
        ("AppendString" | "AppendSb", 1) | ("FindString" | "GetTextChunk", 2) => "charset",
        ("GetString", 0) | ("loadFile" | "saveToFile" | "LoadFile" | "WriteFile", 1) => "charset",
        ("GetEncoded" | "Encode" | "Decode" | "AppendEncoded" | "LoadEncoded", 1) => {
            if member.class == "StringBuilder" { "charset" } else { "encoding" }
        }
        ("GetEncoded" | "Encode" | "Decode" | "GetEncodedSb" | "GetDecoded" | "encode", 0)
        | ("GetEncodedChunk", 2)
        | ("getEncoded", 0)
        | ("appendEncoded", 1) => "encoding",
        (name, 0) if name.starts_with("FullRequest") || name.starts_with("SendReq") => "httpVerb",
        _ => "",
    }
}

/// Empties files of the working directory that have grown too large.
pub(crate) fn tidy_files() {
    for entry in std::fs::read_dir(".").into_iter().flatten().flatten() {
        if entry.metadata().is_ok_and(|data| data.len() > LARGE) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
