//! `POST /api/usage/reserve`, `…/commit` and `…/release`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::body::{Body, Reply};
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::usage::reservation::{self, Ask, Commit, Held, Release, Settled};

/// What spending asks of a key: units that are given back are as good as given.
const SCOPE: &str = "usage:write";

/// Sets units of a customer's meter aside for a use that is under way.
#[utoipa::path(
    post,
    path = "/api/usage/reserve",
    tag = "usage",
    request_body = Ask,
    responses(
        (status = 201, body = Held),
        (status = 200, description = "The answer to a repetition", body = Held),
        (status = 400, body = Shape),
        (status = 401, body = Shape),
        (status = 402, description = "Not so many are left; the body says how many are", body = Shape),
        (status = 403, description = "A user's own token may not spend", body = Shape),
        (status = 404, description = "The customer has no such meter", body = Shape),
        (status = 409, description = "The reservation of this id is over", body = Shape),
        (status = 422, description = "The id is another reservation's", body = Shape),
        (status = 503, description = "Nothing is known of the meter and Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn reserve(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<Ask>,
) -> Result<Response, Problem> {
    caller.must_be_server(SCOPE)?;
    let held = reservation::reserve(&gateway, ask).await?;
    let status = if held.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Reply(held)).into_response())
}

/// Counts a reservation, or a part of it; the rest is given back.
#[utoipa::path(
    post,
    path = "/api/usage/commit",
    tag = "usage",
    request_body = Commit,
    responses(
        (status = 200, description = "Durable; delivery to Polar follows", body = Settled),
        (status = 400, body = Shape),
        (status = 401, body = Shape),
        (status = 402, description = "It expired, and is not covered any more", body = Shape),
        (status = 403, body = Shape),
        (status = 404, body = Shape),
        (status = 409, description = "It was released, or committed otherwise", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn commit(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<Commit>,
) -> Result<Reply<Settled>, Problem> {
    caller.must_be_server(SCOPE)?;
    reservation::commit(&gateway, ask).await.map(Reply)
}

/// Gives a reservation back.
#[utoipa::path(
    post,
    path = "/api/usage/release",
    tag = "usage",
    request_body = Release,
    responses(
        (status = 200, body = Settled),
        (status = 400, body = Shape),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 404, body = Shape),
        (status = 409, description = "It was committed", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn release(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<Release>,
) -> Result<Reply<Settled>, Problem> {
    caller.must_be_server(SCOPE)?;
    reservation::release(&gateway, &ask).await.map(Reply)
}
