//! The handle table and its mutexes where the system refuses process-wide barriers (membarrier), as a
//! sandbox may: from the beginning, or from some time on. Each test is alone in its process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../abi_common/mod.rs"]
mod abi_common;

use std::io;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use abi_common::{Object, dynamic};
use openck::abi::{Arg, Value};
use openck::sync::barrier;

const THREADS: usize = 4;
const ROUNDS: i64 = 500;

/// From now on membarrier fails with ENOSYS in this thread and those it starts.
fn refuse_membarrier() {
    let code = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let number = libc::SYS_membarrier as u32;
    let mut filter = [
        // The number of the call is the first word.
        code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number),
        code(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
        code(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its filter are valid while they are installed, and copied.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(installed, "no filter: {}", io::Error::last_os_error());
    // SAFETY: takes three integers.
    assert_eq!(unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) }, -1);
}

fn append(object: usize) -> Value {
    dynamic::invoke(object, "BinData", "AppendByte", &[Arg::Int(7)])
}

fn size(object: usize) -> Value {
    dynamic::invoke(object, "BinData", "get:NumBytes", &[])
}

/// Several threads use one object each and one together, and dispose what another is using.
fn use_objects_in_threads() {
    let shared = Object::new("BinData");
    let own: Vec<Object> = (0..THREADS).map(|_| Object::new("BinData")).collect();
    let number = shared.number();
    std::thread::scope(|scope| {
        for own in &own {
            let own = own.number();
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    assert_eq!(
                        (append(number), append(own)),
                        (Value::Bool(true), Value::Bool(true))
                    );
                }
            });
        }
    });
    assert_eq!(size(number), Value::Int(ROUNDS * THREADS as i64));
    assert!(own.iter().all(|own| size(own.number()) == Value::Int(ROUNDS)));

    for _ in 0..20 {
        let victim = Object::new("BinData");
        let number = victim.number();
        let together = Barrier::new(THREADS + 1);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    together.wait();
                    while append(number) == Value::Bool(true) {}
                });
            }
            together.wait();
            drop(victim);
        });
        assert_eq!(append(number), Value::Bool(false));
    }
}

#[test]
fn objects_work_where_there_never_was_a_barrier() {
    refuse_membarrier();
    use_objects_in_threads();
    assert!(!barrier::is_available());
}

#[test]
fn objects_work_where_the_barrier_is_refused_later() {
    use_objects_in_threads();
    let mine = Object::new("BinData");
    (0..ROUNDS).for_each(|_| assert_eq!(append(mine.number()), Value::Bool(true)));
    assert!(barrier::is_available());
    refuse_membarrier();
    assert!(barrier::is_available(), "nobody needed it yet");
    // This thread is favoured by the mutex of its object, and loses that.
    let number = mine.number();
    std::thread::scope(|scope| scope.spawn(|| append(number)).join()).unwrap();
    assert!(!barrier::is_available());
    assert_eq!(size(number), Value::Int(ROUNDS + 1));
    use_objects_in_threads();
    let begun = Instant::now();
    drop(mine);
    // Slower, but not slow.
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(append(number), Value::Bool(false));
}
