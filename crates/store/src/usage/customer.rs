//! What the mirror knows of a customer whose usage comes.

use crate::Error;
use crate::engine::{Store, read};

impl Store {
    /// The bodies of a customer's subscriptions, JSON; `None` when the mirror knows no customer of
    /// this external id.
    pub async fn usage_subscriptions(
        &self,
        external_id: &str,
    ) -> Result<Option<Vec<String>>, Error> {
        const QUERY: &str = "SELECT held.body FROM mirror AS whose LEFT JOIN mirror AS held \
             ON held.customer = whose.customer AND held.kind = 'subscription' \
             WHERE whose.external_id = $1 AND whose.kind = 'customer'";
        let rows: Vec<Option<String>> = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY).bind(external_id);
            query.fetch_all(pool).await
        })?;
        let known = !rows.is_empty();
        Ok(known.then(|| rows.into_iter().flatten().collect()))
    }

    /// The external id of one of Polar's customers, where the mirror knows it.
    pub async fn usage_external_id(&self, customer: &str) -> Result<Option<String>, Error> {
        const QUERY: &str = "SELECT external_id FROM mirror \
             WHERE customer = $1 AND kind = 'customer' AND id = $1";
        let found: Option<Option<String>> = read!(&self.engine, |pool| {
            let query = sqlx::query_scalar(QUERY).bind(customer);
            query.fetch_optional(pool).await
        })?;
        Ok(found.flatten())
    }
}
