//! `POST /v1/orders/` and `POST /v1/orders/{id}/finalize`: charges that nobody sits in front of. Polar opens
//! them to few organizations, and to none in this sandbox.

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn create(_world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let detail = format!("Organization {organization} may not charge customers off session.");
    Err(Failure::named(403, "OffSessionChargesNotEnabled", detail))
}

/// No order is ever a draft here.
pub(super) fn finalize(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    let detail = format!("Order {} is not a draft: {}", order.id, order.status.word());
    Err(Failure::named(412, "OrderNotDraft", detail))
}
