//! A hundred threads make random calls on the same objects. Alone in its program, because an
//! invented handle may name an object of another test. (reliability 4, list A: 9)

mod abi_common;
#[path = "generated/static_calls.rs"]
mod static_calls;

use std::sync::atomic::{AtomicU64, Ordering};

use abi_common::calls::StaticCall;
use abi_common::fuzz::{Fuzz, Objects};
use abi_common::watched;
use rand::SeedableRng;
use rand::rngs::StdRng;
use static_calls::CALLS;

#[test]
fn a_hundred_threads_share_objects() {
    const THREADS: u64 = 100;
    const CALLS_EACH: u64 = 2000;
    let classes = ["BinData", "StringBuilder", "WebSocket", "CkString", "CkByteData"];
    // Dispose comes once, below, else nothing would be shared for long; files are another matter.
    let shared = |call: &&StaticCall| {
        classes.contains(&call.class)
            && !call.name.ends_with("_Dispose")
            && !call.name.ends_with("SaveLastError")
            && !call.name.to_lowercase().contains("file")
    };
    let calls: Vec<&'static StaticCall> = CALLS.iter().filter(shared).collect();
    watched(move || {
        let (objects, made) = (Objects::new(&classes), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for seed in 0..THREADS {
                let (objects, calls, made) = (objects.clone(), &calls, &made);
                scope.spawn(move || {
                    let mut fuzz = Fuzz::new(StdRng::seed_from_u64(seed), objects);
                    for _ in 0..CALLS_EACH {
                        fuzz.call_shared(calls);
                        // Half way, all objects are taken away while the threads use them.
                        if made.fetch_add(1, Ordering::Relaxed) == THREADS * CALLS_EACH / 2 {
                            fuzz.objects.dispose();
                        }
                    }
                });
            }
        });
    });
}
