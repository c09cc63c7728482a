//! The places of handles are reused late, in the order in which they became free, and never with
//! the same handle. Alone in its program, because other tests would take places too.

mod abi_common;

use abi_common::{Object, dynamic};
use openck::abi::Value;
use std::collections::HashSet;

/// The place in the table that a handle names.
#[cfg(target_pointer_width = "64")]
fn place(handle: usize) -> usize {
    handle >> 16 & 0xFF_FFFF
}
/// The place in the table that a handle names.
#[cfg(target_pointer_width = "32")]
fn place(handle: usize) -> usize {
    handle >> 8 & 0x3FFF
}

#[test]
fn places_are_reused_in_order_with_a_new_generation() {
    let handles: Vec<usize> = (0..5000).map(|_| Object::new("BinData").number()).collect();
    let first_reuse = (0..handles.len())
        .find(|n| handles[..*n].iter().any(|earlier| place(*earlier) == place(handles[*n])))
        .unwrap_or(handles.len());
    assert!((1024..2048).contains(&first_reuse), "the first was reused after {first_reuse}");
    // From then on the one that has been free for longest is taken.
    for (n, handle) in handles.iter().enumerate().skip(first_reuse) {
        assert_eq!(place(*handle), place(handles[n - first_reuse]), "object {n}");
    }
    assert_eq!(handles.iter().collect::<HashSet<_>>().len(), handles.len(), "a handle came twice");
    let current = Object::new("BinData");
    for stale in handles.iter().filter(|stale| **stale != current.number()) {
        assert_eq!(dynamic::invoke(*stale, "BinData", "Clear", &[]), Value::Bool(false));
    }
    assert_eq!(dynamic::invoke(current.number(), "BinData", "Clear", &[]), Value::Bool(true));
}
