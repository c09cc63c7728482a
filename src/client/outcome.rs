//! The outcome of this thread's last call on each object.
//!
//! One thread's calls must not change what another thread reads about its own (DESIGN: handles).

use std::cell::RefCell;
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
    /// Two objects are usual in a loop (a WebSocket and its BinData): they skip the hashing.
    recent: Vec<(usize, Entry)>,
    sweep_at: usize,
}

const RECENT: usize = 4;

thread_local! {
    static OUTCOMES: RefCell<Outcomes> = RefCell::default();
}

/// Changes this thread's outcome for `object`; a thread that is ending has none.
#[inline]
pub(crate) fn update(object: &Identity, change: impl FnOnce(&mut Outcome)) {
    let _ = OUTCOMES.try_with(|cell| {
        if let Ok(mut outcomes) = cell.try_borrow_mut() {
            change(outcomes.entry(object));
        }
    });
}

/// This thread's outcome for `object`, if it made a call on it.
pub(crate) fn get(object: &Identity) -> Option<Outcome> {
    OUTCOMES.try_with(|cell| cell.try_borrow().ok()?.find(object.key()).cloned()).ok().flatten()
}

impl Outcomes {
    fn find(&self, key: usize) -> Option<&Outcome> {
        let recent = self.recent.iter().find(|(k, _)| *k == key).map(|(_, entry)| entry);
        recent.or_else(|| self.entries.get(&key)).map(|entry| &entry.outcome)
    }

    #[inline]
    fn entry(&mut self, object: &Identity) -> &mut Outcome {
        let key = object.key();
        let at = match self.recent.iter().position(|(k, _)| *k == key) {
            Some(at) => at,
            None => self.recall(key, object),
        };
        // `recall` returns an index into `recent`.
        #[allow(clippy::indexing_slicing)]
        &mut self.recent[at].1.outcome
    }

    /// Brings the entry of `key` into `recent`, moving the oldest there to the map.
    #[cold]
    fn recall(&mut self, key: usize, object: &Identity) -> usize {
        let entry = self.entries.remove(&key).unwrap_or_else(|| Entry {
            object: Arc::downgrade(&object.0),
            outcome: Outcome::default(),
        });
        if self.recent.len() >= RECENT {
            let (old_key, old) = self.recent.remove(0);
            self.entries.insert(old_key, old);
            self.sweep();
        }
        self.recent.push((key, entry));
        self.recent.len() - 1
    }

    /// Forgets disposed objects whenever the number kept has doubled.
    fn sweep(&mut self) {
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, entry| entry.object.strong_count() > 0);
            self.sweep_at = (self.entries.len() * 2).max(64);
        }
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
