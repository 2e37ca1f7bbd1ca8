//! Who a customer is: the application knows them by its own id, Polar by an e-mail as well.
//!
//! At Polar an external id is given once and never changed, and an e-mail belongs to one customer
//! of an organization. Whoever buys with an e-mail that is somebody's becomes that somebody. So an
//! e-mail that a caller names is a claim, and is never believed without a decision.

mod resolve;

use serde::{Deserialize, Serialize};

pub(crate) use self::resolve::{Resolved, Wanted, resolve};
use crate::config::Conflict;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, chain};
use crate::upstream::Failure;

/// A customer of Polar's, as far as it says who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Polar's id.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
    #[serde(default)]
    pub(crate) email: Option<String>,
}

impl Person {
    pub(crate) fn has_email(&self, email: &str) -> bool {
        let own = self.email.as_ref().map(|own| own.to_lowercase());
        own == Some(email.to_lowercase())
    }
}

/// Somebody new to the application, with an e-mail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer<'a> {
    pub(crate) external_id: &'a str,
    pub(crate) email: &'a str,
    /// Whether a user of their own says so: of their e-mail, they prove nothing.
    pub(crate) says_so_themselves: bool,
}

/// What becomes of a checkout for a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nobody else has the e-mail, as far as can be told.
    Nobodys,
    /// It was somebody's whom the application did not know; now they are the newcomer.
    Linked,
    /// It is somebody's: it is left out.
    LeftOut,
}

/// Settles whose an e-mail is before anything is opened in its name.
///
/// When Polar does not say, it is taken for nobody's: then Polar's own rule holds at the payment,
/// by which the customer with the e-mail gets what is bought. Nobody is linked without an answer.
pub(crate) async fn settle(gateway: &Gateway, newcomer: Newcomer<'_>) -> Result<Verdict, Problem> {
    let owner = match gateway.polar.person_by_email(newcomer.email).await {
        Ok(owner) => owner,
        Err(failure) => {
            tracing::warn!(error = %chain(&failure), "whose an e-mail is cannot be asked");
            None
        }
    };
    let external = newcomer.external_id;
    let Some(owner) = owner.filter(|owner| owner.external_id.as_deref() != Some(external)) else {
        return Ok(Verdict::Nobodys);
    };
    match gateway.config.selling.conflict {
        Conflict::Separate => Ok(Verdict::LeftOut),
        Conflict::Link if owner.external_id.is_none() && !newcomer.says_so_themselves => {
            link(gateway, &owner, external).await?;
            Ok(Verdict::Linked)
        }
        Conflict::Link | Conflict::Refuse => Err(conflict(&owner, newcomer.says_so_themselves)),
    }
}

/// Gives a customer the external id, once and for all. Somebody else may have been faster: who they
/// are then is asked once more.
async fn link(gateway: &Gateway, owner: &Person, external_id: &str) -> Result<Person, Problem> {
    match gateway.polar.name_person(&owner.id, external_id).await {
        Ok(linked) => {
            tracing::info!(customer = %linked.id, external_id, "a customer was linked");
            Ok(linked)
        }
        Err(failure) if failure.is_about_the_request() => {
            let known = gateway.polar.person_by_external_id(external_id).await;
            let known = known.map_err(|failure| Problem::from(&failure))?;
            let known = known.filter(|known| known.id == owner.id);
            known.ok_or_else(|| conflict(owner, false))
        }
        Err(failure) => Err(Problem::from(&failure)),
    }
}

/// A server is told whose the e-mail is; a user only that it is not theirs to use.
fn conflict(owner: &Person, for_a_user: bool) -> Problem {
    let words = match (for_a_user, &owner.external_id) {
        (true, _) => "customer_email: use another, or leave it out".to_owned(),
        (false, Some(_)) => format!(
            "customer_email: it is that of Polar's customer {}, whom the application knows by another id",
            owner.id
        ),
        (false, None) => format!(
            "customer_email: it is that of Polar's customer {}, who has no external id. If they are \
             the same person, say so: POST /api/customers/resolve with on_conflict \"link\"",
            owner.id
        ),
    };
    Problem::new(Code::CustomerConflict, words)
}

/// What Polar's refusal comes to: an answer to the question, or none.
pub(crate) fn none_if_unknown<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Failure::NotFound) => Ok(None),
        Err(failure) => Err(failure),
    }
}
