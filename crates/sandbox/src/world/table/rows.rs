//! Rows by place: a number that is higher for every newer row.

use std::collections::VecDeque;
use std::sync::Arc;

/// Rows next to each other, so that looking at many of them follows no tree. A row that is gone leaves
/// a gap, unless it was the first or the last.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    /// The place of the first row.
    first: u64,
    slots: VecDeque<Option<Arc<T>>>,
    len: usize,
}

/// The widest gap. Nothing makes one like it; a file that says so is not one of ours.
const GAP_MAX: usize = 1 << 24;

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            first: 0,
            slots: VecDeque::new(),
            len: 0,
        }
    }
}

impl<T> Rows<T> {
    pub(super) fn get(&self, place: u64) -> Option<&Arc<T>> {
        self.slots.get(self.slot(place)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: u64) -> Option<&mut Arc<T>> {
        let slot = self.slot(place)?;
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Every row with its place.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Arc<T>)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(slot, row)| Some((self.place(slot), row.as_ref()?)))
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Where the next row belongs: after the last.
    pub(super) fn next(&self) -> u64 {
        self.place(self.slots.len())
    }

    /// Puts a row at its place, over the one that is there. `false` when it would be too far from all
    /// others.
    pub(super) fn put(&mut self, place: u64, row: Arc<T>) -> bool {
        if self.slots.is_empty() {
            self.first = place;
        }
        let Some(slot) = self.reach(place) else {
            return false;
        };
        let before = self.slots.get_mut(slot).and_then(|slot| slot.replace(row));
        self.len += usize::from(before.is_none());
        true
    }

    pub(super) fn remove(&mut self, place: u64) -> Option<Arc<T>> {
        let slot = self.slot(place)?;
        let row = self.slots.get_mut(slot)?.take()?;
        self.len -= 1;
        while self.slots.back().is_some_and(Option::is_none) {
            self.slots.pop_back();
        }
        while self.slots.front().is_some_and(Option::is_none) {
            self.slots.pop_front();
            self.first += 1;
        }
        if self.slots.is_empty() {
            self.first = 0;
        }
        Some(row)
    }

    /// The slot of a place, made if need be.
    fn reach(&mut self, place: u64) -> Option<usize> {
        if let Some(before) = self.first.checked_sub(place).filter(|gap| *gap > 0) {
            let before = usize::try_from(before).ok().filter(|gap| *gap <= GAP_MAX)?;
            for _ in 0..before {
                self.slots.push_front(None);
            }
            self.first = place;
        }
        let slot = self.slot(place)?;
        if slot.saturating_sub(self.slots.len()) > GAP_MAX {
            return None;
        }
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        Some(slot)
    }

    fn slot(&self, place: u64) -> Option<usize> {
        usize::try_from(place.checked_sub(self.first)?).ok()
    }

    fn place(&self, slot: usize) -> u64 {
        u64::try_from(slot).map_or(u64::MAX, |slot| self.first.saturating_add(slot))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Put(u64),
        Append,
        Remove(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..40_u64).prop_map(Step::Put),
            Just(Step::Append),
            (0..40_u64).prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn they_are_a_map_by_place(steps in prop::collection::vec(step(), 0..60)) {
            let (mut rows, mut map) = (Rows::default(), BTreeMap::new());
            for (n, step) in steps.into_iter().enumerate() {
                let next = map.last_key_value().map_or(0, |(last, _)| last + 1);
                prop_assert_eq!(rows.next(), next);
                match step {
                    Step::Put(place) => {
                        prop_assert!(rows.put(place, Arc::new(n)));
                        map.insert(place, n);
                    }
                    Step::Append => {
                        prop_assert!(rows.put(next, Arc::new(n)));
                        map.insert(next, n);
                    }
                    Step::Remove(place) => {
                        let gone = rows.remove(place).map(|row| *row);
                        prop_assert_eq!(gone, map.remove(&place));
                    }
                }
                let listed: Vec<_> = rows.iter().map(|(place, row)| (place, **row)).collect();
                let known: Vec<_> = map.iter().map(|(place, row)| (*place, *row)).collect();
                prop_assert_eq!(listed, known);
                prop_assert_eq!(rows.len(), map.len());
                for place in 0..42 {
                    prop_assert_eq!(rows.get(place).map(|row| **row), map.get(&place).copied());
                }
            }
        }
    }

    #[test]
    fn a_place_out_of_all_reason_is_refused() {
        let mut rows = Rows::default();
        assert!(
            rows.put(1 << 40, Arc::new(1)),
            "the first may stand anywhere"
        );
        assert!(!rows.put(u64::MAX, Arc::new(2)));
        assert!(!rows.put(0, Arc::new(3)));
        assert_eq!((rows.len(), rows.next()), (1, (1 << 40) + 1));
    }
}
