//! The same wish again: by a caller's own key, or by asking for the same once more.
//!
//! Either way the first request is done and the others get its answer, on every node of a database.
//! A key's answer stays the answer for a day, whatever became of the checkout: whoever repeats a
//! request by key wants to know what it came to. Who merely asks for the same again wants to buy:
//! they get the checkout only while Polar says that it is open.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use polarkit_store::{Claim, Hold, Repeatable, Saved, crash};
use uuid::Uuid;

use super::open::{create, open};
use super::{Opened, Order, Origin};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, chain};
use crate::time::pause;
use crate::upstream::Failure;

/// How long an Idempotency-Key is remembered.
pub(crate) const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// A node that did not say for so long that it is still at it has died.
const HELD: SignedDuration = SignedDuration::from_secs(5);
/// How often it says so.
const KEPT_EVERY: Duration = Duration::from_secs(1);
/// How often others look whether it is done.
const LOOKED_EVERY: Duration = Duration::from_millis(50);
/// How long a repetition by key does before it is told to come again: longer than a node that died
/// holds the key.
const KEY_LOOKED_MAX: Duration = Duration::from_secs(8);
/// How long others do: a call to Polar and, should its node die, another.
const LOOKED_MAX: Duration = Duration::from_secs(25);

/// Opens a checkout under a caller's own key; the first answer is the answer to every repetition, a
/// failure frees the key.
pub(crate) async fn once(
    gateway: &Gateway,
    caller: String,
    key: &str,
    order: Order,
) -> Result<Opened, Problem> {
    let request = Repeatable {
        caller,
        key: key.to_owned(),
        fingerprint: order.fingerprint(),
    };
    let begun = Instant::now();
    let hold = loop {
        let hold = hold(gateway, KEYS_KEPT);
        match gateway.store.idempotency_claim(&request, &hold).await? {
            Claim::Answered(saved) => return read(&saved, Origin::Replayed),
            Claim::Running if begun.elapsed() < KEY_LOOKED_MAX => pause(LOOKED_EVERY).await,
            Claim::Running => {
                let words = "The first request of this Idempotency-Key still runs";
                return Err(Problem::new(Code::Conflict, words).retry_after(1));
            }
            Claim::Other => {
                let words = "This Idempotency-Key came with another request before";
                return Err(Problem::new(Code::IdempotencyKeyReused, words));
            }
            Claim::Yours => break hold,
        }
    };
    crash::point("idempotency.claimed");
    let own = gateway.clone();
    let work = async move {
        let work = Box::pin(open(&own, order));
        held(&own, &request, &hold, work, false).await
    };
    gateway.checkouts.opening.alone(work).await
}

/// What makes a wish the same as another: who wants what, and how. `None` when nobody is named, or
/// configuration wants a new checkout each time.
pub(super) fn request(gateway: &Gateway, order: &Order) -> Option<Repeatable> {
    let guards = gateway.config.selling.reuse_seconds > 0 && order.names_somebody();
    let fingerprint = order.fingerprint();
    guards.then(|| Repeatable {
        caller: String::new(),
        key: fingerprint.clone(),
        fingerprint,
    })
}

/// Opens a checkout unless one for the same wish is open, or being opened on another node.
pub(super) async fn one_for_all(
    gateway: &Gateway,
    request: Repeatable,
    order: &Order,
) -> Result<Opened, Problem> {
    let seconds = i64::from(gateway.config.selling.reuse_seconds);
    let begun = Instant::now();
    while begun.elapsed() < LOOKED_MAX {
        let hold = hold(gateway, SignedDuration::from_secs(seconds));
        match claim(gateway, &request, &hold).await? {
            Claim::Answered(saved) => match still_open(gateway, &saved).await? {
                Some(opened) => return Ok(opened),
                None => gateway.store.idempotency_over(&checkout(&saved)).await?,
            },
            Claim::Yours => {
                let work = Box::pin(create(gateway, order));
                return held(gateway, &request, &hold, work, true).await;
            }
            Claim::Running | Claim::Other => pause(LOOKED_EVERY).await,
        }
    }
    let words = "The same checkout is being opened already";
    Err(Problem::new(Code::Conflict, words).retry_after(1))
}

/// A database of one process needs no claim: whoever wants the same there shares one flight.
async fn claim(
    gateway: &Gateway,
    request: &Repeatable,
    hold: &Hold,
) -> Result<Claim, polarkit_store::Error> {
    if gateway.store.is_shared() {
        return gateway.store.idempotency_claim(request, hold).await;
    }
    let known = gateway.store.idempotency_known(request, hold).await?;
    Ok(known.unwrap_or(Claim::Yours))
}

/// The checkout given before, if Polar says that it is open.
async fn still_open(gateway: &Gateway, saved: &Saved) -> Result<Option<Opened>, Problem> {
    let opened = read(saved, Origin::Reused)?;
    let Ok(id) = opened.checkout_id.parse() else {
        return Ok(None);
    };
    match gateway.polar.checkout(id).await {
        Ok(details) => Ok(Some(opened).filter(|_| details.is_open(gateway.time.now()))),
        Err(Failure::NotFound) => Ok(None),
        Err(failure) => Err(Problem::from(&failure)),
    }
}

/// Does the work while saying that somebody is at it, and keeps its answer; a failure frees the
/// request. Who lost the request meanwhile gives the answer of whoever took it.
async fn held(
    gateway: &Gateway,
    request: &Repeatable,
    hold: &Hold,
    work: impl Future<Output = Result<Opened, Problem>>,
    while_open: bool,
) -> Result<Opened, Problem> {
    let opened = match keeping(gateway, request, hold, work).await {
        Ok(opened) => opened,
        Err(problem) => {
            gateway
                .store
                .idempotency_drop(request, &hold.holder)
                .await?;
            return Err(problem);
        }
    };
    let saved = Saved {
        status: 200,
        answer: serde_json::to_string(&opened).map_err(|error| Problem::internal(&error))?,
        checkout: while_open.then(|| opened.checkout_id.clone()),
    };
    crash::point("checkout.made");
    let save = gateway
        .store
        .idempotency_save(request.clone(), hold.clone(), saved);
    let saved = save.await;
    crash::point("idempotency.saved");
    match saved {
        Ok(true) => Ok(opened),
        Ok(false) => {
            let known = gateway.store.idempotency_known(request, hold).await?;
            match known {
                Some(Claim::Answered(saved)) => read(&saved, Origin::Reused),
                _ => Ok(opened),
            }
        }
        Err(error) => {
            // The checkout is there, and a buyer waits for it: at worst they will get another.
            tracing::warn!(error = %chain(&error), "a checkout that was opened cannot be noted");
            Ok(opened)
        }
    }
}

async fn keeping<T>(
    gateway: &Gateway,
    request: &Repeatable,
    hold: &Hold,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = pause(KEPT_EVERY) => {}
        }
        let until = until(gateway);
        let kept = gateway
            .store
            .idempotency_keep(request, &hold.holder, until)
            .await;
        if let Err(error) = kept {
            tracing::warn!(error = %chain(&error), "a request cannot be held");
        }
    }
}

fn hold(gateway: &Gateway, kept: SignedDuration) -> Hold {
    let now = gateway.time.local();
    let oldest = now.checked_sub(kept).unwrap_or(now);
    Hold {
        holder: Uuid::new_v4().to_string(),
        now: now.as_microsecond(),
        until: until(gateway),
        oldest: oldest.as_microsecond(),
    }
}

fn until(gateway: &Gateway) -> i64 {
    let now = gateway.time.local();
    now.checked_add(HELD).unwrap_or(now).as_microsecond()
}

fn read(saved: &Saved, origin: Origin) -> Result<Opened, Problem> {
    let opened: Opened =
        serde_json::from_str(&saved.answer).map_err(|error| Problem::internal(&error))?;
    Ok(Opened { origin, ..opened })
}

fn checkout(saved: &Saved) -> String {
    saved.checkout.clone().unwrap_or_default()
}
