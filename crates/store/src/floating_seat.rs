//! Floating seats: who holds which seat of a pool, and until when. A row is a seat, so that there are
//! never more holders than seats.

use sqlx::FromRow;

use crate::Error;
use crate::engine::{Store, Tx, read, within, write};

/// A seat, and who holds or held it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FloatingSeat {
    /// Of which pool.
    pub pool: String,
    /// Which seat of it, from 1 on.
    pub number: i64,
    /// Names it while it is held.
    pub id: String,
    /// The hash of the machine that holds it.
    pub machine: String,
    /// Since when, µs.
    pub taken_at: i64,
    /// When its holder was last heard of, µs.
    pub renewed_at: i64,
    /// When it is free again, µs.
    pub expires_at: i64,
}

/// Of which seats one is meant, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct SeatTerm<'a> {
    /// The pool.
    pub pool: &'a str,
    /// How many seats it has.
    pub seats: i64,
    /// Now, µs.
    pub now: i64,
    /// Until when it is held, µs.
    pub until: i64,
}

impl FloatingSeat {
    fn is_held(&self, term: &SeatTerm<'_>) -> bool {
        self.expires_at > term.now && self.number <= term.seats
    }

    fn renewed(self, term: &SeatTerm<'_>) -> Self {
        Self {
            renewed_at: term.now,
            expires_at: term.until,
            ..self
        }
    }
}

impl Store {
    /// Takes a free seat for a machine under this id, or renews the one it holds; `None` when all are
    /// held by others.
    pub async fn floating_seat_take(
        &self,
        term: SeatTerm<'_>,
        machine: &str,
        id: &str,
    ) -> Result<Option<FloatingSeat>, Error> {
        let mut tx = self.begin().await?;
        let rows = tx.floating_seats(term.pool).await?;
        let own = rows
            .iter()
            .find(|row| row.machine == machine && row.is_held(&term));
        let taken = match own {
            Some(own) => Some(own.clone().renewed(&term)),
            None => free(&rows, &term).map(|number| FloatingSeat {
                pool: term.pool.to_owned(),
                number,
                id: id.to_owned(),
                machine: machine.to_owned(),
                taken_at: term.now,
                renewed_at: term.now,
                expires_at: term.until,
            }),
        };
        if let Some(seat) = &taken {
            tx.put_floating_seat(seat).await?;
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Goes on holding a seat; `None` when it was lost.
    pub async fn floating_seat_renew(
        &self,
        term: SeatTerm<'_>,
        id: &str,
    ) -> Result<Option<FloatingSeat>, Error> {
        let mut tx = self.begin().await?;
        let rows = tx.floating_seats(term.pool).await?.into_iter();
        let mut own = rows.filter(|row| row.id == id && row.is_held(&term));
        let renewed = own.next().map(|own| own.renewed(&term));
        if let Some(seat) = &renewed {
            tx.put_floating_seat(seat).await?;
        }
        tx.commit().await?;
        Ok(renewed)
    }

    /// Gives a seat back; `false` when nobody holds it at `now` (µs).
    pub async fn floating_seat_return(
        &self,
        pool: &str,
        id: &str,
        now: i64,
    ) -> Result<bool, Error> {
        const QUERY: &str = "UPDATE floating_seat SET expires_at = $3 \
             WHERE pool = $1 AND id = $2 AND expires_at > $3";
        let done = write!(&self.engine, |pool_of_connections| {
            let query = sqlx::query(QUERY).bind(pool).bind(id).bind(now);
            let done = query.execute(pool_of_connections).await;
            done.map(|done| done.rows_affected())
        });
        Ok(done? == 1)
    }

    /// Every seat of a pool that was ever taken.
    pub async fn floating_seats(&self, pool: &str) -> Result<Vec<FloatingSeat>, Error> {
        let rows = read!(&self.engine, |connections| sqlx::query_as(OF_POOL)
            .bind(pool)
            .fetch_all(connections)
            .await);
        Ok(rows?)
    }
}

const OF_POOL: &str = "SELECT pool, number, id, machine, taken_at, renewed_at, expires_at \
     FROM floating_seat WHERE pool = $1 ORDER BY number";

impl Tx {
    /// Every seat of a pool that was ever taken; nobody else works on the pool until this ends.
    async fn floating_seats(&mut self, pool: &str) -> Result<Vec<FloatingSeat>, Error> {
        self.lock_customers(&[pool.to_owned()].into()).await?;
        let rows = within!(self, |tx| sqlx::query_as(OF_POOL)
            .bind(pool)
            .fetch_all(tx)
            .await);
        Ok(rows?)
    }

    async fn put_floating_seat(&mut self, seat: &FloatingSeat) -> Result<(), Error> {
        const QUERY: &str = "INSERT INTO floating_seat \
             (pool, number, id, machine, taken_at, renewed_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (pool, number) DO UPDATE SET \
             id = excluded.id, machine = excluded.machine, taken_at = excluded.taken_at, \
             renewed_at = excluded.renewed_at, expires_at = excluded.expires_at";
        within!(self, |tx| {
            let query = sqlx::query(QUERY).bind(&seat.pool).bind(seat.number);
            let query = query.bind(&seat.id).bind(&seat.machine);
            let query = query.bind(seat.taken_at).bind(seat.renewed_at);
            query.bind(seat.expires_at).execute(tx).await.map(drop)
        })?;
        Ok(())
    }
}

/// The first seat that nobody holds.
fn free(rows: &[FloatingSeat], term: &SeatTerm<'_>) -> Option<i64> {
    let held = rows.iter().filter(|row| row.is_held(term));
    let held: std::collections::BTreeSet<i64> = held.map(|row| row.number).collect();
    (1..=term.seats).find(|number| !held.contains(number))
}
