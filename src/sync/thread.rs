//! What a thread tells about itself, in a record that others may read at any time, and what it notes
//! for itself alone.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use super::barrier;

/// How many things of one kind a thread can hold at once.
const HOLDS: usize = 6;
/// More are seldom held: looking on is kept out of the way.
const HELD_MOSTLY: usize = 3;

/// The record of one thread. Records are never freed; a thread that ends leaves its own to the
/// next one, so that there are as many as threads lived at one time.
#[repr(align(128))]
pub struct Record {
    /// The objects that a call of this thread uses.
    pub objects: Holds,
    /// The mutexes that favour this thread and that it is inside of.
    pub mutexes: Holds,
    taken: AtomicBool,
    next: AtomicPtr<Self>,
}

/// Addresses of what a thread uses now; 0 is none. Only the thread itself writes them.
pub struct Holds([AtomicUsize; HOLDS]);

/// One hold of this thread, to be ended by [`Hold::end`].
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    place: &'static AtomicUsize,
    /// For this thread alone.
    _not_send: PhantomData<*const ()>,
}

impl Hold {
    /// Ends the hold. What may have waited for that is to be looked at after a [`barrier::light`].
    #[inline]
    pub fn end(self) {
        self.place.store(0, Ordering::Release);
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record at {self:p}")
    }
}

static RECORDS: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

/// What a thread keeps for itself. One variable: finding it is a call in a shared library.
struct Local {
    record: Cell<Option<&'static Record>>,
    ended: Cell<bool>,
    notes: [Cell<Note>; NOTES],
}

/// A word that the layers above remember for this thread by a number, such as an object's.
#[derive(Debug, Clone, Copy)]
pub struct Note {
    /// What it is about; 0 is nothing.
    pub key: usize,
    /// What is to be remembered.
    pub text: &'static str,
}

impl Note {
    /// Nothing.
    pub const NONE: Self = Self { key: 0, text: "" };
}

/// How many places for notes a thread has.
pub const NOTES: usize = 16;

thread_local! {
    /// Without a destructor, so that it can be read until the thread's very end.
    static LOCAL: Local = const {
        Local {
            record: Cell::new(None),
            ended: Cell::new(false),
            notes: [const { Cell::new(Note::NONE) }; NOTES],
        }
    };
    static LEAVE: Leave = const { Leave };
}

/// The place for this thread's note about `key`; another key may have taken it. Keys that were counted
/// up have places of their own as long as there are few.
#[inline]
pub fn with_note<R>(key: usize, f: impl FnOnce(&Cell<Note>) -> R) -> R {
    let place = key % NOTES;
    // `place` is less than the length.
    #[allow(clippy::indexing_slicing)]
    LOCAL.with(|local| f(&local.notes[place]))
}

/// Gives the record back when the thread ends.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        LOCAL.with(|local| {
            local.ended.set(true);
            if let Some(record) = local.record.take() {
                record.leave();
            }
        });
    }
}

impl Holds {
    const fn none() -> Self {
        Self([const { AtomicUsize::new(0) }; HOLDS])
    }

    /// Announces that this thread uses what is at `address`. What others change before they call
    /// [`is_object_held`] or [`Holds::contain`] is to be checked after this. `None` when the thread holds
    /// too much already.
    #[inline]
    pub fn hold(&'static self, address: usize) -> Option<Hold> {
        let (first, _) = self.0.split_at(HELD_MOSTLY);
        let free = match first.iter().find(|place| is_free(place)) {
            Some(free) => free,
            None => self.find_free()?,
        };
        // Release: who finds this address also sees what was done under the one before.
        free.store(address, Ordering::Release);
        barrier::light();
        Some(Hold { place: free, _not_send: PhantomData })
    }

    #[cold]
    #[inline(never)]
    fn find_free(&self) -> Option<&AtomicUsize> {
        self.0.iter().find(|place| is_free(place))
    }

    /// Whether this thread, seen from another, holds what is at `address`; after a
    /// [`barrier::heavy`].
    pub fn contain(&self, address: usize) -> bool {
        self.0.iter().any(|held| held.load(Ordering::Acquire) == address)
    }

    fn are_ended(&self) -> bool {
        self.0.iter().all(is_free)
    }
}

/// As this thread sees its own places.
#[inline]
fn is_free(place: &AtomicUsize) -> bool {
    place.load(Ordering::Relaxed) == 0
}

impl Record {
    const fn new() -> Self {
        Self {
            objects: Holds::none(),
            mutexes: Holds::none(),
            taken: AtomicBool::new(true),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// This thread's own; `None` while the thread ends, and where the system has no
    /// [`barrier`] for those who read it.
    #[inline]
    pub fn current() -> Option<&'static Self> {
        match LOCAL.with(|local| local.record.get()) {
            Some(record) => Some(record),
            None => Self::enter(),
        }
    }

    #[cold]
    fn enter() -> Option<&'static Self> {
        let ended = LOCAL.with(|local| local.ended.get());
        if ended || !barrier::is_available() || LEAVE.try_with(|_| ()).is_err() {
            return None;
        }
        let record = records().find(|record| record.take()).unwrap_or_else(Self::add);
        LOCAL.with(|local| local.record.set(Some(record)));
        Some(record)
    }

    fn take(&self) -> bool {
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn leave(&self) {
        // A thread that was ended inside a call still holds: its record is not for others.
        if self.objects.are_ended() && self.mutexes.are_ended() {
            self.taken.store(false, Ordering::Release);
        }
    }

    fn add() -> &'static Self {
        let record: &'static Self = Box::leak(Box::new(Self::new()));
        let mut first = RECORDS.load(Ordering::Acquire);
        loop {
            record.next.store(first, Ordering::Relaxed);
            let new = ptr::from_ref(record).cast_mut();
            match RECORDS.compare_exchange_weak(first, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return record,
                Err(now) => first = now,
            }
        }
    }
}

/// Whether any thread holds the object at `address`.
///
/// Of a thread that holds and then looks at a fact, and one that changes the fact and then asks
/// here, at least one sees what the other did.
pub fn is_object_held(address: usize) -> bool {
    barrier::heavy();
    records().any(|record| record.objects.contain(address))
}

fn records() -> impl Iterator<Item = &'static Record> {
    // SAFETY: what is in the list came from `Box::leak` and is never freed.
    let at = |record: &AtomicPtr<Record>| unsafe { record.load(Ordering::Acquire).as_ref() };
    std::iter::successors(at(&RECORDS), move |record| at(&record.next))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where there are no barriers there are no records.
    fn record() -> Option<&'static Record> {
        let record = Record::current();
        assert_eq!(record.is_some(), barrier::is_available());
        record
    }

    #[test]
    fn others_see_what_a_thread_holds() {
        let address = 0x0dd0;
        let Some(record) = record() else { return };
        let hold = record.objects.hold(address).unwrap();
        assert!(std::thread::spawn(move || is_object_held(address)).join().unwrap());
        hold.end();
        assert!(!is_object_held(address));
    }

    #[test]
    fn a_thread_holds_only_so_much() {
        let Some(record) = record() else { return };
        let holds: Vec<Hold> =
            (0..HOLDS).map(|n| record.objects.hold(0x1000 + n).unwrap()).collect();
        assert!(record.objects.hold(0x2000).is_none());
        holds.into_iter().for_each(Hold::end);
        assert!(record.objects.hold(0x2000).map(Hold::end).is_some());
    }

    #[test]
    fn records_are_used_again() {
        let count = || records().count();
        for _ in 0..50 {
            std::thread::spawn(|| Record::current().is_some()).join().unwrap();
        }
        let before = count();
        for _ in 0..50 {
            std::thread::spawn(|| Record::current().is_some()).join().unwrap();
        }
        // Other tests of this program may run in threads of their own.
        assert!(count() < before + 50);
    }

    #[test]
    fn a_thread_that_ends_has_no_record() {
        struct Late(std::sync::mpsc::Sender<bool>);
        impl Drop for Late {
            fn drop(&mut self) {
                let _ = self.0.send(Record::current().is_none());
            }
        }
        thread_local!(static LATE: Cell<Option<Late>> = const { Cell::new(None) });
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            LATE.set(Some(Late(send)));
            assert_eq!(Record::current().is_some(), barrier::is_available());
        })
        .join()
        .unwrap();
        // Destructors run in the reverse order of registration where this is tested.
        assert!(receive.recv().unwrap() || cfg!(not(target_os = "linux")));
    }
}
