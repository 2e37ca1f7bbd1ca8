//! `/api/reconcile` and `/api/drift`: how far Polar is read back, having it read again, and what was
//! found to differ.

use axum::extract::State;
use http::StatusCode;
use jiff::Timestamp;
use polarkit_store::{Doubt, Reading};
use serde::{Deserialize, Serialize};

use super::body::{Body, Reply, Search};
use super::caller::Caller;
use crate::config::Watchdog;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::reconcile;

/// Rows of one page, unless fewer are asked for.
const PAGE_MAX: i64 = 100;

/// How far Polar is read back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Status {
    /// Whether Polar is read back at all.
    enabled: bool,
    /// Whether every list was read to its end at least once.
    backfilled: bool,
    lists: Vec<List>,
    /// Customers about to be read back because what is known of them contradicts itself.
    doubts: i64,
    endpoint: Option<Endpoint>,
}

/// How far one list of Polar's is read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct List {
    /// What it is of: `customer`, `subscription`, `event`…
    #[serde(rename = "list")]
    name: String,
    /// Whether it is being read now.
    reading: bool,
    /// Objects read in the present reading, or the last.
    objects: i64,
    /// As of when it was last read to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    complete_as_of: Option<Timestamp>,
    /// How long ago that is: the mirror of this list is true as of then, at least.
    age_seconds: Option<i64>,
    /// Why it could not be read lately.
    error: Option<String>,
}

/// How the webhook endpoint was last found at Polar.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Endpoint {
    /// `well`, `disabled`, `missing` or `unknown`.
    condition: String,
    #[schema(value_type = String, format = DateTime)]
    checked_at: Timestamp,
    /// Why it could not be told, or not be mended.
    error: Option<String>,
}

/// Tells how far Polar is read back.
#[utoipa::path(
    get,
    path = "/api/reconcile",
    tag = "operations",
    responses((status = 200, body = Status), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn status(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Reply<Status>, Problem> {
    caller.must_be_server("reconcile:read")?;
    let now = gateway.time.now();
    let readings = gateway.store.readings().await?;
    let watched = gateway.store.watched().await?;
    let watched = watched.filter(|_| gateway.config.healing.watchdog != Watchdog::Off);
    Ok(Reply(Status {
        enabled: gateway.config.healing.reconcile,
        backfilled: reconcile::is_backfilled(&readings),
        lists: readings.into_iter().map(|one| List::of(one, now)).collect(),
        doubts: gateway.store.doubts().await?,
        endpoint: watched.map(|watched| Endpoint {
            condition: watched.condition,
            checked_at: instant(watched.checked_at),
            error: watched.error,
        }),
    }))
}

impl List {
    fn of(reading: Reading, now: Timestamp) -> Self {
        let complete_as_of = reading.complete_at.map(instant);
        let age = |at| now.duration_since(at).as_secs().max(0);
        Self {
            reading: !reading.place.is_empty(),
            name: reading.kind,
            objects: reading.objects,
            age_seconds: complete_as_of.map(age),
            complete_as_of,
            error: reading.error,
        }
    }
}

/// Whom to read back; everything, when nobody is named.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReconcileStart)]
pub(super) struct Ask {
    /// The application's id of one customer.
    external_customer_id: Option<String>,
    /// Polar's id of one customer.
    customer_id: Option<String>,
}

/// That it will be read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Asked {
    /// Always `started`.
    status: &'static str,
}

/// Has one customer, or everything, read back now.
#[utoipa::path(
    post,
    path = "/api/reconcile",
    tag = "operations",
    request_body = Ask,
    responses(
        (status = 202, body = Asked),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 404, description = "No such customer was ever heard of", body = Shape),
        (status = 409, description = "Reading back is switched off", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn start(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<Ask>,
) -> Result<(StatusCode, Reply<Asked>), Problem> {
    caller.must_be_server("reconcile:write")?;
    if !gateway.config.healing.reconcile {
        let words = "POLARKIT_RECONCILE is false: nothing is read back";
        return Err(Problem::new(Code::Conflict, words));
    }
    match customer(&gateway, ask).await? {
        Some(customer) => {
            let now = gateway.time.local().as_microsecond();
            let doubt = Doubt {
                customer,
                reason: "asked".to_owned(),
                after_at: 0,
                whole: true,
                marked_at: now,
                due_at: now,
                tries: 0,
                error: None,
            };
            gateway.store.doubt(&doubt).await?;
        }
        None => reconcile::restart(&gateway).await?,
    }
    gateway.reconcile.asked.notify_one();
    Ok((StatusCode::ACCEPTED, Reply(Asked { status: "started" })))
}

async fn customer(gateway: &Gateway, ask: Ask) -> Result<Option<String>, Problem> {
    let unknown = || Problem::new(Code::NotFound, "No such customer was ever heard of");
    match (ask.external_customer_id, ask.customer_id) {
        (None, None) => Ok(None),
        (None, Some(id)) if id.parse::<uuid::Uuid>().is_ok() => Ok(Some(id)),
        (None, Some(_)) => Err(Problem::invalid("customer_id: a UUID")),
        (Some(external), None) => {
            let found = gateway.store.customer_by_external_id(&external).await?;
            found.map(Some).ok_or_else(unknown)
        }
        (Some(_), Some(_)) => Err(Problem::invalid(
            "Name a customer by one of external_customer_id, customer_id",
        )),
    }
}

/// Which differences.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    /// At most 100.
    limit: Option<i64>,
    /// `found_at` of the last row of the page before.
    #[param(value_type = Option<String>, format = DateTime)]
    before: Option<Timestamp>,
}

/// What reading back found to differ from what webhooks had told, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Drifts {
    items: Vec<Drift>,
}

/// One difference.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Drift {
    #[schema(value_type = String, format = DateTime)]
    found_at: Timestamp,
    /// The object's kind: `subscription`, `order`…; `state` when access alone differed.
    kind: String,
    /// Polar's id of the object.
    id: String,
    customer_id: Option<String>,
    /// `missing`, `changed`, `contradicted`, `gone` or `unreadable`.
    what: String,
    /// The names of the fields that differed, never their values.
    fields: Vec<String>,
    healed: bool,
}

/// Lists what reading back found to differ, newest first.
#[utoipa::path(
    get,
    path = "/api/drift",
    tag = "operations",
    params(Page),
    responses((status = 200, body = Drifts), (status = 401, body = Shape), (status = 403, body = Shape)),
    security(("bearer" = [])),
)]
pub(super) async fn drift(
    State(gateway): State<Gateway>,
    caller: Caller,
    Search(page): Search<Page>,
) -> Result<Reply<Drifts>, Problem> {
    caller.must_be_server("reconcile:read")?;
    let before = page.before.map_or(i64::MAX, Timestamp::as_microsecond);
    let limit = page.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let found = gateway.store.drift(before, limit).await?;
    let items = found.into_iter().map(|row| Drift {
        found_at: instant(row.found_at),
        kind: row.kind,
        id: row.object,
        customer_id: Some(row.customer).filter(|id| !id.is_empty()),
        what: row.what,
        fields: row
            .fields
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        healed: row.healed_at.is_some(),
    });
    Ok(Reply(Drifts {
        items: items.collect(),
    }))
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}
