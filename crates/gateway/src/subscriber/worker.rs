//! The worker: leases what is due, tells it, settles it. Nothing is held open while telling.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Attempt, Error, Lease, Leased, Settled, Subscriber, crash};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::breaker::{self, Breaker, FAILURES_MAX};
use super::post::{Answer, Webhook};
use super::secret::Ring;
use super::{HOOKS_ID, WEBHOOK};
use crate::gateway::Gateway;
use crate::hook;
use crate::problem::chain;
use crate::time::pause;

/// Deliveries under way on one node.
const FLYING_MAX: usize = 64;
/// Deliveries under way to one subscriber, from all nodes together.
const FLYING_EACH_MAX: i64 = 8;
/// How long a lease outlasts the longest try, so that settling it is still in time.
const LEASE_SPARE: SignedDuration = SignedDuration::from_secs(30);
/// Longest a hook may take before it counts as failed.
const HOOK_MAX: Duration = Duration::from_mins(1);
/// How long the worker waits for a nudge before it looks anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);
/// How long deliveries under way may take to finish once asked to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How often settling is tried again while the store is away.
const SETTLE_AGAIN: Duration = Duration::from_millis(200);

/// A leased delivery and whom it is for.
struct Flight {
    subscriber: Subscriber,
    lease: String,
    leased: Leased,
}

/// A delivery that was tried.
struct Landed {
    flight: Flight,
    began: Timestamp,
    answer: Answer,
}

/// Tells what is due until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let mut told = gateway.told.subscribe();
    let mut flying: JoinSet<Landed> = JoinSet::new();
    let mut landed = Vec::new();
    while !stop.is_cancelled() {
        told.borrow_and_update();
        let mut busy = false;
        if landed.is_empty() {
            busy = depart(&gateway, &mut flying).await.unwrap_or_else(|error| {
                tracing::error!(error = %chain(&error), "deliveries cannot be leased");
                false
            });
        }
        if !busy {
            tokio::select! {
                () = stop.cancelled() => {}
                Some(one) = flying.join_next() => landed.extend(one.ok()),
                // Elapsed is as good a reason to look as a nudge.
                _ = tokio::time::timeout(LOOK_ANYWAY, told.changed()) => {}
            }
        }
        settle_all(&gateway, &mut flying, &mut landed).await;
    }
    // What is still out after that is told again once its lease ends.
    let rest = async {
        while let Some(one) = flying.join_next().await {
            landed.extend(one.ok());
        }
    };
    drop(tokio::time::timeout(FAREWELL, rest).await);
    settle_all(&gateway, &mut flying, &mut landed).await;
}

/// Settles what has landed; keeps it for the next time when the store is away.
async fn settle_all(gateway: &Gateway, flying: &mut JoinSet<Landed>, landed: &mut Vec<Landed>) {
    while let Some(one) = flying.try_join_next() {
        landed.extend(one.ok());
    }
    if landed.is_empty() {
        return;
    }
    match settle(gateway, landed).await {
        Ok(()) => landed.clear(),
        Err(error) => {
            tracing::error!(error = %chain(&error), "deliveries cannot be settled");
            pause(SETTLE_AGAIN).await;
        }
    }
}

/// Leases what is due and lets it fly; says whether there was anything.
async fn depart(gateway: &Gateway, flying: &mut JoinSet<Landed>) -> Result<bool, Error> {
    let now = gateway.time.local().as_microsecond();
    let mut busy = false;
    for id in gateway.store.subscribers_due(now, FAILURES_MAX).await? {
        let room = i64::try_from(FLYING_MAX.saturating_sub(flying.len())).unwrap_or_default();
        // Hooks are of the nodes that have them.
        if room == 0 || (id == HOOKS_ID && gateway.hooks.is_none()) {
            continue;
        }
        for flight in lease(gateway, &id, room).await? {
            busy = true;
            let gateway = gateway.clone();
            flying.spawn(async move { fly(&gateway, flight).await });
        }
    }
    Ok(busy)
}

async fn lease(gateway: &Gateway, id: &str, room: i64) -> Result<Vec<Flight>, Error> {
    let mut tx = gateway.store.begin().await?;
    let now = gateway.time.local();
    let Some(subscriber) = tx.free_subscriber(id).await? else {
        return Ok(Vec::new());
    };
    if !subscriber.enabled || subscriber.standing.rest_until > now.as_microsecond() {
        return Ok(Vec::new());
    }
    let under_way = tx.in_flight(id, now.as_microsecond()).await?;
    let probe = Breaker::of(&subscriber.standing, now) == Breaker::HalfOpen;
    let most = if probe { 1 } else { FLYING_EACH_MAX };
    let limit = (most - under_way).min(room);
    if limit <= 0 {
        return Ok(Vec::new());
    }
    let name = uuid::Uuid::new_v4().simple().to_string();
    let longest = longest(gateway, &subscriber);
    let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::ZERO);
    let until = now.checked_add(longest + LEASE_SPARE).unwrap_or(now);
    let wanted = Lease {
        subscriber: id,
        lease: &name,
        now: now.as_microsecond(),
        until: until.as_microsecond(),
        limit,
        early: probe,
    };
    let leased = tx.claim(&wanted).await?;
    tx.commit().await?;
    crash::point("delivery.leased");
    let flight = |leased| Flight {
        subscriber: subscriber.clone(),
        lease: name.clone(),
        leased,
    };
    Ok(leased.into_iter().map(flight).collect())
}

/// Longest a try may take.
fn longest(gateway: &Gateway, subscriber: &Subscriber) -> Duration {
    if subscriber.kind == WEBHOOK {
        Duration::from_secs(gateway.config.subscriber_timeout_seconds.into())
    } else {
        HOOK_MAX
    }
}

async fn fly(gateway: &Gateway, mut flight: Flight) -> Landed {
    let began = gateway.time.local();
    let answer = match flight.leased.body.take() {
        None => Answer::failed("its bytes are no longer kept"),
        Some(body) if flight.subscriber.kind == WEBHOOK => {
            let event = &flight.leased.event;
            post(gateway, &flight.subscriber, event, body).await
        }
        Some(body) => call(gateway, &flight.leased, body).await,
    };
    crash::point("delivery.sent");
    Landed {
        flight,
        began,
        answer,
    }
}

/// Signs and sends one webhook.
pub(crate) async fn post(
    gateway: &Gateway,
    subscriber: &Subscriber,
    id: &str,
    body: Vec<u8>,
) -> Answer {
    let at = gateway.time.local();
    let signature = match Ring::read(&subscriber.secrets) {
        Ok(ring) => ring.sign(id, at, &body),
        Err(error) => return Answer::failed(chain(&error)),
    };
    let signature = match signature {
        Ok(signature) => signature,
        Err(error) => return Answer::failed(chain(&error)),
    };
    let webhook = Webhook {
        url: &subscriber.url,
        id,
        signature,
        at,
        body,
    };
    gateway.poster.send(webhook).await
}

async fn call(gateway: &Gateway, leased: &Leased, body: Vec<u8>) -> Answer {
    let Some(hooks) = &gateway.hooks else {
        return Answer::failed("this node has no hooks");
    };
    let began = std::time::Instant::now();
    let (id, kind) = (leased.event.clone(), leased.kind.clone());
    let called = hook::call(hooks, id, kind, body);
    let answer = match tokio::time::timeout(HOOK_MAX, called).await {
        Ok(Ok(())) => Answer::default(),
        Ok(Err(error)) => Answer::failed(error.to_string()),
        Err(_elapsed) => Answer::failed("the hook took too long"),
    };
    Answer {
        latency: began.elapsed(),
        ..answer
    }
}

/// Writes down what became of deliveries: one transaction, subscribers in one order.
async fn settle(gateway: &Gateway, landed: &[Landed]) -> Result<(), Error> {
    let mut by_subscriber: BTreeMap<&str, Vec<&Landed>> = BTreeMap::new();
    for one in landed {
        let id = one.flight.subscriber.id.as_str();
        by_subscriber.entry(id).or_default().push(one);
    }
    let mut tx = gateway.store.begin().await?;
    let mut results = Vec::new();
    for (id, landed) in by_subscriber {
        let Some(mut subscriber) = tx.subscriber(id).await? else {
            continue; // gone meanwhile, and what waited goes with it
        };
        let before = (subscriber.standing, subscriber.enabled);
        for one in landed {
            let now = gateway.time.local();
            let settled = judge(gateway, &mut subscriber, one, now);
            let key = (
                id,
                one.flight.leased.event.as_str(),
                one.flight.lease.as_str(),
            );
            tx.settle(key, &settled, now.as_microsecond()).await?;
            tx.log_attempt(&attempt(one)).await?;
            results.push(result(&settled));
        }
        if before != (subscriber.standing, subscriber.enabled) {
            tx.put_subscriber(&subscriber).await?;
        }
        if before.0.failures >= FAILURES_MAX && subscriber.standing.failures == 0 {
            tracing::info!(subscriber = id, "subscriber is well again");
            tx.hasten(id, gateway.time.local().as_microsecond()).await?;
        }
    }
    crash::point("delivery.settling");
    tx.commit().await?;
    crash::point("delivery.settled");
    for result in results {
        gateway.metrics.told(result);
    }
    Ok(())
}

/// What one try means for the delivery, and for its subscriber.
fn judge(
    gateway: &Gateway,
    subscriber: &mut Subscriber,
    landed: &Landed,
    now: Timestamp,
) -> Settled {
    let (answer, leased) = (&landed.answer, &landed.flight.leased);
    let Some(error) = answer.error.clone() else {
        subscriber.standing = polarkit_store::Standing::default();
        return Settled::Done;
    };
    let (id, event, tries) = (&subscriber.id, &leased.event, leased.tries);
    tracing::warn!(subscriber = %id, %event, tries, %error, "delivery failed");
    if answer.is_gone() {
        tracing::error!(subscriber = %id, "subscriber answered 410 and is disabled");
        subscriber.enabled = false;
        subscriber.disabled_reason = Some("the receiver answered 410 Gone".to_owned());
    }
    let trips = subscriber.standing.trips;
    let chance = breaker::chance();
    let standing = subscriber.standing;
    subscriber.standing = breaker::after_failure(standing, now, answer.retry_after, chance);
    if subscriber.standing.trips > trips {
        tracing::error!(subscriber = %id, "subscriber keeps failing and is left in peace");
    }
    if is_over(gateway, leased, now) {
        tracing::error!(subscriber = %id, %event, "delivery is a dead letter");
        return Settled::Dead { error };
    }
    let due_at = breaker::due_again(tries, now, answer.retry_after, breaker::chance());
    Settled::Again { due_at, error }
}

/// Whether it was tried for as long as it should be. One that long stood behind another has its
/// own time for trying, within bounds: see [`waits_since`].
fn is_over(gateway: &Gateway, leased: &Leased, now: Timestamp) -> bool {
    let (tried, queued) = (leased.tried_at, leased.queued_at);
    let retried = retried(gateway);
    let since =
        |micros: i64| now.duration_since(Timestamp::from_microsecond(micros).unwrap_or(now));
    since(tried) >= retried || since(queued) >= retried * 2
}

/// How long one delivery is tried.
fn retried(gateway: &Gateway) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(gateway.config.subscriber_retry_days))
}

/// What waits since before is given up, tried or not: µs.
pub(crate) fn waits_since(gateway: &Gateway, now: Timestamp) -> i64 {
    let before = now.checked_sub(retried(gateway) * 2);
    before.unwrap_or(Timestamp::MIN).as_microsecond()
}

fn attempt(landed: &Landed) -> Attempt {
    let Landed {
        flight,
        began,
        answer,
    } = landed;
    Attempt {
        subscriber: flight.subscriber.id.clone(),
        event: flight.leased.event.clone(),
        began_at: began.as_microsecond(),
        status: answer.status.map(i64::from),
        latency_us: i64::try_from(answer.latency.as_micros()).unwrap_or(i64::MAX),
        error: answer.error.clone(),
        response: answer.response.clone(),
    }
}

fn result(settled: &Settled) -> &'static str {
    match settled {
        Settled::Done => "delivered",
        Settled::Again { .. } => "failed",
        Settled::Dead { .. } => "dead",
    }
}
