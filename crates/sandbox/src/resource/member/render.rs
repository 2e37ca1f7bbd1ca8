//! A member on the wire.

use super::Member;
use crate::render::{Json, object};
use crate::world::World;

/// The member as the seller sees it.
pub(crate) fn render(_world: &World, member: &Member) -> Json {
    object!({
        "id": member.id,
        "created_at": member.created_at,
        "modified_at": member.modified_at,
        "customer_id": member.customer,
        "email": member.email,
        "name": member.name,
        "external_id": member.external_id,
        "role": member.role,
    })
}
