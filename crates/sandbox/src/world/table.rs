//! The rows of one kind, in the order they were made. Rows are marked deleted, never removed, as on Polar.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::Id;
use crate::failure::Failure;

/// All rows of a `T` by id, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Table<T>(IndexMap<Id<T>, T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(IndexMap::new())
    }
}

impl<T> Table<T> {
    /// Adds a row; an id is used once.
    pub(crate) fn insert(&mut self, id: Id<T>, row: T) -> &mut T {
        self.0.entry(id).insert_entry(row).into_mut()
    }

    /// The row, when there is one.
    pub(crate) fn find(&self, id: Id<T>) -> Option<&T> {
        self.0.get(&id)
    }

    /// The row to change, when there is one.
    pub(crate) fn find_mut(&mut self, id: Id<T>) -> Option<&mut T> {
        self.0.get_mut(&id)
    }

    /// The row, or Polar's 404.
    pub(crate) fn get(&self, id: Id<T>) -> Result<&T, Failure> {
        self.find(id).ok_or_else(Failure::not_found)
    }

    /// The row to change, or Polar's 404.
    pub(crate) fn get_mut(&mut self, id: Id<T>) -> Result<&mut T, Failure> {
        self.find_mut(id).ok_or_else(Failure::not_found)
    }

    /// Every row, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.values()
    }

    /// Every row to change, oldest first.
    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.0.values_mut()
    }

    /// Forgets the rows that `keep` turns down: for rows that only say what other rows amount to.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.0.retain(|_, row| keep(row));
    }

    /// How many rows were ever made.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
