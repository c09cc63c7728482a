use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use openck::client::Class;
use openck::client::bin_data::BinData;
use openck::client::string_builder::StringBuilder;

use crate::{bytes, text};

#[test]
fn many_threads_share_objects() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 200;
    let (data, sb) = (BinData::new_object(), StringBuilder::new_object());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    data.append_int4(0x0102_0304, false).unwrap();
                    sb.append_line("line", false).unwrap();
                    assert_eq!(data.get_int4(0, false).unwrap(), 0x0102_0304);
                    assert!(sb.starts_with("line\n", true).unwrap());
                }
            });
        }
    });
    assert_eq!(data.get_binary().unwrap(), [1, 2, 3, 4].repeat(THREADS * ROUNDS));
    assert_eq!(sb.get_as_string().unwrap(), "line\n".repeat(THREADS * ROUNDS));
}

/// Two objects that are each other's argument at the same time must not wait for each other.
#[test]
fn crossed_arguments_do_not_block() {
    let (finished, done) = mpsc::channel();
    let worker = thread::spawn(move || {
        let (first, second) = (bytes(b"ab"), bytes(b"ab"));
        let (left, right) = (text("ab"), text("AB"));
        thread::scope(|scope| {
            for (one, other) in [(&first, &second), (&second, &first)] {
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        assert!(one.contents_equal(other).unwrap());
                    }
                });
            }
            for (one, other) in [(&left, &right), (&right, &left)] {
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        assert!(one.contents_equal_sb(other, false).unwrap());
                    }
                });
            }
        });
        finished.send(()).unwrap();
    });
    done.recv_timeout(Duration::from_secs(60)).expect("blocked");
    worker.join().unwrap();
}
