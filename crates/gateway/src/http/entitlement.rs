//! `GET /api/entitlements/{external_id}`, `…/check` and `…/why`: who may use what, from memory.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{Reply, Search};
use super::caller::Caller;
use crate::entitlement::derive::Detail;
use crate::entitlement::view::{Reason, Standing};
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::reconcile;
use crate::usage::balance;

const SCOPE: &str = "entitlements:read";

/// What a customer may use.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Entitlements {
    external_customer_id: String,
    /// Polar's id of the customer; null when nothing was ever heard of them.
    customer_id: Option<String>,
    /// Polar's ids of the products in use.
    products: Vec<String>,
    /// The benefits in use.
    benefits: Vec<Benefit>,
    /// Every feature of the feature flags in use.
    #[schema(value_type = Object)]
    features: BTreeMap<String, Value>,
    #[serde(flatten)]
    age: Age,
}

/// A benefit in use.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the words of the contract")]
struct Benefit {
    benefit_id: String,
    r#type: String,
    description: String,
    #[schema(value_type = Object)]
    properties: serde_json::Map<String, Value>,
}

/// How much this can be trusted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(clippy::struct_field_names, reason = "the words of the contract")]
struct Age {
    /// Where it is from: `webhooks`, or `none` when nothing was ever heard.
    source: &'static str,
    /// The newest statement of Polar it rests on.
    #[schema(value_type = Option<String>, format = DateTime)]
    as_of: Option<Timestamp>,
    age_seconds: Option<i64>,
}

/// Lists what a customer may use.
#[utoipa::path(
    get,
    path = "/api/entitlements/{external_id}",
    tag = "entitlements",
    params(("external_id" = String, Path, description = "The application's id of the customer")),
    responses((status = 200, body = Entitlements), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
) -> Result<Reply<Entitlements>, Problem> {
    caller.must_act_for(&external_id, SCOPE)?;
    let standing = gateway.view.of(&external_id, gateway.time.local()).await?;
    let age = Age::of(&gateway, &standing);
    let open = !age.is_too_old(&gateway);
    let now = gateway.time.now();
    let granted = || {
        standing
            .reasons
            .iter()
            .filter(|one| open && one.grants(now))
    };
    let mut products: Vec<String> = granted()
        .filter(|reason| reason.kind == "product")
        .map(|r| r.target.clone())
        .collect();
    products.sort();
    products.dedup();
    let benefits = granted().filter(|reason| reason.kind == "benefit");
    let benefits: BTreeMap<&str, &Reason> = benefits
        .map(|reason| (reason.target.as_str(), reason))
        .collect();
    Ok(Reply(Entitlements {
        external_customer_id: external_id,
        customer_id: standing.customer.clone(),
        products,
        features: all_features(granted()),
        benefits: benefits.into_values().map(Benefit::from).collect(),
        age,
    }))
}

/// One question, about exactly one thing.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Question {
    /// Polar's id of a product.
    product: Option<String>,
    /// Polar's id of a benefit.
    benefit: Option<String>,
    /// A feature: a key of a feature flag's metadata, or the flag's description.
    feature: Option<String>,
    /// A meter, by Polar's id or by name: allowed while something is left.
    meter: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Answer {
    allowed: bool,
    /// Why, in a word.
    reason: String,
    /// The feature's value, or what the meter has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    #[serde(flatten)]
    age: Age,
}

/// Answers whether a customer may use one thing.
#[utoipa::path(
    get,
    path = "/api/entitlements/{external_id}/check",
    tag = "entitlements",
    params(("external_id" = String, Path, description = "The application's id of the customer"), Question),
    responses((status = 200, body = Answer), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn check(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
    Search(question): Search<Question>,
) -> Result<Reply<Answer>, Problem> {
    caller.must_act_for(&external_id, SCOPE)?;
    let mut standing = gateway.view.of(&external_id, gateway.time.local()).await?;
    let mut verdict = decide(&gateway, &external_id, &standing, &question).await?;
    if !verdict.0 && Age::of(&gateway, &standing).is_worth_asking(&gateway) {
        Box::pin(reconcile::recheck(&gateway, &external_id)).await;
        standing = gateway.view.of(&external_id, gateway.time.local()).await?;
        verdict = decide(&gateway, &external_id, &standing, &question).await?;
    }
    let age = Age::of(&gateway, &standing);
    let (mut allowed, mut reason, value) = verdict;
    if allowed && age.is_too_old(&gateway) {
        (allowed, reason) = (false, "stale".to_owned());
    }
    Ok(Reply(Answer {
        allowed,
        reason,
        value,
        age,
    }))
}

async fn decide(
    gateway: &Gateway,
    external_id: &str,
    standing: &Standing,
    question: &Question,
) -> Result<Verdict, Problem> {
    let now = gateway.time.now();
    Ok(match question {
        Question {
            product: Some(id),
            benefit: None,
            feature: None,
            meter: None,
        } => by_target(standing, "product", id, now),
        Question {
            product: None,
            benefit: Some(id),
            feature: None,
            meter: None,
        } => by_target(standing, "benefit", id, now),
        Question {
            product: None,
            benefit: None,
            feature: Some(name),
            meter: None,
        } => by_feature(standing, name, now),
        Question {
            product: None,
            benefit: None,
            feature: None,
            meter: Some(name),
        } => by_meter(balance::left(gateway, external_id, name).await?),
        _ => {
            let words = "Ask about exactly one of product, benefit, feature, meter";
            return Err(Problem::invalid(words));
        }
    })
}

/// Every reason for and against.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Why {
    external_customer_id: String,
    customer_id: Option<String>,
    reasons: Vec<Told>,
    #[serde(flatten)]
    age: Age,
}

/// One reason.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Told {
    /// `subscription:ID`, `order:ID` or `grant:ID`.
    source: String,
    /// `product` or `benefit`.
    kind: String,
    /// Polar's id of the product or benefit.
    target: String,
    granted: bool,
    reason: String,
    /// When Polar said so.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Until when it grants, where that is bound in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    detail: Detail,
}

/// Explains a customer's access.
#[utoipa::path(
    get,
    path = "/api/entitlements/{external_id}/why",
    tag = "entitlements",
    params(("external_id" = String, Path, description = "The application's id of the customer")),
    responses((status = 200, body = Why), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn why(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
) -> Result<Reply<Why>, Problem> {
    caller.must_act_for(&external_id, SCOPE)?;
    let standing = gateway.view.of(&external_id, gateway.time.local()).await?;
    let (now, reasons) = (gateway.time.now(), standing.reasons.iter());
    Ok(Reply(Why {
        external_customer_id: external_id,
        customer_id: standing.customer.clone(),
        reasons: reasons.map(|reason| Told::of(reason, now)).collect(),
        age: Age::of(&gateway, &standing),
    }))
}

type Verdict = (bool, String, Option<Value>);

/// One living reason is enough; without any, the latest against is told.
fn by_target(standing: &Standing, kind: &str, target: &str, now: Timestamp) -> Verdict {
    let about = standing
        .reasons
        .iter()
        .filter(|one| one.kind == kind && one.target == target);
    match about.max_by_key(|one| (one.grants(now), one.since(now))) {
        Some(one) => (one.grants(now), one.word(now).to_owned(), None),
        None => (false, "never_granted".to_owned(), None),
    }
}

fn by_feature(standing: &Standing, name: &str, now: Timestamp) -> Verdict {
    let granted = standing.reasons.iter().filter(|one| one.grants(now));
    match all_features(granted).remove(name) {
        Some(value) => {
            let off = is_off(&value);
            let reason = if off { "switched_off" } else { "granted" };
            (!off, reason.to_owned(), Some(value))
        }
        None => (false, "never_granted".to_owned(), None),
    }
}

/// What one grant switches on, no other switches off.
fn all_features<'a>(granted: impl Iterator<Item = &'a Reason>) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (key, value) in granted.flat_map(|one| features(&one.detail)) {
        let slot = all.entry(key).or_insert_with(|| value.clone());
        if is_off(slot) {
            *slot = value;
        }
    }
    all
}

fn is_off(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value == "false" || value == 0
}

fn by_meter(left: Option<Decimal>) -> Verdict {
    let Some(left) = left else {
        return (false, "no_such_meter".to_owned(), None);
    };
    let allowed = left.is_sign_positive() && !left.is_zero();
    let reason = if allowed { "units_left" } else { "used_up" };
    (
        allowed,
        reason.to_owned(),
        Some(Value::Number(balance::number(left))),
    )
}

/// A flag's metadata are its features; its description is one, too.
fn features(detail: &Detail) -> Vec<(String, Value)> {
    if detail.benefit_type != "feature_flag" {
        return Vec::new();
    }
    let own = (!detail.description.is_empty()).then(|| (detail.description.clone(), true.into()));
    let listed = detail
        .metadata
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    own.into_iter().chain(listed).collect()
}

impl Age {
    fn of(gateway: &Gateway, standing: &Standing) -> Self {
        let age = |at: Timestamp| gateway.time.now().duration_since(at).as_secs().max(0);
        // Nothing was told since, and nothing happened that was not told.
        let as_of = standing.as_of.max(gateway.reconcile.verified());
        Self {
            source: if standing.customer.is_some() {
                "webhooks"
            } else {
                "none"
            },
            as_of,
            age_seconds: as_of.map(age),
        }
    }

    /// Old enough to ask Polar before somebody is denied something.
    fn is_worth_asking(&self, gateway: &Gateway) -> bool {
        let healing = &gateway.config.healing;
        let limit = i64::from(healing.recheck_minutes) * 60;
        healing.reconcile && self.age_seconds.is_none_or(|age| age > limit)
    }

    /// Too old to grant anything on, where configuration says so.
    fn is_too_old(&self, gateway: &Gateway) -> bool {
        let limit = gateway.config.healing.stale_hours;
        let limit = limit.map(|hours| i64::from(hours) * 3600);
        limit.is_some_and(|limit| self.age_seconds.is_none_or(|age| age > limit))
    }
}

impl From<&Reason> for Benefit {
    fn from(reason: &Reason) -> Self {
        Self {
            benefit_id: reason.target.clone(),
            r#type: reason.detail.benefit_type.clone(),
            description: reason.detail.description.clone(),
            properties: reason.detail.properties.clone(),
        }
    }
}

impl Told {
    fn of(reason: &Reason, now: Timestamp) -> Self {
        Self {
            source: reason.source.clone(),
            kind: reason.kind.clone(),
            target: reason.target.clone(),
            granted: reason.grants(now),
            reason: reason.word(now).to_owned(),
            since: reason.since(now),
            expires_at: reason.expires_at,
            detail: reason.detail.clone(),
        }
    }
}
