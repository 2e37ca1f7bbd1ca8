//! `GET /v1/customer-portal/organizations/{slug}`: for anyone.

use crate::call::Call;
use crate::failure::Failure;
use crate::render::object;
use crate::reply::Reply;
use crate::resource::organization::render_public;
use crate::resource::product::{self, Visibility};
use crate::world::World;

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let slug = call.text("slug")?;
    let organization = world
        .organizations
        .iter()
        .find(|row| row.slug == slug && row.status.capabilities().api_access)
        .ok_or_else(Failure::not_found)?;
    let products: Vec<_> = world
        .products
        .of(organization.id)
        .filter(|row| !row.archived && row.visibility == Visibility::Public)
        .map(|row| product::render(world, row))
        .collect();
    Ok(object!({"organization": render_public(organization), "products": products}).into())
}
