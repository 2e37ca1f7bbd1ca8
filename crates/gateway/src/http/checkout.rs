//! `POST /api/checkout/create` and `GET /api/checkout/{checkout_id}/details`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use polarkit_store::{Claim, Saved, crash};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::body::{Body, Reply, json};
use super::caller::Caller;
use crate::checkout::{Ask, Details, Order, check};
use crate::config::Environment;
use crate::gateway::Gateway;
use crate::keys::hex;
use crate::problem::{Code, Problem, Shape};
use crate::upstream::Failure;

/// A first call that has not ended after this long died with its process.
const ABANDONED: SignedDuration = SignedDuration::from_secs(60);
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// The guide's own words before every reason.
const WORDS: &str = "Error creando checkout: ";

/// The guide's answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Created {
    /// Polar's id of the checkout.
    checkout_id: String,
    /// Where the buyer pays.
    checkout_url: String,
    /// Always `created`.
    status: &'static str,
}

/// Creates a checkout. An `Idempotency-Key` makes repetitions safe: they get the first answer.
#[utoipa::path(
    post,
    path = "/api/checkout/create",
    tag = "checkouts",
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 characters")),
    request_body = Ask,
    responses(
        (status = 200, body = Created),
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
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(Reply(made(&gateway, &order).await?).into_response());
    };
    let key = key.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
        return Err(Problem::invalid(
            "Idempotency-Key: 1 to 255 visible characters",
        ));
    }
    once(&gateway, (&caller.name(), key), &order).await
}

async fn made(gateway: &Gateway, order: &Order) -> Result<Created, Problem> {
    let made = gateway.polar.create_checkout(order).await;
    let (checkout_id, checkout_url) =
        made.map_err(|failure| refused(&failure, gateway.config.products.environment()))?;
    tracing::info!(id = %checkout_id, "checkout created");
    Ok(Created {
        checkout_id,
        checkout_url,
        status: "created",
    })
}

/// Polar's ids mean nothing outside their environment and organization, and Polar doesn't say which
/// of the two it was.
fn refused(failure: &Failure, here: Environment) -> Problem {
    let problem = Problem::from(failure);
    let about_the_product = matches!(failure, Failure::Refused { fields }
        if fields.iter().any(|field| field.starts_with("products")));
    if !about_the_product {
        return problem.after(WORDS);
    }
    let words = format!(
        "products: this organization sells no product of this id on {here}. It may be archived or a \
         draft, or belong to another organization or environment"
    );
    problem.saying(words).after(WORDS)
}

/// The first answer under a key is the answer to every repetition; a failure frees the key.
async fn once(gateway: &Gateway, key: (&str, &str), order: &Order) -> Result<Response, Problem> {
    let now = gateway.time.local();
    let abandoned = now.checked_sub(ABANDONED).unwrap_or(now).as_microsecond();
    let now = now.as_microsecond();
    match gateway
        .store
        .idempotency_claim(key, &fingerprint(order), now, abandoned)
        .await?
    {
        Claim::Answered(saved) => {
            let mut response = json(saved.answer);
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert("idempotency-replayed", yes);
            return Ok(response);
        }
        Claim::Running => {
            let words = "The first request of this Idempotency-Key still runs";
            return Err(Problem::new(Code::Conflict, words).retry_after(1));
        }
        Claim::Other => {
            let words = "This Idempotency-Key came with another request before";
            return Err(Problem::new(Code::IdempotencyKeyReused, words));
        }
        Claim::Yours => crash::point("idempotency.claimed"),
    }
    match made(gateway, order).await {
        Ok(created) => {
            let answer = serde_json::to_string(&created).map_err(|e| Problem::internal(&e))?;
            let saved = Saved {
                status: 200,
                answer,
            };
            crash::point("checkout.made");
            gateway.store.idempotency_save(key, &saved).await?;
            crash::point("idempotency.saved");
            Ok(json(saved.answer))
        }
        Err(problem) => {
            gateway.store.idempotency_drop(key).await?;
            Err(problem)
        }
    }
}

fn fingerprint(order: &Order) -> String {
    // It just came from JSON, so it has a JSON form; its maps are sorted.
    let canonical = serde_json::to_vec(order).unwrap_or_default();
    hex(&Sha256::digest(canonical))
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
    let unknown = || Problem::new(Code::NotFound, "There is no such checkout");
    // Polar answers a malformed id with 422; for a caller both mean the same.
    let id = checkout_id.parse().map_err(|_malformed| unknown())?;
    let details = gateway.checkouts.details(&gateway, id).await;
    let details = details.map_err(|failure| Problem::from(failure.as_ref()))?;
    match &caller {
        Caller::User(subject) if details.external_customer_id.as_ref() != Some(subject) => {
            Err(unknown())
        }
        _ => Ok(Reply(Details::clone(&details))),
    }
}
