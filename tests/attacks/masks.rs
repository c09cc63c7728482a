//! Mask keys as they are on the wire.; CVE-2025-10148.

use std::io;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Instant;

use openck_test_support::WATCHDOG;
use openck_test_support::script::Upgrade;
use openck_test_support::wire::Frame;

use crate::common::open;
use crate::hostile::hostile;
use crate::measure::Turn;

const FRAMES: usize = 10_000;

/// 10 000 captured frames of all kinds: each is masked, the keys differ, and each of their four
/// bytes takes all values about equally often.
#[test]
fn r22_the_masks_of_10000_captured_frames_differ() {
    let _turn = Turn::take();
    let (told, captured) = channel();
    let told = Mutex::new(told);
    let server = hostile(Upgrade::default(), move |stream| {
        let (mut inbox, mut chunk) = (Vec::new(), [0; 16 << 10]);
        let deadline = Instant::now() + 3 * WATCHDOG;
        loop {
            let n = stream.read_until(&mut chunk, deadline)?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            inbox.extend_from_slice(&chunk[..n]);
            while let Some(frame) = Frame::take(&mut inbox) {
                told.lock().unwrap().send(frame).map_err(io::Error::other)?;
            }
        }
    });
    let ws = open(server.port(), "/");
    for n in 0..FRAMES {
        let sent = match n % 4 {
            0 => ws.send("the same text in each frame", true),
            1 => ws.send_bytes(b"", true),
            2 => ws.ping(""),
            _ => ws.send_pong(),
        };
        assert!(sent, "{}", ws.error());
    }
    let frames: Vec<Frame> = captured.iter().take(FRAMES).collect();
    let keys: Vec<[u8; 4]> = frames.iter().map(|frame| frame.mask.expect("a mask")).collect();
    check_keys(keys);
}

fn check_keys(mut keys: Vec<[u8; 4]>) {
    for place in 0..4 {
        let mut counts = [0_f64; 256];
        keys.iter().for_each(|key| counts[usize::from(key[place])] += 1.0);
        let expected = keys.len() as f64 / 256.0;
        let chi: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
        // 255 degrees of freedom: a standard deviation is 22.6, and this is eight of them.
        assert!((75.0..435.0).contains(&chi), "chi-square {chi} of byte {place}");
    }
    keys.sort_unstable();
    keys.dedup();
    // One pair of equal keys is to be expected in one run of 86, four in none.
    assert!(keys.len() > FRAMES - 4, "{} different keys", keys.len());
}
