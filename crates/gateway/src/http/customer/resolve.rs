//! `POST /api/customers/resolve`: which customer this is, and that there is one.

use axum::extract::State;

use crate::checkout::email_address;
use crate::customer::{Resolved, Wanted, resolve};
use crate::gateway::Gateway;
use crate::http::body::{Body, Reply};
use crate::http::caller::Caller;
use crate::problem::{Problem, Shape};

/// Longest id of the application's.
const EXTERNAL_ID_CHARS_MAX: usize = 255;
/// Longest name Polar takes.
const NAME_CHARS_MAX: usize = 256;

/// Finds a customer by the application's id, else by e-mail, else creates them.
///
/// `on_conflict` says what to do when the e-mail is that of a customer without an external id: only
/// `link` makes them the one that is asked for, once and for all. Link only whose e-mail you have
/// verified: whoever is linked has everything that customer bought.
#[utoipa::path(
    post,
    path = "/api/customers/resolve",
    tag = "customers",
    request_body = Wanted,
    responses(
        (status = 200, body = Resolved),
        (status = 400, description = "The request, or Polar, says no", body = Shape),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 404, description = "Unknown, and no e-mail to create them with", body = Shape),
        (status = 409, description = "The e-mail is somebody else's", body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn find_or_create(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Reply<Resolved>, Problem> {
    caller.must_be_server("customers:write")?;
    let length = wanted.external_customer_id.trim().chars().count();
    if !(1..=EXTERNAL_ID_CHARS_MAX).contains(&length) {
        return Err(Problem::invalid(
            "external_customer_id: 1 to 255 characters",
        ));
    }
    if let Some(email) = &wanted.email {
        email_address("email", email)?;
    }
    let name = wanted.name.as_deref().unwrap_or_default();
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(Problem::invalid("name: at most 256 characters"));
    }
    resolve(&gateway, &wanted).await.map(Reply)
}
