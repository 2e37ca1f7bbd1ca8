//! One row on its way, whatever table it is of.

use sqlx::{ColumnIndex, Decode, Row};

use super::TransferError;
use super::table::{Column, Kind};
use crate::Mail;

/// Rows written, or read, between two words of progress.
pub(super) const BATCH_ROWS: u64 = 1_000;
/// A batch also ends here, so that large bodies do not pile up.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// What PostgreSQL cannot store in a text.
const NUL: char = '\0';
/// What stands for it.
const REPLACEMENT: &str = "\u{fffd}";

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Truth(bool),
    Bytes(Vec<u8>),
}

/// Rows that are written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    rows: Vec<Vec<Cell>>,
    bytes: usize,
}

impl Batch {
    pub(super) fn push(&mut self, row: Vec<Cell>) {
        self.bytes += row.iter().map(Cell::size).sum::<usize>();
        self.rows.push(row);
    }

    pub(super) fn is_full(&self) -> bool {
        u64::try_from(self.rows.len()).is_ok_and(|rows| rows >= BATCH_ROWS)
            || self.bytes >= BATCH_BYTES
    }

    pub(super) fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }
}

impl Cell {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Integer(_) | Self::Truth(_) => 8,
        }
    }
}

/// A row as a database gave it.
pub(super) fn read<'r, R>(row: &'r R, columns: &[Column]) -> Result<Vec<Cell>, TransferError>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database>,
    Option<i64>: Decode<'r, R::Database>,
    Option<bool>: Decode<'r, R::Database>,
    Option<Vec<u8>>: Decode<'r, R::Database>,
{
    let cells = columns.iter().enumerate().map(|(index, column)| {
        // Unchecked: SQLite gives a value the type it likes, as the column's is none it knows.
        let cell = match column.kind {
            Kind::Text => row
                .try_get_unchecked(index)
                .map(|cell: Option<_>| cell.map(Cell::Text)),
            Kind::Integer => row
                .try_get_unchecked(index)
                .map(|cell: Option<_>| cell.map(Cell::Integer)),
            Kind::Truth => row
                .try_get_unchecked(index)
                .map(|cell: Option<_>| cell.map(Cell::Truth)),
            Kind::Bytes => row
                .try_get_unchecked(index)
                .map(|cell: Option<_>| cell.map(Cell::Bytes)),
        };
        Ok(cell?.unwrap_or(Cell::Null))
    });
    cells.collect()
}

/// A delivery from the journal as a row of the table it goes on in.
pub(super) fn of_mail(mail: Mail, columns: &[Column]) -> Vec<Cell> {
    let mut body = Vec::from(mail.body);
    let cells = columns.iter().map(|column| match column.name.as_str() {
        "received_at" => Cell::Integer(mail.received_at),
        "webhook_id" => Cell::Text(mail.webhook_id.clone()),
        "sent_at" => Cell::Integer(mail.sent_at),
        "verified_by" => Cell::Text(mail.verified_by.clone()),
        "headers" => Cell::Text(mail.headers.clone()),
        "body" => Cell::Bytes(std::mem::take(&mut body)),
        _ => Cell::Null, // the target refuses it where it must not be
    });
    cells.collect()
}

/// Replaces what PostgreSQL cannot store; says in how many texts.
pub(super) fn mend(row: &mut [Cell]) -> u64 {
    let mut mended = 0;
    for cell in row {
        if let Cell::Text(text) = cell
            && text.contains(NUL)
        {
            *text = text.replace(NUL, REPLACEMENT);
            mended += 1;
        }
    }
    mended
}
