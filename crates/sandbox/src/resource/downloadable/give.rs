//! Giving the files of a benefit, and taking them back.

use super::Downloadable;
use crate::resource::benefit::Benefit;
use crate::resource::file::File;
use crate::resource::grant::Grant;
use crate::world::{Id, World};

/// Gives these files, but for those that are gone; answers which were given.
pub(crate) fn give(world: &mut World, grant: &Grant, files: &[Id<File>]) -> Vec<Id<File>> {
    let is_there = |id: &Id<File>| {
        world
            .files
            .find(*id)
            .is_some_and(|row| row.deleted_at.is_none())
    };
    let there: Vec<_> = files.iter().copied().filter(is_there).collect();
    for file in &there {
        give_one(world, grant, *file);
    }
    there
}

fn give_one(world: &mut World, grant: &Grant, file: Id<File>) {
    let mut held = world.downloadables.of(grant.customer);
    let held = held.find(|row| is_of(row, grant, grant.benefit) && row.file == file);
    if let Some(id) = held.map(|row| row.id) {
        if let Some(row) = world.downloadables.find_mut(id) {
            row.granted = true;
        }
        return;
    }
    let id = world.chance.id();
    let row = Downloadable {
        id,
        created_at: world.stamp(),
        modified_at: None,
        file,
        customer: grant.customer,
        benefit: grant.benefit,
        member: grant.member,
        granted: true,
        downloads: 0,
    };
    world.downloadables.insert(id, row);
}

/// Takes back what a grant gave.
pub(crate) fn take_back(world: &mut World, grant: &Grant) {
    let now = world.stamp();
    let held = world.downloadables.of(grant.customer);
    let held = held.filter(|row| row.granted && is_of(row, grant, grant.benefit));
    let held: Vec<_> = held.map(|row| row.id).collect();
    for id in held {
        if let Some(row) = world.downloadables.find_mut(id) {
            row.granted = false;
            row.modified_at = Some(now);
        }
    }
}

/// What one member was given is that member's alone.
fn is_of(row: &Downloadable, grant: &Grant, benefit: Id<Benefit>) -> bool {
    row.benefit == benefit && row.member == grant.member
}
