//! `POST /v1/orders/` and `POST /v1/orders/{id}/finalize`: charges that nobody sits in front of. Polar opens
//! them to few organizations, and to none in this sandbox.

use super::get;
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn create(_world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let detail = format!(
        "Off-session charges are not enabled for this organization ({organization}). Contact Polar support to opt in."
    );
    Err(Failure::named(403, "OffSessionChargesNotEnabled", detail))
}

/// No order is ever a draft here.
pub(super) fn finalize(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let order = get::own(world, call)?;
    let detail = format!(
        "Order {} is not in draft status (current: {}). Only draft orders can be modified or finalized.",
        order.id,
        order.status.word()
    );
    Err(Failure::named(412, "OrderNotDraft", detail))
}
