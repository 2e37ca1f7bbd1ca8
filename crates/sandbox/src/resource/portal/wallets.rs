//! `/v1/customer-portal/wallets/`

use serde_json::Value;

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::world::World;

/// No customer has one: wallets are a feature that new organizations do not have.
pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Visitor::with_billing(world, call)?;
    Ok(list::paged::<Value>(call, &[], Value::clone))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Visitor::with_billing(world, call)?;
    Err(Failure::not_found())
}
