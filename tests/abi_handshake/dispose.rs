//! CVE-2025-11677 (libwebsockets), CVE-2025-11234 (QEMU): objects that go while the handshake is
//! under way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openck_test_support::head::Request;
use openck_test_support::script::Action::{Pause, Send, SendUpgrade, Stall};
use openck_test_support::script::Upgrade;

use crate::common::{asked, eventually, watched};

fn answer() -> Vec<u8> {
    Upgrade::default().bytes(&Request::default())
}

#[test]
fn r58_r59_the_rest_may_go_at_every_byte_of_the_answer() {
    watched(60, || {
        for at in 0..answer().len() {
            let (server, rest, ws) = asked(&[Send(answer()[..at].to_vec()), Stall]);
            rest.set_idle_ms(0);
            let rest = Arc::new(rest);
            let theirs = Arc::clone(&rest);
            let asking = std::thread::spawn(move || theirs.full("GET", "/"));
            eventually(|| server.so_far().notes.len() >= 2);
            let begun = Instant::now();
            rest.dispose();
            assert_eq!(asking.join().unwrap(), None, "{at}");
            assert!(begun.elapsed() < Duration::from_secs(1), "{at}: {:?}", begun.elapsed());
            assert!(!ws.validate() && !ws.is_connected(), "{at}");
            ws.expect_read_failure(3, &[]);
            assert_eq!((rest.status(), rest.full("GET", "/")), (0, None));
            drop(ws);
            assert!(server.transcript().client_left, "{at}");
        }
    });
}

#[test]
fn r58_the_web_socket_may_go_at_every_byte_of_the_answer() {
    watched(60, || {
        for at in 0..answer().len() {
            let (first, last) = (answer()[..at].to_vec(), answer()[at..].to_vec());
            let (server, rest, ws) = asked(&[Send(first), Pause(2), Send(last), Stall]);
            let asking = std::thread::spawn(move || (rest.full("GET", "/"), rest));
            eventually(|| server.so_far().notes.len() >= 2);
            ws.dispose();
            assert!(!ws.validate(), "{at}: the handle is dead");
            let (answered, rest) = asking.join().unwrap();
            assert_eq!(answered.as_deref(), Some(""), "{at}: {}", rest.error());
            assert_eq!(rest.status(), 101);
            drop(rest);
            assert!(server.transcript().client_left, "{at}");
        }
    });
}

/// And in any order when the answer is complete: each frees its part once.
#[test]
fn r58_both_may_go_before_and_after_the_check() {
    for (rest_first, checked) in [(true, true), (true, false), (false, true), (false, false)] {
        let (server, rest, ws) = asked(&[SendUpgrade(Upgrade::default()), Stall]);
        rest.get("/");
        if checked {
            assert!(ws.validate(), "{}", ws.error());
        }
        if rest_first {
            rest.dispose();
            assert_eq!(ws.is_connected(), checked);
            assert!(checked || ws.validate(), "the session does not need the Rest object");
        } else {
            ws.dispose();
            assert_eq!(rest.status(), 101);
        }
        drop((rest, ws));
        assert!(server.transcript().client_left);
    }
}
