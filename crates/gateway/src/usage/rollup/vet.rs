//! Whether a roll-up leaves every figure as it is: Polar's meters say. One that counts these events, or
//! looks at the very property, would come to something else, and so they go as they were told.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::config::Rollup;
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::upstream::Failure;

/// How often Polar is asked for its meters.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Nested filters deeper than this may match anything.
const DEPTH_MAX: u8 = 8;
/// Pages of meters read; what has more is not vetted, and not rolled up.
const PAGES_MAX: u32 = 20;

/// The rules that may be used, as of some minutes ago.
#[derive(Debug, Default)]
pub(in crate::usage) struct Vetted {
    asked_at: Option<Timestamp>,
    rules: Vec<Rollup>,
}

#[derive(Debug, Deserialize)]
struct Meter {
    name: String,
    filter: Value,
    aggregation: Aggregation,
    #[serde(default)]
    archived_at: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Aggregation {
    func: String,
    #[serde(default)]
    property: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Meter>,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    max_page: u32,
}

impl Vetted {
    /// The rules that change no figure; none as long as that cannot be known.
    pub(in crate::usage) async fn rules(&mut self, gateway: &Gateway) -> &[Rollup] {
        let now = gateway.time.local();
        let lately =
            |at: Timestamp| (SignedDuration::ZERO..ASK_EVERY).contains(&now.duration_since(at));
        if !self.asked_at.is_some_and(lately) {
            self.asked_at = Some(now);
            self.rules = match meters(gateway).await {
                Ok(meters) => fit(&gateway.config.usage.rollups, &meters),
                Err(failure) => {
                    let error = chain(&failure);
                    tracing::warn!(%error, "usage is not rolled up: Polar's meters are not known");
                    Vec::new()
                }
            };
        }
        &self.rules
    }
}

async fn meters(gateway: &Gateway) -> Result<Vec<Meter>, Failure> {
    let mut meters = Vec::new();
    for page in 1..=PAGES_MAX {
        let query = [
            ("organization_id", gateway.polar.organization()),
            ("limit", "100".to_owned()),
            ("page", page.to_string()),
        ];
        let answer = gateway.polar.read("/v1/meters/", &query).await?;
        let read: Page = serde_json::from_slice(&answer.body).map_err(|_other| Failure::Failed)?;
        meters.extend(read.items);
        if page >= read.pagination.max_page {
            return Ok(meters);
        }
    }
    Err(Failure::Failed)
}

fn fit(rules: &[Rollup], meters: &[Meter]) -> Vec<Rollup> {
    let fits = |rule: &&Rollup| {
        let against = meters.iter().find(|meter| contradicts(meter, rule));
        if let Some(meter) = against {
            let (event, meter) = (&rule.event, &meter.name);
            tracing::error!(%event, %meter, "usage is not rolled up: this meter would change");
        }
        against.is_none()
    };
    rules.iter().filter(fits).cloned().collect()
}

/// Whether the meter may look at these events, and would see something else.
fn contradicts(meter: &Meter, rule: &Rollup) -> bool {
    let archived = meter.archived_at.as_ref().is_some_and(|at| !at.is_null());
    if archived || !may_match(&meter.filter, &rule.event, 0) {
        return false;
    }
    let own = |named: &str| bare(named) == rule.property;
    let adds_up = meter.aggregation.func == rule.func.name()
        && meter.aggregation.property.as_deref().is_some_and(own);
    !adds_up || looks_at(&meter.filter, &rule.property, 0)
}

fn bare(property: &str) -> &str {
    property.strip_prefix("metadata.").unwrap_or(property)
}

/// Whether events of this name can pass, whatever else they say.
fn may_match(filter: &Value, event: &str, depth: u8) -> bool {
    let Some(clauses) = filter.get("clauses").and_then(Value::as_array) else {
        let named = filter.get("property").and_then(Value::as_str) == Some("name");
        let is = filter.get("operator").and_then(Value::as_str) == Some("eq");
        return !(named && is) || filter.get("value").and_then(Value::as_str) == Some(event);
    };
    if depth > DEPTH_MAX || clauses.is_empty() {
        return true;
    }
    let mut may = clauses
        .iter()
        .map(|clause| may_match(clause, event, depth + 1));
    match filter.get("conjunction").and_then(Value::as_str) {
        Some("or") => may.any(|one| one),
        _ => may.all(|one| one),
    }
}

/// Whether it asks for what a roll-up changes: the property, or the very time.
fn looks_at(filter: &Value, property: &str, depth: u8) -> bool {
    let Some(clauses) = filter.get("clauses").and_then(Value::as_array) else {
        let named = filter.get("property").and_then(Value::as_str);
        return named.is_some_and(|named| bare(named) == property || named == "timestamp");
    };
    depth > DEPTH_MAX
        || clauses
            .iter()
            .any(|clause| looks_at(clause, property, depth + 1))
}
