//! How the webhook endpoint was last found at Polar.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, read, write};

/// What the watchdog found.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Watched {
    /// `well`, `disabled`, `missing` or `unknown`.
    pub condition: String,
    /// When it was looked at, µs of this host's clock.
    pub checked_at: i64,
    /// Up to when nothing is missed, µs of Polar's time.
    pub well_at: Option<i64>,
    /// Why it could not be told, or not be mended.
    pub error: Option<String>,
}

impl Store {
    /// What was found last.
    pub async fn watched(&self) -> Result<Option<Watched>, Error> {
        const QUERY: &str = "SELECT condition, checked_at, well_at, error FROM endpoint \
             WHERE name = 'own'";
        let watched = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY).fetch_optional(pool).await
        });
        Ok(watched?)
    }

    /// Writes down what was found.
    pub async fn put_watched(&self, watched: &Watched) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO endpoint (name, condition, checked_at, well_at, error) \
             VALUES ('own', $1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET \
             condition = excluded.condition, checked_at = excluded.checked_at, \
             well_at = excluded.well_at, error = excluded.error";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(&watched.condition);
            let query = query.bind(watched.checked_at).bind(watched.well_at);
            query.bind(&watched.error).execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}
