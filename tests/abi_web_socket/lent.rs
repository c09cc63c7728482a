//! GetFrameDataBd in a flood: data of middle size stays in the receive buffer, which the BinData
//! then shares. A program notices none of it.

use openck::ffi::generated::bin_data as b;
use openck_test_support::script::Action::{Close, Send};
use openck_test_support::wire::{frame, opcode};

use crate::common::{Bytes, Ws, scripted};

const SIZE: usize = 1000;
const COUNT: usize = 2000;

/// Message `n` of the flood.
fn message(n: usize) -> Vec<u8> {
    (0..SIZE).map(|i| (i * 31 + n * 7) as u8).collect()
}

fn flood() -> Vec<u8> {
    (0..COUNT).flat_map(|n| frame(true, opcode::BINARY, &message(n))).collect()
}

#[track_caller]
fn take(ws: &Ws, bytes: &Bytes) {
    ws.expect_frame("Binary");
    assert!(ws.data_bd_handle(bytes.h()), "{}", ws.error());
}

/// Reads it in place; the address would make it a copy.
fn in_place(bytes: &Bytes) -> Vec<u8> {
    let copy = Bytes::new();
    // SAFETY: living objects.
    assert_eq!(unsafe { b::CkBinData_AppendBd(copy.h(), bytes.h()) }, 1);
    copy.to_vec()
}

#[test]
fn every_object_keeps_its_own_message() {
    let (_server, ws) = scripted(&[Send(flood()), Close]);
    let kept: Vec<Bytes> = (0..COUNT)
        .map(|_| {
            let bytes = Bytes::new();
            take(&ws, &bytes);
            bytes
        })
        .collect();
    drop(ws);
    for (n, bytes) in kept.iter().enumerate() {
        assert_eq!(in_place(bytes), message(n), "message {n}");
        assert_eq!(bytes.to_vec(), message(n), "message {n}");
        bytes.with(|bytes| assert!(bytes.as_ptr().addr() % 8 == 0));
    }
}

/// What a method does to a copy it does to what is lent, and nobody else sees it.
#[test]
fn a_change_is_made_to_a_copy() {
    let changes: [fn(&Bytes, &mut Vec<u8>); 6] = [
        |_, _| {},
        |bytes, expected| {
            bytes.append(b"more");
            expected.extend(b"more");
        },
        |bytes, expected| {
            let half = expected.len() / 2;
            let count = half.try_into().unwrap();
            // SAFETY: a living object.
            assert_eq!(unsafe { b::CkBinData_RemoveChunk(bytes.h(), 0, count) }, 1);
            expected.drain(..half);
        },
        |bytes, expected| {
            // SAFETY: living objects.
            assert_eq!(unsafe { b::CkBinData_AppendBd(bytes.h(), bytes.h()) }, 1);
            expected.extend_from_within(..);
        },
        |bytes, expected| {
            // SAFETY: a living object.
            assert_eq!(unsafe { b::CkBinData_SecureClear(bytes.h()) }, 1);
            expected.clear();
        },
        |bytes, expected| {
            assert!(bytes.clear());
            expected.clear();
        },
    ];
    let (_server, ws) = scripted(&[Send(flood()), Close]);
    let neighbour = Bytes::new();
    for n in (0..COUNT).step_by(4) {
        let bytes = Bytes::new();
        let mut expected = message(n);
        take(&ws, &bytes);
        assert!(neighbour.clear());
        take(&ws, &neighbour);
        let [first, second] = [n, n / 6].map(|n| changes[n / 4 % changes.len()]);
        first(&bytes, &mut expected);
        second(&bytes, &mut expected);
        assert_eq!(in_place(&bytes), expected);
        // Appended to what is there, and to what is lent.
        for m in [n + 2, n + 3] {
            take(&ws, &bytes);
            expected.extend(message(m));
        }
        assert_eq!(bytes.to_vec(), expected);
        assert_eq!(neighbour.to_vec(), message(n + 1));
    }
}

/// It may go back while the next messages come, from another thread too.
#[test]
fn an_object_may_be_disposed_in_another_thread() {
    let (_server, ws) = scripted(&[Send(flood()), Close]);
    let (give, taken) = std::sync::mpsc::sync_channel::<(usize, Bytes)>(16);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for (n, bytes) in taken {
                assert_eq!(bytes.to_vec(), message(n));
            }
        });
        for n in 0..COUNT {
            let bytes = Bytes::new();
            take(&ws, &bytes);
            give.send((n, bytes)).unwrap();
        }
        drop(give);
    });
}
