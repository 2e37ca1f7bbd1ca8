//! Marks of change: what tells an answer in memory that it is of before. Each name has its mark among
//! so many, which moves when what is known of the name changes; two names may share one, and then one
//! is read again for the other's sake.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// One change more, in the upper half of a mark.
const CHANGE: u64 = 1 << 32;
/// One change that is being committed, in the lower half.
const UNSETTLED: u64 = 1;

/// Every mark.
#[derive(Debug)]
pub(super) struct Marks {
    all: Box<[AtomicU64]>,
    hasher: RandomState,
}

/// A mark as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    place: u32,
    was: u64,
}

/// Changes that are being committed. Until this is dropped, nothing about these names is answered
/// from memory; and whatever was read before is never answered after.
#[derive(Debug)]
pub(crate) struct Unsettled<'a> {
    marks: &'a Marks,
    places: Vec<u32>,
}

impl Marks {
    /// Marks enough that few of so many names share one.
    pub(super) fn of(names: usize) -> Self {
        let count = names.clamp(1 << 10, 1 << 18).next_power_of_two();
        Self {
            all: (0..count).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// How a name's mark stands, to be looked up before what is known of the name is read.
    pub(super) fn see(&self, name: &str) -> Seen {
        let place = self.place(name);
        Seen {
            place,
            was: self.at(place).load(Ordering::SeqCst),
        }
    }

    /// Whether nothing changed since, and nothing is about to.
    pub(super) fn is_current(&self, seen: Seen) -> bool {
        let unsettled = seen.was & (CHANGE - 1);
        unsettled == 0 && self.at(seen.place).load(Ordering::SeqCst) == seen.was
    }

    /// What is known of this name changed.
    pub(super) fn change(&self, name: &str) {
        self.at(self.place(name))
            .fetch_add(CHANGE, Ordering::SeqCst);
    }

    /// Everything did.
    pub(super) fn change_all(&self) {
        for mark in &self.all {
            mark.fetch_add(CHANGE, Ordering::SeqCst);
        }
    }

    /// What is known of these names is about to change.
    pub(super) fn unsettle<'a>(&self, names: impl Iterator<Item = &'a str>) -> Unsettled<'_> {
        let places: Vec<u32> = names.map(|name| self.place(name)).collect();
        for place in &places {
            self.at(*place).fetch_add(UNSETTLED, Ordering::SeqCst);
        }
        Unsettled {
            marks: self,
            places,
        }
    }

    fn place(&self, name: &str) -> u32 {
        let last = u64::try_from(self.all.len() - 1).unwrap_or_default();
        // At most 2^18 of them.
        u32::try_from(self.hasher.hash_one(name) & last).unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "a place is one of them")]
    fn at(&self, place: u32) -> &AtomicU64 {
        &self.all[usize::try_from(place).unwrap_or_default()]
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        for place in &self.places {
            let mark = self.marks.at(*place);
            mark.fetch_add(CHANGE - UNSETTLED, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_before_a_change_is_never_current_after_it() {
        let marks = Marks::of(1);
        let before = marks.see("anna");
        assert!(marks.is_current(before));
        let one = marks.unsettle(["anna"].into_iter());
        let between = marks.see("anna");
        assert!(!marks.is_current(before) && !marks.is_current(between));
        // Two transactions about one customer, the second ending first.
        drop(marks.unsettle(["anna"].into_iter()));
        assert!(!marks.is_current(marks.see("anna")));
        drop(one);
        assert!(!marks.is_current(before) && !marks.is_current(between));
        let after = marks.see("anna");
        assert!(marks.is_current(after));
        marks.change("anna");
        assert!(!marks.is_current(after));
        let after = marks.see("anna");
        marks.change_all();
        assert!(!marks.is_current(after));
    }
}
