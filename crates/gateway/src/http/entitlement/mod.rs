//! `GET /api/entitlements/{external_id}`: what a customer may use, from memory.

mod age;
pub(super) mod check;
pub(super) mod why;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::age::Age;
use super::body::Reply;
use super::caller::Caller;
use crate::entitlement::standing::{Reason, Standing};
use crate::entitlement::verdict::all_features;
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};

const SCOPE: &str = "entitlements:read";

/// What a customer may use.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Entitlements {
    external_customer_id: String,
    /// Polar's id of the customer; null when nothing was ever heard of them.
    customer_id: Option<String>,
    /// Polar's ids of the products in use.
    products: Vec<String>,
    /// Polar's ids of the products that somebody of the customer sits on a seat of.
    seats: Vec<String>,
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
    let mut standing = gateway.view.of(&external_id, gateway.time.local()).await?;
    let mut age = Age::of(&gateway, &standing);
    if age.stale && age.asked(&gateway, &external_id).await {
        standing = gateway.view.of(&external_id, gateway.time.local()).await?;
        age = Age::of(&gateway, &standing);
    }
    let now = gateway.time.now();
    Ok(Reply(in_use(external_id, &standing, age, now)))
}

fn in_use(external_id: String, standing: &Standing, age: Age, now: Timestamp) -> Entitlements {
    let granting = |one: &&Reason| one.grants(now) && !age.stale;
    let granted = || standing.reasons.iter().filter(granting);
    let targets = |kind: &str| -> Vec<String> {
        let about = granted().filter(|reason| reason.kind() == kind);
        let targets: BTreeSet<&str> = about.map(Reason::target).collect();
        targets.into_iter().map(str::to_owned).collect()
    };
    let benefits = granted().filter(|reason| reason.kind() == "benefit");
    let benefits: BTreeMap<&str, &Reason> =
        benefits.map(|reason| (reason.target(), reason)).collect();
    Entitlements {
        external_customer_id: external_id,
        customer_id: standing.customer(),
        products: targets("product"),
        seats: targets("seat"),
        features: all_features(granted()),
        benefits: benefits.into_values().map(Benefit::from).collect(),
        age,
    }
}

impl From<&Reason> for Benefit {
    fn from(reason: &Reason) -> Self {
        let detail = reason.detail();
        Self {
            benefit_id: reason.target().to_owned(),
            r#type: detail.benefit_type,
            description: detail.description,
            properties: detail.properties,
        }
    }
}
