//! Usage: accepted once it is durable, delivered until Polar has it, never lost in between.

pub(crate) mod balance;
mod batch;
pub(crate) mod check;
pub(crate) mod deliver;
mod first;
pub(crate) mod meter;
mod pace;
pub(crate) mod period;
pub(crate) mod reservation;
mod rollup;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::UsageEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use self::check::Wrong;
use self::period::Standing;
use crate::gateway::Gateway;
use crate::problem::Problem;

/// Events of one request; of one in lines, which are shorter to read.
pub(crate) const EVENTS_MAX: usize = 1_000;
pub(crate) const LINES_MAX: usize = 10_000;

/// One use of something. It names its customer by the application's id, or by Polar's.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
pub(crate) struct Use {
    /// The application's id of the customer.
    #[serde(default)]
    pub(crate) external_customer_id: Option<String>,
    /// Polar's id of the customer, instead.
    #[serde(default)]
    pub(crate) customer_id: Option<Uuid>,
    /// What was used; meters count by it.
    pub(crate) name: String,
    /// What else meters look at. Numbers, texts, booleans; `_cost` and `_llm` as Polar has them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<Map<String, Value>>,
    /// When it was used; now unless given, never in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) timestamp: Option<Timestamp>,
    /// The application's own id of this use: the same id counts once. Minted unless given. Polar's
    /// name for it, `external_id`, is taken, too.
    #[serde(default, alias = "external_id")]
    pub(crate) id: Option<String>,
    /// The event this one belongs to: Polar's id of it, or the application's.
    #[serde(default)]
    pub(crate) parent_id: Option<String>,
    /// Polar's id of the member who did it, with `customer_id`.
    #[serde(default)]
    pub(crate) member_id: Option<Uuid>,
    /// The application's id of the member, with `external_customer_id`.
    #[serde(default)]
    pub(crate) external_member_id: Option<String>,
}

/// An event as Polar takes it, and as it waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_customer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) customer_id: Option<Uuid>,
    pub(crate) external_id: String,
    pub(crate) timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_member_id: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
}

/// What became of one event that was told.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// It is durable.
    Accepted {
        id: String,
        /// It was used before the period began that Polar bills now, and is billed with it.
        late: bool,
    },
    /// Nothing of it is kept.
    Refused(Wrong),
}

/// An event that may be kept.
struct Accepted {
    row: UsageEvent,
    late: bool,
}

/// Accepts what was told, event by event, as long as there is one that is good. What is accepted is
/// durable when this returns, all of it together.
pub(crate) async fn record(
    gateway: &Gateway,
    told: Vec<Result<Use, Wrong>>,
) -> Result<Vec<Verdict>, Problem> {
    let now = gateway.time.now();
    let mut rows = Vec::with_capacity(told.len());
    let mut verdicts = Vec::with_capacity(told.len());
    for one in told {
        let accepted = match one {
            Ok(one) => accept(gateway, one, now).await,
            Err(wrong) => Err(wrong),
        };
        match accepted {
            Ok(Accepted { row, late }) => {
                let id = row.id.clone();
                verdicts.push(Verdict::Accepted { id, late });
                rows.push(row);
            }
            Err(wrong) => verdicts.push(Verdict::Refused(wrong)),
        }
    }
    if rows.is_empty() {
        return Err(refusal(&verdicts));
    }
    gateway.store.record_usage(rows).await?;
    let late = |verdict: &&Verdict| matches!(verdict, Verdict::Accepted { late: true, .. });
    gateway
        .metrics
        .usage_late(verdicts.iter().filter(late).count());
    gateway.usage_came.notify_one();
    Ok(verdicts)
}

/// Why nothing was kept: what is wrong, event by event, as far as fits.
fn refusal(verdicts: &[Verdict]) -> Problem {
    const TOLD_MAX: usize = 10;
    let wrong = verdicts.iter().enumerate().filter_map(|(number, verdict)| {
        let Verdict::Refused(Wrong { field, detail }) = verdict else {
            return None;
        };
        Some(match (verdicts.len(), field.as_str()) {
            (1, field) => format!("{field}: {detail}"),
            (_, "") => format!("events[{number}]: {detail}"),
            (_, field) => format!("events[{number}].{field}: {detail}"),
        })
    });
    let told: Vec<String> = wrong.take(TOLD_MAX).collect();
    if told.is_empty() {
        return Problem::invalid("events: at least one");
    }
    Problem::invalid(told.join("; "))
}

/// A use as it is written down that is sent at once and by itself, for a customer Polar knows.
pub(crate) fn row(gateway: &Gateway, one: Use) -> Result<UsageEvent, Wrong> {
    let now = gateway.time.now();
    check::check(&one, now)?;
    let customer = one.external_customer_id.clone();
    let event = event(one, now);
    Ok(UsageEvent {
        id: event.external_id.clone(),
        customer: customer.unwrap_or_default(),
        accepted_at: gateway.time.stamp(),
        due_at: gateway.time.local().as_microsecond(),
        used_at: event.timestamp.as_microsecond(),
        rollup: None,
        body: body(&event)?,
    })
}

async fn accept(gateway: &Gateway, one: Use, now: Timestamp) -> Result<Accepted, Wrong> {
    check::check(&one, now)?;
    let (periods, store) = (&gateway.periods, &gateway.store);
    let customer = match (&one.external_customer_id, one.customer_id) {
        (Some(external_id), _) => Some(external_id.clone()),
        (None, Some(id)) => periods.name_of(store, id).await,
        (None, None) => None,
    };
    let holds = gateway.config.usage.hold_minutes > 0;
    let standing = match &customer {
        Some(customer) if holds || one.timestamp.is_some() => periods.of(store, customer).await,
        _ => Standing::default(),
    };
    let held = holds && one.external_customer_id.is_some() && !standing.known;
    // An id of the application's counts once for ever only where Polar knows it.
    let minted = one.id.is_none();
    let event = event(one, now);
    let before = |began: Timestamp| event.timestamp < began;
    let late = standing.began.is_some_and(before);
    let id = event.customer_id.map(|id| id.to_string());
    let rules = &gateway.config.usage.rollups;
    let rollup = if minted && !held {
        rollup::key(rules, &event)
    } else {
        None
    };
    let wait = match &rollup {
        Some(_) => rollup::wait(rules, &event, now),
        None if held => SignedDuration::from_mins(gateway.config.usage.hold_minutes.into()),
        None => SignedDuration::ZERO,
    };
    let local = gateway.time.local();
    let row = UsageEvent {
        id: event.external_id.clone(),
        customer: customer.or(id).unwrap_or_default(),
        accepted_at: gateway.time.stamp(),
        due_at: local.checked_add(wait).unwrap_or(local).as_microsecond(),
        used_at: event.timestamp.as_microsecond(),
        rollup,
        body: body(&event)?,
    };
    Ok(Accepted { row, late })
}

fn body(event: &Event) -> Result<String, Wrong> {
    serde_json::to_string(event)
        .map_err(|_unwritable| Wrong::new("metadata", "cannot be written as JSON"))
}

fn event(one: Use, now: Timestamp) -> Event {
    // In order of time, so that the newest stand together where they are looked for by id.
    let minted = || Uuid::now_v7().to_string();
    Event {
        name: one.name,
        external_customer_id: one.external_customer_id,
        customer_id: one.customer_id,
        external_id: one.id.unwrap_or_else(minted),
        timestamp: one.timestamp.unwrap_or(now),
        parent_id: one.parent_id,
        member_id: one.member_id,
        external_member_id: one.external_member_id,
        metadata: one.metadata.unwrap_or_default(),
    }
}
