//! A million calls with seeded random members and every class of bad argument, over the dynamic
//! call and over all static exports: nothing crashes, nothing panics, all text is valid.
//!
//! `OPENCK_FUZZ_CALLS` and `OPENCK_FUZZ_SEED` change the number of calls and the seed. Which tool
//! watches the memory is the matter of `cargo xtask test asan-fuzz` and `valgrind-fuzz`.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used)]

mod abi_common;
#[path = "generated/static_calls.rs"]
mod static_calls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use abi_common::fuzz::{Fuzz, Objects, tidy_files};
use abi_common::{CLASSES, Folder, watched};
use rand::SeedableRng;
use rand::rngs::StdRng;
use static_calls::CALLS;

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn random_calls_never_crash() {
    let calls = number("OPENCK_FUZZ_CALLS", 1_000_000);
    let seed = number("OPENCK_FUZZ_SEED", 6455);
    println!("{calls} calls, seed {seed}");
    let folder = Folder::new("fuzz");
    // A file that a random call writes must not lie anywhere else. No other test is in this
    // program, whose working directory it is.
    std::env::set_current_dir(folder.path()).unwrap();
    // A panic would be caught at the border and look like a failed call.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        report(panic);
    }));
    watched(move || run(calls, seed));
    drop(std::panic::take_hook());
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "panics, with the seed {seed}");
    std::env::set_current_dir(std::env::temp_dir()).unwrap();
}

fn run(calls: u64, seed: u64) {
    let mut fuzz = Fuzz::new(StdRng::seed_from_u64(seed), Objects::new(CLASSES));
    let mut slowest = (Duration::ZERO, "");
    for n in 0..calls {
        let start = Instant::now();
        let name = if n % 2 == 0 { fuzz.call_dynamic() } else { fuzz.call_static(CALLS) };
        slowest = slowest.max((start.elapsed(), name));
        fuzz.tidy();
        if n % 256 == 0 {
            tidy_files();
        }
    }
    fuzz.objects.dispose();
    println!("the slowest call was {} with {:?}", slowest.1, slowest.0);
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}
