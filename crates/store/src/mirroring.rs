//! The mirror, many objects at once: what a batch of deliveries tells, in a handful of statements.

use std::collections::{BTreeMap, HashMap};

use sqlx::{FromRow, QueryBuilder};

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Tx, within};
use crate::mirror::{Essence, Key, Known, Object};

/// A query for the objects of some keys. Both engines take row values from `VALUES` alone.
macro_rules! of_keys {
    ($tx:expr, $some:expr, $columns:literal) => {{
        let mut query = QueryBuilder::new(concat!(
            "SELECT customer, kind, id, ",
            $columns,
            " FROM mirror WHERE (customer, kind, id) IN ("
        ));
        query.push_values($some, |mut row, key| {
            row.push_bind(&key.customer).push_bind(&key.kind);
            row.push_bind(&key.id);
        });
        query.push(")");
        query.build_query_as().fetch_all($tx).await
    }};
}

impl Tx {
    /// What is known of these objects; nothing of those never heard of.
    pub async fn known_of(&mut self, keys: &[Key]) -> Result<HashMap<Key, Known>, Error> {
        let mut all = HashMap::with_capacity(keys.len());
        for some in chunks(keys) {
            let rows: Vec<Row> = within!(self, |tx| of_keys!(
                tx,
                some,
                "object_at, envelope_at, essence, gone_at"
            ))?;
            all.extend(rows.into_iter().map(|row| (row.key, row.known)));
        }
        Ok(all)
    }

    /// These objects as they came; nothing of those never heard of.
    pub async fn bodies_of(&mut self, keys: &[Key]) -> Result<HashMap<Key, String>, Error> {
        let mut all = HashMap::with_capacity(keys.len());
        for some in chunks(keys) {
            let rows: Vec<Text> = within!(self, |tx| of_keys!(tx, some, "body"))?;
            all.extend(rows.into_iter().map(|row| (row.key, row.body)));
        }
        Ok(all)
    }

    /// Remembers the latest of each of these objects, unless a later state is already known; see
    /// [`Tx::mirror`].
    pub async fn mirror_all(&mut self, objects: &[&Object]) -> Result<(), Error> {
        for some in chunks(&latest(objects)) {
            within!(self, |tx| {
                let mut query = QueryBuilder::new(
                    "INSERT INTO mirror \
                     (customer, kind, id, object_at, envelope_at, external_id, essence, body) ",
                );
                query.push_values(some, |mut row, object| {
                    row.push_bind(&object.customer).push_bind(&object.kind);
                    row.push_bind(&object.id)
                        .push_bind(object.version.object_at);
                    row.push_bind(object.version.envelope_at);
                    row.push_bind(&object.external_id);
                    row.push_bind(&object.essence).push_bind(&object.body);
                });
                query.push(crate::mirror::UNLESS_LATER);
                query.build().execute(tx).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// What decides the access of each of these customers, in order of kind and id.
    pub async fn essences_of(
        &mut self,
        customers: &[&str],
    ) -> Result<HashMap<String, Vec<Essence>>, Error> {
        let mut all: HashMap<String, Vec<Essence>> = HashMap::with_capacity(customers.len());
        for some in chunks(customers) {
            let rows: Vec<Of> = within!(self, |tx| {
                let mut query = QueryBuilder::new(
                    "SELECT customer, kind, id, object_at, envelope_at, seen_at, essence \
                     FROM mirror WHERE essence IS NOT NULL AND customer IN (",
                );
                let mut ids = query.separated(", ");
                for customer in some {
                    ids.push_bind(*customer);
                }
                query.push(") ORDER BY customer, kind, id");
                query.build_query_as().fetch_all(tx).await
            })?;
            for row in rows {
                all.entry(row.customer).or_default().push(row.essence);
            }
        }
        Ok(all)
    }

    /// The external ids under which the application knows these customers.
    pub async fn external_ids(
        &mut self,
        customers: &[&str],
    ) -> Result<HashMap<String, String>, Error> {
        let mut all = HashMap::with_capacity(customers.len());
        for some in chunks(customers) {
            let rows: Vec<(String, String)> = within!(self, |tx| {
                let mut query = QueryBuilder::new(
                    "SELECT customer, external_id FROM mirror WHERE external_id IS NOT NULL \
                     AND (customer, kind, id) IN (",
                );
                query.push_values(some, |mut row, customer| {
                    row.push_bind(*customer);
                    row.push("'customer'").push_bind(*customer);
                });
                query.push(")");
                query.build_query_as().fetch_all(tx).await
            })?;
            all.extend(rows);
        }
        Ok(all)
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    key: Key,
    #[sqlx(flatten)]
    known: Known,
}

#[derive(FromRow)]
struct Of {
    customer: String,
    #[sqlx(flatten)]
    essence: Essence,
}

#[derive(FromRow)]
struct Text {
    #[sqlx(flatten)]
    key: Key,
    body: String,
}

/// One statement may not meet the same object twice: of each its latest state. In one order, so that
/// no two transactions wait for each other.
fn latest<'a>(objects: &[&'a Object]) -> Vec<&'a Object> {
    let mut latest: BTreeMap<Key, &'a Object> = BTreeMap::new();
    for object in objects {
        let slot = latest.entry(object.key()).or_insert(object);
        if (object.version, &object.body) > (slot.version, &slot.body) {
            *slot = object;
        }
    }
    latest.into_values().collect()
}
