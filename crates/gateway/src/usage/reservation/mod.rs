//! Spending without overdraft: units are set aside before they are used, then counted or given back.

mod left;
mod settle;
mod source;
mod units;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Reservation, crash};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::left::{Left, Told};
pub(crate) use self::settle::{Commit, Release, Settled, commit, release};
use self::source::{Source, find};
use self::units::Units;
use super::balance::number;
use super::meter::Draft;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::reconcile;

/// How long ended reservations are known: a repetition that comes later finds none.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(48);
/// How long units are set aside unless told: longer than most answers take.
const EXPIRES_IN: u32 = 300;
/// At most: what a process that died holds is gone for so long.
const EXPIRES_IN_MAX: u32 = 86_400;
/// Polar's external ids of events have room for these and a number.
const ID_CHARS_MAX: usize = 200;
const CUSTOMER_CHARS_MAX: usize = 255;
/// Spenders in the store at once; others wait here. Those of one account wait for each other there,
/// and must not hold every connection meanwhile.
const SPENDERS_MAX: usize = 4;
/// How long one waits before it is told to come again.
const TURN_WAITS: Duration = Duration::from_secs(10);

/// What is to be set aside.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = UsageReserve)]
pub(crate) struct Ask {
    /// The application's id of the customer.
    external_customer_id: String,
    /// Polar's id of the meter, or its name.
    meter: String,
    /// How many, exactly: a number, or a text of digits.
    #[schema(value_type = f64)]
    units: Units,
    /// After so long they are free again: 300 unless told, a day at most.
    #[serde(default)]
    expires_in_seconds: Option<u32>,
    /// The application's own id of this use: the same id reserves once. Minted unless given.
    #[serde(default)]
    id: Option<String>,
}

/// What was set aside.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = UsageReserved)]
pub(crate) struct Held {
    /// To commit or release it by; Polar will know the use by it.
    reservation_id: String,
    external_customer_id: String,
    meter_id: String,
    #[schema(value_type = f64)]
    units: serde_json::Number,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What is left after it.
    #[serde(flatten)]
    left: Told,
    /// False when this is the answer to a repetition.
    #[serde(skip)]
    pub(crate) is_new: bool,
}

/// A turn to change accounts.
#[derive(Debug)]
pub(crate) struct Spenders(Semaphore);

impl Spenders {
    pub(crate) const fn new() -> Self {
        Self(Semaphore::const_new(SPENDERS_MAX))
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let turn = tokio::time::timeout(TURN_WAITS, self.0.acquire()).await;
        let busy = || Problem::new(Code::Overloaded, "Too many spend at once").retry_after(1);
        turn.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

/// An ask that was looked through.
struct Wish {
    id: String,
    customer: String,
    meter: String,
    units: Decimal,
    lasts: SignedDuration,
}

/// Sets units aside, if they are there.
pub(crate) async fn reserve(gateway: &Gateway, ask: Ask) -> Result<Held, Problem> {
    let wish = Wish::of(ask)?;
    let source = find(gateway, &wish.customer, &wish.meter).await?;
    wish.must_fit(gateway, &source)?;
    let held = hold(gateway, &wish, &source).await;
    let short = |held: &Result<Held, Problem>| {
        let refused = held.as_ref().err();
        refused.is_some_and(|problem| problem.code() == Code::InsufficientBalance)
    };
    if !(short(&held) && is_old(gateway, &source)) {
        return counted(gateway, held);
    }
    // Nobody is denied on old news before Polar was asked once.
    Box::pin(reconcile::recheck(gateway, &wish.customer)).await;
    let source = find(gateway, &wish.customer, &wish.meter).await?;
    counted(gateway, hold(gateway, &wish, &source).await)
}

fn counted(gateway: &Gateway, held: Result<Held, Problem>) -> Result<Held, Problem> {
    match &held {
        Ok(held) if held.is_new => gateway.metrics.reservations("held", 1),
        Err(problem) if problem.code() == Code::InsufficientBalance => {
            gateway.metrics.reservations("refused", 1);
        }
        _ => {}
    }
    held
}

/// Old enough to ask Polar before somebody is denied something.
fn is_old(gateway: &Gateway, source: &Source) -> bool {
    let healing = &gateway.config.healing;
    let known = Some(source.as_of()).max(gateway.reconcile.verified());
    let limit = SignedDuration::from_mins(i64::from(healing.recheck_minutes));
    let age = known.map(|at| gateway.time.now().duration_since(at));
    healing.reconcile && age.is_none_or(|age| age > limit)
}

async fn hold(gateway: &Gateway, wish: &Wish, source: &Source) -> Result<Held, Problem> {
    let _turn = gateway.spenders.turn().await?;
    let mut tx = gateway.store.begin().await?;
    let now = gateway.time.local();
    let account = tx
        .hold_account(&source.account, now.as_microsecond())
        .await?;
    let expired = tx.expire_of(&account, now.as_microsecond()).await?;
    let left = Left::of(gateway, &mut tx, &account, &source.meter).await?;
    if let Some(known) = tx.reservation(&wish.id).await? {
        wish.must_be(&known, &account.meter)?;
        return Held::of(gateway, &known, &left, false);
    }
    if left.units() < wish.units {
        return Err(short(gateway, &left));
    }
    let new = wish.reservation(&account.meter, now);
    if !tx.reserve(&new).await? {
        return Err(reused()); // by somebody else's account, this very moment
    }
    crash::point("reservation.inserted");
    tx.commit().await?;
    crash::point("reservation.held");
    gateway.metrics.reservations("expired", expired);
    Held::of(gateway, &new, &left.less(wish.units), true)
}

impl Wish {
    fn of(ask: Ask) -> Result<Self, Problem> {
        let fits = |text: &str, most: usize| {
            let long = text.chars().count();
            (1..=most).contains(&long) && !text.trim().is_empty()
        };
        if !fits(&ask.external_customer_id, CUSTOMER_CHARS_MAX) {
            return Err(Problem::invalid(
                "external_customer_id: 1 to 255 characters",
            ));
        }
        if ask.id.as_deref().is_some_and(|id| !fits(id, ID_CHARS_MAX)) {
            return Err(Problem::invalid("id: 1 to 200 characters"));
        }
        if !fits(&ask.meter, CUSTOMER_CHARS_MAX) {
            return Err(Problem::invalid(
                "meter: Polar's id of the meter, or its name",
            ));
        }
        let seconds = ask.expires_in_seconds.unwrap_or(EXPIRES_IN);
        if !(1..=EXPIRES_IN_MAX).contains(&seconds) {
            return Err(Problem::invalid("expires_in_seconds: 1 to 86400"));
        }
        Ok(Self {
            id: ask.id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            customer: ask.external_customer_id,
            meter: ask.meter,
            units: ask.units.0,
            lasts: SignedDuration::from_secs(seconds.into()),
        })
    }

    /// Before anything is used: a commit must not fail for what could be known now.
    fn must_fit(&self, gateway: &Gateway, source: &Source) -> Result<(), Problem> {
        let draft = Draft {
            id: self.id.clone(),
            customer: self.customer.clone(),
            name: None,
            metadata: Map::new(),
            timestamp: gateway.time.now(),
        };
        let events = source.meter.events(draft, self.units);
        events
            .map(drop)
            .map_err(|unfit| Problem::invalid(unfit.to_string()))
    }

    fn reservation(&self, meter: &str, now: Timestamp) -> Reservation {
        let expires_at = now.checked_add(self.lasts).unwrap_or(now);
        Reservation {
            id: self.id.clone(),
            customer: self.customer.clone(),
            meter: meter.to_owned(),
            units: self.units.to_string(),
            created_at: now.as_microsecond(),
            expires_at: expires_at.as_microsecond(),
            state: "held".to_owned(),
            spent: None,
        }
    }

    /// The same once more is answered as the first time: it holds what it held.
    fn must_be(&self, known: &Reservation, meter: &str) -> Result<(), Problem> {
        let same = known.customer == self.customer && known.meter == meter;
        if !same || decimal(&known.units) != self.units {
            return Err(reused());
        }
        if known.state != "held" {
            return Err(over(known));
        }
        Ok(())
    }
}

impl Held {
    fn of(
        gateway: &Gateway,
        held: &Reservation,
        left: &Left,
        is_new: bool,
    ) -> Result<Self, Problem> {
        let expires_at = Timestamp::from_microsecond(held.expires_at);
        Ok(Self {
            reservation_id: held.id.clone(),
            external_customer_id: held.customer.clone(),
            meter_id: held.meter.clone(),
            units: number(decimal(&held.units)),
            expires_at: expires_at.map_err(|error| Problem::internal(&error))?,
            left: left.told(gateway),
            is_new,
        })
    }
}

/// A decimal as the store keeps it.
fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_default()
}

fn short(gateway: &Gateway, left: &Left) -> Problem {
    let detail = format!("units: {} are left to reserve", left.units().normalize());
    Problem::new(Code::InsufficientBalance, detail).telling(&left.told(gateway))
}

fn reused() -> Problem {
    Problem::new(Code::IdempotencyKeyReused, "id: another reservation has it")
}

fn over(known: &Reservation) -> Problem {
    Problem::new(
        Code::ReservationOver,
        format!("The reservation is {}", known.state),
    )
}
