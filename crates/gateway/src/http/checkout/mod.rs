//! `POST /api/checkout/create` and `GET /api/checkout/{checkout_id}/details`.

pub(super) mod confirm;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::body::{Body, Reply};
use super::caller::Caller;
use crate::checkout::{Ask, Details, Opened, Origin, check, once, open};
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};

const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Creates a checkout, or gives the one that is open.
///
/// An `Idempotency-Key` makes repetitions safe: they get the first answer. Without one, the same
/// wish of the same customer within `POLARKIT_CHECKOUT_REUSE_SECONDS` gets the same checkout while
/// it is open; the header `checkout-reused` says so.
#[utoipa::path(
    post,
    path = "/api/checkout/create",
    tag = "checkouts",
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 characters")),
    request_body = Ask,
    responses(
        (status = 200, body = Opened),
        (status = 400, description = "The request, or Polar, says no", body = Shape),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 409, description = "The first request of this key still runs", body = Shape),
        (status = 429, body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    headers: HeaderMap,
    Body(ask): Body<Ask>,
) -> Result<Response, Problem> {
    let order = check(ask, &caller, &gateway.config)?;
    let opened = match headers.get("idempotency-key") {
        None => open(&gateway, order).await?,
        Some(key) => {
            let key = key.to_str().unwrap_or_default();
            if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
                return Err(Problem::invalid(
                    "Idempotency-Key: 1 to 255 visible characters",
                ));
            }
            once(&gateway, caller.name(), key, order).await?
        }
    };
    let origin = opened.origin;
    let mut response = Reply(opened).into_response();
    let name = match origin {
        Origin::New => return Ok(response),
        Origin::Reused => HeaderName::from_static("checkout-reused"),
        Origin::Replayed => HeaderName::from_static("idempotency-replayed"),
    };
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(name, yes);
    Ok(response)
}

/// Tells seven things of a checkout.
#[utoipa::path(
    get,
    path = "/api/checkout/{checkout_id}/details",
    tag = "checkouts",
    params(("checkout_id" = String, Path, description = "Polar's id of the checkout")),
    responses(
        (status = 200, body = Details),
        (status = 401, body = Shape),
        (status = 404, description = "No such checkout, or not the caller's", body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn details(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(checkout_id): Path<String>,
) -> Result<Reply<Details>, Problem> {
    if !matches!(caller, Caller::User(_)) {
        caller.must_be_server("checkouts:read")?;
    }
    let details = own(&gateway, &caller, &checkout_id).await?;
    Ok(Reply(Details::clone(&details)))
}

/// A checkout, if it is the caller's to see.
async fn own(
    gateway: &Gateway,
    caller: &Caller,
    checkout_id: &str,
) -> Result<Arc<Details>, Problem> {
    let unknown = || Problem::new(Code::NotFound, "There is no such checkout");
    // Polar answers a malformed id with 422; for a caller both mean the same.
    let id = checkout_id.parse().map_err(|_malformed| unknown())?;
    let details = gateway.checkouts.details(gateway, id).await;
    let details = details.map_err(|failure| Problem::from(failure.as_ref()))?;
    match caller {
        Caller::User(subject) if details.untold.external_customer_id.as_ref() != Some(subject) => {
            Err(unknown())
        }
        _ => Ok(details),
    }
}
