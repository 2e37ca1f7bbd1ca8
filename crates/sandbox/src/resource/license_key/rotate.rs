//! `POST /v1/license-keys/{id}/rotate`, and the same for the customer: the key's words change, all else stays.

use serde_json::json;

use super::{LicenseKey, Status, issue, read, render};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::benefit::Kind;
use crate::resource::grant;
use crate::world::{Id, World};

pub(super) fn by_seller(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = read::own(world, call)?.id;
    rotate(world, id)
}

/// Gives the key new words; the old ones stop at once.
pub(crate) fn rotate(world: &mut World, id: Id<LicenseKey>) -> Result<Reply, Failure> {
    let key = world.license_keys.get(id)?;
    if key.status == Status::Revoked {
        let detail = "A revoked license key cannot be rotated.";
        return Err(Failure::named(400, "RotateNotPermitted", detail));
    }
    let prefix = match &world.benefits.get(key.benefit)?.kind {
        Kind::LicenseKeys(terms) => terms.prefix.clone(),
        _ => None,
    };
    let text = issue::text(world, prefix.as_deref());
    let now = world.stamp();
    let key = world.license_keys.get_mut(id)?;
    key.key = text;
    key.modified_at = Some(now);
    let display_key = key.display_key();
    let customer = key.customer;
    let grants = world.grants.of(customer);
    let grants = grants.filter(|row| grant::key_of(row) == Some(id));
    let grants: Vec<_> = grants.map(|row| row.id).collect();
    for grant in grants {
        let row = world.grants.get_mut(grant)?;
        row.properties
            .insert("display_key".to_owned(), json!(display_key));
    }
    Ok(render(world, world.license_keys.get(id)?).into())
}
