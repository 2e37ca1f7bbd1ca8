//! `GET /api/entitlements/{external_id}/why`: every reason, and the events that led to it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;

use super::SCOPE;
use super::age::Age;
use crate::entitlement::cause::{self, Event};
use crate::entitlement::derive::Detail;
use crate::entitlement::standing::Reason;
use crate::gateway::Gateway;
use crate::http::body::Reply;
use crate::http::caller::Caller;
use crate::problem::{Problem, Shape};

/// Every reason for and against.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Why {
    external_customer_id: String,
    customer_id: Option<String>,
    reasons: Vec<Told>,
    #[serde(flatten)]
    age: Age,
}

/// One reason.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Told {
    /// `subscription:ID`, `order:ID`, `grant:ID`, `seat:ID` or `checkout:ID`.
    source: String,
    /// `product`, `benefit` or `seat`.
    kind: String,
    /// Polar's id of the product, of the benefit, or of the product the seat is of.
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
    /// What led to it, the latest last; the last ten.
    events: Vec<Event>,
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
pub(in crate::http) async fn why(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
) -> Result<Reply<Why>, Problem> {
    caller.must_act_for(&external_id, SCOPE)?;
    let standing = gateway.view.of(&external_id, gateway.time.local()).await?;
    let mut noted: HashMap<String, String> = match &standing.customer() {
        Some(customer) => gateway
            .store
            .entitlement_events(customer)
            .await?
            .into_iter()
            .collect(),
        None => HashMap::new(),
    };
    let now = gateway.time.now();
    let reasons = standing.reasons.iter().map(|reason| {
        let events = noted.remove(&reason.source());
        Told::of(reason, events.as_deref(), now)
    });
    Ok(Reply(Why {
        external_customer_id: external_id,
        customer_id: standing.customer(),
        reasons: reasons.collect(),
        age: Age::of(&gateway, &standing),
    }))
}

impl Told {
    fn of(reason: &Reason, events: Option<&str>, now: Timestamp) -> Self {
        Self {
            source: reason.source(),
            kind: reason.kind().to_owned(),
            target: reason.target().to_owned(),
            granted: reason.grants(now),
            reason: reason.word(now).to_owned(),
            since: reason.since(now),
            expires_at: reason.expires_at(),
            detail: reason.detail(),
            events: events.map(cause::read).unwrap_or_default(),
        }
    }
}
