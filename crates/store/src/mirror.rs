//! The mirror: the latest version known of each of Polar's objects, with the version it came from.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Open, Store, Tx, read, within};

/// Which state of an object is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct Version {
    /// The object's own `modified_at`, else its `created_at`, µs.
    pub object_at: i64,
    /// When the news that carried it was sent, µs.
    pub envelope_at: i64,
}

/// One of Polar's objects as last heard of.
#[derive(Debug, Clone, FromRow)]
pub struct Object {
    /// Polar's id of the customer it belongs to, empty for the catalogue.
    pub customer: String,
    /// `customer`, `subscription`, `order`, `grant`, `product`…
    pub kind: String,
    /// Polar's id of the object.
    pub id: String,
    /// Which state of it this is.
    #[sqlx(flatten)]
    pub version: Version,
    /// A customer's external id.
    pub external_id: Option<String>,
    /// The few fields that decide access, as JSON.
    pub essence: Option<String>,
    /// The object as it came, JSON.
    pub body: String,
}

/// The part of an object that decides access.
#[derive(Debug, Clone, FromRow)]
pub struct Essence {
    /// `subscription`, `order`, `grant` or `state`.
    pub kind: String,
    /// Polar's id of the object.
    pub id: String,
    /// Which state of it this is.
    #[sqlx(flatten)]
    pub version: Version,
    /// The deciding fields, JSON.
    pub essence: String,
}

impl Store {
    /// Polar's id of the customer an external id stands for now.
    ///
    /// A deleted customer frees its external id, so the latest to carry it is meant.
    pub async fn customer_by_external_id(&self, external: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT id FROM mirror WHERE external_id = $1 AND kind = 'customer' \
             ORDER BY object_at DESC, envelope_at DESC LIMIT 1";
        let id = read!(&self.engine, |pool| {
            sqlx::query_scalar(QUERY)
                .bind(external)
                .fetch_optional(pool)
                .await
        });
        Ok(id?)
    }

    /// Everything mirrored about one customer; at most `limit` objects, newest first.
    pub async fn customer_objects(&self, customer: &str, limit: i64) -> Result<Vec<Object>, Error> {
        const QUERY: &str = "SELECT customer, kind, id, object_at, envelope_at, external_id, \
             essence, body FROM mirror WHERE customer = $1 \
             ORDER BY object_at DESC, envelope_at DESC LIMIT $2";
        let objects = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY)
                .bind(customer)
                .bind(limit)
                .fetch_all(pool)
                .await
        });
        Ok(objects?)
    }

    /// One mirrored object.
    pub async fn object(
        &self,
        customer: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<Object>, Error> {
        const QUERY: &str = "SELECT customer, kind, id, object_at, envelope_at, external_id, \
             essence, body FROM mirror WHERE customer = $1 AND kind = $2 AND id = $3";
        let object = read!(&self.engine, |pool| {
            sqlx::query_as(QUERY)
                .bind(customer)
                .bind(kind)
                .bind(id)
                .fetch_optional(pool)
                .await
        });
        Ok(object?)
    }
}

impl Tx {
    /// Keeps other transactions from working on these customers until this one ends.
    ///
    /// Access follows from several rows together, so two nodes must not each see half of them.
    /// SQLite has one writer and needs nothing. Locked in one order, so that no two nodes wait for
    /// each other.
    pub async fn lock_customers(&mut self, customers: &BTreeSet<String>) -> Result<(), Error> {
        if let Open::Postgres(tx) = &mut self.0 {
            for customer in customers {
                let query = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
                query.bind(customer).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Remembers an object unless a later state of it is already known; says whether it did.
    ///
    /// Two states of the very same version are told apart by their text, so that the order in
    /// which they arrive never matters.
    pub async fn mirror(&mut self, object: &Object) -> Result<bool, Error> {
        const QUERY: &str = "INSERT INTO mirror \
             (customer, kind, id, object_at, envelope_at, external_id, essence, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (customer, kind, id) DO UPDATE SET \
             object_at = excluded.object_at, envelope_at = excluded.envelope_at, \
             external_id = excluded.external_id, essence = excluded.essence, \
             body = excluded.body \
             WHERE (excluded.object_at, excluded.envelope_at, excluded.body) \
             > (mirror.object_at, mirror.envelope_at, mirror.body)";
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&object.customer).bind(&object.kind);
            let query = query.bind(&object.id).bind(object.version.object_at);
            let query = query
                .bind(object.version.envelope_at)
                .bind(&object.external_id);
            let query = query.bind(&object.essence).bind(&object.body);
            query.execute(tx).await.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// What decides a customer's access.
    pub async fn essences(&mut self, customer: &str) -> Result<Vec<Essence>, Error> {
        const QUERY: &str = "SELECT kind, id, object_at, envelope_at, essence FROM mirror \
             WHERE customer = $1 AND essence IS NOT NULL ORDER BY kind, id";
        let essences = within!(self, |tx| {
            sqlx::query_as(QUERY).bind(customer).fetch_all(tx).await
        });
        Ok(essences?)
    }

    /// The external id under which the application knows a customer.
    pub async fn external_id(&mut self, customer: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT external_id FROM mirror \
             WHERE customer = $1 AND kind = 'customer' AND id = $1";
        let external: Option<Option<String>> = within!(self, |tx| {
            sqlx::query_scalar(QUERY)
                .bind(customer)
                .fetch_optional(tx)
                .await
        })?;
        Ok(external.flatten())
    }
}
