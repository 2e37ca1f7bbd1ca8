//! Moves everything from a SQLite file to PostgreSQL, in one transaction: it is there whole, or not
//! at all.
//!
//! What there is to move is read from the tables themselves, so that a table or a column of a later
//! migration comes along by itself.

mod checksum;
mod error;
mod migrated;
mod row;
mod source;
mod table;
mod target;

use futures_util::TryStreamExt as _;

pub use error::TransferError;

use crate::intake::Left;
use checksum::Checksum;
use row::{Batch, Cell};
use source::Source;
use table::Table;
use target::Target;

/// One table that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// How many rows it has, here as there.
    pub rows: u64,
    /// Texts that held the character NUL, which PostgreSQL cannot store: U+FFFD stands for it now.
    pub mended: u64,
    /// What both sides' rows add up to.
    pub checksum: String,
}

/// How far a move has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// Which table.
    pub table: &'a str,
    /// What is done with it.
    pub step: Step,
    /// How many rows that is done with.
    pub rows: u64,
    /// Of how many.
    pub of: u64,
}

/// What is done with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its rows are written to the target.
    Copy,
    /// What was written is read back and compared.
    Verify,
}

/// Deliveries of the journal that are in memory at once.
const LEFT_ROWS: usize = 64;

/// Copies every row of the SQLite file `from` to the empty PostgreSQL database `to`, reads all of it
/// back, and commits if both are the same. The source is only read. A gateway that starts on the
/// target meanwhile waits for the end.
///
/// `on` hears of it, a thousand rows at a time.
pub async fn transfer(
    from: &str,
    to: &str,
    mut on: impl FnMut(Progress<'_>) + Send,
) -> Result<Vec<Moved>, TransferError> {
    let mut source = Source::open(from).await?;
    let tables = source.tables().await?;
    let mut target = Target::open(to).await?;
    target.prepare(source.version(), &tables).await?;
    let mut copied = Vec::with_capacity(tables.len());
    for table in &tables {
        copied.push(copy(&mut source, &mut target, table, &mut on).await?);
    }
    for (table, (sum, _)) in tables.iter().zip(&copied) {
        verify(&mut target, table, *sum, &mut on).await?;
    }
    target.commit(&tables).await?;
    source.close().await?;
    let moved = tables.into_iter().zip(copied);
    Ok(moved
        .map(|(table, (sum, mended))| Moved {
            table: table.name,
            rows: sum.rows(),
            mended,
            checksum: sum.to_string(),
        })
        .collect())
}

/// Copies one table; gives what its rows add up to and how many texts were mended.
async fn copy(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    on: &mut (impl FnMut(Progress<'_>) + Send),
) -> Result<(Checksum, u64), TransferError> {
    let left = source.left(table).await?;
    let waiting = left.as_ref().map_or(0, Left::count);
    let of = source.count(table).await? + u64::try_from(waiting).unwrap_or_default();
    let mut copy = Copy {
        target,
        table,
        of,
        sum: Checksum::default(),
        mended: 0,
        batch: Batch::default(),
    };
    let mut rows = source.rows(table);
    while let Some(row) = rows.try_next().await? {
        copy.add(row::read(&row, &table.columns)?, on).await?;
    }
    if let Some(mut left) = left {
        loop {
            let mails = left.next(LEFT_ROWS)?;
            if mails.is_empty() {
                break;
            }
            for mail in mails {
                copy.add(row::of_mail(mail, &table.columns), on).await?;
            }
        }
    }
    copy.write(on).await?;
    Ok((copy.sum, copy.mended))
}

/// One table on its way.
struct Copy<'a> {
    target: &'a mut Target,
    table: &'a Table,
    of: u64,
    sum: Checksum,
    mended: u64,
    batch: Batch,
}

impl Copy<'_> {
    async fn add(
        &mut self,
        mut row: Vec<Cell>,
        on: &mut (impl FnMut(Progress<'_>) + Send),
    ) -> Result<(), TransferError> {
        self.mended += row::mend(&mut row);
        self.sum.add(&row);
        self.batch.push(row);
        if self.batch.is_full() {
            self.write(on).await?;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        on: &mut (impl FnMut(Progress<'_>) + Send),
    ) -> Result<(), TransferError> {
        let batch = std::mem::take(&mut self.batch);
        self.target.insert(self.table, batch.rows()).await?;
        on(Progress {
            table: &self.table.name,
            step: Step::Copy,
            rows: self.sum.rows(),
            of: self.of,
        });
        Ok(())
    }
}

/// Reads a table back from the target and compares.
async fn verify(
    target: &mut Target,
    table: &Table,
    copied: Checksum,
    on: &mut (impl FnMut(Progress<'_>) + Send),
) -> Result<(), TransferError> {
    let mut sum = Checksum::default();
    let of = copied.rows();
    let mut rows = target.rows(table);
    while let Some(row) = rows.try_next().await? {
        sum.add(&row::read(&row, &table.columns)?);
        if sum.rows().is_multiple_of(row::BATCH_ROWS) {
            on(Progress {
                table: &table.name,
                step: Step::Verify,
                rows: sum.rows(),
                of,
            });
        }
    }
    drop(rows);
    on(Progress {
        table: &table.name,
        step: Step::Verify,
        rows: sum.rows(),
        of,
    });
    if sum == copied {
        return Ok(());
    }
    Err(TransferError::Differs {
        table: table.name.clone(),
        copied: of,
        found: sum.rows(),
    })
}
