//! The world a sandbox starts with: an organization to work in, another to keep out of it, and their tokens.

mod catalogue;

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
    if let Err(failure) = catalogue::fill(&mut world, acme) {
        tracing::error!(?failure, "the seeded catalogue is incomplete");
    }
    while world.work() {}
    world
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> World {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        world(7, now, "http://localhost".to_owned())
    }

    #[test]
    fn the_catalogue_has_something_of_everything() {
        let world = begin();
        let names: Vec<_> = world.products.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Free", "Handbook", "Pro", "Metered"]);
        let benefits = |name: &str| {
            let product = world.products.iter().find(|row| row.name == name).unwrap();
            let kinds = product
                .benefits
                .iter()
                .map(|id| world.benefits.get(*id).unwrap());
            kinds.map(|row| row.kind.name()).collect::<Vec<_>>()
        };
        assert_eq!(benefits("Pro"), ["license_keys", "feature_flag", "custom"]);
        assert_eq!(benefits("Metered"), ["meter_credit"]);
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let text = |world: World| world.to_bytes().unwrap();
        assert_eq!(text(begin()), text(begin()));
    }
}
