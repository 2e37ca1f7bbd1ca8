//! Having delivered again what Polar gave up: a delivery keeps its id, so that what came after all
//! is known by it, and it keeps its age, so that what is newer stays.

use std::collections::BTreeSet;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;

use crate::gateway::Gateway;
use crate::reconcile::Trouble;

/// Deliveries asked for at once: Polar's largest page.
const LIMIT: usize = 100;
/// Pages of failed deliveries that are looked at in one go.
const PAGES_MAX: i64 = 50;
/// Events that are asked for again in one go; the rest is read back.
const REDELIVERED_MAX: usize = 500;

#[derive(Deserialize)]
struct Listed {
    items: Vec<Delivery>,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    max_page: i64,
}

/// An attempt, as Polar lists it.
#[derive(Deserialize)]
struct Delivery {
    webhook_event: Event,
}

/// What was to be delivered.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(default)]
    succeeded: Option<bool>,
    #[serde(default)]
    skipped: bool,
    #[serde(default)]
    is_archived: bool,
}

/// Asks again for what failed for good since that moment (µs of Polar's time) and never came.
pub(super) async fn since(gateway: &Gateway, endpoint: &str, from: i64) -> Result<(), Trouble> {
    let start = Timestamp::from_microsecond(from).unwrap_or_default();
    let mut given_up = BTreeSet::new();
    for page in 1..=PAGES_MAX {
        let query = [
            ("endpoint_id", endpoint.to_owned()),
            ("succeeded", "false".to_owned()),
            ("start_timestamp", start.to_string()),
            ("page", page.to_string()),
            ("limit", LIMIT.to_string()),
        ];
        gateway.reconcile.budget.turn(&gateway.shared).await;
        let answer = gateway
            .polar
            .read("/v1/webhooks/deliveries", &query)
            .await?;
        let listed: Listed = serde_json::from_slice(&answer.body)?;
        let events = listed
            .items
            .into_iter()
            .map(|delivery| delivery.webhook_event);
        // What Polar still tries is left to Polar.
        let over = events.filter(|event| event.succeeded == Some(false) || event.skipped);
        let over = over.filter(|event| !event.is_archived);
        given_up.extend(over.map(|event| event.id));
        if page >= listed.pagination.max_page || given_up.len() >= REDELIVERED_MAX {
            break;
        }
    }
    let mut asked = 0;
    for id in given_up.into_iter().take(REDELIVERED_MAX) {
        if gateway.store.inbox_body(&id).await?.is_some() {
            continue;
        }
        let path = format!("/v1/webhooks/events/{id}/redeliver");
        gateway.reconcile.budget.turn(&gateway.shared).await;
        match gateway.polar.change(Method::POST, &path, None::<&()>).await {
            Ok(_) => asked += 1,
            // Forgotten at Polar: it is read back.
            Err(failure) if failure.is_about_the_request() => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    if asked > 0 {
        tracing::warn!(asked, "deliveries that Polar gave up are asked for again");
        gateway.metrics.redelivered(asked);
    }
    Ok(())
}
