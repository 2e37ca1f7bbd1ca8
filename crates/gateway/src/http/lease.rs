//! `POST /api/license/lease`, `GET /api/license/keys` and `GET /api/license/revocations`: licences on
//! machines without a network.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};

use super::body::{Body, Reply, Search};
use super::license::Admitted;
use crate::gateway::Gateway;
use crate::license::lease::revocation::{self, Page};
use crate::license::lease::{self, Ask, Given, pool};
use crate::problem::{Problem, Shape};

/// Gives a signed lease of a licence that is valid, or renews the machine's own.
///
/// Polar must have called the licence valid. While it cannot be reached, a machine that had a lease
/// may renew it for a bounded time. Open to whoever may validate licences.
#[utoipa::path(
    post,
    path = "/api/license/lease",
    tag = "licences",
    request_body = Ask,
    responses(
        (status = 200, description = "The lease", body = Given),
        (status = 400, description = "The licence is not valid, or the request is malformed", body = Shape),
        (status = 409, description = "Other machines hold the leases the licence allows", body = Shape),
        (status = 429, description = "Too many from this address", body = Shape),
        (status = 501, description = "No signing key is configured", body = Shape),
        (status = 503, description = "Cannot tell: Polar cannot be reached", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn give(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Body(ask): Body<Ask>,
) -> Result<Reply<Given>, Problem> {
    lease::give(&gateway, ask).await.map(Reply)
}

/// Gives so many floating seats of a licence to a server without a network, signed, or renews them.
///
/// A pool counts as so many machines with leases.
#[utoipa::path(
    post,
    path = "/api/license/pool",
    tag = "licences",
    request_body = pool::Ask,
    responses(
        (status = 200, description = "The pool", body = pool::Given),
        (status = 400, description = "The licence is not valid, or the request is malformed", body = Shape),
        (status = 409, description = "The licence has not so many leases left", body = Shape),
        (status = 429, description = "Too many from this address", body = Shape),
        (status = 501, description = "No signing key is configured", body = Shape),
        (status = 503, description = "Cannot tell: Polar cannot be reached", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn pool(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Body(ask): Body<pool::Ask>,
) -> Result<Reply<pool::Given>, Problem> {
    pool::give(&gateway, ask).await.map(Reply)
}

/// The public keys that leases are verified with, as a JWK set. Open to anyone.
#[utoipa::path(
    get,
    path = "/api/license/keys",
    tag = "licences",
    responses(
        (status = 200, description = "A JWK set of Ed25519 keys", body = Object),
        (status = 501, description = "No signing key is configured", body = Shape),
    ),
    security(()),
)]
pub(super) async fn keys(State(gateway): State<Gateway>) -> Result<Response, Problem> {
    let jwks = lease::signer(&gateway)?.jwks();
    let headers = [
        (CONTENT_TYPE, "application/jwk-set+json"),
        (CACHE_CONTROL, "public, max-age=300"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, jwks).into_response())
}

/// Leases whose licence ended before they did, signed, so that the list can be carried to where no
/// network reaches. Those that are over by themselves are not in it.
#[utoipa::path(
    get,
    path = "/api/license/revocations",
    tag = "licences",
    params(revocation::Ask),
    responses(
        (status = 200, description = "A page of the list", body = Page),
        (status = 400, description = "`since` or `after` is malformed", body = Shape),
        (status = 429, description = "Too many from this address", body = Shape),
        (status = 501, description = "No signing key is configured", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn revocations(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Search(ask): Search<revocation::Ask>,
) -> Result<Response, Problem> {
    let page = revocation::page(&gateway, &ask).await?;
    let mut response = Reply(page).into_response();
    let brief = HeaderValue::from_static("max-age=60");
    response.headers_mut().insert(CACHE_CONTROL, brief);
    Ok(response)
}
