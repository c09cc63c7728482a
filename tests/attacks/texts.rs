//! Text, good and bad, cut anywhere into frames. R-38; list F: 11.

use openck_test_support::script::Action::{Send, Stall};
use openck_test_support::wire::{frame, opcode};

use crate::common::scripted;
use crate::hostile::Sessions;
use crate::measure::Turn;
use crate::tables::{INVALID, TRUNCATED, VALID};

/// A text in two frames, the second begins at `cut`.
fn in_two(text: &[u8], cut: usize) -> Vec<u8> {
    let (a, b) = text.split_at(cut);
    [frame(false, opcode::TEXT, a), frame(true, opcode::CONTINUATION, b)].concat()
}

/// A frame for each byte.
fn in_bytes(text: &[u8]) -> Vec<u8> {
    let begin = frame(false, opcode::TEXT, b"");
    let bytes = text.iter().map(|byte| frame(false, opcode::CONTINUATION, &[*byte]));
    let end = frame(true, opcode::CONTINUATION, b"");
    [begin].into_iter().chain(bytes).chain([end]).flatten().collect()
}

fn padded(text: &[u8]) -> [Vec<u8>; 2] {
    [text.to_vec(), [&[b'p'; 130], text, b"behind"].concat()]
}

#[test]
fn f11_r38_valid_text_passes_however_it_is_cut() {
    let _turn = Turn::take();
    let (mut script, mut messages) = (Vec::new(), Vec::new());
    for text in VALID.iter().flat_map(|text| padded(text)) {
        script.extend(frame(true, opcode::TEXT, &text));
        (0..=text.len()).for_each(|cut| script.extend(in_two(&text, cut)));
        script.extend(in_bytes(&text));
        messages.extend(vec![text.clone(); 1 + text.len() + 1 + 1]);
    }
    let (_server, ws) = scripted(&[Send(script), Stall]);
    for text in messages {
        while ws.read() && !ws.is_final() {}
        assert_eq!(ws.fail_reason(), 0, "{text:x?}: {}", ws.error());
        assert_eq!(ws.bytes(), text);
    }
}

#[test]
fn f11_r38_invalid_text_fails_however_it_is_cut() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    let refuse = |text: &[u8], script: Vec<u8>| {
        // Not even the end of the message is needed.
        let ws = sessions.open(script);
        sessions.expect_refusal(&ws, &format!("{text:x?}"), 1007);
    };
    let refuse_all = |text: &[u8]| {
        refuse(text, frame(true, opcode::TEXT, text));
        (0..=text.len()).for_each(|cut| refuse(text, in_two(text, cut)));
        if text.len() < 8 {
            refuse(text, in_bytes(text));
        }
    };
    INVALID.iter().for_each(|(text, _)| refuse_all(text));
    TRUNCATED.iter().for_each(|text| refuse_all(text));
    for text in INVALID.iter().map(|(text, _)| padded(text)[1].clone()) {
        refuse(&text, frame(true, opcode::TEXT, &text));
    }
}

/// at the byte that proves it, while the frame goes on.
#[test]
fn f11_r38_invalid_text_fails_inside_an_unfinished_frame() {
    let _turn = Turn::take();
    let sessions = Sessions::new();
    for (text, certain) in INVALID {
        let begun = [&[0x81, 126, 1, 0][..], &text[..*certain]].concat();
        let ws = sessions.open(begun);
        sessions.expect_refusal(&ws, &format!("{text:x?}"), 1007);
    }
}
