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

use checksum::Checksum;
use row::Batch;
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
    let of = source.count(table).await?;
    let mut sum = Checksum::default();
    let mut mended = 0;
    let mut batch = Batch::default();
    let mut rows = source.rows(table);
    loop {
        let row = rows.try_next().await?;
        let over = row.is_none();
        if let Some(row) = row {
            let mut row = row::read(&row, &table.columns)?;
            mended += row::mend(&mut row);
            sum.add(&row);
            batch.push(row);
        }
        if batch.is_full() || over {
            target.insert(table, batch.rows()).await?;
            batch = Batch::default();
            let rows = sum.rows();
            on(Progress {
                table: &table.name,
                step: Step::Copy,
                rows,
                of,
            });
        }
        if over {
            return Ok((sum, mended));
        }
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
