//! Licences: validated from memory where that is safe, by one call to Polar where it isn't.
//!
//! An outage of Polar never makes a licence invalid: what was valid lately stays so, and what was
//! never seen is "cannot tell", not "no".

mod ask;
mod denial;
mod key;
pub(crate) mod lease;
mod memory;
mod mirrored;
mod pace;
mod standing;

use std::time::Duration;

use jiff::SignedDuration;
use polarkit_model::FreeForm;
use serde::Deserialize;
use uuid::Uuid;

pub(crate) use self::ask::{Licenses, change};
pub(crate) use self::denial::Denial;
pub(crate) use self::key::KeyHash;
use self::memory::{Question, Worth};
pub(crate) use self::mirrored::note;
pub(crate) use self::standing::{Activation, License, Source, Standing};
use crate::gateway::Gateway;
use crate::problem::Problem;

/// Longest key or label.
const TEXT_CHARS_MAX: usize = 255;
/// How long a caller who can be answered from what is known waits for something newer.
const NEWER_WAITS: Duration = Duration::from_secs(1);
/// How long a caller who cannot waits for a turn to ask Polar.
const TURN_WAITS: SignedDuration = SignedDuration::from_secs(2);
/// Licences asked about anew, behind answers from memory, at once; the others stay as old as they are.
const REFRESHES_MAX: usize = 64;

/// What a caller asks about a licence.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = LicenseValidate)]
pub(crate) struct Ask {
    /// The licence key.
    pub(crate) license_key: String,
    /// One activation of it.
    #[serde(default)]
    pub(crate) activation_id: Option<Uuid>,
    /// Must equal the activation's own conditions.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) conditions: Option<FreeForm>,
    /// Adds to the key's usage; nothing when 0 or absent.
    #[serde(default)]
    pub(crate) increment_usage: Option<i64>,
}

impl Ask {
    /// Whether only Polar itself can answer: it counts, or compares what nobody else knows.
    fn is_polars_alone(&self) -> bool {
        let counts = self.increment_usage.is_some_and(|units| units > 0);
        counts || self.conditions.as_ref().is_some_and(|all| !all.is_empty())
    }
}

/// How a licence stands. A refusal is an answer; an error says that the request is malformed, or
/// that nobody can tell.
pub(crate) async fn standing(gateway: &Gateway, ask: &Ask) -> Result<Standing, Problem> {
    check(ask)?;
    if ask.is_polars_alone() {
        return ask::once(gateway, ask, TURN_WAITS).await;
    }
    let question = (KeyHash::of(&ask.license_key), ask.activation_id);
    let now = gateway.time.now();
    let memory = &gateway.licenses.memory;
    match memory.recall(&question, &gateway.view, now) {
        Some((known, Worth::Fresh)) => Ok(known.at(now, Source::Memory)),
        Some((known, Worth::Aging)) => {
            if gateway.licenses.flights.count() < REFRESHES_MAX {
                // Whatever comes of it is remembered; nobody waits for it.
                drop(ask::begin(gateway, ask, question, SignedDuration::ZERO));
            }
            Ok(known.at(now, Source::Memory))
        }
        Some((known, Worth::Stale)) => Ok(newer(gateway, ask, question, &known).await),
        None => unremembered(gateway, ask, question).await,
    }
}

/// What the mirror knows, where that is fresh; else what Polar says, and only then what the mirror
/// knows after all. Of activations it knows nothing.
async fn unremembered(
    gateway: &Gateway,
    ask: &Ask,
    question: Question,
) -> Result<Standing, Problem> {
    let found = match question {
        (key, None) => mirrored::with_marks(gateway, key).await,
        (_, Some(_)) => None,
    };
    let (memory, now) = (&gateway.licenses.memory, gateway.time.now());
    match found {
        Some((known, [key, customer])) if known.verdict.is_ok() => {
            match memory.worth(&known, now) {
                Some(Worth::Fresh) => {
                    memory.remember(question, &known, key, Some(customer));
                    Ok(known.at(now, Source::Mirror))
                }
                Some(_) => Ok(newer(gateway, ask, question, &known).await),
                None => ask::begin(gateway, ask, question, TURN_WAITS)?.await,
            }
        }
        Some((denied, _)) => Ok(newer(gateway, ask, question, &denied).await),
        None => ask::begin(gateway, ask, question, TURN_WAITS)?.await,
    }
}

/// What Polar says, where it can be asked soon; else what is known.
async fn newer(gateway: &Gateway, ask: &Ask, question: Question, known: &Standing) -> Standing {
    let asked = ask::begin(gateway, ask, question, SignedDuration::ZERO);
    if let Ok(asked) = asked
        && !gateway.licenses.failed_lately(gateway.time.local())
    {
        match tokio::time::timeout(NEWER_WAITS, asked).await {
            Ok(Ok(newer)) => return newer,
            Ok(Err(_cannot_tell)) => {}
            Err(_elapsed) => gateway.licenses.failed(gateway.time.local()),
        }
    }
    let now = gateway.time.now();
    let id = known.verdict.as_ref().ok();
    let id = id.map(|license| license.id.as_str());
    let mirrored = mirrored::find(gateway, question.0, id).await;
    // A webhook may have told of its end since.
    let told = mirrored.and_then(|mirrored| mirrored.standing);
    match told {
        Some(told) if told.verdict.is_err() && told.as_of >= known.as_of => {
            told.at(now, Source::Mirror)
        }
        _ => known.at(now, Source::Stale),
    }
}

fn check(ask: &Ask) -> Result<(), Problem> {
    text("license_key", &ask.license_key)?;
    if ask.increment_usage.is_some_and(i64::is_negative) {
        return Err(Problem::invalid("increment_usage: must not be negative"));
    }
    Ok(())
}

/// A text that is there and not absurd.
pub(crate) fn text(field: &str, value: &str) -> Result<(), Problem> {
    if value.trim().is_empty() || value.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::invalid(format!(
            "{field}: 1 to {TEXT_CHARS_MAX} characters"
        )));
    }
    Ok(())
}
