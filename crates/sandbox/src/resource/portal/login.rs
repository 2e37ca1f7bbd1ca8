//! `POST /v1/customer-portal/customer-session/request` and `…/authenticate`: signing in with a code that
//! comes by mail.

use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{self, Visit};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::mail::{self, NewMail};
use crate::resource::member;
use crate::resource::organization::Organization;
use crate::resource::session;
use crate::world::{Id, World};

const CODE_LENGTH: usize = 6;
const CODE_LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Writes a code to whoever has the address. Whether anybody has is not told; several customers are.
pub(super) fn request(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        email: String,
        organization_id: Id<Organization>,
        customer_id: Option<Id<Customer>>,
    }
    let input: Input = call.input()?;
    let mut found = visitors(world, input.organization_id, &input.email);
    if let Some(wanted) = input.customer_id {
        found.retain(|login| login.customer == wanted);
    }
    match found.as_slice() {
        [] => {}
        [login] => write_code(world, login.clone()),
        several => {
            let body = choice(world, several);
            return Err(Failure::Shaped { status: 409, body });
        }
    }
    Ok(Value::Null.into())
}

/// Opens the portal to whoever sends a code back. That proves the customer's address.
pub(super) fn authenticate(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        code: String,
    }
    let input: Input = call.input()?;
    let invalid = || {
        let detail = "This customer session code is invalid or has expired.";
        Failure::named(401, "CustomerSessionCodeInvalidOrExpired", detail)
    };
    let login = desk::take_login(world, &input.code).ok_or_else(invalid)?;
    let customer = world.customers.get_mut(login.customer)?;
    if customer.deleted_at.is_some() {
        return Err(invalid());
    }
    let own = customer.email.as_ref();
    if own.is_some_and(|own| own.to_lowercase() == login.email.to_lowercase()) {
        customer.email_verified = true;
        customer::touch(world, login.customer);
    }
    let session = session::open(world, login.customer, login.member, None);
    let token = &world.sessions.get(session)?.token;
    Ok(json!({"token": token}).into())
}

/// Who has the address: members where there are members, else customers.
fn visitors(world: &World, organization: Id<Organization>, email: &str) -> Vec<Visit> {
    let Some(seller) = world.organizations.find(organization) else {
        return Vec::new();
    };
    let login = |customer, member| Visit {
        customer,
        member,
        email: email.to_owned(),
    };
    if !seller.features.member_model_enabled {
        let customer = world.customer_by_email(organization, email);
        return customer
            .map(|row| login(row.id, None))
            .into_iter()
            .collect();
    }
    let living = world.living(organization);
    living
        .filter_map(|row| {
            let member = member::with_email(world, row.id, email)?;
            Some(login(row.id, Some(member.id)))
        })
        .collect()
}

fn write_code(world: &mut World, login: Visit) {
    let code: String = (0..CODE_LENGTH)
        .map(|_| {
            let index = usize::try_from(world.chance.between(0, 35)).unwrap_or_default();
            char::from(CODE_LETTERS.get(index).copied().unwrap_or(b'A'))
        })
        .collect();
    let mail = NewMail {
        to: login.email.clone(),
        subject: "Access your purchases".to_owned(),
        secret: code.clone(),
    };
    desk::expect_login(world, code, login);
    mail::send(world, mail);
}

fn choice(world: &World, several: &[Visit]) -> Value {
    let customers: Vec<_> = several
        .iter()
        .filter_map(|login| world.customers.find(login.customer))
        .map(|row| json!({"id": row.id, "name": row.name}))
        .collect();
    json!({
        "error": "customer_selection_required",
        "detail": "Multiple customers found for this email. Please select one.",
        "customers": customers,
    })
}
