//! `GET /v1/customer-portal/customer-session/introspect` and `…/user`

use serde_json::{Value, json};

use super::Visitor;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::render;
use crate::reply::Reply;
use crate::resource::customer::CustomerKind;
use crate::world::World;

/// When the session ends, and where its holder came from.
pub(super) fn introspect(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let session = world.sessions.get(visitor.session)?;
    Ok(json!({
        "expires_at": render::time(session.expires_at),
        "return_url": session.return_url,
    })
    .into())
}

/// Who is signed in. A team as such is nobody.
pub(super) fn user(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let customer = world.customers.get(visitor.customer)?;
    if let Some((id, role)) = visitor.member {
        let member = world.members.get(id)?;
        return Ok(json!({
            "type": "member",
            "name": member.name,
            "email": member.email,
            "customer_id": customer.id,
            "member_id": member.id,
            "role": role,
        })
        .into());
    }
    if customer.kind == CustomerKind::Team {
        let message = "Team customers must use member sessions. Create a customer session via the API with a member_id.";
        let flaw = Flaw::body("value_error", [], message, Value::Null);
        return Err(Failure::refused(flaw));
    }
    Ok(json!({
        "type": "customer",
        "name": customer.name,
        "email": customer.email,
        "customer_id": customer.id,
        "member_id": null,
        "role": null,
    })
    .into())
}
