//! Usage: accepted once it is durable, delivered until Polar has it, never lost in between.

pub(crate) mod balance;
pub(crate) mod deliver;
pub(crate) mod meter;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::UsageEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gateway::Gateway;
use crate::problem::Problem;

/// Events of one request.
pub(crate) const EVENTS_MAX: usize = 1_000;
/// Polar's own limits.
const NAME_CHARS_MAX: usize = 128;
const METADATA_KEYS_MAX: usize = 50;
const ID_CHARS_MAX: usize = 255;
/// An event's metadata as JSON, far above what Polar takes: a batch of 500 stays in memory, and a
/// balance weighs 10,000.
const METADATA_BYTES_MAX: usize = 32_768;
/// Clocks of the application and of Polar may differ by this much.
const FUTURE_MAX: SignedDuration = SignedDuration::from_secs(60);

/// One use of something.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
pub(crate) struct Use {
    /// The application's id of the customer.
    pub(crate) external_customer_id: String,
    /// What was used; meters count by it.
    pub(crate) name: String,
    /// What else meters look at. Numbers, texts, booleans.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<Map<String, Value>>,
    /// When it was used; now unless given, never in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) timestamp: Option<Timestamp>,
    /// The application's own id of this use: the same id counts once. Minted unless given.
    #[serde(default)]
    pub(crate) id: Option<String>,
}

/// An event as Polar takes it, and as it waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) external_customer_id: String,
    pub(crate) external_id: String,
    pub(crate) timestamp: Timestamp,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
}

/// Accepts uses: minted, checked, durable when this returns their ids.
pub(crate) async fn record(gateway: &Gateway, uses: Vec<Use>) -> Result<Vec<String>, Problem> {
    if uses.is_empty() || uses.len() > EVENTS_MAX {
        return Err(Problem::invalid(format!(
            "events: 1 to {EVENTS_MAX} at once"
        )));
    }
    let now = gateway.time.now();
    let mut rows = Vec::with_capacity(uses.len());
    for (number, one) in uses.into_iter().enumerate() {
        let event = accept(one, now)
            .map_err(|what| Problem::invalid(format!("events[{number}].{what}")))?;
        rows.push(UsageEvent {
            id: event.external_id.clone(),
            customer: event.external_customer_id.clone(),
            accepted_at: gateway.time.stamp(),
            body: serde_json::to_string(&event).map_err(|error| Problem::internal(&error))?,
        });
    }
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    gateway.store.record_usage(rows).await?;
    gateway.metrics.usage("accepted", ids.len());
    gateway.usage_came.notify_one();
    Ok(ids)
}

fn accept(one: Use, now: Timestamp) -> Result<Event, &'static str> {
    let fits = |text: &str, at_most: usize| (1..=at_most).contains(&text.chars().count());
    if !fits(one.external_customer_id.trim(), ID_CHARS_MAX) {
        return Err("external_customer_id: 1 to 255 characters");
    }
    if !fits(one.name.trim(), NAME_CHARS_MAX) {
        return Err("name: 1 to 128 characters");
    }
    if one
        .id
        .as_deref()
        .is_some_and(|id| !fits(id.trim(), ID_CHARS_MAX))
    {
        return Err("id: 1 to 255 characters");
    }
    let metadata = one.metadata.unwrap_or_default();
    if metadata.len() > METADATA_KEYS_MAX {
        return Err("metadata: at most 50 keys");
    }
    let bytes = serde_json::to_vec(&metadata).map_or(0, |json| json.len());
    if bytes > METADATA_BYTES_MAX {
        return Err("metadata: at most 32 KiB");
    }
    let timestamp = one.timestamp.unwrap_or(now);
    if timestamp.duration_since(now) > FUTURE_MAX {
        return Err("timestamp: is in the future");
    }
    let minted = || uuid::Uuid::new_v4().to_string();
    Ok(Event {
        name: one.name,
        external_customer_id: one.external_customer_id,
        external_id: one.id.unwrap_or_else(minted),
        timestamp,
        metadata,
    })
}
