//! `POST /api/customer-portal/session`: a link by which a customer manages what they bought.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::body::{Body, Reply};
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::upstream::Who;

/// The guide's own words before every reason.
const WORDS: &str = "Error creando sesión del portal: ";

/// Whose portal: by one id or the other.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = PortalSession)]
pub(super) struct Ask {
    /// Polar's id of the customer.
    #[serde(default)]
    customer_id: Option<String>,
    /// The application's id of the customer.
    #[serde(default)]
    external_customer_id: Option<String>,
}

/// The guide's answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Session {
    /// Good for about an hour; whoever has it is the customer.
    session_token: String,
    /// Polar's own link, the token in it.
    portal_url: String,
}

/// Opens a portal session. Never cached: the token is a credential.
#[utoipa::path(
    post,
    path = "/api/customer-portal/session",
    tag = "customers",
    request_body = Ask,
    responses(
        (status = 200, body = Session),
        (status = 400, description = "No id, or one Polar does not know", body = Shape),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 503, description = "Polar cannot be reached", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn open(
    State(gateway): State<Gateway>,
    caller: Caller,
    Body(ask): Body<Ask>,
) -> Result<Reply<Session>, Problem> {
    let who = who(&gateway, &caller, ask).await?;
    let session = gateway.polar.portal_session(&who).await;
    let (session_token, portal_url) =
        session.map_err(|failure| Problem::from(&failure).after(WORDS))?;
    tracing::info!(customer = %who, "portal session created");
    Ok(Reply(Session {
        session_token,
        portal_url,
    }))
}

async fn who(gateway: &Gateway, caller: &Caller, ask: Ask) -> Result<Who, Problem> {
    let given = |id: Option<String>| id.filter(|id| !id.trim().is_empty());
    let (customer, external) = (given(ask.customer_id), given(ask.external_customer_id));
    let Caller::User(subject) = caller else {
        caller.must_be_server("portal:write")?;
        return match (customer, external) {
            (Some(customer), _) => {
                let malformed = |_cause| Problem::invalid("customer_id: not an id of Polar's");
                customer.parse().map(Who::Customer).map_err(malformed)
            }
            (None, Some(external)) => Ok(Who::External(external)),
            (None, None) => Err(Problem::invalid("customer_id is required")),
        };
    };
    let own = match &customer {
        Some(id) => {
            gateway
                .store
                .customer_by_external_id(subject)
                .await?
                .as_ref()
                == Some(id)
        }
        None => external.is_none_or(|external| external == *subject),
    };
    if own {
        Ok(Who::External(subject.clone()))
    } else {
        Err(Problem::new(
            Code::Forbidden,
            "A user may open their own portal only",
        ))
    }
}
