//! The mirror: the latest version known of each of Polar's objects, with the version it came from.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Open, Store, Tx, read, within, write};

/// Which state of an object is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct Version {
    /// The object's own `modified_at`, else its `created_at`, µs.
    pub object_at: i64,
    /// When the news that carried it was sent, µs.
    pub envelope_at: i64,
}

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, FromRow)]
pub struct Key {
    /// Polar's id of the customer it belongs to, empty for the catalogue.
    pub customer: String,
    /// Its kind.
    pub kind: String,
    /// Polar's id of it.
    pub id: String,
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
    /// `subscription`, `order`, `benefit_grant`, `customer_seat`, `checkout` or `state`.
    pub kind: String,
    /// Polar's id of the object.
    pub id: String,
    /// Which state of it this is.
    #[sqlx(flatten)]
    pub version: Version,
    /// When a read of Polar's API last found it so, µs; 0 for never.
    pub seen_at: i64,
    /// The deciding fields, JSON.
    pub essence: String,
}

/// What is known of an object, to be held against what is told of it.
#[derive(Debug, Clone, FromRow)]
pub struct Known {
    /// Which state of it is known.
    #[sqlx(flatten)]
    pub version: Version,
    /// The deciding fields, JSON.
    pub essence: Option<String>,
    /// Since when Polar no longer has it, µs.
    pub gone_at: Option<i64>,
}

/// An object that a reading of its list did not come across.
#[derive(Debug, Clone, FromRow)]
pub struct Unseen {
    /// Polar's id of the customer it belongs to.
    pub customer: String,
    /// Polar's id of the object.
    pub id: String,
}

/// The later of two states is kept, whichever comes first.
macro_rules! unless_later {
    () => {
        " ON CONFLICT (customer, kind, id) DO UPDATE SET \
         object_at = excluded.object_at, envelope_at = excluded.envelope_at, \
         external_id = excluded.external_id, essence = excluded.essence, \
         body = excluded.body, gone_at = NULL \
         WHERE (excluded.object_at, excluded.envelope_at, excluded.body) \
         > (mirror.object_at, mirror.envelope_at, mirror.body)"
    };
}
pub(crate) const UNLESS_LATER: &str = unless_later!();

impl Object {
    /// Which object it is.
    pub fn key(&self) -> Key {
        Key {
            customer: self.customer.clone(),
            kind: self.kind.clone(),
            id: self.id.clone(),
        }
    }
}

impl From<&Object> for Known {
    fn from(object: &Object) -> Self {
        Self {
            version: object.version,
            essence: object.essence.clone(),
            gone_at: None,
        }
    }
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

    /// Everything mirrored about one customer that Polar still has; at most `limit` objects, newest
    /// first.
    pub async fn customer_objects(&self, customer: &str, limit: i64) -> Result<Vec<Object>, Error> {
        const QUERY: &str = "SELECT customer, kind, id, object_at, envelope_at, external_id, \
             essence, body FROM mirror WHERE customer = $1 AND gone_at IS NULL \
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

    /// Objects of a kind that were last heard of, and last seen, before `before` (µs), by id.
    pub async fn unseen(
        &self,
        kind: &str,
        before: i64,
        after_id: &str,
        limit: i64,
    ) -> Result<Vec<Unseen>, Error> {
        const QUERY: &str = "SELECT customer, id FROM mirror WHERE kind = $1 AND id > $3 \
             AND gone_at IS NULL AND seen_at < $2 AND envelope_at < $2 ORDER BY id LIMIT $4";
        let unseen = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(kind).bind(before);
            query.bind(after_id).bind(limit).fetch_all(pool).await
        });
        Ok(unseen?)
    }

    /// Ids and bodies of a kind, in the order of their ids.
    pub async fn bodies(
        &self,
        kind: &str,
        after_id: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>, Error> {
        const QUERY: &str = "SELECT id, body FROM mirror WHERE kind = $1 AND id > $2 \
             AND gone_at IS NULL ORDER BY id LIMIT $3";
        let bodies = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(kind).bind(after_id);
            query.bind(limit).fetch_all(pool).await
        });
        Ok(bodies?)
    }

    /// When a webhook last told of an object, and when a read last found it as it stands, µs.
    pub async fn told_at(&self, kind: &str, id: &str) -> Result<Option<(i64, i64)>, Error> {
        const QUERY: &str = "SELECT envelope_at, seen_at FROM mirror WHERE kind = $1 AND id = $2";
        let told = read!(&self.engine, |pool| {
            let query = sqlx::query_as(QUERY).bind(kind).bind(id);
            query.fetch_optional(pool).await
        });
        Ok(told?)
    }

    /// Forgets objects of a kind that were last heard of before `before` (µs of Polar's time).
    pub async fn mirror_prune(&self, kind: &str, before: i64) -> Result<u64, Error> {
        const QUERY: &str = "DELETE FROM mirror WHERE kind = $1 AND object_at < $2 \
             AND envelope_at < $2 AND seen_at < $2";
        let done = write!(&self.engine, |pool| {
            let query = sqlx::query(QUERY).bind(kind).bind(before);
            let done = query.execute(pool).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done?)
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
    /// The catalogue is the customer without a name. SQLite has one writer and needs nothing. Locked
    /// in one order, so that no two nodes wait for each other.
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
        const QUERY: &str = concat!(
            "INSERT INTO mirror \
             (customer, kind, id, object_at, envelope_at, external_id, essence, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            unless_later!()
        );
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
        const QUERY: &str = "SELECT kind, id, object_at, envelope_at, seen_at, essence FROM mirror \
             WHERE customer = $1 AND essence IS NOT NULL ORDER BY kind, id";
        let essences = within!(self, |tx| {
            sqlx::query_as(QUERY).bind(customer).fetch_all(tx).await
        });
        Ok(essences?)
    }

    /// What is known of one object.
    pub async fn known(
        &mut self,
        customer: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<Known>, Error> {
        const QUERY: &str = "SELECT object_at, envelope_at, essence, gone_at FROM mirror \
             WHERE customer = $1 AND kind = $2 AND id = $3";
        let known = within!(self, |tx| {
            let query = sqlx::query_as(QUERY).bind(customer).bind(kind).bind(id);
            query.fetch_optional(tx).await
        });
        Ok(known?)
    }

    /// One object as it came, to be compared in full.
    pub async fn body(
        &mut self,
        customer: &str,
        kind: &str,
        id: &str,
    ) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT body FROM mirror WHERE customer = $1 AND kind = $2 AND id = $3";
        let body = within!(self, |tx| {
            let query = sqlx::query_scalar(QUERY).bind(customer).bind(kind);
            query.bind(id).fetch_optional(tx).await
        });
        Ok(body?)
    }

    /// Notes that a read of moment `at` (µs) found an object as it stands here.
    pub async fn seen(
        &mut self,
        customer: &str,
        kind: &str,
        id: &str,
        at: i64,
    ) -> Result<(), Error> {
        const QUERY: &str = "UPDATE mirror SET seen_at = $4, gone_at = NULL \
             WHERE customer = $1 AND kind = $2 AND id = $3 AND seen_at < $4";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(customer).bind(kind).bind(id);
            query.bind(at).execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Forgets one object, so that any state of it may be told anew.
    pub async fn forget(&mut self, customer: &str, kind: &str, id: &str) -> Result<(), Error> {
        const QUERY: &str = "DELETE FROM mirror WHERE customer = $1 AND kind = $2 AND id = $3";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(customer).bind(kind).bind(id);
            query.execute(tx).await.map(drop)
        })?;
        Ok(())
    }

    /// Notes that Polar no longer had an object at `at` (µs): it decides nothing any more, its
    /// external id is free, and nothing older brings it back. Says whether anything changed.
    pub async fn vanish(
        &mut self,
        customer: &str,
        kind: &str,
        id: &str,
        at: i64,
    ) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE mirror SET gone_at = $4, object_at = $4, envelope_at = $4, \
             external_id = NULL, essence = NULL WHERE customer = $1 AND kind = $2 AND id = $3 \
             AND gone_at IS NULL AND object_at < $4 AND envelope_at < $4";
        let done = within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(customer).bind(kind).bind(id);
            let done = query.bind(at).execute(tx).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
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
