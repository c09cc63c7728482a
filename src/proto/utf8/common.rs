//! Text of the usual scripts, checked with less work than any text.
//!
//! Nearly all text is ASCII or has characters of two and three bytes, few of which are near the
//! ends of their ranges. To know those, three neighbouring bytes and one comparison are enough,
//! in loops that compile to vector instructions. What is not known here may be UTF-8 too.

use std::ops::RangeInclusive;

use multiversion::multiversion;

use super::cut_tail;

/// Bytes looked at side by side.
const LANES: usize = 32;

/// Bytes looked at together: enough that adding up their answer is a small part.
const BLOCK: usize = 8 * LANES;

/// A block after the two bytes before it.
type Window = [u8; 2 + BLOCK];

/// How many bytes at the start of `text` are known to be UTF-8; the last character is whole.
///
/// `text` starts with a character. Not known are Thai, the scripts of India (lead byte E0), N'Ko
/// (DF), emoji (F0), and a text that starts with ED, EE or EF.
#[inline]
pub(super) fn known_len(text: &[u8]) -> usize {
    text.len().checked_sub(size_of::<Window>()).map_or(0, |last| known_len_of_blocks(text, last))
}

/// `last` is where the last window begins.
#[multiversion(targets("x86_64+avx2"))]
fn known_len_of_blocks(text: &[u8], last: usize) -> usize {
    known_len_by_lanes(text, last)
}

// Inlined like those below: what is no part of `known_len_of_blocks` is compiled without AVX2.
#[inline(always)]
fn known_len_by_lanes(text: &[u8], last: usize) -> usize {
    let [first, second, ..] = text else { return 0 };
    if !fits(place(*first, 0, 0)) || !fits(place(*second, *first, 0)) {
        return 0;
    }
    let mut at = 0;
    let end = loop {
        let window = text.get(at..).and_then(<[u8]>::first_chunk);
        if !window.is_some_and(|window| window.is_ascii() || is_known(window)) {
            break at + 2;
        }
        if at == last {
            break text.len();
        }
        // The last window ends with the text; it may look again at bytes of the one before.
        at = (at + BLOCK).min(last);
    };
    end - cut_tail(text.split_at(end).0)
}

/// Where a byte stands among what the two before it ask for: in [`FITS`] when it does.
///
/// Each byte is judged as if those before it fitted, which is so when all fit. `need` is 0 when
/// they ask for no continuation. Right after a lead byte it is lead - BF: 1 and 2 are C0 and C1,
/// which are never valid. Two after DF or higher it is lead - DE: 1 is DF, which asks for one
/// continuation only, and 2 is E0. With a need of 1 or 2 neither kind of byte fits. F0 and higher
/// fail at the byte after them (31 hex and more), so that nothing later counts.
#[inline(always)]
fn place(byte: u8, before: u8, before_that: u8) -> u8 {
    let need = before.saturating_sub(0xBF).wrapping_add(before_that.saturating_sub(0xDE));
    // What continues nothing is complemented, so that one range holds both kinds that fit.
    let starts = if byte.cast_signed() > 0xBF_u8.cast_signed() { 0xFF } else { 0 };
    need.wrapping_add(0x7E) ^ starts
}

/// A need of 0 and no continuation, or one of 3 to 2D: up to lead byte EC.
const FITS: RangeInclusive<u8> = 0x81..=0xAB;

/// Also a need of 2E to 30, lead bytes ED to EF.
const FITS_UNLESS_SURROGATE: RangeInclusive<u8> = 0x81..=0xAE;

#[inline(always)]
fn fits(place: u8) -> bool {
    FITS.contains(&place)
}

#[inline(always)]
fn is_known(window: &Window) -> bool {
    let (mut lowest, mut highest) = ([u8::MAX; LANES], [0; LANES]);
    let neighbours = lanes(window, 2).zip(lanes(window, 1)).zip(lanes(window, 0));
    for ((bytes, before), before_that) in neighbours {
        for lane in 0..LANES {
            let place = place(bytes[lane], before[lane], before_that[lane]);
            lowest[lane] = lowest[lane].min(place);
            highest[lane] = highest[lane].max(place);
        }
    }
    let (mut fit, mut may_be_surrogate) = (true, false);
    for (low, high) in lowest.iter().zip(&highest) {
        fit &= (low >= FITS.start()) & (high <= FITS_UNLESS_SURROGATE.end());
        may_be_surrogate |= high > FITS.end();
    }
    fit && !(may_be_surrogate && has_surrogate(window))
}

#[inline(always)]
fn lanes(window: &Window, from: usize) -> impl Iterator<Item = &[u8; LANES]> {
    window.split_at(from).1.as_chunks().0.iter()
}

/// Whether the window has the start of a surrogate, D800 to DFFF. In this form it is vectorised.
#[inline(always)]
fn has_surrogate(window: &Window) -> bool {
    let pairs = window.iter().zip(window.split_at(1).1);
    pairs.fold(false, |found, (lead, next)| found | ((*lead == 0xED) & (*next > 0x9F)))
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    /// With what this processor has, which must be as without.
    fn known_len(text: &[u8]) -> usize {
        let known = super::known_len(text);
        if let Some(last) = text.len().checked_sub(size_of::<Window>()) {
            assert_eq!(known_len_by_lanes(text, last), known, "without AVX2");
        }
        known
    }

    /// The ends of the ranges that the UTF-8 of RFC 3629 tells apart, and their neighbours.
    const ENDS: [u8; 24] = [
        0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xE2,
        0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5, 0xFF,
    ];

    /// Valid, and known also at the start of a text.
    fn is_usual(text: &[u8]) -> bool {
        std::str::from_utf8(text).is_ok_and(|text| {
            text.chars().all(|c| !matches!(c, '\u{7C0}'..='\u{FFF}' | '\u{10000}'..))
        })
    }

    #[test]
    fn r38_sequences_at_the_ends_of_the_ranges_are_judged_as_by_std() {
        // The start of a text, the end of a block and the end of the text.
        for at in [2, BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 96] {
            let mut text = vec![b'.'; 2 * BLOCK + 100];
            for n in 0..ENDS.len().pow(4) {
                let digit = |power: u32| ENDS[n / ENDS.len().pow(power) % ENDS.len()];
                let bytes = [digit(3), digit(2), digit(1), digit(0)];
                text[at..at + 4].copy_from_slice(&bytes);
                let known = known_len(&text);
                assert!(
                    std::str::from_utf8(&text[..known]).is_ok(),
                    "{known} bytes known with {bytes:02x?} at {at}"
                );
                if is_usual(&bytes) {
                    assert_eq!(known, text.len(), "{bytes:02x?} at {at}");
                }
            }
        }
    }

    #[test]
    fn r38_a_fault_is_seen_wherever_it_is() {
        let faults: [&[u8]; 9] = [
            &[0x80],
            &[0xC1, 0x80],
            &[0xD0],
            &[0xE0, 0x80, 0x80],
            &[0xE4, 0xB8],
            &[0xE4, 0xB8, 0x96, 0x80],
            &[0xED, 0xA0, 0x80],
            &[0xF0, 0x80, 0x80, 0x80],
            &[0xFF],
        ];
        for fault in faults {
            for at in 0..2 * BLOCK + 90 {
                let mut text = vec![b'.'; 2 * BLOCK + 96];
                text[at..at + fault.len()].copy_from_slice(fault);
                let known = known_len(&text);
                let end = at + fault.len();
                assert!(known < end, "{known} bytes known with {fault:02x?} at {at}");
            }
        }
    }

    #[test]
    fn the_blocks_before_an_unknown_one_are_known() {
        let mut text = vec![b'.'; 3 * BLOCK + 2];
        text[3 * BLOCK + 1] = 0x80;
        assert_eq!(known_len(&text), 2 * BLOCK + 2);
    }

    #[test]
    fn r38_the_first_bytes_are_judged_as_by_std() {
        let mut text: Vec<u8> = iter::repeat_n(b'.', 2 * BLOCK).collect();
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                text[..2].copy_from_slice(&[first, second]);
                let known = known_len(&text);
                assert!(std::str::from_utf8(&text[..known]).is_ok(), "{first:02x} {second:02x}");
                assert_eq!(known == text.len(), is_usual(&text[..2]), "{first:02x} {second:02x}");
            }
        }
    }

    #[test]
    fn r38_surrogates_are_found_wherever_and_however_many_they_are() {
        // Every lane of the blocks has a lead byte ED.
        let valid = ["...", &"\u{D55C}".repeat(BLOCK)].concat().into_bytes();
        assert_eq!(known_len(&valid), valid.len());
        for surrogates in [1..2, 0..2, 0..3, 20..80, 80..82] {
            let mut text = valid.clone();
            for at in surrogates.clone() {
                text[3 * at..][..3].copy_from_slice(&[0xED, 0xA0, 0x80]);
            }
            assert!(known_len(&text) <= 3 * surrogates.start, "{surrogates:?}");
        }
    }

    #[test]
    fn the_usual_scripts_are_known_and_the_others_left() {
        let known = |text: &str| known_len(text.repeat(40).as_bytes()) == 40 * text.len();
        for text in [
            "All of it is ASCII, as in a protocol.",
            "Zwölf große Boxkämpfer jagen Viktor – quer über den Deich.",
            "Съешь же ещё этих мягких французских булок.",
            "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
            "דג סקרן שט בים מאוכזב.",
            "نص حكيم له سر قاطع وذو شأن.",
            "千字文：天地玄黃，宇宙洪荒。",
            "いろはにほへと　ちりぬるを「カタカナ」",
            "다람쥐 헌 쳇바퀴에 타고파 하하.",
            "Tiếng Việt là ngôn ngữ của người Việt.",
            "ქართული ენა",
        ] {
            assert!(known(text), "{text}");
        }
        for text in ["เป็นมนุษย์", "नमस्ते दुनिया", "ߒߞߏ", "a smile \u{1F600}"]
        {
            assert!(!known(text), "{text}");
        }
    }

    #[test]
    fn a_character_that_is_cut_is_left() {
        let text = "я".repeat(BLOCK);
        for cut in [&text.as_bytes()[..2 * BLOCK - 1], &text.as_bytes()[..2 * BLOCK - 3]] {
            assert_eq!(known_len(cut), cut.len() - 1);
        }
        let text = "世".repeat(BLOCK);
        assert_eq!(known_len(&text.as_bytes()[..3 * BLOCK - 1]), 3 * BLOCK - 3);
    }

    #[test]
    fn what_is_shorter_than_a_block_is_left() {
        let text: Vec<u8> = iter::repeat_n(b'a', BLOCK + 2).collect();
        assert_eq!(known_len(&text), BLOCK + 2);
        assert_eq!(known_len(&text[1..]), 0);
        assert_eq!(known_len(&[]), 0);
    }
}
