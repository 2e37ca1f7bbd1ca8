//! The outbox: what is told to others, written in the transaction of the change that causes it.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder};

use crate::Error;
use crate::batch::chunks;
use crate::engine::{Store, Tx, read, within};

/// Something to tell, and whom.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The same for the same cause, so that the same cause is told once.
    pub id: String,
    /// Polar's id of the customer it is about, empty when about nobody in particular.
    pub customer: String,
    /// Its type.
    pub kind: String,
    /// Polar's ids of the products it is about, JSON.
    pub products: String,
    /// What is told; none when it is the webhook of this id in the inbox.
    pub body: Option<Vec<u8>>,
    /// The subscribers that are to be told.
    pub to: Vec<String>,
}

/// Something that was told.
#[derive(Debug, Clone, FromRow)]
pub struct Told {
    /// Where it stands in the order of telling.
    pub position: i64,
    /// The same for the same cause.
    pub id: String,
    /// When, µs.
    pub told_at: i64,
    /// Polar's id of the customer it is about.
    pub customer: String,
    /// Its type.
    pub kind: String,
    /// Polar's ids of the products it is about, JSON.
    pub products: String,
    /// The bytes.
    pub body: Vec<u8>,
}

/// How far telling has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Line {
    /// The last position taken.
    pub last: i64,
    /// Up to here some are no longer kept.
    pub forgotten: i64,
}

impl Tx {
    /// Tells these, in this order, once this transaction is committed; one that was told before is
    /// left out. To be called last: others that tell wait until the commit.
    pub async fn tell(&mut self, notices: &[Notice], now: i64) -> Result<(), Error> {
        if notices.is_empty() {
            return Ok(());
        }
        let mut position = self.positions(notices.len()).await?;
        let mut placed = Vec::with_capacity(notices.len());
        for notice in notices {
            placed.push((position, notice));
            position += 1;
        }
        let mut fresh = HashSet::new();
        for some in chunks(&placed) {
            fresh.extend(self.insert_told(some, now).await?);
        }
        let mut deliveries = Vec::new();
        // Taking the id out: the second of one id in these is no second delivery.
        for (position, notice) in placed.into_iter().filter(|(_, n)| fresh.remove(&n.id)) {
            let to = notice.to.iter();
            deliveries.extend(to.map(|subscriber| (subscriber.as_str(), position, notice)));
        }
        for some in chunks(&deliveries) {
            self.insert_deliveries(some, now).await?;
        }
        Ok(())
    }

    /// Whether a customer's subscribers were told something of this type, as far as is kept.
    pub async fn was_told(&mut self, customer: &str, kind: &str) -> Result<bool, Error> {
        const QUERY: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE customer = $1 \
             AND kind = $2 LIMIT 1) AS told";
        let told: i64 = within!(self, |tx| {
            let query = sqlx::query_scalar(QUERY).bind(customer).bind(kind);
            query.fetch_one(tx).await
        })?;
        Ok(told > 0)
    }

    /// The first of so many positions that nobody else will have.
    pub(crate) async fn positions(&mut self, count: usize) -> Result<i64, Error> {
        const QUERY: &str = "UPDATE outbox_line SET last = last + $1 WHERE one = 1 RETURNING last";
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let last: i64 = within!(self, |tx| sqlx::query_scalar(QUERY)
            .bind(count)
            .fetch_one(tx)
            .await)?;
        Ok(last - count + 1)
    }

    async fn insert_told(
        &mut self,
        some: &[(i64, &Notice)],
        now: i64,
    ) -> Result<Vec<String>, Error> {
        let fresh = within!(self, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO outbox (id, position, told_at, customer, kind, products, body) ",
            );
            query.push_values(some, |mut row, (position, notice)| {
                row.push_bind(&notice.id).push_bind(*position);
                row.push_bind(now).push_bind(&notice.customer);
                row.push_bind(&notice.kind).push_bind(&notice.products);
                row.push_bind(notice.body.as_deref());
            });
            query.push(" ON CONFLICT (id) DO NOTHING RETURNING id");
            query.build_query_scalar().fetch_all(tx).await
        });
        Ok(fresh?)
    }

    async fn insert_deliveries(
        &mut self,
        some: &[(&str, i64, &Notice)],
        now: i64,
    ) -> Result<(), Error> {
        within!(self, |tx| {
            let mut query = QueryBuilder::new(
                "INSERT INTO delivery (subscriber, event, position, customer, kind, status, \
                 queued_at, tries, due_at) ",
            );
            query.push_values(some, |mut row, (subscriber, position, notice)| {
                row.push_bind(*subscriber).push_bind(&notice.id);
                row.push_bind(*position).push_bind(&notice.customer);
                row.push_bind(&notice.kind).push("'pending'").push_bind(now);
                row.push("0").push("0");
            });
            query.push(" ON CONFLICT (subscriber, event) DO NOTHING");
            query.build().execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}

/// Bytes that are a webhook's are kept once, in the inbox.
macro_rules! told {
    ($condition:literal) => {
        concat!(
            "SELECT outbox.position, outbox.id, outbox.told_at, outbox.customer, outbox.kind, \
             outbox.products, COALESCE(outbox.body, inbox.body) AS body FROM outbox \
             LEFT JOIN inbox ON inbox.webhook_id = outbox.id AND outbox.body IS NULL \
             WHERE COALESCE(outbox.body, inbox.body) IS NOT NULL AND ",
            $condition,
            " ORDER BY outbox.position LIMIT $2"
        )
    };
}

impl Store {
    /// What was told after this position, in order; of one customer alone where one is named.
    pub async fn told_after(
        &self,
        position: i64,
        customer: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Told>, Error> {
        let told = match customer {
            None => read!(&self.engine, |pool| {
                let query = sqlx::query_as(told!("outbox.position > $1"));
                query.bind(position).bind(limit).fetch_all(pool).await
            }),
            Some(customer) => read!(&self.engine, |pool| {
                let query = told!("outbox.position > $1 AND outbox.customer = $3");
                let query = sqlx::query_as(query).bind(position).bind(limit);
                query.bind(customer).fetch_all(pool).await
            }),
        };
        Ok(told?)
    }

    /// How far telling has come.
    pub async fn told_line(&self) -> Result<Line, Error> {
        const QUERY: &str = "SELECT last, forgotten FROM outbox_line WHERE one = 1";
        Ok(read!(&self.engine, |pool| sqlx::query_as(QUERY)
            .fetch_one(pool)
            .await)?)
    }

    /// Forgets what was told before `before` (µs), unless a delivery of it is still kept.
    ///
    /// Of an order it is never forgotten that it was told as paid: the refund of half of it a year
    /// later shows it as paid again. One small row an order.
    pub async fn told_prune(&self, before: i64) -> Result<(), Error> {
        const MARK: &str = "UPDATE outbox_line SET forgotten = COALESCE((SELECT MAX(position) \
             FROM outbox WHERE told_at < $1), forgotten) WHERE one = 1 AND forgotten < \
             (SELECT COALESCE(MAX(position), 0) FROM outbox WHERE told_at < $1)";
        const DELETE: &str = "DELETE FROM outbox WHERE told_at < $1 AND kind <> 'order.paid' \
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event = outbox.id)";
        const EMPTY: &str = "UPDATE outbox SET body = NULL WHERE told_at < $1 \
             AND kind = 'order.paid' AND body IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event = outbox.id)";
        let mut tx = self.begin().await?;
        for query in [MARK, DELETE, EMPTY] {
            within!(tx, |tx| sqlx::query(query)
                .bind(before)
                .execute(tx)
                .await
                .map(drop))?;
        }
        tx.commit().await
    }
}
