//! The world a sandbox starts with: an organization to work in, another to keep out of it, and their tokens.

use jiff::Timestamp;

use crate::credentials::Credentials;
use crate::resource::access_token::every_scope;
use crate::resource::organization;
use crate::world::World;

/// A fresh world. The same seed gives the same ids and tokens.
pub(crate) fn world(seed: u64, now: Timestamp, base_url: String) -> World {
    let mut world = World::empty(seed, now, base_url);
    let acme = organization::create(&mut world, "Acme", "acme");
    let other = organization::create(&mut world, "Umbrella", "umbrella");
    let credentials = Credentials {
        main: world.issue_access_token(acme, every_scope()),
        limited: world.issue_access_token(acme, vec!["products:read".to_owned()]),
        other: world.issue_access_token(other, every_scope()),
        organization: acme,
        webhook_secret: world.chance.token("whsec_"),
    };
    world.credentials = Some(credentials);
    world
}
