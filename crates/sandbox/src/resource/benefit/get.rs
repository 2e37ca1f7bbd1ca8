//! `GET /v1/benefits/{id}`

use super::{Benefit, Kind, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::reply::Reply;
use crate::resource::downloadable;
use crate::resource::file::{File, Service};
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(world, own(world, call)?).into())
}

/// `GET /v1/benefits/{id}/files`: the files of a downloadable that buyers get, and how often they did.
pub(super) fn files(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let benefit = own(world, call)?;
    if !matches!(benefit.kind, Kind::Downloadables { .. }) {
        return Err(Failure::not_found());
    }
    let files = benefit.kind.active_files();
    let files = files.filter_map(|id| world.files.find(id));
    let files: Vec<_> = files
        .filter(|file| file.is_live() && file.service == Service::Downloadable)
        .collect();
    let shown = |file: &&File| downloadable::render_file(world, benefit, file);
    Ok(list::paged(call, &files, shown))
}

/// The benefit in the path, if it is the caller's and not deleted.
pub(crate) fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Benefit, Failure> {
    let organization = call.organization()?;
    let benefit = world.benefits.get(call.id("id")?)?;
    if benefit.organization != organization || benefit.deleted {
        return Err(Failure::not_found());
    }
    Ok(benefit)
}
