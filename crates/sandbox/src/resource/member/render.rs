//! A member on the wire.

use serde_json::{Value, json};

use super::Member;
use crate::render;
use crate::world::World;

/// The member as the seller sees it.
pub(crate) fn render(_world: &World, member: &Member) -> Value {
    json!({
        "id": member.id,
        "created_at": render::time(member.created_at),
        "modified_at": render::time_or_null(member.modified_at),
        "customer_id": member.customer,
        "email": member.email,
        "name": member.name,
        "external_id": member.external_id,
        "role": member.role,
    })
}
