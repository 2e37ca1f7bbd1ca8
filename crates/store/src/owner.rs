//! Whose an object is, where news of it names nobody.

use sqlx::QueryBuilder;

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Tx, within};
use crate::mirror::UNLESS_LATER;

impl Tx {
    /// Under which customers objects of a kind are mirrored, as `(id, customer)`, nobody included;
    /// whose is the latest state of an object comes last.
    pub async fn owners_of(
        &mut self,
        kind: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, String)>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for some in chunks(ids) {
            let rows: Vec<(String, String)> = within!(self, |tx| {
                let mut query = QueryBuilder::new("SELECT id, customer FROM mirror WHERE kind = ");
                query.push_bind(kind).push(" AND id IN (");
                let mut among = query.separated(", ");
                for id in some {
                    among.push_bind(*id);
                }
                query.push(") ORDER BY object_at, envelope_at, customer");
                query.build_query_as().fetch_all(tx).await
            })?;
            all.extend(rows);
        }
        Ok(all)
    }

    /// Gives an object that was nobody's to its customer, unless a later state of it is known there.
    pub async fn adopt(&mut self, customer: &str, kind: &str, id: &str) -> Result<(), Error> {
        within!(self, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO mirror \
                 (customer, kind, id, object_at, envelope_at, external_id, essence, body) SELECT ",
            );
            query.push_bind(customer);
            query.push(
                ", kind, id, object_at, envelope_at, external_id, essence, body FROM mirror \
                 WHERE customer = '' AND gone_at IS NULL AND kind = ",
            );
            query.push_bind(kind).push(" AND id = ").push_bind(id);
            query.push(UNLESS_LATER);
            query.build().execute(tx).await.map(drop)
        })?;
        self.forget("", kind, id).await
    }
}
