//! `/api/subscribers`: who is told what happened, and how it goes.

pub(super) mod change;
pub(super) mod delivery;
pub(super) mod replay;
pub(super) mod secret;
pub(super) mod trial;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use polarkit_store::{DeliveryBacklog, Subscriber};
use serde::Serialize;

use super::body::Reply;
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::subscriber::breaker::Breaker;
use crate::subscriber::filter::Filter;
use crate::subscriber::lists;
use crate::subscriber::secret::Ring;

/// Who may look.
pub(super) const READ: &str = "subscribers:read";
/// Who may change, and have things sent.
pub(super) const WRITE: &str = "subscribers:write";

/// A subscriber.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Subscriber)]
pub(super) struct Shown {
    id: String,
    /// `webhook`, or `hook` for the hooks of an application in Rust.
    kind: String,
    url: Option<String>,
    description: String,
    /// Types, or beginnings of types followed by `*`.
    events: Vec<String>,
    /// Only what concerns these customers; empty for all.
    customers: Vec<String>,
    /// Only what concerns these products; empty for all.
    products: Vec<String>,
    enabled: bool,
    disabled_reason: Option<String>,
    breaker: ShownBreaker,
    /// Deliveries that wait.
    pending: i64,
    /// Deliveries given up.
    dead: i64,
    /// Until then, webhooks are signed with an earlier secret, too.
    #[schema(value_type = Option<String>, format = DateTime)]
    secret_overlap_until: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

/// Whether anything is sent after failures.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Breaker)]
struct ShownBreaker {
    /// `closed`: everything is sent; `open`: nothing is; `half_open`: one delivery, to see.
    state: &'static str,
    /// Failures in a row.
    failures: i64,
    /// Nothing is sent before.
    #[schema(value_type = Option<String>, format = DateTime)]
    rest_until: Option<Timestamp>,
}

/// All subscribers, oldest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Subscribers {
    items: Vec<Shown>,
}

/// Lists subscribers.
#[utoipa::path(
    get,
    path = "/api/subscribers",
    tag = "subscribers",
    responses((status = 200, body = Subscribers), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Reply<Subscribers>, Problem> {
    caller.must_be_server(READ)?;
    let backlogs = gateway.store.delivery_backlog().await?;
    let all = gateway.store.subscribers().await?.into_iter();
    let items = all.map(|one| shown(&gateway, one, &backlogs)).collect();
    Ok(Reply(Subscribers { items }))
}

/// Shows one subscriber.
#[utoipa::path(
    get,
    path = "/api/subscribers/{id}",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses((status = 200, body = Shown), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Shown>, Problem> {
    caller.must_be_server(READ)?;
    let one = found(&gateway, &id).await?;
    now_shown(&gateway, one).await.map(Reply)
}

/// Takes a subscriber away, its secrets and what waits for it included.
#[utoipa::path(
    delete,
    path = "/api/subscribers/{id}",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses((status = 204, description = "Gone"), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn delete(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.must_be_server(WRITE)?;
    if gateway.store.drop_subscriber(&id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown())
    }
}

async fn found(gateway: &Gateway, id: &str) -> Result<Subscriber, Problem> {
    gateway.store.subscriber(id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "There is no such subscriber")
}

/// As it stands now.
async fn now_shown(gateway: &Gateway, one: Subscriber) -> Result<Shown, Problem> {
    let backlogs = gateway.store.delivery_backlog().await?;
    Ok(shown(gateway, one, &backlogs))
}

fn shown(gateway: &Gateway, one: Subscriber, backlogs: &[DeliveryBacklog]) -> Shown {
    let now = gateway.time.local();
    let Filter {
        events,
        customers,
        products,
    } = lists(&one);
    let ring = Ring::read(&one.secrets).ok();
    let backlog = backlogs.iter().find(|own| own.subscriber == one.id);
    let backlog = backlog.cloned().unwrap_or_default();
    let rests = one.standing.rest_until > now.as_microsecond();
    Shown {
        breaker: ShownBreaker {
            state: Breaker::of(&one.standing, now).name(),
            failures: one.standing.failures,
            rest_until: rests.then(|| instant(one.standing.rest_until)),
        },
        pending: backlog.pending,
        dead: backlog.dead,
        secret_overlap_until: ring.and_then(|ring| ring.overlap_ends(now)),
        id: one.id,
        kind: one.kind,
        url: Some(one.url).filter(|url| !url.is_empty()),
        description: one.description,
        events,
        customers,
        products,
        enabled: one.enabled,
        disabled_reason: one.disabled_reason,
        created_at: instant(one.created_at),
        modified_at: instant(one.changed_at),
    }
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}
