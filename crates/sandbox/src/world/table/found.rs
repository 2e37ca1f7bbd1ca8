//! Rows found by a key: counted without being looked at, and looked at one by one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::vec;

use super::Table;
use crate::world::{Key, Row};

/// The rows that have a key, oldest first.
#[derive(Debug)]
pub(crate) struct Found<'w, T> {
    rows: &'w BTreeMap<u64, Arc<T>>,
    places: vec::IntoIter<u64>,
}

impl<T: Row> Table<T> {
    /// The rows that have this key, oldest first, found without looking at the others. By a text, rows of
    /// another text may come along: ask them.
    pub(crate) fn of(&self, key: impl Into<Key>) -> Found<'_, T> {
        let key = key.into();
        let known = self.index.range((key, 0)..=(key, u64::MAX));
        let mut places: Vec<u64> = known.map(|(_, place)| *place).collect();
        self.put_right(key, &mut places);
        Found {
            rows: &self.rows,
            places: places.into_iter(),
        }
    }

    /// The index has not followed the row that was handed out last.
    fn put_right(&self, key: Key, places: &mut Vec<u64>) {
        let Some((place, _)) = &self.open else {
            return;
        };
        let row = self.rows.get(place);
        let has_key = row.is_some_and(|row| row.keys().any(|other| other == key));
        match places.binary_search(place) {
            Err(gap) if has_key => places.insert(gap, *place),
            Ok(known) if !has_key => {
                places.remove(known);
            }
            Ok(_) | Err(_) => {}
        }
    }
}

impl<'w, T> Iterator for Found<'w, T> {
    type Item = &'w T;

    fn next(&mut self) -> Option<&'w T> {
        let place = self.places.next()?;
        self.rows.get(&place).map(Arc::as_ref)
    }

    fn nth(&mut self, n: usize) -> Option<&'w T> {
        let place = self.places.nth(n)?;
        self.rows.get(&place).map(Arc::as_ref)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl<T> DoubleEndedIterator for Found<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let place = self.places.next_back()?;
        self.rows.get(&place).map(Arc::as_ref)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let place = self.places.nth_back(n)?;
        self.rows.get(&place).map(Arc::as_ref)
    }
}

impl<T> ExactSizeIterator for Found<'_, T> {}
