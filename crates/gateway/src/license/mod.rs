//! Licences: validated from memory where that is safe, by one call to Polar where it isn't.
//!
//! An outage of Polar never makes a licence invalid: what was valid lately stays so, and what was
//! never seen is "cannot tell", not "no".

mod pace;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use moka::future::Cache;
use polarkit_model::FreeForm;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use self::pace::Pace;
use crate::config::{Config, Server};
use crate::gateway::Gateway;
use crate::keys::hex;
use crate::problem::{Code, Problem};
use crate::projection::Changes;
use crate::shared::answer::Recalled;
use crate::upstream::Failure;

/// Answers remembered at once.
const REMEMBERED_MAX: u64 = 100_000;
/// A valid answer is given again this long; a webhook about the customer ends it at once.
const VALID_KEPT: Duration = Duration::from_mins(1);
/// A valid answer is still good this long while Polar cannot be reached.
const STALE_KEPT: Duration = Duration::from_hours(24);
/// A refusal is given again this long, so that guessing keys costs Polar nothing.
const INVALID_KEPT: Duration = Duration::from_secs(10);
/// Longest key or label.
const TEXT_CHARS_MAX: usize = 255;

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

/// What is told of a valid licence: nothing about the person who holds it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Valid {
    pub(crate) id: String,
    pub(crate) benefit_id: String,
    /// `granted`.
    pub(crate) status: String,
    /// The key's end, the rest masked.
    pub(crate) display_key: String,
    pub(crate) limit_activations: Option<i64>,
    pub(crate) usage: i64,
    pub(crate) limit_usage: Option<i64>,
    pub(crate) validations: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) last_validated_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Timestamp>,
    /// The activation asked about.
    pub(crate) activation: Option<Activation>,
    /// Whose it is; not told, but needed to know when to ask again.
    #[serde(skip)]
    pub(crate) customer_id: String,
}

/// The same, as nodes share it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    valid: Valid,
    customer_id: String,
}

/// One activation of a licence.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Activation {
    pub(crate) id: String,
    pub(crate) license_key_id: String,
    pub(crate) label: String,
    #[schema(value_type = Object)]
    pub(crate) meta: FreeForm,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) modified_at: Option<Timestamp>,
}

/// Names one question; the key itself is not kept.
type Question = [u8; 32];

/// Licences asked about lately.
#[derive(Debug)]
pub(crate) struct Licenses {
    fresh: Cache<Question, Arc<Valid>>,
    stale: Cache<Question, Arc<Valid>>,
    invalid: Cache<Question, Arc<Failure>>,
    /// By customer, and by a name of the key.
    about: Mutex<HashMap<String, HashSet<Question>>>,
    pace: Option<Pace>,
}

impl Licenses {
    pub(crate) fn new(config: &Config) -> Self {
        let cache = || Cache::builder().max_capacity(REMEMBERED_MAX);
        // The public licence calls allow 3 a second, then block for a minute. A sandbox does not.
        let limited = !matches!(config.server, Server::At(_));
        Self {
            fresh: cache().time_to_live(VALID_KEPT).build(),
            stale: cache().time_to_live(STALE_KEPT).build(),
            invalid: Cache::builder()
                .max_capacity(REMEMBERED_MAX)
                .time_to_live(INVALID_KEPT)
                .build(),
            about: Mutex::default(),
            pace: limited.then(|| Pace::per_second(3)),
        }
    }

    /// Something happened to these customers or keys: what is remembered of them may be wrong.
    pub(crate) async fn forget(&self, names: &BTreeSet<String>) {
        let mut questions = Vec::new();
        {
            let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
            questions.extend(names.iter().filter_map(|name| about.remove(name)).flatten());
        }
        for question in questions {
            self.fresh.invalidate(&question).await;
            self.stale.invalidate(&question).await;
        }
    }

    /// What is remembered may be wrong. What is kept for when Polar is away stays.
    pub(crate) fn forget_everything(&self) {
        self.fresh.invalidate_all();
    }

    async fn remember(&self, ask: &Ask, question: Question, valid: &Arc<Valid>) {
        {
            let mut about = self.about.lock().unwrap_or_else(PoisonError::into_inner);
            let bound = usize::try_from(REMEMBERED_MAX).unwrap_or(usize::MAX);
            if about.len() >= bound {
                about.clear();
                self.fresh.invalidate_all();
                self.stale.invalidate_all();
            }
            for name in [valid.customer_id.clone(), name_of(&ask.license_key)] {
                about.entry(name).or_default().insert(question);
            }
        }
        self.stale.insert(question, Arc::clone(valid)).await;
    }

    /// Waits for a turn within Polar's limit, or says it would take too long.
    pub(crate) async fn turn(&self, gateway: &Gateway) -> Result<(), Failure> {
        match &self.pace {
            Some(pace) => pace.turn(&gateway.shared, gateway.time.local()).await,
            None => Ok(()),
        }
    }
}

/// Validates a licence.
pub(crate) async fn validate(gateway: &Gateway, ask: Ask) -> Result<Arc<Valid>, Problem> {
    check(&ask)?;
    let licenses = &gateway.licenses;
    if ask.increment_usage.is_some_and(|units| units > 0) {
        // Counting is never answered from memory.
        licenses
            .turn(gateway)
            .await
            .map_err(|failure| refused(&failure))?;
        let valid = gateway.polar.validate(&ask).await;
        return valid.map(Arc::new).map_err(|failure| refused(&failure));
    }
    let question = question(&ask);
    if let Some(failure) = licenses.invalid.get(&question).await {
        return Err(refused(&failure));
    }
    let asked = licenses.fresh.try_get_with(question, async {
        let valid = Arc::new(valid_now(gateway, &ask, question).await?);
        licenses.remember(&ask, question, &valid).await;
        Ok(valid)
    });
    match asked.await {
        Ok(valid) if is_expired(&valid, gateway.time.now()) => {
            licenses.fresh.invalidate(&question).await;
            Err(Problem::new(
                Code::LicenseInvalid,
                "The licence key is not valid",
            ))
        }
        Ok(valid) => Ok(valid),
        Err(failure) => or_stale(gateway, question, failure).await,
    }
}

/// What another node was answered, else what Polar answers.
async fn valid_now(gateway: &Gateway, ask: &Ask, question: Question) -> Result<Valid, Failure> {
    let name = format!("license {}", hex(&question));
    let recalled = gateway.shared.recall(&name).await;
    if let Recalled::Answer(Kept { valid, customer_id }) = recalled {
        return Ok(Valid {
            customer_id,
            ..valid
        });
    }
    gateway.licenses.turn(gateway).await?;
    let valid = gateway.polar.validate(ask).await?;
    if let Recalled::Nothing(asked_at) = recalled {
        let customer_id = valid.customer_id.clone();
        let about = [&*customer_id, &*name_of(&ask.license_key)];
        let kept = Kept {
            valid: valid.clone(),
            customer_id: customer_id.clone(),
        };
        let keep = (&about[..], VALID_KEPT);
        gateway.shared.remember(&name, asked_at, &kept, keep).await;
    }
    Ok(valid)
}

/// A "no" is a "no"; a silence is what was known before, where it was.
async fn or_stale(
    gateway: &Gateway,
    question: Question,
    failure: Arc<Failure>,
) -> Result<Arc<Valid>, Problem> {
    let licenses = &gateway.licenses;
    if failure.is_about_the_request() {
        licenses.stale.invalidate(&question).await;
        licenses
            .invalid
            .insert(question, Arc::clone(&failure))
            .await;
        return Err(refused(&failure));
    }
    match licenses.stale.get(&question).await {
        Some(valid) if !is_expired(&valid, gateway.time.now()) => {
            tracing::warn!(license = %valid.display_key, "licence answered from memory: Polar is away");
            Ok(valid)
        }
        _ => Err(refused(&failure)),
    }
}

/// What the caller is told: an invalid licence is 400, an outage is 503.
pub(crate) fn refused(failure: &Failure) -> Problem {
    if failure.is_about_the_request() {
        return Problem::new(Code::LicenseInvalid, "The licence key is not valid");
    }
    Problem::from(failure)
}

/// An activation of this key ended here: what is remembered of the key may be wrong.
pub(crate) async fn deactivated(gateway: &Gateway, license_key: &str) {
    let changes = Changes {
        customers: BTreeSet::from([name_of(license_key)]),
        ..Changes::default()
    };
    changes.tell(gateway).await;
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

fn question(ask: &Ask) -> Question {
    let mut hash = Sha256::new();
    hash.update(ask.license_key.len().to_be_bytes());
    hash.update(&ask.license_key);
    hash.update([u8::from(ask.activation_id.is_some())]);
    hash.update(ask.activation_id.unwrap_or_default());
    // A map of JSON values always has a JSON form.
    hash.update(serde_json::to_vec(&ask.conditions).unwrap_or_default());
    hash.finalize().into()
}

/// Names a key without keeping it.
fn name_of(license_key: &str) -> String {
    hex(&Sha256::digest(license_key.as_bytes()))
}

fn is_expired(valid: &Valid, now: Timestamp) -> bool {
    valid.expires_at.is_some_and(|at| at <= now)
}
