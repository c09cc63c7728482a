//! Text of the usual scripts, checked with less work than any text.
//!
//! Nearly all text is ASCII or has characters of two and three bytes, few of which are near the
//! ends of their ranges. To know those, three neighbouring bytes and one comparison are enough,
//! in loops that compile to vector instructions. What is not known here may be UTF-8 too.

use std::ops::RangeInclusive;

use multiversion::multiversion;

use super::ascii::is_ascii;
use super::cut_tail;

/// Bytes looked at side by side.
const LANES: usize = 64;

/// Bytes looked at before their answer is asked for: enough that this is a small part, few enough
/// that little is lost where the text is of another kind.
const STEP: usize = 16 * LANES;

/// How many bytes at the start of `text` are known to be UTF-8; the last character is whole.
///
/// `text` starts with a character. Not known are Thai, the scripts of India (lead byte E0), N'Ko
/// (DF), emoji (F0), a text that starts with ED, EE or EF, and one shorter than 66 bytes.
#[inline]
pub(super) fn known_len(text: &[u8]) -> usize {
    let Some(last) = text.len().checked_sub(2 + LANES) else { return 0 };
    if !starts_known(text) {
        return 0;
    }
    let mut at = 0;
    while at + 2 < text.len() {
        // The last window is what is left; a short one looks again at bytes of the one before.
        let from = at.min(last);
        let rest = text.split_at(from).1;
        let window = rest.get(..2 + STEP).unwrap_or(rest);
        // The first seldom is ASCII: who asks mostly has looked at the whole text before.
        let known = (from > 0 && is_ascii(window)) || fit(window, places(window));
        if !known {
            break;
        }
        at = from + window.len() - 2;
    }
    let fits = text.split_at(at + 2).0;
    fits.len() - cut_tail(fits)
}

/// Whether the first two bytes, which have no two before them, fit; they are no window's bytes.
#[inline]
pub(super) fn starts_known(text: &[u8]) -> bool {
    let [first, second, ..] = text else { return false };
    !is_continuation(*first) && FITS.contains(&place(*second, *first, 0))
}

/// Where a byte stands among what the two before it ask for: in [`FITS`] when it does.
///
/// Each byte is judged as if those before it fitted, which is so when all fit; then one of them at
/// most asks. Their sum is BF + DE when none does, 9D in a byte. It is more by lead - BF right after
/// a lead byte: by 1 and 2 after C0 and C1, which are never valid. And it is more by lead - DE two
/// after DF or higher: by 1 after DF, which asks for one continuation only, and by 2 after E0. With 1
/// and 2 more neither kind of byte fits. F0 and higher fail at the byte after them (31 hex more and
/// up), so that nothing later counts.
#[inline(always)]
pub(super) fn place(byte: u8, before: u8, before_that: u8) -> u8 {
    // On x86 a maximum reads its operand from memory; a saturating difference would need a load.
    let asked = before.max(0xBF).wrapping_add(before_that.max(0xDE));
    // What continues nothing is complemented, so that one range holds both kinds that fit.
    let starts = if is_continuation(byte) { 0 } else { 0xFF };
    asked.wrapping_sub(0x1F) ^ starts
}

#[inline(always)]
fn is_continuation(byte: u8) -> bool {
    byte.cast_signed() < 0xC0_u8.cast_signed()
}

/// Nothing is asked and the byte continues nothing, or 3 to 2D more and it does: up to lead byte EC.
const FITS: RangeInclusive<u8> = 0x81..=0xAB;

/// Also 2E to 30 more, lead bytes ED to EF.
const FITS_UNLESS_SURROGATE: RangeInclusive<u8> = 0x81..=0xAE;

/// Whether the bytes of a window fit, given the lowest and the highest of their places.
///
/// A window has the two bytes before those that are judged.
#[inline]
pub(super) fn fit(window: &[u8], (lowest, highest): (u8, u8)) -> bool {
    lowest >= *FITS.start()
        && (highest <= *FITS.end()
            || (highest <= *FITS_UNLESS_SURROGATE.end() && !has_surrogate(window)))
}

/// The lowest and the highest place in a window of at least `LANES` bytes after the first two.
#[multiversion(targets("x86_64+avx2"))]
fn places(window: &[u8]) -> (u8, u8) {
    places_by_lanes(window)
}

// Inlined like `place`: what is no part of `places` is compiled without AVX2.
#[inline(always)]
fn places_by_lanes(window: &[u8]) -> (u8, u8) {
    let (mut lowest, mut highest) = ([u8::MAX; LANES], [0; LANES]);
    let mut take = |bytes: &[u8; LANES], before: &[u8; LANES], before_that: &[u8; LANES]| {
        for lane in 0..LANES {
            let place = place(bytes[lane], before[lane], before_that[lane]);
            lowest[lane] = lowest[lane].min(place);
            highest[lane] = highest[lane].max(place);
        }
    };
    // Cut like this the three are known to be of one length, which is checked once.
    let ([_, _, bytes @ ..], [_, before @ .., _], [before_that @ .., _, _]) =
        (window, window, window)
    else {
        return (0, 0);
    };
    let chunks =
        bytes.as_chunks().0.iter().zip(before.as_chunks().0).zip(before_that.as_chunks().0);
    for ((bytes, before), before_that) in chunks {
        take(bytes, before, before_that);
    }
    // The last lanes may be looked at twice.
    if let Some(bytes) = bytes.last_chunk()
        && let Some(before) = before.last_chunk()
        && let Some(before_that) = before_that.last_chunk()
    {
        take(bytes, before, before_that);
    }
    (lowest.into_iter().fold(u8::MAX, u8::min), highest.into_iter().fold(0, u8::max))
}

/// Whether the window has the start of a surrogate, D800 to DFFF. In this form it is vectorised.
///
/// Not inlined, as few texts have characters from D000 on.
#[inline(never)]
fn has_surrogate(window: &[u8]) -> bool {
    let pairs = window.iter().zip(window.split_at(1).1);
    pairs.fold(false, |found, (lead, next)| found | ((*lead == 0xED) & (*next > 0x9F)))
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    /// With what this processor has, which must be as without.
    fn known_len(text: &[u8]) -> usize {
        if text.len() >= 2 + LANES {
            assert_eq!(places(text), places_by_lanes(text), "without AVX2");
        }
        super::known_len(text)
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
        // The start of a text, the end of a window and the end of the text.
        for at in [2, STEP - 1, STEP + 1, STEP + 96] {
            let mut text = vec![b'.'; STEP + 100];
            for n in 0..ENDS.len().pow(4) {
                let digit = |power: u32| ENDS[n / ENDS.len().pow(power) % ENDS.len()];
                let bytes = [digit(3), digit(2), digit(1), digit(0)];
                text[at..at + 4].copy_from_slice(&bytes);
                let known = super::known_len(&text);
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
            for at in 0..STEP + 90 {
                let mut text = vec![b'.'; STEP + 96];
                text[at..at + fault.len()].copy_from_slice(fault);
                let known = known_len(&text);
                let end = at + fault.len();
                assert!(known < end, "{known} bytes known with {fault:02x?} at {at}");
            }
        }
    }

    #[test]
    fn the_windows_before_an_unknown_one_are_known() {
        let mut text = vec![b'.'; 3 * STEP + 2];
        text[3 * STEP + 1] = 0x80;
        assert_eq!(known_len(&text), 2 * STEP + 2);
    }

    #[test]
    fn r38_the_first_bytes_are_judged_as_by_std() {
        let mut text: Vec<u8> = iter::repeat_n(b'.', 2 * LANES).collect();
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
        // Every lane has a lead byte ED.
        let valid = ["...", &"\u{D55C}".repeat(STEP)].concat().into_bytes();
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
        let text = "я".repeat(STEP);
        for cut in [&text.as_bytes()[..2 * STEP - 1], &text.as_bytes()[..2 * STEP - 3]] {
            assert_eq!(known_len(cut), cut.len() - 1);
        }
        let text = "世".repeat(STEP);
        assert_eq!(known_len(&text.as_bytes()[..3 * STEP - 1]), 3 * STEP - 3);
    }

    #[test]
    fn what_is_shorter_than_the_lanes_is_left() {
        let text: Vec<u8> = iter::repeat_n(b'a', LANES + 2).collect();
        assert_eq!(known_len(&text), LANES + 2);
        assert_eq!(known_len(&text[1..]), 0);
        assert_eq!(known_len(&[]), 0);
    }
}
