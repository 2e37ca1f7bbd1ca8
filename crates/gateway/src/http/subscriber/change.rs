//! Making a subscriber and changing it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use polarkit_model::Secret;
use polarkit_store::{Standing, Subscriber};
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Reply};
use super::super::caller::Caller;
use super::{Shown, WRITE, now_shown, unknown};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::subscriber::filter::Filter;
use crate::subscriber::secret::{self, Ring};
use crate::subscriber::{SUBSCRIBERS_MAX, WEBHOOK, guard, lists, written};

/// Longest description.
const DESCRIPTION_BYTES_MAX: usize = 1_000;

/// A new subscriber.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewSubscriber {
    /// Where webhooks are sent; https, unless the operator allows the network.
    url: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Types, or beginnings of types followed by `*`; everything when left out.
    #[serde(default)]
    events: Vec<String>,
    /// Customers it is limited to, by Polar's id or yours.
    #[serde(default)]
    customers: Vec<String>,
    /// Products it is limited to, by Polar's id.
    #[serde(default)]
    products: Vec<String>,
    /// `whsec_` and then 24 to 64 bytes in base64; made when left out.
    #[schema(value_type = Option<String>)]
    secret: Option<String>,
    /// Whether anything is sent from the start. What happens before waits.
    #[serde(default = "yes")]
    enabled: bool,
}

/// What is to change; the rest stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Change {
    url: Option<String>,
    description: Option<String>,
    events: Option<Vec<String>>,
    customers: Option<Vec<String>>,
    products: Option<Vec<String>>,
    enabled: Option<bool>,
}

/// A subscriber and, this once, its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Made {
    #[serde(flatten)]
    subscriber: Shown,
    /// What its webhooks are signed with. It is never shown again.
    secret: String,
}

const fn yes() -> bool {
    true
}

/// Makes a subscriber; answers its secret, this once.
#[utoipa::path(
    post,
    path = "/api/subscribers",
    tag = "subscribers",
    request_body = NewSubscriber,
    responses((status = 201, body = Made), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 409, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(new): Body<NewSubscriber>,
) -> Result<(StatusCode, Reply<Made>), Problem> {
    caller.must_be_server(WRITE)?;
    let secret = chosen(new.secret.as_deref())?;
    let filter = Filter {
        events: new.events,
        customers: new.customers,
        products: new.products,
    };
    let now = gateway.time.local().as_microsecond();
    let mut one = Subscriber {
        id: format!("sub_{}", uuid::Uuid::new_v4().simple()),
        kind: WEBHOOK.to_owned(),
        description: String::new(),
        url: reachable(&gateway, &new.url).await?,
        events: String::new(),
        customers: String::new(),
        products: String::new(),
        secrets: Ring::of(secret.clone()).text(),
        enabled: new.enabled,
        disabled_reason: (!new.enabled).then(|| "by request".to_owned()),
        standing: Standing::default(),
        created_at: now,
        changed_at: now,
    };
    describe(&mut one, new.description)?;
    limit(&mut one, filter)?;
    let mut tx = gateway.store.begin().await?;
    if tx.subscribers().await?.len() >= SUBSCRIBERS_MAX {
        let full = format!("There are {SUBSCRIBERS_MAX} subscribers; delete one first");
        return Err(Problem::new(Code::Conflict, full));
    }
    tx.put_subscriber(&one).await?;
    tx.commit().await?;
    let made = Made {
        subscriber: now_shown(&gateway, one).await?,
        secret: secret.reveal().to_owned(),
    };
    Ok((StatusCode::CREATED, Reply(made)))
}

/// Changes a subscriber.
#[utoipa::path(
    patch,
    path = "/api/subscribers/{id}",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    request_body = Change,
    responses((status = 200, body = Shown), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn update(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Reply<Shown>, Problem> {
    caller.must_be_server(WRITE)?;
    apply(&gateway, &id, change).await.map(Reply)
}

/// Sends to a subscriber again: first what waited meanwhile.
#[utoipa::path(
    post,
    path = "/api/subscribers/{id}/enable",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses((status = 200, body = Shown), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn enable(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Shown>, Problem> {
    caller.must_be_server(WRITE)?;
    apply(&gateway, &id, Change::to(true)).await.map(Reply)
}

/// Sends nothing to a subscriber until it is enabled; what happens meanwhile waits.
#[utoipa::path(
    post,
    path = "/api/subscribers/{id}/disable",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    responses((status = 200, body = Shown), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn disable(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Reply<Shown>, Problem> {
    caller.must_be_server(WRITE)?;
    apply(&gateway, &id, Change::to(false)).await.map(Reply)
}

impl Change {
    const fn to(enabled: bool) -> Self {
        Self {
            url: None,
            description: None,
            events: None,
            customers: None,
            products: None,
            enabled: Some(enabled),
        }
    }
}

async fn apply(gateway: &Gateway, id: &str, change: Change) -> Result<Shown, Problem> {
    // Looked up before the transaction: none is open across a call to the network.
    let url = match &change.url {
        Some(url) => Some(reachable(gateway, url).await?),
        None => None,
    };
    let now = gateway.time.local();
    let mut tx = gateway.store.begin().await?;
    let mut one = tx.subscriber(id).await?.ok_or_else(unknown)?;
    if url.is_some() && one.kind != WEBHOOK {
        return Err(Problem::invalid("url: hooks have none"));
    }
    let before = lists(&one);
    let filter = Filter {
        events: change.events.unwrap_or(before.events),
        customers: change.customers.unwrap_or(before.customers),
        products: change.products.unwrap_or(before.products),
    };
    limit(&mut one, filter)?;
    if let Some(description) = change.description {
        describe(&mut one, description)?;
    }
    let moved = url.as_ref().is_some_and(|url| *url != one.url);
    one.url = url.unwrap_or(one.url);
    if let Some(enabled) = change.enabled {
        one.enabled = enabled;
        one.disabled_reason = (!enabled).then(|| "by request".to_owned());
    }
    let afresh = moved || change.enabled == Some(true);
    if afresh {
        one.standing = Standing::default();
        tx.hasten(id, now.as_microsecond()).await?;
    }
    one.changed_at = Timestamp::as_microsecond(now);
    tx.put_subscriber(&one).await?;
    tx.commit().await?;
    gateway.nudge();
    now_shown(gateway, one).await
}

async fn reachable(gateway: &Gateway, url: &str) -> Result<String, Problem> {
    let checked = guard::check(url, &gateway.config.subscriber_networks).await;
    let checked = checked.map_err(|fault| Problem::invalid(fault.to_string()))?;
    Ok(checked.into())
}

fn limit(one: &mut Subscriber, mut filter: Filter) -> Result<(), Problem> {
    if filter.events.is_empty() {
        filter.events = vec!["*".to_owned()];
    }
    filter
        .check()
        .map_err(|fault| Problem::invalid(fault.to_string()))?;
    one.events = written(&filter.events);
    one.customers = written(&filter.customers);
    one.products = written(&filter.products);
    Ok(())
}

fn describe(one: &mut Subscriber, description: String) -> Result<(), Problem> {
    if description.len() > DESCRIPTION_BYTES_MAX || description.contains('\0') {
        return Err(Problem::invalid(
            "description: has at most 1000 characters, and no NUL",
        ));
    }
    one.description = description;
    Ok(())
}

/// A secret the caller brought, or a new one.
pub(super) fn chosen(given: Option<&str>) -> Result<Secret, Problem> {
    match given {
        Some(text) => secret::taken(text).map_err(|unfit| Problem::invalid(unfit.to_string())),
        None => secret::make().map_err(|error| Problem::internal(&error)),
    }
}
