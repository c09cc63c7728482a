//! The outcome of this thread's last call on each object.
//!
//! One thread's calls must not change what another thread reads about its own (DESIGN: handles).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use crate::client::report::Report;
use crate::sync::thread::{Note, with_note};

/// What this thread's last call on an object came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) method: &'static str,
    pub(crate) success: bool,
    pub(crate) report: Option<Report>,
}

impl Outcome {
    fn success(method: &'static str) -> Self {
        Self { method, success: true, report: None }
    }
}

/// Identifies an object for as long as it lives: by a number, counted up.
#[derive(Debug)]
pub(crate) struct Identity {
    key: usize,
    /// Ends with the object; each thread's table looks at it.
    life: Arc<()>,
}

impl Default for Identity {
    fn default() -> Self {
        static LAST: AtomicUsize = AtomicUsize::new(0);
        // 0 is no object.
        let key = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        Self { key, life: Arc::new(()) }
    }
}

struct Entry {
    object: Weak<()>,
    outcome: Outcome,
}

#[derive(Default)]
struct Outcomes {
    entries: HashMap<usize, Entry>,
    sweep_at: usize,
}

thread_local! {
    static OUTCOMES: RefCell<Outcomes> = RefCell::default();
}

/// Notes that `method` succeeded for this thread; a thread that is ending notes nothing.
///
/// The note of a success is newer than the entry of its object, which exists: another success of the
/// same object costs two stores.
#[inline]
pub(crate) fn succeeded(object: &Identity, method: &'static str) {
    let key = object.key;
    let noted = with_note(key, |note| {
        let same = note.get().key == key;
        if same {
            note.set(Note { key, text: method });
        }
        same
    });
    if !noted {
        succeeded_anew(object, method);
    }
}

#[cold]
fn succeeded_anew(object: &Identity, method: &'static str) {
    if !update(object, |outcome| *outcome = Outcome::success(method)) {
        return;
    }
    let key = object.key;
    let former = with_note(key, |note| note.replace(Note { key, text: method }));
    with_outcomes(|outcomes| outcomes.settle(former));
}

/// Changes this thread's outcome for `object`; false in a thread that is ending, which has none.
pub(crate) fn update(object: &Identity, change: impl FnOnce(&mut Outcome)) -> bool {
    let note = take_note(object.key);
    with_outcomes(|outcomes| {
        outcomes.settle(note);
        change(outcomes.entry(object));
    })
    .is_some()
}

/// This thread's outcome for `object`, if it made a call on it.
pub(crate) fn get(object: &Identity) -> Option<Outcome> {
    let key = object.key;
    let note = with_note(key, Cell::get);
    if note.key == key {
        return Some(Outcome::success(note.text));
    }
    with_outcomes(|outcomes| Some(outcomes.entries.get(&key)?.outcome.clone())).flatten()
}

/// Removes the note about `key`, if there is one.
fn take_note(key: usize) -> Note {
    with_note(key, |note| match note.get().key == key {
        true => note.replace(Note::NONE),
        false => Note::NONE,
    })
}

fn with_outcomes<R>(f: impl FnOnce(&mut Outcomes) -> R) -> Option<R> {
    OUTCOMES.try_with(|cell| cell.try_borrow_mut().ok().map(|mut all| f(&mut all))).ok().flatten()
}

impl Outcomes {
    /// Enters a success whose note goes.
    fn settle(&mut self, note: Note) {
        if let Some(entry) = self.entries.get_mut(&note.key) {
            entry.outcome = Outcome::success(note.text);
        }
    }

    fn entry(&mut self, object: &Identity) -> &mut Outcome {
        self.sweep();
        let entry = self.entries.entry(object.key).or_insert_with(|| Entry {
            object: Arc::downgrade(&object.life),
            outcome: Outcome::default(),
        });
        &mut entry.outcome
    }

    /// Forgets disposed objects whenever the number kept has doubled.
    fn sweep(&mut self) {
        if self.entries.len() < self.sweep_at {
            return;
        }
        self.entries.retain(|key, entry| {
            let lives = entry.object.strong_count() > 0;
            if !lives {
                take_note(*key);
            }
            lives
        });
        self.sweep_at = (self.entries.len() * 2).max(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::thread::NOTES;

    #[test]
    fn each_object_keeps_its_own_outcome() {
        let objects: Vec<Identity> = (0..100).map(|_| Identity::default()).collect();
        for (n, object) in objects.iter().enumerate() {
            update(object, |outcome| outcome.success = n % 2 == 0);
        }
        for (n, object) in objects.iter().enumerate() {
            assert_eq!(get(object).map(|o| o.success), Some(n % 2 == 0), "object {n}");
        }
    }

    #[test]
    fn the_objects_of_a_program_have_notes_of_their_own() {
        let objects = [Identity::default(), Identity::default()];
        for _ in 0..2 {
            objects.iter().for_each(|object| succeeded(object, "Method"));
        }
        // Other tests may count meanwhile, in threads of their own.
        let [a, b] = objects.map(|object| object.key);
        let noted = |key| with_note(key, |note| note.get().key == key);
        assert!(a < b && (noted(a) && noted(b) || (b - a) % NOTES == 0));
    }

    #[test]
    fn another_thread_has_none() {
        let object = Arc::new(Identity::default());
        update(&object, |outcome| outcome.success = true);
        let other = Arc::clone(&object);
        let seen = std::thread::spawn(move || get(&other).is_some()).join();
        assert!(matches!(seen, Ok(false)));
    }

    #[test]
    fn disposed_objects_are_forgotten() {
        for _ in 0..10_000 {
            update(&Identity::default(), |outcome| outcome.success = true);
        }
        OUTCOMES.with(|cell| assert!(cell.borrow().entries.len() <= 200));
    }
}
