//! What the signed-in user has: read from the gateway's memory, so that asking every second costs nothing.

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use super::backend::Backend;
use super::exchange::{Answer, Asked, Refusal};
use super::shelf::Product;
use super::{USER, words};

/// What the seeded meter counts.
const USE: &str = "api_call";
const MONTH: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Everything the page shows of the user.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    now: Timestamp,
    grants: Vec<Grant>,
    balances: Vec<Balance>,
}

/// A product in use, and why.
#[derive(Debug, Serialize)]
struct Grant {
    key: String,
    product: String,
    name: String,
    state: String,
    reason: String,
    ends: bool,
    license_key: Option<String>,
}

#[derive(Debug, Serialize)]
struct Balance {
    meter: String,
    units: Number,
}

/// `GET /api/entitlements/{id}/why`, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Why {
    reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    source: String,
    kind: String,
    target: String,
    granted: bool,
    #[serde(rename = "reason")]
    word: String,
    detail: Detail,
}

#[derive(Debug, Deserialize)]
struct Detail {
    ends_at: Option<Timestamp>,
    current_period_end: Option<Timestamp>,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
struct Properties {
    license_key_id: Option<String>,
}

/// `GET /api/usage/balance/{id}`, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Balances {
    meters: Vec<Meter>,
}

#[derive(Debug, Deserialize)]
struct Meter {
    name: String,
    balance: Number,
}

pub(super) async fn show(State(backend): State<Backend>) -> Result<Answer<Account>, Refusal> {
    let why: Why = backend
        .get(&format!("/api/entitlements/{USER}/why"))
        .await?;
    let catalogue = backend.catalogue().await?;
    let mut grants = Vec::new();
    for reason in why
        .reasons
        .iter()
        .filter(|reason| reason.granted && reason.kind == "product")
    {
        let product = catalogue.iter().find(|product| product.id == reason.target);
        let license_key = license_key(&backend, product, &why.reasons).await?;
        grants.push(grant(reason, product, license_key));
    }
    let balances: Balances = backend.get(&format!("/api/usage/balance/{USER}")).await?;
    let balances = balances.meters.into_iter();
    let balances = balances.map(|meter| Balance {
        meter: meter.name,
        units: meter.balance,
    });
    let now = backend.sandbox().now();
    Ok(Answer(Account {
        now,
        grants,
        balances: balances.collect(),
    }))
}

fn grant(reason: &Reason, product: Option<&Product>, license_key: Option<String>) -> Grant {
    let told = match (reason.detail.ends_at, reason.detail.current_period_end) {
        (Some(end), _) => format!("Cancelled: yours until {}.", words::day(end)),
        (None, Some(end)) => format!("Renews on {}.", words::day(end)),
        (None, None) => "Bought once: yours to keep.".to_owned(),
    };
    Grant {
        key: reason.source.clone(),
        product: reason.target.clone(),
        name: product.map_or_else(|| reason.target.clone(), |product| product.name.clone()),
        state: reason.word.clone(),
        reason: told,
        ends: reason.detail.ends_at.is_some(),
        license_key,
    }
}

/// The licence key that comes with a product, once Polar has granted it.
async fn license_key(
    backend: &Backend,
    product: Option<&Product>,
    reasons: &[Reason],
) -> Result<Option<String>, Refusal> {
    let Some(product) = product else {
        return Ok(None);
    };
    let of_product = |reason: &&Reason| {
        let benefits = &product.benefits;
        reason.granted && benefits.iter().any(|benefit| benefit.id == reason.target)
    };
    let mut ids = reasons.iter().filter(of_product);
    let id = ids.find_map(|reason| reason.detail.properties.license_key_id.as_deref());
    match id {
        Some(id) => backend.license_key(id).await.map(Some),
        None => Ok(None),
    }
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Spend {
    units: u32,
}

pub(super) async fn spend(
    State(backend): State<Backend>,
    Asked(spend): Asked<Spend>,
) -> Result<Answer<Value>, Refusal> {
    if !(1..=1000).contains(&spend.units) {
        return Err(Refusal::unclear("Spend between 1 and 1000 units."));
    }
    let event = json!({
        "external_customer_id": USER, "name": USE, "metadata": {"units": spend.units},
    });
    backend.post("/api/usage/track", &event).await.map(Answer)
}

#[derive(Debug, Deserialize)]
pub(super) struct Licence {
    key: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    valid: bool,
    text: String,
}

pub(super) async fn validate(
    State(backend): State<Backend>,
    Asked(licence): Asked<Licence>,
) -> Result<Answer<Verdict>, Refusal> {
    let body = json!({"license_key": licence.key});
    match backend.post::<Value>("/api/license/validate", &body).await {
        Ok(_) => Ok(Answer(Verdict {
            valid: true,
            text: "This licence is valid.".to_owned(),
        })),
        Err(refusal) if refusal.is_bad_request() => Ok(Answer(Verdict {
            valid: false,
            text: "This licence is not valid.".to_owned(),
        })),
        Err(refusal) => Err(refusal),
    }
}

pub(super) async fn skip_month(State(backend): State<Backend>) -> Result<Answer<Value>, Refusal> {
    let moved = backend.sandbox().advance(MONTH).await;
    let now = moved.map_err(|error| Refusal::upstream("The sandbox", &error))?;
    Ok(Answer(json!({ "now": now })))
}
