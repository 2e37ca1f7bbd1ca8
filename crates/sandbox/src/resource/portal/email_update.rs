//! `/v1/customer-portal/customers/me/email-update/…`: another e-mail, once its owner has shown to read it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Visitor, desk};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::customer::{self, CustomerKind};
use crate::resource::mail::{self, NewMail};
use crate::resource::{member, session};
use crate::world::World;

const TOKEN_PREFIX: &str = "polar_cev_";

/// Writes a link to the new address.
pub(super) fn request(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        email: String,
    }
    let visitor = Visitor::with_billing(world, call)?;
    let input: Input = call.input()?;
    let seller = world.organizations.get(visitor.organization)?;
    if !seller.portal.customer.allow_email_change {
        let detail = "Email changes are not enabled for this organization.";
        return Err(Failure::named(403, "NotPermitted", detail));
    }
    let customer = world.customers.get(visitor.customer)?;
    let refuse = |message: &str| {
        let flaw = Flaw::field("email", message, input.email.as_str());
        Err(Failure::refused(flaw))
    };
    if customer.kind == CustomerKind::Team {
        return refuse("Only individual customers can change their email.");
    }
    let own = customer.email.as_deref().map(str::to_lowercase);
    if own == Some(input.email.to_lowercase()) {
        return refuse("New email is the same as your current email.");
    }
    let token = world.chance.token(TOKEN_PREFIX);
    desk::expect_address(world, token.clone(), visitor.customer, input.email.clone());
    let mail = NewMail {
        to: input.email,
        subject: "Verify your new email address".to_owned(),
        secret: token,
    };
    mail::send(world, mail);
    Ok(Value::Null.into())
}

/// Tells whether a link still works; anybody who has it may ask.
pub(super) fn check(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let token = call.query.get("token").unwrap_or_default();
    if desk::expects_address(world, token) {
        return Ok(Reply::Empty);
    }
    Err(invalid())
}

/// Follows a link: the address is the customer's from now on, unless somebody else has it meanwhile.
pub(super) fn verify(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        token: String,
    }
    let input: Input = call.input()?;
    let (id, email) = desk::take_address(world, &input.token).ok_or_else(invalid)?;
    let customer = world.customers.get(id)?;
    let organization = customer.organization;
    if customer::email_flaw(world, organization, Some(id), &email).is_some() {
        let message = "This email address is already in use.";
        return Err(Failure::refused(Flaw::field("token", message, email)));
    }
    let row = world.customers.get_mut(id)?;
    row.email = Some(email);
    row.email_verified = true;
    member::follow_email(world, id);
    customer::touch(world, id);
    let session = session::open(world, id, None, None);
    let token = &world.sessions.get(session)?.token;
    Ok(json!({"token": token}).into())
}

fn invalid() -> Failure {
    let detail = "This email update request is invalid or has expired.";
    Failure::named(401, "InvalidCustomerEmailUpdate", detail)
}
