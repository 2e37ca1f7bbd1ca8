//! One batch: sent whole, and where something in it is wrong, sent on without that.
//!
//! Polar takes all of a batch or nothing. Where it says which events are wrong, the others are sent
//! without them; where it does not, halves are sent until the wrong one stands alone.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::{BufMut as _, Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Alike, Pending, Verdict};

use super::Event;
use super::pace::Pace;
use crate::gateway::Gateway;
use crate::upstream::{Failure, Flaw, Taken, Untaken};

/// A body's longest: Polar takes 10 MiB, and its count may differ from ours by what stands between.
pub(super) const BYTES_MAX: usize = 8 << 20;
/// Requests for one batch, however much is wrong in it: the rest comes with the next.
const REQUESTS_MAX: u32 = 32;
/// Tries of an event that Polar finds in the future, which a clock that is a little off may be why.
const TOO_EARLY_MAX: i64 = 3;
/// Longest an event waits that failed by itself.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(5);

/// One event as it is sent: one that was told, or one made of several.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) event: Pending,
    pub(super) bundle: bool,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    settled: BTreeMap<Verdict, Alike>,
    pub(super) duplicates: u64,
    /// Why it went no further.
    pub(super) trouble: Option<Failure>,
}

impl Outcome {
    pub(super) fn settled(self) -> Vec<(Verdict, Alike)> {
        self.settled.into_iter().collect()
    }

    fn put(&mut self, verdict: Verdict, one: Outgoing) {
        let alike = self.settled.entry(verdict).or_default();
        if one.bundle {
            alike.bundles.push(one.event.id);
        } else {
            alike.events.push(one.event.id);
        }
    }

    fn dead(&mut self, one: Outgoing, error: String) {
        tracing::error!(id = %one.event.id, %error, "usage event is a dead letter");
        self.put(Verdict::Dead { error }, one);
    }
}

/// As many as fit into one body. What failed by itself before goes alone: it may spoil another batch.
pub(super) fn cut(events: &mut Vec<Outgoing>) {
    if events.first().is_some_and(|one| one.event.tries > 0) {
        events.truncate(1);
        return;
    }
    let mut bytes = 0;
    let fit = events.iter().take_while(|one| {
        bytes += one.event.body.len() + 1;
        one.event.tries == 0 && bytes <= BYTES_MAX
    });
    let fit = fit.count();
    events.truncate(fit.max(1));
}

/// Sends a batch to its end, or as far as Polar lets it.
pub(super) async fn send(gateway: &Gateway, pace: &mut Pace, batch: Vec<Outgoing>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut parts = vec![batch];
    let mut requests = 0;
    while requests < REQUESTS_MAX
        && let Some(part) = parts.pop()
    {
        requests += 1;
        pace.turn().await;
        let asked = Instant::now();
        match gateway.polar.ingest(body(gateway, &part)).await {
            Ok(taken) => {
                pace.taken(part.len(), asked.elapsed());
                took(&mut outcome, part, taken);
            }
            Err(Untaken::Flawed(flaws)) => {
                parts.extend(without(gateway, &mut outcome, part, &flaws));
            }
            Err(Untaken::TooLong) => parts.extend(shorter(&mut outcome, part)),
            Err(Untaken::Otherwise(failure)) => {
                slow_down(pace, &failure);
                outcome.trouble = Some(failure);
                break;
            }
        }
    }
    outcome
}

fn took(outcome: &mut Outcome, part: Vec<Outgoing>, taken: Taken) {
    let sent = u64::try_from(part.len()).unwrap_or(u64::MAX);
    let Taken {
        inserted,
        duplicates,
    } = taken;
    if inserted.saturating_add(duplicates) != sent {
        tracing::warn!(sent, inserted, duplicates, "Polar's count of usage differs");
    }
    outcome.duplicates += duplicates;
    for one in part {
        outcome.put(Verdict::Delivered, one);
    }
}

/// What is to be sent without the events that are wrong; those are settled.
fn without(
    gateway: &Gateway,
    outcome: &mut Outcome,
    part: Vec<Outgoing>,
    flaws: &[Flaw],
) -> Vec<Vec<Outgoing>> {
    let named = |number: usize| flaws.iter().any(|flaw| flaw.number == Some(number));
    if part.len() > 1 && !(0..part.len()).any(named) {
        return halves(part);
    }
    let alone = part.len() == 1;
    let mut good = Vec::with_capacity(part.len());
    for (number, one) in part.into_iter().enumerate() {
        if !alone && !named(number) {
            good.push(one);
            continue;
        }
        let own = |flaw: &&Flaw| alone || flaw.number == Some(number);
        let own: Vec<&Flaw> = flaws.iter().filter(own).collect();
        refuse(gateway, outcome, one, &own);
    }
    if good.is_empty() {
        Vec::new()
    } else {
        vec![good]
    }
}

fn refuse(gateway: &Gateway, outcome: &mut Outcome, one: Outgoing, flaws: &[&Flaw]) {
    let error = reason(flaws);
    let early = flaws.iter().any(|flaw| flaw.field == "timestamp");
    if early && one.event.tries + 1 < TOO_EARLY_MAX {
        let due_at = again(gateway, one.event.tries);
        return outcome.put(Verdict::Retry { due_at, error }, one);
    }
    outcome.dead(one, error);
}

/// Polar's reason in its own words for fields and kinds. Of an event that fits neither shape it also
/// names what the other one lacks; that is left out.
fn reason(flaws: &[&Flaw]) -> String {
    let missing = |flaw: &&&Flaw| flaw.kind == "missing";
    let lacks_only = flaws.iter().all(|flaw| missing(&flaw));
    let told = flaws.iter().filter(|flaw| lacks_only || !missing(flaw));
    let mut told: Vec<String> = told
        .map(|flaw| format!("{} ({})", flaw.field, flaw.kind))
        .collect();
    told.dedup();
    if told.is_empty() {
        return "Polar refused it without saying why".to_owned();
    }
    format!("Polar refused {}", told.join(", "))
}

fn shorter(outcome: &mut Outcome, mut part: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    if part.len() > 1 {
        return halves(part);
    }
    if let Some(one) = part.pop() {
        outcome.dead(one, "it is longer than Polar takes".to_owned());
    }
    Vec::new()
}

/// The first half comes last, because the last is sent next.
fn halves(mut part: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let second = part.split_off(part.len() / 2);
    vec![second, part]
}

fn slow_down(pace: &mut Pace, failure: &Failure) {
    match failure {
        Failure::Limited { .. } => pace.too_many(),
        Failure::Unreachable => pace.unanswered(),
        Failure::Failed | Failure::Absent => pace.failed(),
        Failure::Credentials | Failure::NotFound | Failure::Refused { .. } => {}
    }
}

/// Lets one event wait that Polar fails at again and again, so that it holds up nobody else's.
pub(super) fn step_aside(gateway: &Gateway, outcome: &mut Outcome, one: Outgoing) {
    let error = "Polar fails at it".to_owned();
    let due_at = again(gateway, one.event.tries);
    outcome.put(Verdict::Retry { due_at, error }, one);
}

/// In 1, 2, 4… seconds, µs.
fn again(gateway: &Gateway, tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(0, 9)).unwrap_or_default();
    let wait = SignedDuration::from_secs(1 << doublings).min(WAIT_MAX);
    let now = gateway.time.local();
    now.checked_add(wait).unwrap_or(now).as_microsecond()
}

/// The events as they were written down, one beside the other.
fn body(gateway: &Gateway, part: &[Outgoing]) -> Bytes {
    // A clock a little ahead of Polar's must not make an event come from the future.
    let latest = gateway.time.surely_past();
    let bytes: usize = part.iter().map(|one| one.event.body.len() + 1).sum();
    let mut body = BytesMut::with_capacity(bytes + 16);
    body.put_slice(b"{\"events\":[");
    for (number, one) in part.iter().enumerate() {
        if number > 0 {
            body.put_u8(b',');
        }
        let moved = (one.event.used_at > latest.as_microsecond())
            .then(|| not_after(&one.event.body, latest));
        let text = moved.flatten();
        body.put_slice(text.as_deref().unwrap_or(&one.event.body).as_bytes());
    }
    body.put_slice(b"]}");
    body.freeze()
}

fn not_after(body: &str, latest: Timestamp) -> Option<String> {
    let mut event: Event = serde_json::from_str(body).ok()?;
    event.timestamp = event.timestamp.min(latest);
    serde_json::to_string(&event).ok()
}
