//! Returned texts: a ring of 16 for each object and thread, and one for texts about bad handles.
//!
//! One ring for all threads would free the text that another thread reads. A ring that holds over
//! 4 MiB lets its oldest texts go early, but never the last two.

use std::cell::RefCell;
use std::collections::HashMap;

use super::handle::Handle;
use crate::client::web_socket::recycle;

/// The ring of texts that belong to no object.
pub(super) const NOBODY: Handle = Handle(0);

const TEXTS: usize = 16;
const SPARED: usize = 2;
const LIMIT: usize = 4 << 20;

/// The units of one text, NUL included.
pub(super) enum Buffer {
    Bytes(Vec<u8>),
    Units16(Vec<u16>),
    Units32(Vec<u32>),
}

impl Buffer {
    fn size(&self) -> usize {
        match self {
            Self::Bytes(units) => units.capacity(),
            Self::Units16(units) => units.capacity() * 2,
            Self::Units32(units) => units.capacity() * 4,
        }
    }
}

#[derive(Default)]
struct Ring {
    texts: [Option<Buffer>; TEXTS],
    next: usize,
    size: usize,
}

impl Ring {
    fn push(&mut self, text: Buffer) {
        self.drop_text(self.next);
        self.size += text.size();
        if let Some(place) = self.texts.get_mut(self.next) {
            *place = Some(text);
        }
        self.next = (self.next + 1) % TEXTS;
        let mut oldest = self.next;
        for _ in SPARED..TEXTS {
            if self.size <= LIMIT {
                break;
            }
            self.drop_text(oldest);
            oldest = (oldest + 1) % TEXTS;
        }
    }

    fn drop_text(&mut self, at: usize) {
        if let Some(old) = self.texts.get_mut(at).and_then(Option::take) {
            self.size -= old.size();
            if let Buffer::Bytes(buffer) = old {
                recycle(buffer);
            }
        }
    }
}

struct Rings {
    recent: Option<(Handle, Box<Ring>)>,
    others: HashMap<Handle, Box<Ring>>,
    sweep_at: usize,
}

thread_local! {
    static RINGS: RefCell<Rings> =
        RefCell::new(Rings::new());
}

/// Keeps `text` for this thread and object. False when the thread is ending: nothing can be kept.
///
/// `is_alive` tells whether a handle still names an object; it is asked when rings pile up.
pub(super) fn keep(object: Handle, text: Buffer, is_alive: fn(Handle) -> bool) -> bool {
    RINGS
        .try_with(|rings| {
            let mut rings = rings.borrow_mut();
            rings.select(object, is_alive).push(text);
        })
        .is_ok()
}

impl Rings {
    fn new() -> Self {
        Self { recent: None, others: HashMap::new(), sweep_at: 64 }
    }

    fn select(&mut self, object: Handle, is_alive: fn(Handle) -> bool) -> &mut Ring {
        if self.recent.as_ref().is_none_or(|(handle, _)| *handle != object) {
            let ring = self.others.remove(&object).unwrap_or_default();
            if let Some((handle, old)) = self.recent.take() {
                self.others.insert(handle, old);
            }
            if self.others.len() >= self.sweep_at {
                self.others.retain(|handle, _| *handle == NOBODY || is_alive(*handle));
                self.sweep_at = (self.others.len() * 2).max(64);
            }
            self.recent = Some((object, ring));
        }
        &mut self.recent.get_or_insert_with(|| (object, Box::default())).1
    }
}

/// Frees this thread's texts of a disposed object.
pub(super) fn forget(object: Handle) {
    let _ = RINGS.try_with(|rings| {
        let mut rings = rings.borrow_mut();
        rings.others.remove(&object);
        if rings.recent.as_ref().is_some_and(|(handle, _)| *handle == object) {
            rings.recent = None;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_texts_live_and_the_seventeenth_replaces_the_first() {
        let mut ring = Ring::default();
        for n in 0..17_u8 {
            ring.push(Buffer::Bytes(vec![n]));
        }
        let first = ring.texts.iter().flatten().any(|t| matches!(t, Buffer::Bytes(b) if b == &[0]));
        assert!(!first);
        assert_eq!(ring.texts.iter().flatten().count(), 16);
    }

    #[test]
    fn texts_about_bad_handles_outlive_those_of_the_dead() {
        let mut rings = Rings::new();
        rings.select(NOBODY, |_| false).push(Buffer::Bytes(vec![0]));
        for dead in 1..200 {
            rings.select(Handle(dead), |_| false).push(Buffer::Bytes(vec![1]));
        }
        assert!(rings.others.len() < 100);
        assert_eq!(rings.select(NOBODY, |_| false).texts.iter().flatten().count(), 1);
    }

    #[test]
    fn large_texts_go_early_but_never_the_last_two() {
        let mut ring = Ring::default();
        for _ in 0..5 {
            ring.push(Buffer::Bytes(vec![0; 20 << 20]));
        }
        assert_eq!(ring.texts.iter().flatten().count(), 2);
        ring.push(Buffer::Bytes(vec![0; 10]));
        ring.push(Buffer::Bytes(vec![0; 10]));
        ring.push(Buffer::Bytes(vec![0; 10]));
        assert_eq!(ring.size, 30);
    }
}
