//! `POST /api/checkout/{checkout_id}/confirm`: the return page asks whether it was paid.

use axum::extract::{Path, State};

use super::own;
use crate::checkout::{Confirmed, confirm};
use crate::gateway::Gateway;
use crate::http::body::Reply;
use crate::http::caller::Caller;
use crate::problem::{Problem, Shape};

/// Asks Polar once whether a checkout was paid. If so, its customer may use the product at once: for
/// `POLARKIT_PROVISIONAL_MINUTES`, or until a webhook tells of the order or the subscription, which
/// then decides.
///
/// `confirmed` means that the buyer pressed Pay: ask again a moment later.
#[utoipa::path(
    post,
    path = "/api/checkout/{checkout_id}/confirm",
    tag = "checkouts",
    params(("checkout_id" = String, Path, description = "Polar's id of the checkout")),
    responses(
        (status = 200, body = Confirmed),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 404, description = "No such checkout, or not the caller's", body = Shape),
        (status = 429, description = "One user asks too often", body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn ask(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(checkout_id): Path<String>,
) -> Result<Reply<Confirmed>, Problem> {
    if matches!(caller, Caller::Server(_)) {
        caller.must_be_server("checkouts:write")?;
    }
    let details = own(&gateway, &caller, &checkout_id).await?;
    confirm(&gateway, &details).await.map(Reply)
}
