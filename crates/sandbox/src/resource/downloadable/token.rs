//! Addresses of downloads: each is good for an hour, and counts whoever follows it.

use jiff::Timestamp;

use super::Downloadable;
use crate::failure::Failure;
use crate::resource::file::address;
use crate::world::{Id, World};

/// Where a buyer fetches it, and until when.
pub(super) fn address(world: &World, row: &Downloadable) -> (String, Timestamp) {
    let until = address::later(world);
    let (id, seconds) = (row.id.to_string(), until.as_second());
    let signature = address::sign(world, "downloadable", &id, seconds);
    let base = &world.base_url;
    let url = format!("{base}/v1/customer-portal/downloadables/{id}.{seconds}.{signature}");
    (url, until)
}

/// Counts a download, and says where the bytes are.
pub(crate) fn fetch(world: &mut World, token: &str) -> Result<String, Failure> {
    let id = verified(world, token)?;
    let row = world.downloadables.get(id)?;
    let file = world.files.get(row.file)?;
    if !file.is_live() {
        return Err(unavailable());
    }
    let (url, _) = address::of_download(world, file);
    world.downloadables.get_mut(id)?.downloads += 1;
    Ok(url)
}

fn verified(world: &World, token: &str) -> Result<Id<Downloadable>, Failure> {
    let parts: Vec<_> = token.split('.').collect();
    let [id, seconds, signature] = parts[..] else {
        return Err(Failure::not_found());
    };
    let seconds: i64 = seconds.parse().map_err(|_no_number| Failure::not_found())?;
    if address::sign(world, "downloadable", id, seconds) != signature {
        return Err(Failure::not_found());
    }
    if world.now().as_second() >= seconds {
        return Err(unavailable());
    }
    Id::parse(id).ok_or_else(Failure::not_found)
}

fn unavailable() -> Failure {
    Failure::named(410, "ResourceUnavailable", "Unavailable")
}
