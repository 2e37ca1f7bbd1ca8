//! `GET /v1/customer-portal/downloadables/`

use serde_json::Value;

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::world::World;

/// Nothing to download: the sandbox keeps no files yet.
pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Visitor::of(world, call)?;
    Ok(list::paged::<Value, _>(call, &[], Value::clone))
}
