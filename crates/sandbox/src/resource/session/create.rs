//! `POST /v1/customer-sessions/`

use serde::Deserialize;
use serde_json::{Value, json};

use super::{open, portal_url};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::render::{Nothing, object};
use crate::reply::Reply;
use crate::resource::customer::{self, Customer, CustomerKind};
use crate::resource::member::{self, Member};
use crate::resource::organization::Organization;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    customer_id: Option<Id<Customer>>,
    #[serde(alias = "customer_external_id")]
    external_customer_id: Option<String>,
    member_id: Option<Id<Member>>,
    external_member_id: Option<String>,
    return_url: Option<String>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let customer = customer_of(world, organization, &input)?;
    let id = customer.id;
    let member = member_of(world, organization, customer, &input)?;
    let session = open(world, id, member, input.return_url);
    let session = world.sessions.get(session)?;
    let customer = world.customers.get(id)?;
    let shown = object!({
        "created_at": session.created_at,
        "modified_at": Nothing,
        "id": session.id,
        "token": session.token,
        "expires_at": session.expires_at,
        "return_url": session.return_url,
        "customer_portal_url": portal_url(world, session),
        "customer_id": id,
        "customer": customer::render(world, customer),
    });
    Ok(shown.into())
}

fn customer_of<'w>(
    world: &'w World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<&'w Customer, Failure> {
    let (field, sent, found) = match (input.customer_id, &input.external_customer_id) {
        (Some(id), _) => {
            let found = customer::find(world, organization, id);
            ("customer_id", json!(id), found)
        }
        (None, Some(external_id)) => {
            let found = customer::by_external_id(world, organization, external_id);
            ("external_customer_id", json!(external_id), found)
        }
        (None, None) => ("customer_id", Value::Null, None),
    };
    found.ok_or_else(|| refuse(field, "Customer does not exist.", sent))
}

/// Organizations without members have none; a person is its own owner; a team must say who.
fn member_of(
    world: &World,
    organization: Id<Organization>,
    customer: &Customer,
    input: &Input,
) -> Result<Option<Id<Member>>, Failure> {
    let has_members = world
        .organizations
        .find(organization)
        .is_some_and(|row| row.features.member_model_enabled);
    if !has_members {
        return Ok(None);
    }
    let named = |row: &&Member| match (input.member_id, &input.external_member_id) {
        (Some(id), _) => row.id == id,
        (None, external_id) => row.external_id == *external_id,
    };
    if input.member_id.is_some() || input.external_member_id.is_some() {
        let mut members = world.members.of(customer.id);
        let member = members.find(|row| row.deleted_at.is_none() && named(row));
        let (field, sent) = match input.member_id {
            Some(id) => ("member_id", json!(id)),
            None => ("external_member_id", json!(input.external_member_id)),
        };
        return match member {
            Some(member) => Ok(Some(member.id)),
            None => Err(refuse(
                field,
                "Member does not exist for this customer.",
                sent,
            )),
        };
    }
    if customer.kind == CustomerKind::Team {
        let message = "member_id is required for team customers.";
        return Err(refuse("member_id", message, Value::Null));
    }
    Ok(member::owner(world, customer.id).map(|owner| owner.id))
}

fn refuse(field: &str, message: &str, sent: Value) -> Failure {
    Failure::refused(Flaw::field(field, message, sent))
}
