//! A table written down row by row, and read back.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Table;
use crate::world::Row;
use crate::world::journal::Line;

impl<T: Serialize + Send + Sync + 'static> Table<T> {
    /// Every row.
    pub(in crate::world) fn lines(&self, table: &'static str, lines: &mut Vec<Line>) {
        let rows = self.rows.iter();
        lines.extend(rows.map(|(place, row)| Line::row(table, place, row)));
    }

    /// What was added, changed and removed since this was called last.
    pub(in crate::world) fn take_changes(&mut self, table: &'static str, lines: &mut Vec<Line>) {
        for place in std::mem::take(&mut self.changed) {
            lines.push(match self.rows.get(place) {
                Some(row) => Line::row(table, place, row),
                None => Line::gone(table, place),
            });
        }
    }
}

impl<T: Row + DeserializeOwned> Table<T> {
    /// Takes back one line; without a row, the one at that place is gone.
    pub(in crate::world) fn read_line(
        &mut self,
        place: u64,
        row: Option<&RawValue>,
    ) -> Result<(), serde_json::Error> {
        let row: Option<T> = row.map(|row| serde_json::from_str(row.get())).transpose()?;
        if let Some(before) = self.rows.get(place).cloned() {
            self.remove(before.id());
        }
        if let Some(row) = row {
            self.take_back(place, row)?;
        }
        self.changed.clear();
        Ok(())
    }

    fn take_back(&mut self, place: u64, row: T) -> Result<(), serde_json::Error> {
        let (id, keys): (_, Vec<_>) = (row.id(), row.keys().collect());
        self.see(&row);
        if !self.rows.put(place, Arc::new(row)) {
            return Err(serde::de::Error::custom("a row stands out of all reason"));
        }
        self.places.insert(id, place);
        for key in keys {
            self.index.add(key, place);
        }
        Ok(())
    }
}
