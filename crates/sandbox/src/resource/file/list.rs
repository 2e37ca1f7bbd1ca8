//! `GET /v1/files/`: what is whole.

use super::{File, Service, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    let rows: Vec<&File> = world
        .files
        .of(organization)
        .filter(|row| {
            row.is_live()
                && row.service != Service::SupportCaseAttachment
                && query.allows("organization_id", row.organization)
                && query.allows("ids", row.id)
        })
        .collect();
    Ok(list::paged(call, &rows, |row| render(world, row)))
}
