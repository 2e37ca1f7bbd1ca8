//! Making sure that a customer exists, and which one it is.

use serde::{Deserialize, Serialize};

use super::{Person, conflict, link};
use crate::config::Conflict;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::upstream::Failure;

/// Others may create the same customer at the same moment; each round one of them does.
const ROUNDS_MAX: u32 = 3;

/// Who is wanted.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
pub(crate) struct Wanted {
    /// The application's id of them.
    pub(crate) external_customer_id: String,
    /// Their e-mail address, which the application has verified.
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// Their name, where they are created.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// What to do when the e-mail is that of a customer without an external id:
    /// `POLARKIT_CUSTOMER_CONFLICT` unless given.
    #[serde(default)]
    pub(crate) on_conflict: Option<Conflict>,
}

/// Who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Resolved {
    /// Polar's id of the customer.
    pub(crate) customer_id: String,
    pub(crate) external_customer_id: String,
    /// The e-mail Polar has.
    pub(crate) email: Option<String>,
    pub(crate) how: How,
}

/// How it was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    /// Known by the external id.
    Known,
    /// Known by e-mail, and now by the external id, too.
    Linked,
    /// New at Polar.
    Created,
}

/// The one customer with this external id: known, linked by e-mail, or created. Whoever asks at the
/// same moment gets the same.
pub(crate) async fn resolve(gateway: &Gateway, wanted: &Wanted) -> Result<Resolved, Problem> {
    let external_id = &wanted.external_customer_id;
    for _ in 0..ROUNDS_MAX {
        if let Some(known) = known(gateway, external_id).await? {
            return Ok(resolved(known, external_id, How::Known));
        }
        let Some(email) = &wanted.email else {
            let words = "Nobody has this external id, and without an e-mail nobody can be created";
            return Err(Problem::new(Code::NotFound, words));
        };
        let owner = gateway.polar.person_by_email(email).await;
        match owner.map_err(|failure| Problem::from(&failure))? {
            Some(owner) if owner.external_id.as_ref() == Some(external_id) => {
                return Ok(resolved(owner, external_id, How::Known));
            }
            Some(owner) => {
                let policy = wanted
                    .on_conflict
                    .unwrap_or(gateway.config.selling.conflict);
                if policy != Conflict::Link || owner.external_id.is_some() {
                    return Err(conflict(&owner, false));
                }
                let linked = link(gateway, &owner, external_id).await?;
                return Ok(resolved(linked, external_id, How::Linked));
            }
            None => {}
        }
        let created = gateway
            .polar
            .create_person(external_id, email, wanted.name.as_deref());
        match created.await {
            Ok(person) => return Ok(resolved(person, external_id, How::Created)),
            // Whoever was faster has them now; what is wrong otherwise is wrong the next time, too.
            Err(Failure::Refused { .. }) if is_there(gateway, external_id, email).await? => {}
            Err(failure) => return Err(Problem::from(&failure)),
        }
    }
    let words = "This customer is being changed elsewhere at this moment";
    Err(Problem::new(Code::Conflict, words).retry_after(1))
}

/// Whom the mirror knows, else Polar.
async fn known(gateway: &Gateway, external_id: &str) -> Result<Option<Person>, Problem> {
    if let Some(id) = gateway.store.customer_by_external_id(external_id).await?
        && let Some(object) = gateway.store.object(&id, "customer", &id).await?
        && let Ok(person) = serde_json::from_str(&object.body)
    {
        return Ok(Some(person));
    }
    let known = gateway.polar.person_by_external_id(external_id).await;
    known.map_err(|failure| Problem::from(&failure))
}

async fn is_there(gateway: &Gateway, external_id: &str, email: &str) -> Result<bool, Problem> {
    let refused = |failure: Failure| Problem::from(&failure);
    let by_id = gateway.polar.person_by_external_id(external_id).await;
    if by_id.map_err(refused)?.is_some() {
        return Ok(true);
    }
    let by_email = gateway.polar.person_by_email(email).await;
    Ok(by_email.map_err(refused)?.is_some())
}

fn resolved(person: Person, external_id: &str, how: How) -> Resolved {
    Resolved {
        customer_id: person.id,
        external_customer_id: external_id.to_owned(),
        email: person.email,
        how,
    }
}
