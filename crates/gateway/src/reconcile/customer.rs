//! One customer, read back: the state settles who may use what; where it contradicts what is
//! mirrored, or where everything was asked for, the customer's own lists follow.

use jiff::SignedDuration;
use polarkit_store::{Doubt, Object, Reading, Version, crash};
use serde_json::value::RawValue;

use super::table::{Filter, SEATS, TABLES};
use super::take::{Taking, access_drift, take};
use super::{Trouble, drift, page, pass};
use crate::entitlement::cause::Cause;
use crate::entitlement::{essence, expiry};
use crate::gateway::Gateway;
use crate::inbox::news::News;
use crate::problem::chain;
use crate::projection::{self, Changes, contradiction};
use crate::upstream::{self, Failure};

/// Pages of one list of one customer that are read: ten thousand objects.
const PAGES_MAX: i64 = 100;
/// Longest wait between two tries.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_mins(10);
/// How long an answer that is too early is waited out.
const TOO_EARLY: SignedDuration = SignedDuration::from_secs(2);

/// Looks into the doubt that is due first; says whether there was any.
pub(super) async fn step(gateway: &Gateway) -> Result<bool, Trouble> {
    let now = gateway.time.local();
    let due = gateway.store.doubts_due(now.as_microsecond(), 1).await?;
    let Some(doubt) = due.into_iter().next() else {
        return Ok(false);
    };
    let Err(trouble) = settle(gateway, &doubt).await else {
        return Ok(true);
    };
    let wait = match &trouble {
        Trouble::TooEarly => TOO_EARLY,
        _ => backoff(doubt.tries),
    };
    let due = now.checked_add(wait).unwrap_or(now).as_microsecond();
    let error = chain(&trouble);
    gateway
        .store
        .doubt_failed(&doubt.customer, &error, due)
        .await?;
    match trouble.holds_all(0) {
        Some(_) => Err(trouble),
        None => Ok(true),
    }
}

/// 2, 4, 8… seconds up to ten minutes; never given up, because access hangs on it.
fn backoff(tries: i64) -> SignedDuration {
    let doublings = u32::try_from(tries.clamp(0, 9)).unwrap_or_default();
    SignedDuration::from_secs(2 << doublings).min(BACKOFF_MAX)
}

/// Reads what it takes, and takes the doubt away.
async fn settle(gateway: &Gateway, doubt: &Doubt) -> Result<(), Trouble> {
    let customer = &doubt.customer;
    if !doubt.whole && !doubt.reason.starts_with("two_contents") {
        // What was late may have come meanwhile.
        let mut tx = gateway.store.begin().await?;
        if contradiction::of(&tx.essences(customer).await?).is_none() {
            tx.doubt_settled(customer, doubt.after_at.saturating_add(1))
                .await?;
            tx.commit().await?;
            return Ok(());
        }
    }
    let path = format!("/v1/customers/{customer}/state");
    let answer = match page::ask(gateway, &path, &[]).await {
        Err(Trouble::Polar(Failure::NotFound | Failure::Refused { .. })) => {
            let at = gateway.time.surely_past().as_microsecond();
            gone(gateway, customer, at).await?;
            let settled = at.max(doubt.after_at.saturating_add(1));
            gateway.store.doubt_settled(customer, settled).await?;
            return Ok(());
        }
        answer => answer?,
    };
    if answer.at <= doubt.after_at {
        return Err(Trouble::TooEarly);
    }
    let state: &RawValue = serde_json::from_slice(&answer.body)?;
    let contradicts = stated(gateway, customer, state, answer.at).await?;
    if doubt.whole || contradicts {
        lists(gateway, customer).await?;
    }
    crash::point("doubt.read");
    gateway.store.doubt_settled(customer, answer.at).await?;
    crash::point("doubt.settled");
    tracing::info!(customer, reason = %doubt.reason, "a customer was read back");
    Ok(())
}

/// Asks Polar what the customer of this external id may use, and takes it.
pub(super) async fn recheck(gateway: &Gateway, external_id: &str) -> Result<(), Trouble> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
    }
    let Some(path) = state_of(gateway, external_id).await? else {
        return Ok(()); // nobody Polar knows either
    };
    gateway.metrics.reconcile_request();
    let answer = match gateway.polar.read(&path, &[]).await {
        Err(failure) if failure.is_about_the_request() => return Ok(()),
        answer => answer?,
    };
    let state: &RawValue = serde_json::from_slice(&answer.body)?;
    let Named { id } = serde_json::from_str(state.get())?;
    stated(gateway, &id, state, answer.at).await.map(drop)
}

/// Where Polar states what the customer of this external id may use: by Polar's own id, when theirs
/// fits in no path.
async fn state_of(gateway: &Gateway, external_id: &str) -> Result<Option<String>, Trouble> {
    if let Some(path) = upstream::path_of(external_id) {
        return Ok(Some(format!("{path}/state")));
    }
    let mut id = gateway.store.customer_by_external_id(external_id).await?;
    if id.is_none() {
        gateway.metrics.reconcile_request();
        let found = gateway.polar.person_by_external_id(external_id).await?;
        id = found.map(|person| person.id);
    }
    Ok(id.map(|id| format!("/v1/customers/{id}/state")))
}

/// Takes a state that was read; says whether what is mirrored contradicts it.
async fn stated(
    gateway: &Gateway,
    customer: &str,
    state: &RawValue,
    at: i64,
) -> Result<bool, Trouble> {
    let news = News::of_state(state, at)?;
    let now = gateway.time.local().as_microsecond();
    let taking = Taking {
        drifts: false,
        at,
        now,
    };
    let mut tx = gateway.store.begin().await?;
    let mut known = tx.entitlements(customer).await?;
    let changes = take(&mut tx, gateway, &news.objects, taking).await?;
    let mut entitled = projection::entitle(&mut tx, gateway, customer, &[], now).await?;
    let contradicts = entitled.doubted.is_some();
    // What only time has ended is no drift.
    expiry::settle(&mut known, &entitled.after, at);
    entitled.before = known;
    if !contradicts {
        // Where an object is wrong, its list tells so by name.
        access_drift(&mut tx, gateway, customer, &entitled, taking).await?;
    }
    changes.commit(tx, gateway).await?;
    changes.tell(gateway).await;
    Ok(contradicts)
}

/// Reads everything of one customer.
async fn lists(gateway: &Gateway, customer: &str) -> Result<(), Trouble> {
    let readings = gateway.store.readings().await?;
    // What is found before a list was once read to its end was there before anyone listened.
    let again = |kind: &str| {
        let reading = readings.iter().find(|reading| reading.kind == kind);
        reading.is_some_and(Reading::is_again)
    };
    for table in TABLES.iter().filter(|table| table.is_by(Filter::Customer)) {
        for number in 1..=PAGES_MAX {
            let page = match page::read(gateway, table, number, Some(customer)).await {
                // One list the token may not read keeps no other from being read.
                Err(Trouble::Polar(Failure::Credentials)) => {
                    let kind = table.kind;
                    tracing::warn!(kind, "a customer's list may not be read");
                    break;
                }
                page => page?,
            };
            let now = gateway.time.local().as_microsecond();
            let mut tx = gateway.store.begin().await?;
            let taking = Taking::of(table, again(table.kind), page.at, now);
            let changes = take(&mut tx, gateway, &page.objects, taking).await?;
            changes.commit(tx, gateway).await?;
            changes.tell(gateway).await;
            seats(gateway, table.kind, &page.objects, again(SEATS.kind)).await?;
            if !page.more {
                break;
            }
        }
    }
    Ok(())
}

async fn seats(
    gateway: &Gateway,
    kind: &str,
    bought: &[Object],
    again: bool,
) -> Result<(), Trouble> {
    let bought_with = match kind {
        "subscription" => "subscription_id",
        "order" => "order_id",
        _ => return Ok(()),
    };
    for object in bought.iter().filter(|one| pass::has_seats(&one.body)) {
        let page = match page::seats(gateway, bought_with, &object.id).await {
            Err(Trouble::Polar(failure)) if failure.is_about_the_request() => continue,
            page => page?,
        };
        let now = gateway.time.local().as_microsecond();
        let mut tx = gateway.store.begin().await?;
        let taking = Taking::of(&SEATS, again, page.at, now);
        let changes = take(&mut tx, gateway, &page.objects, taking).await?;
        changes.commit(tx, gateway).await?;
        changes.tell(gateway).await;
    }
    Ok(())
}

/// Polar no longer has a customer: everything they had ends, and their external id is free.
pub(super) async fn gone(gateway: &Gateway, customer: &str, at: i64) -> Result<(), Trouble> {
    #[derive(serde::Deserialize)]
    struct Told {
        deleted_at: Option<String>,
    }
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    tx.lock_customers(&[customer.to_owned()].into()).await?;
    let before = tx.body(customer, "customer", customer).await?;
    let external_id = tx.external_id(customer).await?;
    let told = before.and_then(|body| serde_json::from_str::<Told>(&body).ok());
    let deleted = told.is_some_and(|told| told.deleted_at.is_some());
    let vanished = tx.vanish(customer, "customer", customer, at).await?;
    if vanished && !deleted {
        let what = (customer, "customer", customer);
        let found = drift::found(what, "gone", String::new(), now);
        super::take::tell(&mut tx, gateway, &found).await?;
    }
    tx.mirror(&nothing(customer, at)).await?;
    let cause = Cause::read("customer", at, now);
    projection::entitle(&mut tx, gateway, customer, &[cause], now).await?;
    let changes = Changes {
        customers: [customer.to_owned()].into(),
        external_ids: external_id.into_iter().collect(),
        ..Changes::default()
    };
    changes.commit(tx, gateway).await?;
    changes.tell(gateway).await;
    Ok(())
}

/// The state of whom Polar does not have: nothing.
fn nothing(customer: &str, at: i64) -> Object {
    let body = serde_json::json!({
        "id": customer, "active_subscriptions": [], "granted_benefits": [], "active_meters": [],
    });
    Object {
        customer: customer.to_owned(),
        kind: "state".to_owned(),
        id: customer.to_owned(),
        version: Version {
            object_at: at,
            envelope_at: at,
        },
        external_id: None,
        essence: essence::of_state(&body.to_string()).ok(),
        body: body.to_string(),
    }
}
