//! Long text that is checked while it is masked, so that its memory is gone through once.

use multiversion::multiversion;

use super::ascii::is_ascii;
use super::common::{fit, place, starts_known};
use super::{Invalid, cut_tail, split_stretch};
use crate::proto::mask;

/// Bytes looked at together.
const PIECE: usize = 1024;

/// A piece after the two bytes before it.
const WINDOW: usize = 2 + PIECE;

/// Appends `text` XOR `key`. Fails when it is not UTF-8; a part may be appended then.
pub fn copy_masked(out: &mut Vec<u8>, text: &[u8], key: [u8; 4]) -> Result<(), Invalid> {
    out.reserve(text.len());
    let key_at = |offset: usize| {
        let mut key = key;
        key.rotate_left(offset % 4);
        key
    };
    let mut at = 0;
    while at < text.len() {
        let rest = text.split_at(at).1;
        let masked = copy_known(out, rest, key_at(at));
        let (known, _) = rest.split_at(masked);
        // A stretch begins with a character, of which some bytes may be masked already.
        let cut = cut_tail(known);
        let (stretch, _) = split_stretch(rest.split_at(masked - cut).1);
        if simdutf8::basic::from_utf8(stretch).is_err() {
            return Err(Invalid);
        }
        mask::copy_masked(out, stretch.split_at(cut).1, key_at(at + masked));
        at += masked - cut + stretch.len();
    }
    Ok(())
}

/// Appends as many bytes from the start of `text` as are known to fit, XOR `key`; how many.
#[multiversion(targets("x86_64+avx2"))]
fn copy_known(out: &mut Vec<u8>, text: &[u8], key: [u8; 4]) -> usize {
    copy_known_pieces(out, text, key)
}

// Inlined, as `copy_piece` is: what is no part of `copy_known` is compiled without AVX2.
#[inline(always)]
fn copy_known_pieces(out: &mut Vec<u8>, text: &[u8], key: [u8; 4]) -> usize {
    if !starts_known(text) {
        return 0;
    }
    // The first two are judged. Behind them and the 14 bytes of a large frame's header, memory is
    // aligned, which matters more than anything else here.
    mask::copy_masked(out, text.split_at(2).0, key);
    let [a, b, c, d] = key;
    let key = [c, d, a, b];
    let keys = [key; PIECE / 4];
    let mut all_ascii = true;
    let mut at = 0;
    while let Some(window) = text.get(at..).and_then(<[u8]>::first_chunk::<WINDOW>) {
        let end = out.len();
        all_ascii = all_ascii && is_ascii(window);
        if all_ascii {
            mask::copy_masked(out, window.split_at(2).1, key);
        } else if !fit(window, copy_piece(out, window, keys.as_flattened())) {
            out.truncate(end);
            break;
        }
        at += PIECE;
    }
    at + 2
}

/// Appends a piece, and tells the lowest and the highest place in it.
#[inline(always)]
fn copy_piece(out: &mut Vec<u8>, window: &[u8; WINDOW], keys: &[u8]) -> (u8, u8) {
    let (mut lowest, mut highest) = (u8::MAX, 0);
    let neighbours = window.split_at(2).1.iter().zip(window.split_at(1).1).zip(window);
    out.extend(neighbours.zip(keys).map(|(((byte, before), before_that), key)| {
        let place = place(*byte, *before, *before_that);
        lowest = place.min(lowest);
        highest = place.max(highest);
        byte ^ key
    }));
    (lowest, highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x5A, 0x01, 0xC3, 0xFF];

    /// Checks the outcome and what was appended against the standard library and a simple loop.
    fn judge(text: &[u8]) {
        let mut out = b"before".to_vec();
        let valid = std::str::from_utf8(text).is_ok();
        assert_eq!(copy_masked(&mut out, text, KEY).is_ok(), valid, "{} bytes", text.len());
        let masked = out.strip_prefix(b"before").unwrap();
        assert!(!valid || masked.len() == text.len(), "{} of {}", masked.len(), text.len());
        for (at, (masked, byte)) in masked.iter().zip(text).enumerate() {
            assert_eq!(*masked, byte ^ KEY[at % 4], "at {at} of {}", text.len());
        }
        // With what this processor has, which must be as without.
        let (mut with, mut without) = (Vec::new(), Vec::new());
        let known = copy_known(&mut with, text, KEY);
        assert_eq!(known, copy_known_pieces(&mut without, text, KEY));
        assert!(with == without && with.len() == known, "{known} of {}", text.len());
    }

    #[test]
    fn r21_r27_texts_of_any_length_and_script_are_masked() {
        let scripts =
            ["plain ", "\u{fc}", "\u{436}", "\u{4e16}", "\u{d55c}", "\u{e01}", "\u{1f600}"];
        for script in scripts {
            for len in [0, 1, 3, 1000, PIECE + 1, PIECE + 2, PIECE + 3, 2 * PIECE + 2, 9 * PIECE] {
                let text = script.repeat(len.div_ceil(script.len()));
                judge(text.as_bytes());
                judge(["a", &text].concat().as_bytes());
                judge(["ab", &text, "\u{1f600}", &text].concat().as_bytes());
            }
        }
    }

    #[test]
    fn r27_a_fault_is_seen_wherever_it_is() {
        let faults: [&[u8]; 10] = [
            &[0x80],
            &[0xC0, 0x80],
            &[0xC1, b'.'],
            &[0xD0],
            &[0xE0, 0x80, 0x80],
            &[0xE4, 0xB8],
            &[0xED, 0xA0, 0x80],
            &[0xF0, 0x9F, 0x98, b'.'],
            &[0xF4, 0x90, 0x80, 0x80],
            &[0xFF],
        ];
        for (fault, filling) in faults.iter().flat_map(|fault| [(fault, "."), (fault, "\u{436}")]) {
            let filling = filling.repeat(2 * PIECE + 8).into_bytes();
            for at in (0..PIECE + 40).chain(2 * PIECE - 8..filling.len() - fault.len() + 1) {
                let mut text = filling.clone();
                text[at..at + fault.len()].copy_from_slice(fault);
                judge(&text);
            }
        }
    }

    #[test]
    fn r27_sequences_where_pieces_meet_are_judged_as_by_std() {
        const BYTES: [u8; 18] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
            0xEF, 0xF0, 0xF4, 0xF5,
        ];
        // In a text that is known before and after, and in one that begins again in between.
        for before in ["\u{436}", "\u{1f600}"] {
            let mut text = before.repeat(2 * PIECE).into_bytes();
            text.truncate(2 * PIECE + 40);
            for at in [PIECE - 2, PIECE, PIECE + 2] {
                let kept = text.clone();
                for n in 0..BYTES.len().pow(4) {
                    let digit = |power: u32| BYTES[n / BYTES.len().pow(power) % BYTES.len()];
                    text[at..at + 4].copy_from_slice(&[digit(3), digit(2), digit(1), digit(0)]);
                    let mut out = Vec::new();
                    let valid = std::str::from_utf8(&text).is_ok();
                    assert_eq!(copy_masked(&mut out, &text, KEY).is_ok(), valid, "{n} at {at}");
                }
                text = kept;
            }
        }
    }
}
