//! What a customer has left: Polar's own figure, less what Polar has not counted yet, less what is
//! reserved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::future::Cache;
use rust_decimal::Decimal;
use serde::Serialize;

use super::Event;
use super::meter::{Meter, decimal};
use crate::entitlement::essence;
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::upstream::Failure;

/// Definitions of meters remembered, and how long: they rarely change once used.
const METERS_MAX: u64 = 1_000;
const METER_KEPT: Duration = Duration::from_mins(10);
/// Customers whose meters were asked of Polar, and how long the answer stands.
const ASKED_MAX: u64 = 10_000;
const ASKED_KEPT: Duration = Duration::from_secs(5);
/// Events weighed for one answer; a customer with more waiting is told so by `complete`.
const UNCOUNTED_MAX: i64 = 10_000;

/// One meter of a customer.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the words of the contract")]
pub(crate) struct Balance {
    pub(crate) meter_id: String,
    pub(crate) name: String,
    /// What is left: Polar's figure less what waits and what is reserved.
    #[schema(value_type = f64)]
    pub(crate) balance: serde_json::Number,
    /// What Polar says is left.
    #[schema(value_type = f64)]
    pub(crate) polar_balance: serde_json::Number,
    /// What Polar says was used.
    #[schema(value_type = f64)]
    pub(crate) consumed_units: serde_json::Number,
    /// What Polar says was given.
    #[schema(value_type = f64)]
    pub(crate) credited_units: serde_json::Number,
    /// Used, accepted here, and not yet in Polar's figure.
    #[schema(value_type = f64)]
    pub(crate) pending_units: serde_json::Number,
    /// Set aside for uses that are under way.
    #[schema(value_type = f64)]
    pub(crate) reserved_units: serde_json::Number,
    /// False when the pending part can't be told: the meter does not add up events, or too many
    /// wait.
    pub(crate) complete: bool,
    /// When Polar's figure was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) as_of: Timestamp,
    pub(crate) age_seconds: i64,
}

/// What is remembered of meters.
#[derive(Debug)]
pub(crate) struct Meters {
    definitions: Cache<String, Arc<Meter>>,
    asked: Cache<String, Arc<Vec<essence::Meter>>>,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            definitions: Cache::builder()
                .max_capacity(METERS_MAX)
                .time_to_live(METER_KEPT)
                .build(),
            asked: Cache::builder()
                .max_capacity(ASKED_MAX)
                .time_to_live(ASKED_KEPT)
                .build(),
        }
    }
}

/// All meters of a customer.
pub(crate) async fn of(gateway: &Gateway, external_id: &str) -> Result<Vec<Balance>, Problem> {
    let meters = told(gateway, external_id).await?;
    let mut balances = Vec::with_capacity(meters.len());
    for meter in &meters {
        balances.push(balance(gateway, external_id, meter).await?);
    }
    Ok(balances)
}

/// A customer's meters as Polar last told them; asked where nothing was told yet, because it may be
/// the first use, or a webhook on its way.
pub(super) async fn told(
    gateway: &Gateway,
    external_id: &str,
) -> Result<Vec<essence::Meter>, Problem> {
    let standing = gateway.view.of(external_id, gateway.time.local()).await?;
    if standing.meters.is_empty() {
        return Ok(ask(gateway, external_id).await?.to_vec());
    }
    Ok(standing.meters.to_vec())
}

/// The same, asked of Polar; not more often than every few seconds.
pub(super) async fn ask(
    gateway: &Gateway,
    external_id: &str,
) -> Result<Arc<Vec<essence::Meter>>, Problem> {
    let call = async {
        gateway
            .polar
            .customer_meters(external_id)
            .await
            .map(Arc::new)
    };
    let meters = gateway
        .meters
        .asked
        .try_get_with_by_ref(external_id, call)
        .await;
    meters.map_err(|failure: Arc<Failure>| Problem::from(failure.as_ref()))
}

/// What a meter counts.
pub(super) async fn definition(gateway: &Gateway, meter: &str) -> Result<Arc<Meter>, Problem> {
    let call = async { gateway.polar.meter(meter).await.map(Arc::new) };
    let definition = gateway
        .meters
        .definitions
        .try_get_with_by_ref(meter, call)
        .await;
    definition.map_err(|failure: Arc<Failure>| Problem::from(failure.as_ref()))
}

async fn balance(
    gateway: &Gateway,
    external_id: &str,
    meter: &essence::Meter,
) -> Result<Balance, Problem> {
    let as_of = meter.as_of();
    let definition = definition(gateway, &meter.meter_id).await?;
    let counted = as_of.as_microsecond();
    // First of all: what is committed in between is seen twice, and not missed.
    let now = gateway.time.local().as_microsecond();
    let reserved = gateway.store.reserved(external_id, &meter.meter_id, now);
    let reserved = total(&reserved.await?).unwrap_or(Decimal::MAX);
    let bodies = gateway
        .store
        .usage_uncounted(external_id, counted, UNCOUNTED_MAX)
        .await?;
    let waiting = i64::try_from(bodies.len()).unwrap_or(i64::MAX);
    let pending = weigh(&definition, &bodies);
    let polar = decimal(&meter.balance).unwrap_or_default();
    let spent = reserved.saturating_add(pending.unwrap_or_default());
    Ok(Balance {
        meter_id: meter.meter_id.clone(),
        name: definition.name.clone(),
        balance: number(polar.saturating_sub(spent)),
        polar_balance: meter.balance.clone(),
        consumed_units: meter.consumed_units.clone(),
        credited_units: meter.credited_units.clone(),
        pending_units: number(pending.unwrap_or_default()),
        reserved_units: number(reserved),
        complete: pending.is_some() && waiting < UNCOUNTED_MAX,
        as_of,
        age_seconds: gateway.time.now().duration_since(as_of).as_secs().max(0),
    })
}

/// What these events come to; `None` when they can't be added up. Units given, which are negative,
/// count when Polar has counted them.
pub(super) fn weigh(meter: &Meter, bodies: &[String]) -> Option<Decimal> {
    let mut sum = Decimal::ZERO;
    for body in bodies {
        let event: Event = serde_json::from_str(body).ok()?;
        sum = sum.checked_add(meter.units(&event)?.max(Decimal::ZERO))?;
    }
    Some(sum)
}

/// The sum of decimals as the store keeps them; `None` when they can't be added up.
pub(super) fn total(units: &[String]) -> Option<Decimal> {
    let mut units = units.iter().map(|text| text.parse::<Decimal>().ok());
    units.try_fold(Decimal::ZERO, |sum, one| sum.checked_add(one?))
}

/// A decimal as a JSON number: whole where it is whole.
pub(crate) fn number(decimal: Decimal) -> serde_json::Number {
    let text = decimal.normalize().to_string();
    let parsed: Option<serde_json::Number> = serde_json::from_str(&text).ok();
    parsed.unwrap_or_else(|| serde_json::Number::from(0))
}

/// The balances by meter and by name, for checks.
pub(crate) async fn left(
    gateway: &Gateway,
    external_id: &str,
    wanted: &str,
) -> Result<Option<Decimal>, Problem> {
    let balances = of(gateway, external_id).await?;
    let by_name: BTreeMap<&str, &Balance> = balances
        .iter()
        .flat_map(|balance| {
            [
                (balance.meter_id.as_str(), balance),
                (balance.name.as_str(), balance),
            ]
        })
        .collect();
    Ok(by_name
        .get(wanted)
        .and_then(|balance| decimal(&balance.balance)))
}
