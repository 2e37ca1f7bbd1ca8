//! Rows found by a key: counted without being looked at, and looked at one by one.

use std::borrow::Cow;

use super::Table;
use super::rows::Rows;
use crate::world::{Key, Row};

/// The rows that have a key, oldest first.
#[derive(Debug)]
pub(crate) struct Found<'w, T> {
    rows: &'w Rows<T>,
    places: Cow<'w, [u64]>,
    /// What is still to come: from here to there.
    from: usize,
    to: usize,
}

impl<T: Row> Table<T> {
    /// The rows that have this key, oldest first, found without looking at the others. By a text, rows of
    /// another text may come along: ask them.
    pub(crate) fn of(&self, key: impl Into<Key>) -> Found<'_, T> {
        let key = key.into();
        let mut places = Cow::Borrowed(self.index.get(key));
        self.put_right(key, &mut places);
        Found {
            rows: &self.rows,
            from: 0,
            to: places.len(),
            places,
        }
    }

    /// No row at all.
    pub(crate) const fn none(&self) -> Found<'_, T> {
        Found {
            rows: &self.rows,
            places: Cow::Borrowed(&[]),
            from: 0,
            to: 0,
        }
    }

    /// The index has not followed the row that was handed out last.
    fn put_right(&self, key: Key, places: &mut Cow<'_, [u64]>) {
        let Some((place, _)) = &self.open else {
            return;
        };
        let row = self.rows.get(*place);
        let has_key = row.is_some_and(|row| row.keys().any(|other| other == key));
        match places.binary_search(place) {
            Err(gap) if has_key => places.to_mut().insert(gap, *place),
            Ok(known) if !has_key => {
                places.to_mut().remove(known);
            }
            Ok(_) | Err(_) => {}
        }
    }
}

impl<'w, T> Found<'w, T> {
    /// The oldest of those still to come.
    pub(crate) fn first(&self) -> Option<&'w T> {
        (self.from < self.to).then(|| self.row(self.from)).flatten()
    }

    fn row(&self, at: usize) -> Option<&'w T> {
        let place = self.places.get(at)?;
        self.rows.get(*place).map(AsRef::as_ref)
    }
}

impl<'w, T> Iterator for Found<'w, T> {
    type Item = &'w T;

    fn next(&mut self) -> Option<&'w T> {
        self.nth(0)
    }

    fn nth(&mut self, n: usize) -> Option<&'w T> {
        let at = self.from.saturating_add(n);
        self.from = at.saturating_add(1).min(self.to);
        (at < self.to).then(|| self.row(at)).flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.to - self.from;
        (left, Some(left))
    }
}

impl<T> DoubleEndedIterator for Found<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.nth_back(0)
    }

    fn nth_back(&mut self, n: usize) -> Option<Self::Item> {
        let end = self.to.saturating_sub(n);
        let at = end.checked_sub(1).filter(|at| *at >= self.from);
        self.to = at.unwrap_or(self.from);
        at.and_then(|at| self.row(at))
    }
}

impl<T> ExactSizeIterator for Found<'_, T> {}
