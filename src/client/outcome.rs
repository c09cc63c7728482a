//! The outcome of this thread's last call on each object.
//!
//! One thread's calls must not change what another thread reads about its own (DESIGN: handles).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::client::report::Report;

/// What this thread's last call on an object came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) method: &'static str,
    pub(crate) success: bool,
    pub(crate) report: Option<Report>,
}

/// Identifies an object for as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct Identity(Arc<u8>);

impl Identity {
    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

struct Entry {
    object: Weak<u8>,
    outcome: Outcome,
}

#[derive(Default)]
struct Outcomes {
    entries: HashMap<usize, Entry>,
    sweep_at: usize,
}

/// A success that is newer than what the entry of its object says; key 0 is none.
#[derive(Clone, Copy)]
struct Success {
    key: usize,
    method: &'static str,
}

const NO_SUCCESS: Success = Success { key: 0, method: "" };
/// Two objects are usual in a loop: a WebSocket and its BinData.
const RECENT: usize = 8;

thread_local! {
    static OUTCOMES: RefCell<Outcomes> = RefCell::default();
    /// The latest successes, by a part of the key: noting another of the same object is two stores.
    /// Each has an entry in `OUTCOMES`.
    static RECENT_SUCCESSES: [Cell<Success>; RECENT] =
        const { [const { Cell::new(NO_SUCCESS) }; RECENT] };
}

/// Notes that `method` succeeded for this thread; a thread that is ending notes nothing.
#[inline]
pub(crate) fn succeeded(object: &Identity, method: &'static str) {
    let key = object.key();
    let noted = recent(key, |success| {
        let same = success.get().key == key;
        if same {
            success.set(Success { key, method });
        }
        same
    });
    if !noted {
        succeeded_anew(object, method);
    }
}

#[cold]
fn succeeded_anew(object: &Identity, method: &'static str) {
    update(object, |outcome| *outcome = Outcome { method, success: true, report: None });
    let key = object.key();
    let former = recent(key, |success| success.replace(Success { key, method }));
    with_outcomes(|outcomes| outcomes.settle(former));
}

/// Changes this thread's outcome for `object`; a thread that is ending has none.
pub(crate) fn update(object: &Identity, change: impl FnOnce(&mut Outcome)) {
    let key = object.key();
    let former = recent(key, |success| match success.get().key == key {
        true => success.replace(NO_SUCCESS),
        false => NO_SUCCESS,
    });
    with_outcomes(|outcomes| {
        outcomes.settle(former);
        change(outcomes.entry(object));
    });
}

/// This thread's outcome for `object`, if it made a call on it.
pub(crate) fn get(object: &Identity) -> Option<Outcome> {
    let key = object.key();
    let success = recent(key, Cell::get);
    if success.key == key {
        return Some(Outcome { method: success.method, success: true, report: None });
    }
    with_outcomes(|outcomes| Some(outcomes.entries.get(&key)?.outcome.clone())).flatten()
}

#[inline]
fn recent<R>(key: usize, f: impl FnOnce(&Cell<Success>) -> R) -> R {
    // Identities are allocated: their lowest bits are all alike.
    let place = (key >> 5) % RECENT;
    // `place` is less than the length.
    #[allow(clippy::indexing_slicing)]
    RECENT_SUCCESSES.with(|successes| f(&successes[place]))
}

fn with_outcomes<R>(f: impl FnOnce(&mut Outcomes) -> R) -> Option<R> {
    OUTCOMES.try_with(|cell| cell.try_borrow_mut().ok().map(|mut all| f(&mut all))).ok().flatten()
}

impl Outcomes {
    /// Enters a success that leaves the recent ones.
    fn settle(&mut self, success: Success) {
        if let Some(entry) = self.entries.get_mut(&success.key) {
            entry.outcome = Outcome { method: success.method, success: true, report: None };
        }
    }

    fn entry(&mut self, object: &Identity) -> &mut Outcome {
        self.sweep();
        let entry = self.entries.entry(object.key()).or_insert_with(|| Entry {
            object: Arc::downgrade(&object.0),
            outcome: Outcome::default(),
        });
        &mut entry.outcome
    }

    /// Forgets disposed objects whenever the number kept has doubled. Their keys may come again.
    fn sweep(&mut self) {
        if self.entries.len() < self.sweep_at {
            return;
        }
        self.entries.retain(|key, entry| {
            let lives = entry.object.strong_count() > 0;
            if !lives {
                recent(*key, |success| {
                    if success.get().key == *key {
                        success.set(NO_SUCCESS);
                    }
                });
            }
            lives
        });
        self.sweep_at = (self.entries.len() * 2).max(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
