//! Downloadables on the wire: to those who hold them, and counted for the seller.

use std::collections::BTreeSet;

use super::{Downloadable, token};
use crate::render::{Json, object};
use crate::resource::benefit::Benefit;
use crate::resource::file::{self, File};
use crate::world::{Id, World};

/// The file as its holder sees it.
pub(crate) fn render(world: &World, row: &Downloadable) -> Json {
    let (url, until) = token::address(world, row);
    let file = world.files.find(row.file);
    object!({
        "id": row.id,
        "benefit_id": row.benefit,
        "file": file.map(|file| file::render_download(file, &url, until)),
    })
}

/// The file as the seller sees it with its benefit: how often it was fetched, and by how many.
pub(crate) fn render_file(world: &World, benefit: &Benefit, file: &File) -> Json {
    let held = || {
        let rows = world.downloadables.of(benefit.id);
        rows.filter(|row| row.file == file.id)
    };
    let fetched = held().filter(|row| row.downloads > 0);
    let holders: BTreeSet<_> = fetched
        .map(|row| row.member.map_or(row.customer.uuid(), Id::uuid))
        .collect();
    let downloads: i64 = held().map(|row| row.downloads).sum();
    object!({
        ..file::render(world, file),
        "downloaders": holders.len(),
        "downloads": downloads,
    })
}
