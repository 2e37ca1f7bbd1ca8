//! How far each of Polar's lists is read, so that a reading goes on where it was broken off.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within};

/// The reading of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Reading {
    /// What the list is of.
    pub kind: String,
    /// When the present or last reading began, µs of this host's clock.
    pub started_at: i64,
    /// The same moment, µs of Polar's time.
    pub began_at: i64,
    /// Where to go on; empty when the reading is over.
    pub place: String,
    /// Objects read so far.
    pub objects: i64,
    /// As of when the list was last read to its end, µs of Polar's time.
    pub complete_at: Option<i64>,
    /// When that was, µs of this host's clock; `None` although it was once it is kept in another
    /// way, so that all of it has to be read anew.
    pub finished_at: Option<i64>,
    /// When reading last failed, µs; `None` once it went on.
    pub failed_at: Option<i64>,
    /// Why.
    pub error: Option<String>,
}

impl Reading {
    /// Whether the list was read to its end before, and as it is read now: what is found to be new
    /// was told by nobody.
    pub fn is_again(&self) -> bool {
        self.complete_at.is_some() && self.finished_at.is_some()
    }
}

/// The row that says when anything was first read; no list of Polar's is called so.
macro_rules! beginning {
    () => {
        "beginning"
    };
}

impl Store {
    /// Every reading.
    pub async fn readings(&self) -> Result<Vec<Reading>, Error> {
        const QUERY: &str = concat!(
            "SELECT kind, started_at, began_at, place, objects, complete_at, finished_at, \
             failed_at, error FROM reading WHERE kind <> '",
            beginning!(),
            "' ORDER BY kind"
        );
        let readings = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).fetch_all(pool).await
        });
        Ok(readings?)
    }

    /// Writes one reading down, in a commit of its own.
    pub async fn put_reading(&self, reading: &Reading) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        tx.put_reading(reading).await?;
        tx.commit().await
    }
}

impl Tx {
    /// When anything was first read, µs of Polar's time: `at`, when this is the first.
    pub async fn beginning(&mut self, at: i64) -> Result<i64, Error> {
        const INSERT: &str = concat!(
            "INSERT INTO reading (kind, started_at, began_at, place, objects) VALUES ('",
            beginning!(),
            "', $1, $1, '', 0) ON CONFLICT (kind) DO NOTHING"
        );
        const QUERY: &str = concat!(
            "SELECT began_at FROM reading WHERE kind = '",
            beginning!(),
            "'"
        );
        let began = within!(self, |tx| {
            sqlx::query(INSERT).bind(at).execute(&mut *tx).await?;
            sqlx::query_scalar(QUERY).fetch_one(&mut *tx).await
        });
        Ok(began?)
    }

    /// As of when a list was read to its end that has to be read anew since, µs of Polar's time.
    pub async fn read_anew(&mut self, kind: &str) -> Result<Option<i64>, Error> {
        const QUERY: &str = "SELECT complete_at FROM reading WHERE kind = $1 \
             AND complete_at IS NOT NULL AND finished_at IS NULL";
        let complete_at = within!(self, |tx| {
            sqlx::query_scalar(QUERY)
                .bind(kind)
                .fetch_optional(tx)
                .await
        });
        Ok(complete_at?)
    }

    /// Writes one reading down, together with what it read.
    pub async fn put_reading(&mut self, reading: &Reading) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO reading (kind, started_at, began_at, place, objects, \
             complete_at, finished_at, failed_at, error) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (kind) DO UPDATE SET \
             started_at = excluded.started_at, began_at = excluded.began_at, \
             place = excluded.place, objects = excluded.objects, \
             complete_at = excluded.complete_at, finished_at = excluded.finished_at, \
             failed_at = excluded.failed_at, error = excluded.error";
        within!(self, |tx| {
            let query = sqlx::query(QUERY)
                .bind(&reading.kind)
                .bind(reading.started_at);
            let query = query.bind(reading.began_at).bind(&reading.place);
            let query = query.bind(reading.objects).bind(reading.complete_at);
            let query = query.bind(reading.finished_at).bind(reading.failed_at);
            query.bind(&reading.error).execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}
