//! The tables a gateway left, looked into and counted.

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// The database of a story, on either engine.
pub(crate) enum Tables {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs one statement on whichever engine it is.
macro_rules! on {
    ($tables:expr, |$pool:ident| $body:expr) => {
        match $tables {
            Tables::Sqlite($pool) => $body,
            Tables::Postgres($pool) => $body,
        }
    };
}

impl Tables {
    pub(crate) async fn at(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        }
    }

    /// The texts of one column.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query.to_owned());
        on!(self, |pool| sqlx::query_scalar(query)
            .fetch_all(pool)
            .await
            .unwrap())
    }

    pub(crate) async fn count(&self, query: &str) -> usize {
        let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {query}"));
        let count: i64 = on!(self, |pool| sqlx::query_scalar(query)
            .fetch_one(pool)
            .await
            .unwrap());
        usize::try_from(count).unwrap()
    }

    /// What minutes without any process would do: every lease of the dead one ends.
    pub(crate) async fn leases_end(&self) {
        for statement in [
            "UPDATE usage SET due_at = 0 WHERE state = 'pending'",
            "UPDATE delivery SET due_at = 0 WHERE status = 'pending'",
            "UPDATE subscriber SET rest_until = 0",
            "UPDATE idempotency SET started_at = 0 WHERE status IS NULL",
            "DELETE FROM lease",
        ] {
            on!(self, |pool| sqlx::query(statement)
                .execute(pool)
                .await
                .map(drop)
                .unwrap());
        }
    }

    pub(crate) async fn close(&self) {
        on!(self, |pool| pool.close().await);
    }
}
