//! Subscribers: who is told, of what, and how it has gone lately.

use std::fmt;

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Open, Store, Tx, read, within, write};

/// Someone who is told.
#[derive(Clone, FromRow)]
pub struct Subscriber {
    /// Names it.
    pub id: String,
    /// `webhook` or `hook`.
    pub kind: String,
    /// What it is for, in the operator's words.
    pub description: String,
    /// Where it is told; empty for hooks.
    pub url: String,
    /// Patterns of event types, JSON.
    pub events: String,
    /// Customers it is limited to, JSON; `[]` for all.
    pub customers: String,
    /// Products it is limited to, JSON; `[]` for all.
    pub products: String,
    /// What it is signed with, JSON.
    pub secrets: String,
    /// Whether anything is sent. What happens meanwhile waits.
    pub enabled: bool,
    /// Why nothing is sent.
    pub disabled_reason: Option<String>,
    /// How it has gone lately.
    #[sqlx(flatten)]
    pub standing: Standing,
    /// When it was made, µs.
    pub created_at: i64,
    /// When somebody last changed it, µs.
    pub changed_at: i64,
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("enabled", &self.enabled)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

/// How it has gone with one subscriber lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Standing {
    /// Failures in a row.
    pub failures: i64,
    /// How often it was put to rest since the last success.
    pub trips: i64,
    /// Nothing is sent before, µs.
    pub rest_until: i64,
}

macro_rules! select {
    () => {
        "SELECT id, kind, description, url, events, customers, products, secrets, enabled, \
         disabled_reason, failures, trips, rest_until, created_at, changed_at FROM subscriber"
    };
}

impl Store {
    /// All of them, oldest first; their number is bounded by who makes them.
    pub async fn subscribers(&self) -> Result<Vec<Subscriber>, Error> {
        let query = concat!(select!(), " ORDER BY created_at, id");
        let all = read!(&self.engine, |pool| sqlx::query_as(query)
            .fetch_all(pool)
            .await);
        Ok(all?)
    }

    /// One of them.
    pub async fn subscriber(&self, id: &str) -> Result<Option<Subscriber>, Error> {
        let query = concat!(select!(), " WHERE id = $1");
        let one = read!(&self.engine, |pool| sqlx::query_as(query)
            .bind(id)
            .fetch_optional(pool)
            .await);
        Ok(one?)
    }

    /// Takes one away, its secrets with it; `false` when there is none of that id. What waited for
    /// it goes with the next tidying.
    pub async fn drop_subscriber(&self, id: &str) -> Result<bool, Error> {
        const QUERY: &str = "DELETE FROM subscriber WHERE id = $1";
        let done = write!(&self.engine, |pool| sqlx::query(QUERY)
            .bind(id)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()));
        Ok(done? == 1)
    }
}

impl Tx {
    /// All of them, as this transaction sees them.
    pub async fn subscribers(&mut self) -> Result<Vec<Subscriber>, Error> {
        let query = concat!(select!(), " ORDER BY created_at, id");
        let all = within!(self, |tx| sqlx::query_as(query).fetch_all(tx).await);
        Ok(all?)
    }

    /// One of them, kept from others until this transaction ends.
    pub async fn subscriber(&mut self, id: &str) -> Result<Option<Subscriber>, Error> {
        let query = match &self.0 {
            Open::Sqlite(_) => concat!(select!(), " WHERE id = $1"),
            Open::Postgres(_) => concat!(select!(), " WHERE id = $1 FOR UPDATE"),
        };
        self.one_subscriber(query, id).await
    }

    /// The same; nothing when another node is at it just now.
    pub async fn free_subscriber(&mut self, id: &str) -> Result<Option<Subscriber>, Error> {
        let query = match &self.0 {
            Open::Sqlite(_) => concat!(select!(), " WHERE id = $1"),
            Open::Postgres(_) => concat!(select!(), " WHERE id = $1 FOR UPDATE SKIP LOCKED"),
        };
        self.one_subscriber(query, id).await
    }

    async fn one_subscriber(
        &mut self,
        query: &'static str,
        id: &str,
    ) -> Result<Option<Subscriber>, Error> {
        let one = within!(self, |tx| sqlx::query_as(query)
            .bind(id)
            .fetch_optional(tx)
            .await);
        Ok(one?)
    }

    /// Writes one, over the one of the same id.
    pub async fn put_subscriber(&mut self, one: &Subscriber) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO subscriber (id, kind, description, url, events, customers, \
             products, secrets, enabled, disabled_reason, failures, trips, rest_until, created_at, \
             changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (id) DO UPDATE SET description = excluded.description, \
             url = excluded.url, events = excluded.events, customers = excluded.customers, \
             products = excluded.products, secrets = excluded.secrets, \
             enabled = excluded.enabled, disabled_reason = excluded.disabled_reason, \
             failures = excluded.failures, trips = excluded.trips, \
             rest_until = excluded.rest_until, changed_at = excluded.changed_at";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&one.id).bind(&one.kind);
            let query = query.bind(&one.description).bind(&one.url);
            let query = query.bind(&one.events).bind(&one.customers);
            let query = query.bind(&one.products).bind(&one.secrets);
            let query = query.bind(one.enabled).bind(&one.disabled_reason);
            let query = query.bind(one.standing.failures).bind(one.standing.trips);
            let query = query.bind(one.standing.rest_until).bind(one.created_at);
            query.bind(one.changed_at).execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}
