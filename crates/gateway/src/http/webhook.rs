//! `POST /webhook/polar`: size, headers, signature over the raw bytes, one durable insert, 200.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use polarkit::webhooks::{BODY_BYTES_MAX, VerifyError};

use super::address::Address;
use super::body::json;
use crate::gateway::Gateway;
use crate::inbox::receive::{self, Refusal};
use crate::problem::{Code, Problem};

/// How long a body may take: Polar gives up on an answer after that.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Takes one delivery.
#[utoipa::path(
    post,
    path = "/webhook/polar",
    tag = "webhooks",
    request_body(content = String, content_type = "application/json", description = "A signed event, as Polar sends it"),
    responses(
        (status = 200, description = "Stored, or known already", body = Processed),
        (status = 400, description = "Malformed headers", body = crate::problem::Shape),
        (status = 403, description = "The signature does not fit, or the address is not on the list", body = crate::problem::Shape),
        (status = 408, description = "The body came too slowly", body = crate::problem::Shape),
        (status = 413, description = "Too large", body = crate::problem::Shape),
        (status = 503, description = "Cannot be stored now; Retry-After says when", body = crate::problem::Shape),
    ),
)]
pub(super) async fn take(
    State(gateway): State<Gateway>,
    Address(address): Address,
    request: Request,
) -> Result<Response, Problem> {
    let taken = if gateway.senders.admits(address) {
        receive(&gateway, request).await
    } else {
        tracing::warn!(%address, "webhook refused: POLARKIT_WEBHOOK_NETWORKS does not list its sender");
        Err(Problem::new(
            Code::WebhookAddress,
            "Webhooks are not taken from this address",
        ))
    };
    let outcome = taken
        .as_ref()
        .map_or_else(|problem| problem.code().name(), |()| "stored");
    gateway.metrics.delivery(outcome);
    taken?;
    Ok(json(&b"{\"status\":\"processed\"}"[..]))
}

/// The guide's own answer.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "documents a constant body")]
pub(super) struct Processed {
    /// Always `processed`.
    #[schema(example = "processed")]
    status: String,
}

async fn receive(gateway: &Gateway, request: Request) -> Result<(), Problem> {
    let (parts, body) = request.into_parts();
    let declared = parts
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if declared
        .and_then(|text| text.parse().ok())
        .is_some_and(|n: usize| n > BODY_BYTES_MAX)
    {
        return Err(too_large());
    }
    // Headers first: who can't even write those gets no megabyte read.
    let stamped = receive::Stamped::read(parts.headers)?;
    let body = Limited::new(body, BODY_BYTES_MAX).collect();
    let body = tokio::time::timeout(BODY_WITHIN, body)
        .await
        .map_err(|_elapsed| Problem::new(Code::TooSlow, "The body came too slowly"))?
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                return too_large();
            }
            Problem::new(Code::WebhookHeaders, "The body could not be read")
        })?;
    receive::receive(gateway, &stamped, body.to_bytes())
        .await
        .map_err(Problem::from)
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, "A webhook has at most 1 MiB")
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unverified(error) => Self::from(error),
            Refusal::Stale { seconds } => Self::new(
                Code::WebhookSignature,
                format!("The signature fits, but it was made {seconds} s ago by this clock"),
            ),
            Refusal::Store(error) => Self::from(error).saying("Webhook processing failed"),
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::MissingHeader { name } | VerifyError::MalformedHeader { name } => {
                Self::new(
                    Code::WebhookHeaders,
                    format!("The header {name} is missing or malformed"),
                )
            }
            VerifyError::BodyTooLarge { .. } => too_large(),
            _ => Self::new(Code::WebhookSignature, "Invalid webhook signature"),
        }
    }
}
