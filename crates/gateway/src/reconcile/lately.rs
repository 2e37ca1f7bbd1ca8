//! What happened lately: Polar writes an event for every change it makes. One request tells all of
//! the last minutes; who changed without a word here becomes a doubt.

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Doubt, Reading};
use serde::Deserialize;

use super::{Trouble, page};
use crate::entitlement::essence::Order;
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::is_past;

/// The reading's name, beside those of the lists.
pub(crate) const KIND: &str = "event";
/// Younger changes are left alone: their webhooks may still be on the way.
const SETTLED: SignedDuration = SignedDuration::from_mins(1);
/// How much earlier than Polar's own event a webhook of the same change may be stamped.
const TOGETHER: i64 = 2_000_000;
/// Events asked for at once: Polar's largest page.
const LIMIT: usize = 100;

#[derive(Deserialize)]
struct Listed {
    items: Vec<Happened>,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    #[serde(default)]
    max_page: i64,
}

/// One of Polar's own events, as far as it says what changed.
#[derive(Deserialize)]
struct Happened {
    name: String,
    timestamp: Timestamp,
    #[serde(default)]
    customer_id: Option<String>,
    #[serde(default)]
    metadata: Named,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default, rename = "subscription_id")]
    subscription: Option<String>,
    #[serde(default, rename = "order_id")]
    order: Option<String>,
    #[serde(default, rename = "benefit_grant_id")]
    grant: Option<String>,
}

/// Where in which stretch of time the reading is.
#[derive(Clone, Copy)]
struct Place {
    from: Timestamp,
    to: Timestamp,
    page: i64,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        Some(Self {
            from: parts.next()?.parse().ok()?,
            to: parts.next()?.parse().ok()?,
            page: parts.next()?.parse().ok()?,
        })
    }

    fn text(self) -> String {
        format!("{}|{}|{}", self.from, self.to, self.page)
    }
}

/// Reads the next page of what happened, when it is time to; says whether it was.
pub(super) async fn step(gateway: &Gateway) -> Result<bool, Trouble> {
    let now = gateway.time.local().as_microsecond();
    let readings = gateway.store.readings().await?;
    let reading = readings.into_iter().find(|reading| reading.kind == KIND);
    let Some(mut reading) = reading else {
        // From now on; the first pass reads what was before.
        let from = gateway.time.surely_past().as_microsecond();
        gateway.store.put_reading(&since(from, now)).await?;
        return Ok(true);
    };
    let every = SignedDuration::from_mins(i64::from(gateway.config.healing.minutes));
    let last = reading.failed_at.unwrap_or(reading.started_at);
    if reading.place.is_empty() || reading.failed_at.is_some() {
        if !is_past(last, every, now) {
            return Ok(false);
        }
        reading.started_at = now;
    }
    let place = match Place::parse(&reading.place) {
        Some(place) => place,
        None => stretch(gateway, &reading),
    };
    match read(gateway, &mut reading, place).await {
        Ok(()) => Ok(true),
        Err(trouble) if trouble.holds_all(0).is_none() => {
            reading.failed_at = Some(now);
            reading.error = Some(chain(&trouble));
            tracing::warn!(error = %chain(&trouble), "what happened lately cannot be read");
            gateway.store.put_reading(&reading).await?;
            Ok(true)
        }
        Err(trouble) => Err(trouble),
    }
}

/// Has what happened since `from` (µs of Polar's time) looked at, now: a gap is to be closed.
pub(crate) async fn look_back(gateway: &Gateway, from: i64) -> Result<(), polarkit_store::Error> {
    let readings = gateway.store.readings().await?;
    let known = readings.iter().find(|reading| reading.kind == KIND);
    let from = known
        .and_then(|reading| reading.complete_at)
        .map_or(from, |complete| complete.min(from));
    gateway.store.put_reading(&since(from, 0)).await
}

fn since(from: i64, started_at: i64) -> Reading {
    Reading {
        kind: KIND.to_owned(),
        started_at,
        began_at: from,
        complete_at: Some(from),
        ..Reading::default()
    }
}

/// From where the last reading ended to what has settled.
fn stretch(gateway: &Gateway, reading: &Reading) -> Place {
    let to = gateway.time.surely_past();
    Place {
        from: Timestamp::from_microsecond(reading.complete_at.unwrap_or_default())
            .unwrap_or_default(),
        to: to.checked_sub(SETTLED).unwrap_or(to),
        page: 1,
    }
}

async fn read(gateway: &Gateway, reading: &mut Reading, place: Place) -> Result<(), Trouble> {
    let now = gateway.time.local().as_microsecond();
    if place.to > place.from {
        let query = [
            ("source", "system".to_owned()),
            ("organization_id", gateway.polar.organization()),
            ("start_timestamp", place.from.to_string()),
            ("end_timestamp", place.to.to_string()),
            ("sorting", "timestamp".to_owned()),
            ("page", place.page.to_string()),
            ("limit", LIMIT.to_string()),
        ];
        let answer = page::ask(gateway, "/v1/events/", &query).await?;
        let listed: Listed = serde_json::from_slice(&answer.body)?;
        let mut untold = 0;
        for happened in &listed.items {
            untold += u64::from(unless_told(gateway, happened, now).await?);
        }
        if untold > 0 {
            tracing::warn!(untold, "Polar changed what no webhook told of");
            gateway.metrics.untold(untold);
            gateway.watchdog.look.notify_one();
        }
        reading.objects += i64::try_from(listed.items.len()).unwrap_or_default();
        reading.failed_at = None;
        reading.error = None;
        if place.page < listed.pagination.max_page {
            let next = Place {
                page: place.page + 1,
                ..place
            };
            reading.place = next.text();
            return Ok(gateway.store.put_reading(reading).await?);
        }
        reading.complete_at = Some(place.to.as_microsecond());
    }
    reading.place = String::new();
    reading.finished_at = Some(now);
    Ok(gateway.store.put_reading(reading).await?)
}

/// Doubts the customer of an event unless what it is about was told of since; says whether it did.
async fn unless_told(
    gateway: &Gateway,
    happened: &Happened,
    now: i64,
) -> Result<bool, polarkit_store::Error> {
    let Some(customer) = &happened.customer_id else {
        return Ok(false);
    };
    let named = &happened.metadata;
    let noun = happened.name.split('.').next().unwrap_or_default();
    let object = match noun {
        "subscription" => ("subscription", named.subscription.as_ref()),
        "order" => ("order", named.order.as_ref()),
        "benefit" => ("benefit_grant", named.grant.as_ref()),
        "customer" => ("customer", Some(customer)),
        _ => return Ok(false),
    };
    let at = happened.timestamp.as_microsecond();
    if let (kind, Some(id)) = object
        && let Some((told, seen)) = gateway.store.told_at(kind, id).await?
        && (told >= at.saturating_sub(TOGETHER) || seen >= at)
        && (seen >= at || !is_unpaid(gateway, customer, happened).await?)
    {
        return Ok(false);
    }
    let doubt = Doubt {
        customer: customer.clone(),
        reason: format!("untold_{noun}"),
        after_at: at,
        whole: true,
        marked_at: now,
        due_at: now,
        tries: 0,
        error: None,
    };
    gateway.store.doubt(&doubt).await?;
    Ok(true)
}

/// Whether an order was paid and we have it as unpaid: an order is made a moment before it is paid,
/// and the webhook of the one is none of the other.
async fn is_unpaid(
    gateway: &Gateway,
    customer: &str,
    happened: &Happened,
) -> Result<bool, polarkit_store::Error> {
    let (Some(order), "order.paid") = (&happened.metadata.order, happened.name.as_str()) else {
        return Ok(false);
    };
    let mirrored = gateway.store.object(customer, "order", order).await?;
    let essence = mirrored.and_then(|order| order.essence);
    let order: Option<Order> = essence.and_then(|text| serde_json::from_str(&text).ok());
    Ok(order.is_some_and(|order| !order.paid))
}
