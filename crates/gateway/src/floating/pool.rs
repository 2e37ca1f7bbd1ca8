//! The pool a server holds, and the seats it signs.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use polarkit::license::{Mark, Pool, Seat, SigningKey, Verifier, machine_hash};
use polarkit_model::Clock;
use polarkit_store::{FloatingSeat, SeatTerm, Store};
use serde::Serialize;
use uuid::Uuid;

use super::{NoSeats, Options};
use crate::problem::{Code, Problem};

/// Hands out the seats of one pool.
#[derive(Debug)]
pub(super) struct Seats {
    store: Store,
    verifier: Verifier,
    /// As it was signed: whoever holds a seat shows both.
    token: String,
    pool: Pool,
    key: SigningKey,
    silence: SignedDuration,
    clock: Arc<dyn Clock>,
    /// The latest time seen: a clock that is turned back frees no seat later.
    mark: Mutex<Mark>,
}

/// A seat, taken or renewed.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    /// The pool it is of, a JWT.
    pool: String,
    /// The seat itself, a JWT.
    seat: String,
    id: String,
    expires_at: Timestamp,
}

/// How the pool stands.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    seats: u32,
    taken: usize,
    expires_at: Timestamp,
}

impl Seats {
    pub(super) async fn open(options: Options) -> Result<Self, NoSeats> {
        let verifier = Verifier::new(&options.jwks)?;
        let token = options.pool.trim().to_owned();
        let mut mark = Mark::default();
        let pool = verifier.read_pool(&token, options.clock.now(), &mut mark)?;
        let own = options.key.public_text();
        if pool.server != own {
            return Err(NoSeats::OtherServer(own));
        }
        let held = options.store.floating_seats(&pool.id).await?;
        let seen = held.iter().map(|seat| seat.renewed_at).max();
        if let Some(seen) = seen.and_then(|at| Timestamp::from_microsecond(at).ok()) {
            mark = Mark::at(seen.max(mark.latest().unwrap_or(seen)));
        }
        Ok(Self {
            store: options.store,
            verifier,
            token,
            pool,
            key: options.key,
            silence: options.silence,
            clock: options.clock,
            mark: Mutex::new(mark),
        })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Takes a free seat for a machine, or renews its own.
    pub(super) async fn take(&self, fingerprint: &str) -> Result<Held, Problem> {
        let (now, until) = self.term()?;
        let machine = machine_hash(&self.pool.key_hash, fingerprint);
        let id = format!("seat_{}", Uuid::new_v4().simple());
        let term = self.of(now, until);
        match self.store.floating_seat_take(term, &machine, &id).await? {
            Some(seat) => Ok(self.signed(&seat)),
            None => Err(self.full(now).await?),
        }
    }

    /// Goes on holding a seat.
    pub(super) async fn renew(&self, id: &str) -> Result<Held, Problem> {
        let (now, until) = self.term()?;
        let renewed = self.store.floating_seat_renew(self.of(now, until), id);
        let seat = renewed.await?.ok_or_else(lost)?;
        Ok(self.signed(&seat))
    }

    /// Gives a seat back.
    pub(super) async fn give_back(&self, id: &str) -> Result<(), Problem> {
        let (now, _) = self.term()?;
        let store = &self.store;
        let returned = store.floating_seat_return(&self.pool.id, id, now.as_microsecond());
        if returned.await? { Ok(()) } else { Err(lost()) }
    }

    pub(super) async fn standing(&self) -> Result<Standing, Problem> {
        let (now, _) = self.term()?;
        let seats = self.store.floating_seats(&self.pool.id).await?;
        let held = seats
            .iter()
            .filter(|seat| seat.expires_at > now.as_microsecond());
        Ok(Standing {
            seats: self.pool.seats,
            taken: held.count(),
            expires_at: self.pool.expires_at,
        })
    }

    /// Now, and until when a seat is held from now on. The pool is verified anew: it ends.
    fn term(&self) -> Result<(Timestamp, Timestamp), Problem> {
        let mut mark = self.mark.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let good = self.verifier.read_pool(&self.token, now, &mut mark);
        good.map_err(|over| Problem::new(Code::LicenseInvalid, format!("The pool: {over}")))?;
        let now = mark.latest().unwrap_or(now).max(now);
        let until = now.checked_add(self.silence).unwrap_or(Timestamp::MAX);
        let until = until.min(self.pool.expires_at);
        Ok((
            now,
            Timestamp::from_second(until.as_second()).unwrap_or(until),
        ))
    }

    fn of(&self, now: Timestamp, until: Timestamp) -> SeatTerm<'_> {
        SeatTerm {
            pool: &self.pool.id,
            seats: self.pool.seats.into(),
            now: now.as_microsecond(),
            until: until.as_microsecond(),
        }
    }

    fn signed(&self, seat: &FloatingSeat) -> Held {
        let instant = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
        let expires_at = instant(seat.expires_at);
        let signed = self.key.sign(&Seat {
            id: seat.id.clone(),
            issued_at: instant(seat.renewed_at),
            expires_at,
            pool: self.pool.id.clone(),
            machine: seat.machine.clone(),
        });
        Held {
            pool: self.token.clone(),
            seat: signed,
            id: seat.id.clone(),
            expires_at,
        }
    }

    /// All are held: the first may be free again when its holder is silent.
    async fn full(&self, now: Timestamp) -> Result<Problem, Problem> {
        let seats = self.store.floating_seats(&self.pool.id).await?;
        let first = seats.iter().map(|seat| seat.expires_at).min();
        let wait = first.map_or(0, |at| at.saturating_sub(now.as_microsecond()) / 1_000_000);
        let detail = format!("All {} seats are taken", self.pool.seats);
        let problem = Problem::new(Code::LeaseLimit, detail);
        Ok(problem.retry_after(u64::try_from(wait).unwrap_or_default() + 1))
    }
}

fn lost() -> Problem {
    Problem::new(
        Code::NotFound,
        "Nobody holds this seat any more: take one anew",
    )
}
