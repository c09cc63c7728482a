//! One place in the handle table: who lives there, who is using it, when it may go.
//!
//! A call pins the slot by announcing it in the record of its thread ([`sync::thread`]), and then
//! looks whether the object is still there. A thread without a record, or without room in it, counts
//! itself in the slot instead. `state` is one word: the key of the object (class and generation, as
//! in its handle) above, the number of those counted below. Dispose changes the key,
//! so that nobody can pin any more; whoever finds no pin left then frees the object. A slot itself
//! is never freed.
//!
//! [`sync::thread`]: crate::sync::thread

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::client::FrameStatus;
use crate::sync::barrier;
use crate::sync::thread::{self, Hold, Record};

const PINS: u64 = 0xFFFF_FFFF;
/// The class part of a key while its object waits for the last unpin.
const DYING: u32 = 0xFF;
/// The class part of a key while the object is freed.
const FREEING: u32 = 0xFE;
/// The class part of a key while nothing lives in the slot.
const FREE: u32 = 0;

/// Class (8 bits) and generation (24 bits) of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(u32);

impl Key {
    pub(super) const fn new(generation: u32, class: u8) -> Self {
        Self(((class as u32) << 24) | generation)
    }

    const fn of(state: u64) -> Self {
        Self((state >> 32) as u32)
    }

    pub(super) const fn generation(self) -> u32 {
        self.0 & 0xFF_FFFF
    }

    const fn class(self) -> u32 {
        self.0 >> 24
    }

    const fn state(self) -> u64 {
        (self.0 as u64) << 32
    }
}

type DropObject = unsafe fn(*mut ());

/// What keeps an object alive: a hold of this thread, or, without one, a count in the slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pin(Option<Hold>);

/// Aligned to a cache line, so that two objects in use by two threads do not slow each other.
#[repr(align(64))]
pub(super) struct Slot {
    /// Where it is in the table.
    index: AtomicU32,
    state: AtomicU64,
    object: AtomicPtr<()>,
    drop_object: UnsafeCell<Option<DropObject>>,
    pub(super) status: FrameStatus,
}

// SAFETY: `drop_object` is written while the slot is free and owned by one thread, and read by the
// one thread that frees the object; `state` orders the two.
unsafe impl Sync for Slot {}

impl Slot {
    pub(super) const fn new() -> Self {
        Self {
            index: AtomicU32::new(0),
            state: AtomicU64::new(Key::new(1, FREE as u8).state()),
            object: AtomicPtr::new(ptr::null_mut()),
            drop_object: UnsafeCell::new(None),
            status: FrameStatus::new(),
        }
    }

    /// What [`Slot::set_index`] was told.
    pub(super) fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed) as usize
    }

    /// Tells the slot where it is, before its first use.
    pub(super) fn set_index(&self, index: usize) {
        self.index.store(index as u32, Ordering::Relaxed);
    }

    /// Moves `object` in and returns its key. The caller owns the free slot.
    pub(super) fn occupy<T: Send + Sync + 'static>(&self, object: T, class: u8) -> Key {
        let key = Key::new(Key::of(self.state.load(Ordering::Acquire)).generation(), class);
        self.object.store(Box::into_raw(Box::new(object)).cast(), Ordering::Relaxed);
        // SAFETY: the slot is free, so no other thread looks at this field.
        unsafe { *self.drop_object.get() = Some(drop_object::<T>) };
        self.state.store(key.state(), Ordering::Release);
        key
    }

    /// Whether the object of `key` lives here.
    #[inline]
    pub(super) fn holds(&self, key: Key) -> bool {
        Key::of(self.state.load(Ordering::Acquire)) == key
    }

    /// Keeps the object of `key` alive until [`Slot::unpin`]. Fails if it does not live here, and
    /// tells then, as `unpin` does, whether the slot became free by this.
    #[inline(always)]
    pub(super) fn pin(&self, key: Key) -> Result<(NonNull<()>, Pin), bool> {
        let Some(hold) = Record::current().and_then(|me| me.objects.hold(self.address())) else {
            let pin = self.pin_counted(key).ok_or(false)?;
            // SAFETY: pinned.
            return Ok((unsafe { self.object() }, pin));
        };
        let pin = Pin(Some(hold));
        if self.holds(key) {
            // SAFETY: pinned.
            return Ok((unsafe { self.object() }, pin));
        }
        // The pin of another object, which was disposed meanwhile, may have been the last.
        Err(self.unpin(pin))
    }

    /// The object that lives here.
    ///
    /// # Safety
    /// The caller has pinned it.
    #[inline]
    unsafe fn object(&self) -> NonNull<()> {
        let object = self.object.load(Ordering::Relaxed);
        // SAFETY: `occupy` stored it before the key that the pin found, and it goes after the pin.
        unsafe { NonNull::new_unchecked(object) }
    }

    #[cold]
    fn pin_counted(&self, key: Key) -> Option<Pin> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            if Key::of(state) != key || state & PINS == PINS {
                return None;
            }
            let pinned = state + 1;
            match self.state.compare_exchange_weak(
                state,
                pinned,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(Pin(None)),
                Err(now) => state = now,
            }
        }
    }

    /// Ends one pin. Returns true if the slot became free by that: it is to be given back then.
    #[inline]
    #[must_use]
    pub(super) fn unpin(&self, pin: Pin) -> bool {
        match pin {
            Pin(Some(hold)) => {
                hold.end();
                barrier::light();
            }
            Pin(None) => {
                self.state.fetch_sub(1, Ordering::AcqRel);
            }
        }
        // Either this sees that the object was disposed, or who disposed it sees no pin.
        Key::of(self.state.load(Ordering::Acquire)).class() == DYING && self.free_if_unpinned()
    }

    /// Lets nobody pin the object of `key` any more. The caller holds a pin itself, and its unpin
    /// may then free the object. False if another dispose came first.
    pub(super) fn retire(&self, key: Key) -> bool {
        let dying = Key::new(key.generation(), DYING as u8);
        let mut state = self.state.load(Ordering::Acquire);
        while Key::of(state) == key {
            let retired = dying.state() | (state & PINS);
            match self.state.compare_exchange_weak(
                state,
                retired,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    /// Frees a disposed object that nobody has pinned; whether this call did it.
    #[cold]
    fn free_if_unpinned(&self) -> bool {
        // The state comes first: what the search finds is true of this object and no later one.
        let state = self.state.load(Ordering::Acquire);
        let key = Key::of(state);
        if key.class() != DYING || state & PINS != 0 || thread::is_object_held(self.address()) {
            return false;
        }
        // Of those who find no pin, one goes on.
        let freeing = Key::new(key.generation(), FREEING as u8).state();
        let mine = self
            .state
            .compare_exchange(state, freeing, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if !mine {
            return false;
        }
        self.free(key);
        true
    }

    /// Drops the object; the slot is free then.
    ///
    /// Generations begin again after the last. A stale handle would be mistaken only after its slot
    /// was used so often; never using the slot again would end the table of a 32-bit program.
    fn free(&self, key: Key) {
        let object = self.object.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: the last pin is gone and no new one can come, so this thread alone is here.
        if let Some(drop_object) = unsafe { (*self.drop_object.get()).take() } {
            // A panic in a destructor must not reach the host program.
            // SAFETY: `object` came from `Box::into_raw` of the type that `drop_object` is for.
            let _ = catch_unwind(AssertUnwindSafe(|| unsafe { drop_object(object) }));
        }
        let next = key.generation() + 1;
        let generation = if next < super::handle::GENERATIONS { next } else { 1 };
        self.status.reset();
        self.state.store(Key::new(generation, FREE as u8).state(), Ordering::Release);
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// # Safety
/// `object` came from `Box::into_raw` of a `Box<T>` and is not used again.
unsafe fn drop_object<T>(object: *mut ()) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(object.cast::<T>()) });
}

#[cfg(test)]
mod tests {
    use super::super::handle::GENERATIONS;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_slot_is_used_again_after_its_last_generation() {
        let slot = Slot::new();
        slot.state.store(Key::new(GENERATIONS - 1, FREE as u8).state(), Ordering::Release);
        let last = slot.occupy(1_u8, 7);
        let dispose = |key| slot.pin(key).is_ok_and(|(_, pin)| slot.retire(key) && slot.unpin(pin));
        assert!(dispose(last));
        assert!(slot.pin(last).is_err());
        let next = slot.occupy(2_u8, 7);
        assert_eq!((next.generation(), slot.holds(last)), (1, false));
        assert!(dispose(next));
    }

    #[test]
    fn an_object_lives_as_long_as_a_pin_of_either_kind() {
        struct Flagged(Arc<AtomicBool>);
        impl Drop for Flagged {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let slot = Slot::new();
        let freed = Arc::new(AtomicBool::new(false));
        let is_freed = || freed.load(Ordering::Relaxed);
        for held_goes_first in [true, false] {
            freed.store(false, Ordering::Relaxed);
            let key = slot.occupy(Flagged(Arc::clone(&freed)), 7);
            let (_, held) = slot.pin(key).unwrap();
            let counted = slot.pin_counted(key).unwrap();
            assert!(slot.retire(key) && slot.pin(key).is_err() && slot.pin_counted(key).is_none());
            let (first, last) = if held_goes_first { (held, counted) } else { (counted, held) };
            assert!(!slot.unpin(first) && !is_freed());
            assert!(slot.unpin(last) && is_freed());
        }
    }

    #[test]
    fn a_pin_that_comes_too_late_and_is_the_last_frees_the_slot() {
        let slot = Slot::new();
        let key = slot.occupy(1_u8, 7);
        // A call that has announced itself, and not yet looked whether the object is there.
        let Some(me) = Record::current() else { return };
        let late = me.objects.hold(slot.address()).unwrap();
        let (_, pin) = slot.pin(key).unwrap();
        assert!(slot.retire(key) && !slot.unpin(pin), "somebody may still be using it");
        assert!(!slot.pin(key).unwrap_err());
        late.end();
        assert!(slot.pin(key).unwrap_err());
    }
}
