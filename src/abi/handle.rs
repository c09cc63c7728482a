//! Handles: an index with a generation and a class, dressed as a pointer and never followed.
//!
//! A handle that is NULL, stale, of another class or invented finds no object. Slots are reused in
//! the order they were freed, so that a stale handle stays stale for as long as possible.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock};

use super::slot::{Key, Pin, Slot};
use crate::client::base::lock;
use crate::client::{Class, FrameStatus};

/// A class that handles can name. The numbers and names are generated.
pub trait Registered: Class {
    /// The number of the class, 1 to 200.
    const ID: u8;
    /// Its name in the API, without `Ck`.
    const NAME: &'static str;
}

/// The value of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(pub usize);

// A tag no aligned pointer has in its low bits, so that a foreign pointer is not a handle.
#[cfg(target_pointer_width = "64")]
mod layout {
    pub(super) const TAG_BITS: u32 = 8;
    pub(super) const TAG: usize = 0xA5;
    pub(super) const INDEX_BITS: u32 = 24;
    pub(super) const CLASS_BITS: u32 = 8;
    pub(super) const GENERATION_BITS: u32 = 24;
}
#[cfg(target_pointer_width = "32")]
mod layout {
    pub(super) const TAG_BITS: u32 = 3;
    pub(super) const TAG: usize = 0x5;
    pub(super) const INDEX_BITS: u32 = 14;
    pub(super) const CLASS_BITS: u32 = 5;
    pub(super) const GENERATION_BITS: u32 = 10;
}
use layout::{CLASS_BITS, GENERATION_BITS, INDEX_BITS, TAG, TAG_BITS};

/// Generations run from 1 to this, exclusive.
pub(super) const GENERATIONS: u32 = 1 << GENERATION_BITS;

/// Tag and class, side by side, so that one comparison checks both.
const KIND_BITS: u32 = TAG_BITS + CLASS_BITS;

const fn kind(class: u8) -> usize {
    ((class as usize) << TAG_BITS) | TAG
}

const fn part(value: usize, shift: u32, bits: u32) -> usize {
    (value >> shift) & ((1 << bits) - 1)
}

impl Handle {
    fn new(index: usize, key: Key, class: u8) -> Self {
        let generation = key.generation() as usize;
        Self((((generation << INDEX_BITS) | index) << KIND_BITS) | kind(class))
    }

    /// The handle that `pointer` is the dress of.
    #[inline]
    pub fn of(pointer: *mut c_void) -> Self {
        Self(pointer.addr())
    }

    /// As the C functions pass it.
    pub fn to_pointer(self) -> *mut c_void {
        std::ptr::without_provenance_mut(self.0)
    }

    /// Index and key, if this is a handle of class `class`.
    #[inline]
    fn parts(self, class: u8) -> Option<(usize, Key)> {
        if part(self.0, 0, KIND_BITS) != kind(class) {
            return None;
        }
        let index = part(self.0, KIND_BITS, INDEX_BITS);
        let generation = part(self.0, KIND_BITS + INDEX_BITS, GENERATION_BITS) as u32;
        Some((index, Key::new(generation, class)))
    }

    /// The facts about the last frame of a living object of class `T`, read without a pin: slots
    /// are never freed.
    #[inline]
    pub fn status<T: Registered>(self) -> Option<&'static FrameStatus> {
        let (index, key) = self.parts(T::ID)?;
        let slot = table().slot(index)?;
        slot.holds(key).then_some(&slot.status)
    }

    /// Whether an object lives under this handle.
    pub(super) fn is_alive(self) -> bool {
        let class = part(self.0, TAG_BITS, CLASS_BITS) as u8;
        let parts = self.parts(class);
        let slot = parts.and_then(|(index, key)| Some((table().slot(index)?, key)));
        slot.is_some_and(|(slot, key)| slot.holds(key))
    }

    /// Keeps the object alive while the result lives; `None` if it is no living object of `T`.
    #[inline(always)]
    pub fn pin<T: Registered>(self) -> Option<Pinned<T>> {
        let (index, key) = self.parts(T::ID)?;
        let slot = table().slot(index)?;
        match slot.pin(key) {
            Ok((object, pin)) => {
                Some(Pinned { slot, pin, object: object.cast(), _type: PhantomData })
            }
            Err(freed) => {
                if freed {
                    table().give_back(slot);
                }
                None
            }
        }
    }
}

/// An object in use by a call.
pub struct Pinned<T> {
    slot: &'static Slot,
    pin: Pin,
    object: NonNull<T>,
    _type: PhantomData<T>,
}

impl<T> Deref for Pinned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot held an object of this class when it was pinned, and keeps it for as
        // long as a pin is held.
        unsafe { self.object.as_ref() }
    }
}

impl<T> Drop for Pinned<T> {
    #[inline]
    fn drop(&mut self) {
        if self.slot.unpin(self.pin) {
            table().give_back(self.slot);
        }
    }
}

/// Puts a new object of class `T` into the table. `None` when 16 million objects are alive.
pub(super) fn create<T: Registered>() -> Option<Handle> {
    const { assert!(T::ID != 0 && T::ID <= 200 && (T::ID as u32) < 1 << CLASS_BITS) };
    let (index, slot) = table().take()?;
    let mut object = T::new_object();
    object.attach(&slot.status);
    Some(Handle::new(index, slot.occupy(object, T::ID), T::ID))
}

/// Disposes the object: no new call finds it, waiting calls end, the last one out frees it.
pub(super) fn dispose<T: Registered>(handle: Handle) -> bool {
    let (Some(pinned), Some((_, key))) = (handle.pin::<T>(), handle.parts(T::ID)) else {
        return false;
    };
    let first = pinned.slot.retire(key);
    if first {
        pinned.cancel();
    }
    first
}

/// Slots in chunks that double in size and are never moved or freed.
struct Table {
    /// The slots below 64: more than most programs need, and found at once.
    first: [Slot; FIRST],
    chunks: [OnceLock<Box<[Slot]>>; CHUNKS],
    free: Mutex<Free>,
}

#[derive(Default)]
struct Free {
    given_back: VecDeque<usize>,
    never_used: usize,
}

const FIRST_BITS: u32 = 6;
const FIRST: usize = 1 << FIRST_BITS;
const CHUNKS: usize = (INDEX_BITS - FIRST_BITS) as usize;
/// Fresh slots are preferred until so many are waiting for reuse.
const REUSE_AFTER: usize = 1024;

fn table() -> &'static Table {
    static TABLE: Table = Table {
        first: [const { Slot::new() }; FIRST],
        chunks: [const { OnceLock::new() }; CHUNKS],
        free: Mutex::new(Free { given_back: VecDeque::new(), never_used: 0 }),
    };
    &TABLE
}

/// Chunk k holds the 64 << k indices from 64 << k on.
fn chunk_of(index: usize) -> Option<(usize, usize)> {
    let chunk = (index >> FIRST_BITS).checked_ilog2()? as usize;
    Some((chunk, index - (FIRST << chunk)))
}

impl Table {
    #[inline]
    fn slot(&'static self, index: usize) -> Option<&'static Slot> {
        match self.first.get(index) {
            Some(slot) => Some(slot),
            None => self.slot_in_chunk(index),
        }
    }

    #[inline(never)]
    fn slot_in_chunk(&'static self, index: usize) -> Option<&'static Slot> {
        let (chunk, at) = chunk_of(index)?;
        self.chunks.get(chunk)?.get()?.get(at)
    }

    fn take(&'static self) -> Option<(usize, &'static Slot)> {
        let mut free = lock(&self.free);
        let fresh = free.never_used < 1 << INDEX_BITS;
        let index = if free.given_back.len() > REUSE_AFTER || !fresh {
            free.given_back.pop_front()?
        } else {
            free.never_used += 1;
            free.never_used - 1
        };
        drop(free);
        if let Some((chunk, _)) = chunk_of(index) {
            let slots = || (0..FIRST << chunk).map(|_| Slot::new()).collect();
            self.chunks.get(chunk)?.get_or_init(slots);
        }
        let slot = self.slot(index)?;
        slot.set_index(index);
        Some((index, slot))
    }

    fn give_back(&self, slot: &Slot) {
        lock(&self.free).given_back.push_back(slot.index());
    }
}
