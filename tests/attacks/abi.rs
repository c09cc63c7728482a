//! Every exported function with arguments that no sensible program passes. List A: 4, 5, 11.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every argument is valid, or one that the function must refuse"
)]

use std::ffi::{c_char, c_int, c_ulong, c_void};
use std::ptr::without_provenance_mut;

use openck::abi::{Arg, Handle, Kind, wchar_t};
use openck::ffi::generated::dynamic::MEMBERS;
use openck_test_support::echo;
use openck_test_support::pki::{self, Pki};
use openck_test_support::wire::raw_frame;

use crate::abi_common::calls::{Given, Source};
use crate::abi_common::{CLASSES, Object, dynamic, utf16, wide};
use crate::common::{Rest, upgrade};
use crate::hostile::{Attack, Sessions};
use crate::measure::Turn;
use crate::static_calls::CALLS;

/// One object of each class, and what arguments are made of.
struct Arguments {
    objects: Vec<(&'static str, Object)>,
    narrow: Vec<u8>,
    wide: Vec<wchar_t>,
    utf16: Vec<u16>,
    flag: c_int,
    number: i64,
    /// The text, counted from 0, that is not text; all others are.
    bad: Option<usize>,
    texts: usize,
    handles: usize,
}

/// Names no file, host, encoding, charset or method.
const TEXT: &str = "missing/1";

impl Arguments {
    fn new(flag: c_int, number: i64) -> Self {
        Self {
            objects: CLASSES.iter().map(|class| (*class, Object::new(class))).collect(),
            narrow: [TEXT.as_bytes(), b"\0"].concat(),
            wide: wide(TEXT),
            utf16: utf16(TEXT),
            flag,
            number,
            bad: None,
            texts: 0,
            handles: 0,
        }
    }

    fn is_bad(&mut self) -> bool {
        self.texts += 1;
        self.bad == Some(self.texts - 1)
    }
}

impl Source for Arguments {
    fn handle(&mut self, class: &'static str) -> *mut c_void {
        self.handles += 1;
        let found = self.objects.iter().find(|(name, _)| *name == class);
        without_provenance_mut(found.expect("a known class").1.number())
    }

    fn narrow(&mut self, _: &'static str) -> *const c_char {
        if self.is_bad() { c"a\xC0\x80".as_ptr() } else { self.narrow.as_ptr().cast() }
    }

    fn wide(&mut self, _: &'static str) -> *const wchar_t {
        const BAD: [wchar_t; 3] = [0x61, 0xDC00, 0];
        if self.is_bad() { BAD.as_ptr() } else { self.wide.as_ptr() }
    }

    fn utf16(&mut self, _: &'static str) -> *const u16 {
        const BAD: [u16; 3] = [0x61, 0xDC00, 0];
        if self.is_bad() { BAD.as_ptr() } else { self.utf16.as_ptr() }
    }

    fn flag(&mut self) -> c_int {
        self.flag
    }

    fn int(&mut self, _: &'static str) -> c_int {
        self.number as c_int
    }

    fn ulong(&mut self) -> c_ulong {
        self.number as c_ulong
    }

    fn int64(&mut self) -> i64 {
        self.number
    }

    /// No memory is that long: it must be refused, not read.
    fn bytes(&mut self) -> (*const c_void, c_ulong) {
        (self.narrow.as_ptr().cast(), c_ulong::MAX)
    }
}

fn is_refusal(given: Given) -> bool {
    match given {
        Given::Int(value) => value == 0 || value == -1,
        other => other.is_zero(),
    }
}

/// A4: each text of each function, in every spelling, is not text.
#[test]
fn a04_r60_invalid_text_is_refused_by_every_function() {
    let _turn = Turn::take();
    let mut seen = 0;
    for call in CALLS {
        for place in 0.. {
            let mut arguments = Arguments { bad: Some(place), ..Arguments::new(1, 1) };
            let given = (call.run)(&mut arguments);
            if arguments.texts <= place {
                break;
            }
            assert!(is_refusal(given), "{}, text {place}: {given:?}", call.name);
            seen += 1;
        }
    }
    assert!(seen > 250, "only {seen} texts");
}

/// A4: the same of the dynamic call, which knows lengths: bytes that are no text, a length without
/// memory and one that no memory has. Nothing is run.
#[test]
fn a04_r60_bad_text_and_bytes_are_refused_by_every_member() {
    let _turn = Turn::take();
    let mut seen = 0;
    for (n, member) in MEMBERS.iter().enumerate() {
        let objects: Vec<_> = CLASSES.iter().map(|class| (class, Object::new(class))).collect();
        let object = |class: &str| {
            objects.iter().find(|(name, _)| **name == class).expect("a known class").1.number()
        };
        let fitting = member.args.iter().map(|kind| match kind {
            Kind::Bool => Arg::Bool(true),
            Kind::Text => Arg::Text(TEXT),
            Kind::Bytes => Arg::Bytes(b"1"),
            Kind::Object(class) => Arg::Object(Handle(object(class))),
            _ => Arg::Int(1),
        });
        let fitting: Vec<_> = fitting.collect();
        for (place, kind) in member.args.iter().enumerate() {
            let bad: &[(&[u8], usize)] = match kind {
                Kind::Text => &[(b"\xE2\x82", 2), (b"a", usize::MAX), (b"", 5)],
                Kind::Bytes => &[(b"a", usize::MAX), (b"", 5)],
                _ => &[],
            };
            for (data, size) in bad {
                let mut args: Vec<_> = fitting.iter().map(dynamic::value).collect();
                let null = data.is_empty();
                args[place].data = if null { std::ptr::null() } else { data.as_ptr().cast() };
                args[place].size = *size;
                let why = dynamic::call(object(member.class), n as i32 + 1, &args).unwrap_err();
                assert!(why.contains(&format!("Argument {} ", place + 1)), "{why}");
                seen += 1;
            }
        }
    }
    assert!(seen > 150, "only {seen} arguments");
}

/// A5: numbers at the ends of their types, truth values that are neither 0 nor 1, lengths that no
/// memory has. No crash, and none takes memory for a number.
#[test]
fn a05_r42_extreme_numbers_in_every_function() {
    let turn = Turn::take();
    for number in [i64::MIN, i64::from(i32::MIN), -1, i64::from(i32::MAX), i64::MAX, 1 << 32] {
        for flag in [2, -1, c_int::MIN] {
            let attack = Attack {
                id: "A5 R-42",
                what: "all functions, numbers and lengths at their ends",
                size: format!("{} functions", CALLS.len()),
                memory: 1 << 20,
                cpu_ms: 1_000,
            };
            attack.measure(&turn, || {
                for call in CALLS {
                    let mut arguments = Arguments::new(flag, number);
                    let given = (call.run)(&mut arguments);
                    if let Given::Handle(handle) = given {
                        openck::ffi::library::openck_dispose(handle.addr());
                    }
                    let _ = given.text();
                }
            });
        }
    }
}

/// A11: compression both ways, and the report of a failure, on a stack of 64 KiB.
#[test]
fn a11_r88_compression_on_a_stack_of_64_kib() {
    let _turn = Turn::take();
    let answer = "permessage-deflate";
    let upgrade = openck_test_support::script::Upgrade::default();
    let sessions = Sessions::with(upgrade.with("Sec-WebSocket-Extensions", answer));
    let text = crate::peer::prose(100_000);
    let good = raw_frame(0xc1, None, &crate::peer::Peer::once(&text));
    let script = [good, raw_frame(0xc1, None, b"\x06")].concat();
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let thread = small.spawn(move || {
        let ws = sessions.open_with(script, |ws| ws.set_deflate(true));
        assert!(ws.send(std::str::from_utf8(&text).unwrap(), true), "{}", ws.error());
        ws.expect_frame("Text");
        assert!(ws.bytes() == text);
        ws.expect_read_failure(4, &["cannot be inflated"]);
        sessions.answer()
    });
    let answer = thread.unwrap().join().unwrap();
    assert_eq!(answer.map(|frame| (frame.opcode, frame.rsv)), Some((1, 4)));
}

/// A11: so is the handshake of TLS, with the check of a certificate and one that fails it.
#[test]
fn a11_r64_tls_on_a_stack_of_64_kib() {
    let _turn = Turn::take();
    let pki = Pki::default();
    let server = echo::start(0, Some(pki.identity(pki::Kind::Good).server_config())).unwrap();
    let (port, ca) = (server.port(), pki.ca_pem());
    let small = std::thread::Builder::new().stack_size(64 << 10);
    let thread = small.spawn(move || {
        let stranger = Rest::new();
        assert!(!stranger.connect("localhost", port, true), "an unknown CA");
        let rest = Rest::new();
        assert!(rest.trust(&ca) && rest.connect("localhost", port, true), "{}", rest.error());
        let ws = upgrade(&rest, "/");
        let text = "over TLS ".repeat(20_000);
        assert!(ws.send(&text, true), "{}", ws.error());
        ws.expect_text(&text);
    });
    thread.unwrap().join().unwrap();
}
