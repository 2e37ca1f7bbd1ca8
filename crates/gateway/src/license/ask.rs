//! Asking Polar about licences: by the gateway's own token where it may, else by the route that is
//! open to anybody and takes three calls a second; once for all who ask the same meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::denial::Denial;
use super::key::KeyHash;
use super::memory::{Memory, Question, Worth};
use super::mirrored::{self, Mirrored};
use super::pace::Pace;
use super::standing::{License, Source, Standing, unreachable};
use super::{Ask, TURN_WAITS};
use crate::config::{Config, Server};
use crate::flight::{Flight, Flights};
use crate::gateway::Gateway;
use crate::problem::Problem;
use crate::projection::Changes;
use crate::reconcile;
use crate::shared::answer::Recalled;
use crate::time::is_past;
use crate::upstream::{Failure, LicenseCall, Route};

/// How long a token that may not ask about licences is believed to stay so.
const OWN_ROUTE_CLOSED: SignedDuration = SignedDuration::from_hours(1);
/// For so long after a failure nobody who can be answered otherwise waits for Polar.
const FAILURE_BELIEVED: SignedDuration = SignedDuration::from_secs(5);
/// No moment at all, µs.
const NEVER: i64 = i64::MIN;

/// Licences asked about lately, or being asked about.
#[derive(Debug)]
pub(crate) struct Licenses {
    pub(super) memory: Memory,
    pub(crate) flights: Flights<Question, Standing>,
    /// How long other nodes believe what this one was answered.
    shared_for: Duration,
    pace: Pace,
    /// When Polar last did not answer, µs.
    failed_at: AtomicI64,
    /// When Polar last said that the gateway's token may not ask about licences, µs.
    refused_at: AtomicI64,
}

/// A licence as nodes share it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    license: License,
    customer_id: String,
    as_of: Timestamp,
}

impl Licenses {
    pub(crate) fn new(config: &Config) -> Self {
        // A sandbox has no limits.
        let pace = match config.server {
            Server::At(_) => Pace::unlimited(),
            Server::Sandbox | Server::Production => Pace::of_polar(),
        };
        let settings = config.licenses;
        Self {
            memory: Memory::new(settings),
            flights: Flights::new("Too many licences are being asked about"),
            shared_for: Duration::from_secs(settings.fresh_seconds.into()),
            pace,
            failed_at: AtomicI64::new(NEVER),
            refused_at: AtomicI64::new(NEVER),
        }
    }

    /// Whether Polar did not answer a moment ago.
    pub(super) fn failed_lately(&self, now: Timestamp) -> bool {
        is_recent(&self.failed_at, FAILURE_BELIEVED, now)
    }

    /// Polar did not answer in time.
    pub(super) fn failed(&self, now: Timestamp) {
        self.failed_at
            .store(now.as_microsecond(), Ordering::Relaxed);
    }

    /// Whether Polar said that the gateway's token may not ask about licences; asked again now and
    /// then, because scopes change.
    fn is_refused(&self, now: Timestamp) -> bool {
        is_recent(&self.refused_at, OWN_ROUTE_CLOSED, now)
    }

    fn note<T>(&self, answer: &Result<T, Failure>, now: Timestamp) {
        match answer {
            Err(failure) if !failure.is_about_the_request() => self.failed(now),
            _ => self.failed_at.store(NEVER, Ordering::Relaxed),
        }
    }
}

fn is_recent(at: &AtomicI64, span: SignedDuration, now: Timestamp) -> bool {
    let at = at.load(Ordering::Relaxed);
    at != NEVER && !is_past(at, span, now.as_microsecond())
}

/// Asks Polar what nobody else may answer.
pub(super) async fn once(
    gateway: &Gateway,
    ask: &Ask,
    patience: SignedDuration,
) -> Result<Standing, Problem> {
    let as_of = gateway.time.now();
    let verdict = send(gateway, ask, patience).await;
    let verdict = verdict.map_err(|failure| unreachable(&failure))?;
    let verdict = verdict.map_err(|denial| sharpened(gateway, ask, denial));
    Ok(Standing {
        verdict: verdict.map(Arc::new),
        as_of,
        source: Source::Polar,
    })
}

/// What Polar says, in the light of what webhooks told a moment ago and of what is known of the key.
async fn settled(gateway: &Gateway, question: Question, standing: Standing) -> Standing {
    let (key, activation) = question;
    let id = standing.verdict.as_ref().ok();
    let id = id.map(|license| license.id.clone());
    let Some(mirrored) = mirrored::find(gateway, key, id.as_deref()).await else {
        return standing;
    };
    let now = gateway.time.now();
    let verdict = match (&standing.verdict, mirrored.word(now)) {
        (Ok(_), Some(false)) => Err(Denial::Revoked),
        (Err(Denial::Unknown), Some(true)) if activation.is_none() => match mirrored.standing {
            Some(told) if told.verdict.is_ok() => return told.at(now, Source::Mirror),
            _ => return standing,
        },
        (Err(Denial::Unknown), _) if activation.is_some() && mirrored.denial().is_none() => {
            Err(Denial::ActivationUnknown)
        }
        (Err(Denial::Revoked), _) => Err(ended(gateway, key, &mirrored).await),
        _ => return standing,
    };
    Standing {
        verdict,
        ..standing
    }
}

/// Polar says in the same words that a key was taken back and that it was switched off: its status
/// tells which, read anew where it is known to be of before.
async fn ended(gateway: &Gateway, key: KeyHash, mirrored: &Mirrored) -> Denial {
    if let Some(denial) = mirrored.denial() {
        return denial;
    }
    if gateway.licenses.is_refused(gateway.time.local()) {
        return Denial::Revoked;
    }
    reconcile::read_license(gateway, &mirrored.id).await;
    let read = mirrored::find(gateway, key, Some(&mirrored.id)).await;
    read.and_then(|read| read.denial())
        .unwrap_or(Denial::Revoked)
}

/// Polar says of an activation that is not there what it says of a key that is not.
fn sharpened(gateway: &Gateway, ask: &Ask, denial: Denial) -> Denial {
    if denial != Denial::Unknown || ask.activation_id.is_none() {
        return denial;
    }
    let key = (KeyHash::of(&ask.license_key), None);
    let (memory, now) = (&gateway.licenses.memory, gateway.time.now());
    match memory.recall(&key, &gateway.view, now) {
        Some((known, _)) if known.verdict.is_ok() => Denial::ActivationUnknown,
        _ => denial,
    }
}

/// Begins to ask Polar, or joins who does; what it says is remembered.
pub(super) fn begin(
    gateway: &Gateway,
    ask: &Ask,
    question: Question,
    patience: SignedDuration,
) -> Result<Flight<Standing>, Problem> {
    let work = || {
        let (gateway, ask) = (gateway.clone(), ask.clone());
        async move { anew(&gateway, &ask, question, patience).await }
    };
    gateway.licenses.flights.join(&question, work)
}

/// What somebody else was answered meanwhile, here or on another node; else what Polar answers.
async fn anew(
    gateway: &Gateway,
    ask: &Ask,
    question: Question,
    patience: SignedDuration,
) -> Result<Standing, Problem> {
    let memory = &gateway.licenses.memory;
    let now = gateway.time.now();
    // Who asked the same may have been answered after this caller looked and before it came here.
    if let Some((known, Worth::Fresh)) = memory.recall(&question, &gateway.view, now) {
        return Ok(known.at(now, Source::Memory));
    }
    let key_name = question.0.to_string();
    let key = gateway.view.see(&key_name);
    let name = match question.1 {
        Some(activation) => format!("license {key_name} {activation}"),
        None => format!("license {key_name}"),
    };
    let (standing, asked_at) = match gateway.shared.recall(&name).await {
        Recalled::Answer(kept) => (remembered(kept), None),
        Recalled::Nothing(asked_at) => (once(gateway, ask, patience).await?, Some(asked_at)),
        Recalled::Alone => (once(gateway, ask, patience).await?, None),
    };
    let customer = standing.verdict.as_ref().ok();
    let customer = customer.map(|license| gateway.view.see(&license.customer_id));
    // After its mark was seen, so that no webhook is missed in between.
    let standing = settled(gateway, question, standing).await;
    memory.remember(question, &standing, key, customer);
    if let (Some(asked_at), Ok(license)) = (asked_at, &standing.verdict) {
        let kept = Kept {
            license: License::clone(license),
            customer_id: license.customer_id.clone(),
            as_of: standing.as_of,
        };
        let about = [&*license.customer_id, &*key_name];
        let keep = (&about[..], gateway.licenses.shared_for);
        gateway.shared.remember(&name, asked_at, &kept, keep).await;
    }
    Ok(standing)
}

fn remembered(kept: Kept) -> Standing {
    let license = License {
        customer_id: kept.customer_id,
        ..kept.license
    };
    Standing {
        verdict: Ok(Arc::new(license)),
        as_of: kept.as_of,
        source: Source::Memory,
    }
}

/// Changes something about a key at Polar: afterwards nobody is answered from before.
pub(crate) async fn change<C: LicenseCall + Sync>(
    gateway: &Gateway,
    call: &C,
) -> Result<C::Made, Problem> {
    let answer = send(gateway, call, TURN_WAITS).await;
    let key = KeyHash::of(call.license_key());
    if let Some(activation) = call.ends() {
        gateway.licenses.memory.forget(&(key, Some(activation)));
    }
    // Also when it failed: what became of it is not known then.
    let changes = Changes {
        customers: BTreeSet::from([key.to_string()]),
        ..Changes::default()
    };
    changes.tell(gateway).await;
    let verdict = answer.map_err(|failure| unreachable(&failure))?;
    verdict.map_err(Problem::from)
}

/// Makes a call to Polar by whichever route is open.
async fn send<C: LicenseCall + Sync>(
    gateway: &Gateway,
    call: &C,
    patience: SignedDuration,
) -> Result<Result<C::Made, Denial>, Failure> {
    let licenses = &gateway.licenses;
    let answer = by_either_route(gateway, call, patience).await;
    licenses.note(&answer, gateway.time.local());
    answer
}

async fn by_either_route<C: LicenseCall + Sync>(
    gateway: &Gateway,
    call: &C,
    patience: SignedDuration,
) -> Result<Result<C::Made, Denial>, Failure> {
    let licenses = &gateway.licenses;
    if !licenses.is_refused(gateway.time.local()) {
        match gateway.polar.license(Route::Own, call).await {
            Err(failure @ (Failure::Credentials | Failure::Absent)) => {
                let now = gateway.time.local().as_microsecond();
                licenses.refused_at.store(now, Ordering::Relaxed);
                tracing::info!(
                    error = %failure,
                    "licences go by the open route, three a second: the other needs license_keys:write"
                );
            }
            // Nothing was done, and the other route has a limit of its own.
            Err(Failure::Limited { .. }) => {}
            answer => return answer,
        }
    }
    let (shared, now) = (&gateway.shared, gateway.time.local());
    licenses.pace.turn(shared, now, patience).await?;
    let answer = gateway.polar.license(Route::Public, call).await;
    if let Err(Failure::Limited {
        retry_after_seconds,
    }) = answer
    {
        licenses
            .pace
            .hold(gateway.time.local(), retry_after_seconds);
    }
    answer
}
