//! Telling again: by id, or all that fits.

use polarkit_store::{Error, Retellable, Subscriber};

use super::filter::{Filter, Subject};
use super::lists;
use crate::gateway::Gateway;

/// Events looked at in one go.
const PAGE: i64 = 500;
/// Events looked at in one call; the answer says where to go on.
const SEEN_MAX: i64 = 10_000;

/// What is to be told again.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// From this instant, and before that one, µs.
    pub(crate) between: (i64, i64),
    /// After this position.
    pub(crate) after: i64,
    pub(crate) filter: Filter,
    pub(crate) states: States,
}

/// What became of it the first time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct States {
    pub(crate) dead: bool,
    pub(crate) delivered: bool,
    /// It was not told at all: it happened before there was such a subscriber, or such a filter.
    pub(crate) missed: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Requeued {
    pub(crate) queued: u64,
    /// Where to go on, when this was not all.
    pub(crate) next: Option<i64>,
}

/// Puts these at the end of the subscriber's line.
pub(crate) async fn by_id(
    gateway: &Gateway,
    subscriber: &str,
    events: &[String],
) -> Result<u64, Error> {
    let now = gateway.time.local().as_microsecond();
    let mut tx = gateway.store.begin().await?;
    let queued = tx.requeue(subscriber, events, now).await?;
    tx.commit().await?;
    gateway.nudge();
    Ok(queued)
}

/// Puts all that fits at the end of the subscriber's line, in the order it was told.
pub(crate) async fn by_filter(
    gateway: &Gateway,
    subscriber: &Subscriber,
    mut wanted: Wanted,
) -> Result<Requeued, Error> {
    for id in wanted.filter.customers.clone() {
        // The application's name of a customer is Polar's id by another word.
        let known = gateway.store.customer_by_external_id(&id).await?;
        wanted.filter.customers.extend(known);
    }
    let wish = lists(subscriber);
    let (mut queued, mut seen) = (0, 0);
    while seen < SEEN_MAX {
        let (id, after) = (&subscriber.id, wanted.after);
        let page = gateway
            .store
            .retellable(id, wanted.between, after, PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(Requeued { queued, next: None });
        };
        wanted.after = last.position;
        seen += PAGE;
        let fits = page.iter().filter(|one| fits(one, &wanted, &wish));
        let events: Vec<String> = fits.map(|one| one.event.clone()).collect();
        queued += by_id(gateway, id, &events).await?;
    }
    let next = Some(wanted.after);
    Ok(Requeued { queued, next })
}

fn fits(one: &Retellable, wanted: &Wanted, wish: &Filter) -> bool {
    let products: Vec<String> = serde_json::from_str(&one.products).unwrap_or_default();
    let subject = Subject {
        kind: &one.kind,
        customer: &one.customer,
        external_id: None,
        products: &products,
    };
    let state = match one.status.as_deref() {
        Some("dead") => wanted.states.dead,
        Some("done") => wanted.states.delivered,
        Some(_) => false, // it is still in line
        None => wanted.states.missed && wish.admits(&subject),
    };
    state && wanted.filter.admits(&subject)
}
