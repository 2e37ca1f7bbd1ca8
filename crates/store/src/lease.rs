//! Leases: work that one node does for all, until it stops saying that it does.

use crate::Error;
use crate::engine::{Store, write};

impl Store {
    /// Takes or keeps a lease until `until` (µs); `false` while another holds it.
    pub async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: i64,
        until: i64,
    ) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $4) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE lease.holder = excluded.holder OR lease.until < $3";
        let done = write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(name).bind(holder);
            let done = query.bind(now).bind(until).execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Gives a lease back, so that another node need not wait for its end.
    pub async fn release(&self, name: &str, holder: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM lease WHERE name = $1 AND holder = $2";
        write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(name).bind(holder);
            query.execute(pool).await.map(drop)
        })?;
        Ok(())
    }

    /// Ends every lease, for the only process of a database that just started.
    pub(crate) async fn leases_end(&self) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM lease";
        write!(&self.engine, |pool| sqlx::query(QUERY)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }
}
