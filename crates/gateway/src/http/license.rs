//! `POST /api/license/validate`, `/activate` and `/deactivate`.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{AGE, CACHE_CONTROL};
use http::request::Parts;
use jiff::Timestamp;
use polarkit_model::FreeForm;
use serde::{Deserialize, Serialize};

use super::body::{Body, Reply};
use super::caller::{Caller, missing};
use crate::gateway::Gateway;
use crate::license::{self, Activation, Ask, License, Source, Standing};
use crate::problem::{Problem, Shape};

/// How a valid licence stands.
const GRANTED: &str = "granted";

/// A valid licence, as of when it was found so, and who says it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct LicenseValid<'a> {
    /// Always `true`: what is not valid is a problem with `valid` `false`.
    valid: bool,
    /// Always `granted`.
    state: &'static str,
    #[serde(flatten)]
    license: &'a License,
    /// As of when this is true, Polar's time.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    age_seconds: i64,
    source: Source,
}

/// Validates a licence. Open to anyone unless configured otherwise: desktop programs need it.
#[utoipa::path(
    post,
    path = "/api/license/validate",
    tag = "licences",
    request_body = Ask,
    responses(
        (status = 200, description = "The licence is valid", body = LicenseValid<'static>),
        (status = 400, description = "It is not, and `state` says why; or the request is malformed", body = Shape),
        (status = 429, description = "Too many from this address", body = Shape),
        (status = 503, description = "Cannot tell: Polar cannot be asked", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn validate(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Body(ask): Body<Ask>,
) -> Result<Response, Problem> {
    let standing = license::standing(&gateway, &ask).await;
    count(&gateway, &standing);
    let standing = standing?;
    let license = standing.granted().inspect_err(|problem| {
        let source = standing.source;
        tracing::info!(
            state = problem.license_state(),
            ?source,
            "licence not valid"
        );
    })?;
    match standing.source {
        // There may be twenty thousand of these a second.
        Source::Memory => tracing::debug!(license = %license.display_key, "licence validated"),
        source => tracing::info!(license = %license.display_key, ?source, "licence validated"),
    }
    Ok(valid(&standing, license, gateway.time.now()))
}

/// What nobody could answer counts as such; a malformed request is no question.
fn count(gateway: &Gateway, standing: &Result<Standing, Problem>) {
    match standing {
        Ok(standing) => {
            let state = match &standing.verdict {
                Ok(_valid) => GRANTED,
                Err(denial) => denial.state(),
            };
            gateway.metrics.license(state, standing.source.word());
        }
        Err(problem) => {
            if let Some(state) = problem.license_state() {
                gateway.metrics.license(state, "nobody");
            }
        }
    }
}

/// Nobody on the way may keep it: the gateway knows better than they when it is over.
fn valid(standing: &Standing, license: &License, now: Timestamp) -> Response {
    let age_seconds = standing.age_seconds(now);
    let told = LicenseValid {
        valid: true,
        state: GRANTED,
        license,
        as_of: standing.as_of,
        age_seconds,
        source: standing.source,
    };
    let mut response = Reply(told).into_response();
    let headers = response.headers_mut();
    headers.insert(AGE, age_seconds.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a caller asks to activate.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct Activate {
    /// The licence key.
    pub(crate) license_key: String,
    /// Names the machine or seat.
    pub(crate) label: String,
    /// Validating this activation must repeat them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) conditions: Option<FreeForm>,
    /// Anything worth keeping with it.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) meta: Option<FreeForm>,
}

/// Activates a licence for one machine or seat.
#[utoipa::path(
    post,
    path = "/api/license/activate",
    tag = "licences",
    request_body = Activate,
    responses(
        (status = 200, body = Activation),
        (status = 400, description = "Not valid, or no activation left", body = Shape),
        (status = 429, body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn activate(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Body(ask): Body<Activate>,
) -> Result<Reply<Activation>, Problem> {
    license::text("license_key", &ask.license_key)?;
    license::text("label", &ask.label)?;
    let activation = license::change(&gateway, &ask).await?;
    tracing::info!(activation = %activation.id, "licence activated");
    Ok(Reply(activation))
}

/// What a caller asks to deactivate.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(crate) struct Deactivate {
    /// The licence key.
    pub(crate) license_key: String,
    /// The activation to end.
    pub(crate) activation_id: uuid::Uuid,
}

/// That it is done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Deactivated {
    /// Always `deactivated`.
    status: &'static str,
}

/// Ends one activation, which frees it for another machine or seat.
#[utoipa::path(
    post,
    path = "/api/license/deactivate",
    tag = "licences",
    request_body = Deactivate,
    responses(
        (status = 200, body = Deactivated),
        (status = 400, description = "No such key or activation", body = Shape),
        (status = 429, body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn deactivate(
    State(gateway): State<Gateway>,
    _admitted: Admitted,
    Body(ask): Body<Deactivate>,
) -> Result<Reply<Deactivated>, Problem> {
    license::text("license_key", &ask.license_key)?;
    license::change(&gateway, &ask).await?;
    license::lease::doubt(&gateway, &ask.license_key).await?;
    tracing::info!(activation = %ask.activation_id, "licence deactivated");
    Ok(Reply(Deactivated {
        status: "deactivated",
    }))
}

/// Somebody who may ask: a server, a user, and anyone else where it is open. Whoever may not is
/// refused before the body is read.
#[derive(Debug)]
pub(super) struct Admitted;

impl FromRequestParts<Gateway> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Gateway) -> Result<Self, Problem> {
        let caller: Option<Caller> =
            <Caller as OptionalFromRequestParts<Gateway>>::from_request_parts(parts, state).await?;
        match caller {
            None if !state.config.open_licenses => return Err(missing()),
            None | Some(Caller::User(_)) => {}
            Some(server @ Caller::Server(_)) => drop(server.must_be_server("licenses:write")?),
        }
        Ok(Self)
    }
}
