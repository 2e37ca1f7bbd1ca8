//! The end of a reservation: what was used becomes an event, the rest is given back.

use polarkit_store::{Account, Reservation, Tx, UsageEvent, crash};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::left::Left;
use super::source::{Source, find, meter_of};
use super::units::Units;
use super::{decimal, over, short};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::usage::balance::number;
use crate::usage::check::Wrong;
use crate::usage::meter::Draft;
use crate::usage::{self, Use};

/// What was used.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = UsageCommit)]
pub(crate) struct Commit {
    reservation_id: String,
    /// How many of them were used: all unless told, the rest is given back.
    #[serde(default)]
    #[schema(value_type = Option<f64>)]
    units: Option<Units>,
    /// The event's name, where the meter leaves it open.
    #[serde(default)]
    name: Option<String>,
    /// What else the event says.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// What is given back.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = UsageRelease)]
pub(crate) struct Release {
    reservation_id: String,
}

/// How it ended.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = UsageSettled)]
pub(crate) struct Settled {
    reservation_id: String,
    external_customer_id: String,
    meter_id: String,
    /// `committed`, `released`, or `expired`: given back before by itself.
    state: String,
    #[schema(value_type = f64)]
    reserved_units: serde_json::Number,
    /// Counted.
    #[schema(value_type = f64)]
    spent_units: serde_json::Number,
    /// Free again.
    #[schema(value_type = f64)]
    returned_units: serde_json::Number,
}

/// Counts what was used, once. After its time a reservation is counted if what is left covers it, as
/// if it were made anew.
pub(crate) async fn commit(gateway: &Gateway, ask: Commit) -> Result<Settled, Problem> {
    let known = known(gateway, &ask.reservation_id).await?;
    if let Some(settled) = spend(gateway, &ask, &known, None).await? {
        return Ok(settled);
    }
    let source = find(gateway, &known.customer, &known.meter).await?;
    let late = spend(gateway, &ask, &known, Some(&source)).await?;
    late.ok_or_else(|| over(&known))
}

/// Gives a reservation back.
pub(crate) async fn release(gateway: &Gateway, ask: &Release) -> Result<Settled, Problem> {
    let known = known(gateway, &ask.reservation_id).await?;
    let _turn = gateway.spenders.turn().await?;
    let mut tx = gateway.store.begin().await?;
    let now = gateway.time.local().as_microsecond();
    let (mut held, _account) = hold(&mut tx, &known, None, now).await?;
    match held.state.as_str() {
        "held" => {
            tx.settle_reservation(&held.id, None, now).await?;
            tx.commit().await?;
            gateway.metrics.reservations("released", 1);
            "released".clone_into(&mut held.state);
        }
        "committed" => return Err(over(&held)),
        _ => {}
    }
    Ok(Settled::of(&held))
}

/// `None` when its time is over, and a figure is needed to tell whether it is covered all the same.
async fn spend(
    gateway: &Gateway,
    ask: &Commit,
    known: &Reservation,
    source: Option<&Source>,
) -> Result<Option<Settled>, Problem> {
    let _turn = gateway.spenders.turn().await?;
    let mut tx = gateway.store.begin().await?;
    let now = gateway.time.local().as_microsecond();
    let (mut held, account) = hold(&mut tx, known, source, now).await?;
    let units = ask.units_of(&held)?;
    match held.state.as_str() {
        "committed" if ask.units.is_none() || held.spent() == units => {
            return Ok(Some(Settled::of(&held)));
        }
        "committed" | "released" => return Err(over(&held)),
        "held" if held.expires_at > now => {}
        _ => {
            let Some(source) = source else {
                return Ok(None);
            };
            tx.expire_of(&account, now).await?;
            let left = Left::of(gateway, &mut tx, &account, &source.meter).await?;
            if left.units() < units {
                return Err(short(gateway, &left).saying(
                    "The reservation is expired, and what is left does not cover it any more",
                ));
            }
        }
    }
    let events = ask.events(gateway, &held, &account, units)?;
    count(gateway, tx, &held, units, &events).await?;
    "committed".clone_into(&mut held.state);
    held.spent = Some(units.to_string());
    Ok(Some(Settled::of(&held)))
}

/// The change of the reservation and the event are one: neither is there without the other.
async fn count(
    gateway: &Gateway,
    mut tx: Tx,
    held: &Reservation,
    units: Decimal,
    events: &[UsageEvent],
) -> Result<(), Problem> {
    if let Some(first) = events.first()
        && tx.usage_has(&first.id).await?
    {
        let detail = "reservation_id: an event of this id was tracked before";
        return Err(Problem::new(Code::Conflict, detail));
    }
    let now = gateway.time.local().as_microsecond();
    let spent = units.to_string();
    tx.settle_reservation(&held.id, Some(&spent), now).await?;
    tx.record_usage(events).await?;
    crash::point("reservation.committing");
    tx.commit().await?;
    crash::point("reservation.committed");
    gateway.metrics.reservations("committed", 1);
    gateway.usage_came.notify_one();
    Ok(())
}

async fn known(gateway: &Gateway, id: &str) -> Result<Reservation, Problem> {
    let known = gateway.store.reservation(id).await?;
    known.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "reservation_id: there is none of this id")
}

/// Holds the account, and looks at the reservation again now that nobody else changes it.
async fn hold(
    tx: &mut Tx,
    known: &Reservation,
    source: Option<&Source>,
    now: i64,
) -> Result<(Reservation, Account), Problem> {
    let account = if let Some(source) = source {
        tx.hold_account(&source.account, now).await?
    } else {
        let held = tx.hold_account_of(known, now).await?;
        held.ok_or_else(unknown)?
    };
    let held = tx.reservation(&known.id).await?;
    Ok((held.ok_or_else(unknown)?, account))
}

impl Commit {
    fn units_of(&self, held: &Reservation) -> Result<Decimal, Problem> {
        let reserved = decimal(&held.units);
        let units = self.units.map_or(reserved, |units| units.0);
        if units > reserved {
            return Err(Problem::invalid(format!(
                "units: at most the {reserved} that were reserved"
            )));
        }
        Ok(units)
    }

    /// The use as events: they come to exactly so many units of the meter.
    fn events(
        &self,
        gateway: &Gateway,
        held: &Reservation,
        account: &Account,
        units: Decimal,
    ) -> Result<Vec<UsageEvent>, Problem> {
        let draft = Draft {
            id: held.id.clone(),
            customer: held.customer.clone(),
            name: self.name.clone(),
            metadata: self.metadata.clone().unwrap_or_default(),
            timestamp: gateway.time.now(),
        };
        let events = meter_of(account)?.events(draft, units);
        let events = events.map_err(|unfit| Problem::invalid(unfit.to_string()))?;
        let uses = events.into_iter().map(|event| Use {
            external_customer_id: event.external_customer_id,
            name: event.name,
            metadata: Some(event.metadata),
            timestamp: Some(event.timestamp),
            id: Some(event.external_id),
            customer_id: None,
            parent_id: None,
            member_id: None,
            external_member_id: None,
        });
        let rows = uses.map(|one| usage::row(gateway, one));
        let rows: Result<_, Wrong> = rows.collect();
        rows.map_err(|Wrong { field, detail }| Problem::invalid(format!("{field}: {detail}")))
    }
}

impl Settled {
    fn of(settled: &Reservation) -> Self {
        let (reserved, spent) = (decimal(&settled.units), settled.spent());
        Self {
            reservation_id: settled.id.clone(),
            external_customer_id: settled.customer.clone(),
            meter_id: settled.meter.clone(),
            state: settled.state.clone(),
            reserved_units: number(reserved),
            spent_units: number(spent),
            returned_units: number(reserved.saturating_sub(spent)),
        }
    }
}

/// What is counted of a reservation, as decimals.
trait Spent {
    fn spent(&self) -> Decimal;
}

impl Spent for Reservation {
    fn spent(&self) -> Decimal {
        self.spent.as_deref().map(decimal).unwrap_or_default()
    }
}
