//! Sequences of calls of the exported functions.

use std::sync::Once;

use crate::abi_common::CLASSES;
use crate::abi_common::fuzz::{Choices, Fuzz, Objects, tidy_files};
use crate::input::Input;
use crate::static_calls::CALLS;

impl Choices for Input<'_> {
    fn below(&mut self, end: usize) -> usize {
        Input::below(self, end)
    }
}

/// Calls in any order with good and bad arguments: nothing crashes or panics, every text is valid,
/// and a text that was returned is still there after the next call. R-60.
///
/// A panic inside the library is caught at its border: the caller must count panics by a hook.
pub fn abi_calls(data: &[u8]) {
    in_a_folder_of_its_own();
    let mut fuzz = Fuzz::new(Input::new(data), Objects::new(CLASSES));
    while !fuzz.choices.is_empty() {
        if fuzz.choices.flag() {
            fuzz.call_dynamic();
        } else {
            fuzz.call_static(CALLS);
        }
        fuzz.tidy();
    }
    fuzz.objects.dispose();
    tidy_files();
}

/// A file that a random call writes must not lie anywhere else.
fn in_a_folder_of_its_own() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let folder = std::env::current_exe().unwrap().with_extension("calls");
        std::fs::create_dir_all(&folder).unwrap();
        std::env::set_current_dir(folder).unwrap();
    });
}
