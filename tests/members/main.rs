//! Every member of every class succeeds at least once, through the dynamic call; every property has
//! the default of its description; every member of `api/` is used by a test of some language.
//!
//! A file for each class; a member without a row in it makes the test fail.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../abi_common/mod.rs"]
mod abi_common;
mod api;
mod bin_data;
mod ck_byte_data;
mod ck_string;
mod coverage;
mod global;
mod rest;
mod string_builder;
mod web_socket;

use std::cell::RefCell;
use std::collections::BTreeSet;

use abi_common::{CLASSES, Folder, Object, dynamic};
use openck::abi::{Arg, Handle, Role, Value};
use openck::ffi::generated::dynamic::MEMBERS;

const YES: Value = Value::Bool(true);
const NO: Value = Value::Bool(false);

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

fn int(number: i64) -> Value {
    Value::Int(number)
}

fn object(of: &Object) -> Arg<'static> {
    Arg::Object(Handle(of.number()))
}

/// Calls members of objects of one class and remembers which have succeeded.
struct Run {
    class: &'static str,
    object: Object,
    seen: RefCell<BTreeSet<String>>,
}

impl Run {
    fn new(class: &'static str) -> Self {
        Self { class, object: Object::new(class), seen: RefCell::default() }
    }

    /// Calls a member that must succeed, and gives its value.
    fn get(&self, name: &str, args: &[Arg<'_>]) -> Value {
        let value = dynamic::invoke(self.object.number(), self.class, name, args);
        self.seen.borrow_mut().insert(name.to_owned());
        value
    }

    /// A member that must give this value.
    fn is(&self, name: &str, args: &[Arg<'_>], wanted: Value) {
        let value = self.get(name, args);
        assert_eq!(value, wanted, "{}.{name}{}", self.class, self.why());
    }

    /// A method that must succeed, or a setter that must take the value.
    fn ok(&self, name: &str, args: &[Arg<'_>]) {
        self.is(name, args, YES);
    }

    /// A text that must have a part.
    fn has(&self, name: &str, args: &[Arg<'_>], part: &str) {
        match self.get(name, args) {
            Value::Text(text) => assert!(text.contains(part), "{}.{name}: {text}", self.class),
            other => panic!("{}.{name} gave {other:?}{}", self.class, self.why()),
        }
    }

    /// A property that must take each of the values and give it back.
    fn keeps(&self, name: &str, values: &[(Arg<'_>, Value)]) {
        for (argument, value) in values {
            self.ok(&format!("put:{name}"), &[*argument]);
            self.is(&format!("get:{name}"), &[], value.clone());
        }
    }

    /// A truth value that must be changed and changed back.
    fn switches(&self, name: &str) {
        self.keeps(name, &[(Arg::Bool(true), YES), (Arg::Bool(false), NO), (Arg::Bool(true), YES)]);
    }

    fn why(&self) -> String {
        match dynamic::member(self.class, "get:LastErrorText") {
            0 => String::new(),
            _ => format!("\n{}", dynamic::last_error(self.object.number(), self.class)),
        }
    }

    /// What classes have that are more than text or bytes.
    fn shared(&self) {
        let folder = Folder::new(&format!("members-{}", self.class));
        let (log, saved) = (folder.file("log"), folder.file("saved"));
        self.success();
        self.switches("VerboseLogging");
        self.is("get:Version", &[], text(env!("CARGO_PKG_VERSION")));
        let path = [(Arg::Text(&log), text(&log)), (Arg::Text(""), text(""))];
        self.keeps("DebugLogFilePath", &path);
        // A call that fails, for something to be told.
        let failed = [Arg::Text("")];
        assert_eq!(dynamic::invoke(self.object.number(), self.class, "SaveLastError", &failed), NO);
        self.has("get:LastErrorText", &[], "SaveLastError");
        self.has("get:LastErrorXml", &[], "<");
        self.has("get:LastErrorHtml", &[], "<");
        self.ok("SaveLastError", &[Arg::Text(&saved)]);
        assert!(std::fs::read_to_string(&saved).unwrap().contains("SaveLastError"));
    }

    /// What classes of text and bytes have too.
    fn success(&self) {
        self.switches("LastMethodSuccess");
        self.switches("Utf8");
    }

    /// Fails if the table of members has one that was not called.
    fn finish(self) {
        let seen = self.seen.into_inner();
        let members = MEMBERS.iter().filter(|member| member.class == self.class);
        let missing: Vec<_> = members
            .map(|member| match member.role {
                Role::Method => member.name.to_owned(),
                Role::Get => format!("get:{}", member.name),
                Role::Put => format!("put:{}", member.name),
            })
            .filter(|name| !seen.contains(name))
            .collect();
        assert!(missing.is_empty(), "members of {} without a row: {missing:?}", self.class);
    }
}
