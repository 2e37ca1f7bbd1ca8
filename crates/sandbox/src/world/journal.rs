//! The world as lines: each says how one thing stands, and later lines win over earlier ones. All lines
//! together are the world; the lines of what changed bring an older one up to date.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde::Serialize;

/// One line: of which table, at which place, and the row, unless it is gone. It holds on to the row as it
/// was, so it is written later, without the world's lock.
pub(crate) struct Line {
    table: &'static str,
    place: u64,
    row: Option<Arc<dyn Written>>,
}

/// Anything that can be put into a line.
trait Written: Send + Sync {
    fn write(&self, into: &mut dyn io::Write) -> serde_json::Result<()>;
}

impl<T: Serialize + Send + Sync> Written for T {
    fn write(&self, into: &mut dyn io::Write) -> serde_json::Result<()> {
        serde_json::to_writer(into, self)
    }
}

impl Line {
    /// How the row at `place` stands.
    pub(crate) fn row<T: Serialize + Send + Sync + 'static>(
        table: &'static str,
        place: u64,
        row: &Arc<T>,
    ) -> Self {
        let row: Arc<dyn Written> = Arc::<T>::clone(row);
        Self {
            table,
            place,
            row: Some(row),
        }
    }

    /// There is no row at `place` any more.
    pub(crate) const fn gone(table: &'static str, place: u64) -> Self {
        Self {
            table,
            place,
            row: None,
        }
    }

    /// `["orders",17,{…}]`
    pub(crate) fn write(&self, into: &mut Vec<u8>) -> serde_json::Result<()> {
        into.extend_from_slice(format!("[\"{}\",{},", self.table, self.place).as_bytes());
        match &self.row {
            Some(row) => row.write(into)?,
            None => into.extend_from_slice(b"null"),
        }
        into.push(b']');
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("table", &self.table)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
