//! What holds for any input, for random bytes, for every seed of the fuzz targets, and for seeds
//! with random changes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test fails")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

#[test]
fn frame_header() {
    holds("frame_header", 2000, openck_fuzz::frame_header);
}

#[test]
fn connection() {
    holds("connection", 1000, openck_fuzz::connection);
}

#[test]
fn handshake_response() {
    holds("handshake_response", 1000, openck_fuzz::handshake_response);
}

#[test]
fn http_head_and_body() {
    holds("http_head_and_body", 1000, openck_fuzz::http_head_and_body);
}

#[test]
fn deflate() {
    holds("deflate", 500, openck_fuzz::deflate);
}

#[test]
fn utf8() {
    holds("utf8", 2000, openck_fuzz::utf8);
}

#[test]
fn mask() {
    holds("mask", 1000, openck_fuzz::mask);
}

#[test]
fn decoder() {
    holds("decoder", 1000, openck_fuzz::decoder);
}

/// A panic inside the library is caught at its border and looks like a failed call.
#[test]
fn abi_calls() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        report(panic);
    }));
    holds("abi_calls", 200, |data| {
        openck_fuzz::abi_calls(data);
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a panic inside the library");
    });
}

fn holds(target: &str, cases: u32, property: fn(&[u8])) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| property(seed));
    let changes = vec((any::<Index>(), any::<u8>()), 0..6);
    let changed = (any::<Index>(), changes).prop_map(move |(seed, changes)| {
        let mut data = seed.get(&seeds).clone();
        for (at, byte) in changes {
            let at = at.index(data.len());
            data[at] = byte;
        }
        data
    });
    let strategy = prop_oneof![vec(any::<u8>(), 0..2000), changed];
    let config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::with_cases(cases)
    };
    let check = |data: Vec<u8>| {
        property(&data);
        Ok(())
    };
    TestRunner::new(config).run(&strategy, check).unwrap();
}

/// The seeds of a target; each has at least one byte.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let entries = std::fs::read_dir(&folder).expect("a folder of seeds");
    let seeds: Vec<_> =
        entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(seeds.iter().all(|seed| !seed.is_empty()) && !seeds.is_empty());
    seeds
}
