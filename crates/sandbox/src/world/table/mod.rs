//! The rows of one kind, in the order they were made, with an index over whatever they can be found by.

mod found;
mod index;
mod journal;
mod rows;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use self::found::Found;
use self::index::Index;
use self::rows::Rows;
use super::{Id, Key, Row};
use crate::failure::Failure;

/// All rows of a `T`, oldest first. Rows are marked deleted, not removed, as on Polar.
///
/// A copy of a table shares its rows with the first until one of the two changes them, so a world is put
/// aside or written down without copying it.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    rows: Rows<T>,
    places: HashMap<Id<T>, u64>,
    index: Index,
    /// The row that was handed out last to be changed, with the keys it had before. The index follows
    /// it when the next row is asked for.
    open: Option<(u64, Vec<Key>)>,
    /// The latest moment of a row, and whether each row came with a later one than those before it.
    latest: Option<Timestamp>,
    is_in_order: bool,
    /// Places whose rows were added, changed or removed since the last time somebody asked.
    changed: BTreeSet<u64>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            places: HashMap::new(),
            index: Index::default(),
            open: None,
            latest: None,
            is_in_order: true,
            changed: BTreeSet::new(),
        }
    }
}

impl<T> Table<T> {
    /// The row, when there is one.
    pub(crate) fn find(&self, id: Id<T>) -> Option<&T> {
        let place = self.places.get(&id)?;
        self.rows.get(*place).map(Arc::as_ref)
    }

    /// The row, or Polar's 404.
    pub(crate) fn get(&self, id: Id<T>) -> Result<&T, Failure> {
        self.find(id).ok_or_else(Failure::not_found)
    }

    /// Every row, oldest first. Rows of somebody's are found faster by [`Table::of`].
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().map(|(_, row)| row.as_ref())
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

impl<T: Row> Table<T> {
    /// Adds a row. A row that is there already is replaced where it stands.
    pub(crate) fn insert(&mut self, id: Id<T>, row: T) {
        self.close();
        let place = *self.places.entry(id).or_insert(self.rows.next());
        self.changed.insert(place);
        for key in self.rows.get(place).into_iter().flat_map(|row| row.keys()) {
            self.index.remove(key, place);
        }
        for key in row.keys() {
            self.index.add(key, place);
        }
        self.see(&row);
        // It follows the last or replaces one, so there is room.
        self.rows.put(place, Arc::new(row));
    }

    /// The row to change, when there is one.
    pub(crate) fn find_mut(&mut self, id: Id<T>) -> Option<&mut T> {
        self.close();
        let place = *self.places.get(&id)?;
        let row = self.rows.get_mut(place)?;
        self.open = Some((place, row.keys().collect()));
        self.changed.insert(place);
        Some(Arc::make_mut(row))
    }

    /// The row to change, or Polar's 404.
    pub(crate) fn get_mut(&mut self, id: Id<T>) -> Result<&mut T, Failure> {
        self.find_mut(id).ok_or_else(Failure::not_found)
    }

    /// Changes every row that `wanted` picks; it is asked of all of them.
    pub(crate) fn change_where(&mut self, wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        let picked = self.iter().filter(|row| wanted(row));
        let picked: Vec<_> = picked.map(Row::id).collect();
        for id in picked {
            if let Some(row) = self.find_mut(id) {
                change(row);
            }
        }
    }

    /// Forgets a row: for rows that only say what other rows amount to.
    pub(crate) fn remove(&mut self, id: Id<T>) {
        self.close();
        let Some(place) = self.places.remove(&id) else {
            return;
        };
        self.changed.insert(place);
        if let Some(row) = self.rows.remove(place) {
            for key in row.keys() {
                self.index.remove(key, place);
            }
        }
    }

    /// True when the rows stand in the order in which they happened, too.
    pub(crate) const fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    fn see(&mut self, row: &T) {
        let moment = row.moment();
        self.is_in_order &= moment >= self.latest;
        self.latest = self.latest.max(moment);
    }

    /// Lets the index follow the row that was handed out last.
    fn close(&mut self) {
        let Some((place, before)) = self.open.take() else {
            return;
        };
        let Some(row) = self.rows.get(place) else {
            return;
        };
        if row.keys().eq(before.iter().copied()) {
            return;
        }
        for key in before {
            self.index.remove(key, place);
        }
        for key in row.keys() {
            self.index.add(key, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Chance, found_by};

    #[derive(Debug, Clone, PartialEq)]
    struct Book {
        id: Id<Self>,
        author: Option<String>,
    }

    found_by!(Book: author);

    fn shelf(authors: &[&str]) -> (Table<Book>, Vec<Id<Book>>) {
        let (mut table, mut chance) = (Table::default(), Chance::new(1));
        let ids = authors.iter().map(|author| {
            let id = chance.id();
            let author = Some((*author).to_owned());
            table.insert(id, Book { id, author });
            id
        });
        let ids = ids.collect();
        (table, ids)
    }

    fn by(table: &Table<Book>, author: &str) -> Vec<Id<Book>> {
        table.of(author).map(|book| book.id).collect()
    }

    #[test]
    fn rows_are_found_by_their_keys_in_the_order_they_were_made() {
        let (table, ids) = shelf(&["ada", "bob", "ada", "ada"]);
        assert_eq!(by(&table, "ada"), [ids[0], ids[2], ids[3]]);
        assert_eq!(by(&table, "eve"), []);
        let last = table.of("ada").next_back().map(|book| book.id);
        assert_eq!((table.of("ada").len(), last), (3, Some(ids[3])));
    }

    #[test]
    fn a_row_that_changes_is_found_by_its_new_keys_at_once() {
        let (mut table, ids) = shelf(&["ada", "bob", "ada"]);
        table.find_mut(ids[1]).unwrap().author = Some("ada".to_owned());
        assert_eq!(by(&table, "ada"), [ids[0], ids[1], ids[2]]);
        assert_eq!(by(&table, "bob"), []);
        table.find_mut(ids[0]).unwrap().author = None;
        assert_eq!(by(&table, "ada"), [ids[1], ids[2]]);
        let replacement = Book {
            id: ids[2],
            author: Some("eve".to_owned()),
        };
        table.insert(ids[2], replacement);
        assert_eq!(by(&table, "ada"), [ids[1]]);
        assert_eq!(by(&table, "eve"), [ids[2]]);
        table.remove(ids[1]);
        assert_eq!(by(&table, "ada"), []);
        assert_eq!(table.find(ids[1]), None);
    }

    #[test]
    fn a_copy_does_not_follow_the_first() {
        let (mut table, ids) = shelf(&["ada"]);
        let copy = table.clone();
        table.find_mut(ids[0]).unwrap().author = Some("bob".to_owned());
        assert_eq!(by(&copy, "ada"), [ids[0]]);
        assert_eq!(by(&table, "ada"), []);
    }
}
