//! Masking, RFC 6455 5.3.

use openck::proto::frame::{self, Opcode};
use openck::proto::mask::copy_masked;

use crate::input::Input;
use crate::proto_support::{Sent, sent};

/// Masking is that of the naive loop at any length and place in memory, appends only, undoes
/// itself, and a masked frame reads back. R-21.
pub fn mask(data: &[u8]) {
    let mut input = Input::new(data);
    let key: [u8; 4] = std::array::from_fn(|_| input.byte());
    let (times, skip, before) = (1 + input.below(64), input.below(8), input.below(8));
    let payload = input.rest().repeat(times);
    let payload = payload.get(skip..).unwrap_or_default();

    let mut out = vec![0x5a; before];
    copy_masked(&mut out, payload, key);
    let mut naive = vec![0x5a; before];
    for (at, byte) in payload.iter().enumerate() {
        naive.push(byte ^ key[at % 4]);
    }
    assert_eq!(out, naive);

    let mut back = Vec::new();
    copy_masked(&mut back, &out[before..], key);
    assert_eq!(back, payload);

    let mut frame = Vec::new();
    frame::write(&mut frame, Opcode::Binary, true, payload, key);
    let form = [1, 3, 9][usize::from(payload.len() > 125) + usize::from(payload.len() > 65535)];
    assert_eq!(sent(&frame), [Sent { first: 0x82, form, key, payload: payload.to_vec() }]);
}
