//! The features that Polar's staff switches on for an organization that asks.

use serde_json::{Map, Value};

use super::{Features, Organization};
use crate::failure::Failure;
use crate::world::{Id, World};

/// Switches these features, all or none of them.
pub(crate) fn switch_features(
    world: &mut World,
    id: Id<Organization>,
    wanted: &Map<String, Value>,
) -> Result<Features, Failure> {
    let row = world.organizations.get_mut(id)?;
    row.features = switched(&row.features, wanted)?;
    Ok(row.features.clone())
}

pub(super) fn switched(
    features: &Features,
    wanted: &Map<String, Value>,
) -> Result<Features, Failure> {
    let mut switched = features.clone();
    for (name, value) in wanted {
        let mut all = serde_json::to_value(&switched).unwrap_or_default();
        let Some(place) = all.get_mut(name) else {
            return Err(unknown(name, &all));
        };
        place.clone_from(value);
        switched = serde_json::from_value(all).map_err(|error| {
            let detail = format!("`{name}`: {error}.");
            Failure::named(422, "BadRequest", detail)
        })?;
    }
    Ok(switched)
}

fn unknown(name: &str, all: &Value) -> Failure {
    let known = all.as_object().into_iter().flat_map(Map::keys);
    let known: Vec<_> = known.map(String::as_str).collect();
    let detail = format!("`{name}` is no feature. There are: {}.", known.join(", "));
    Failure::named(422, "UnknownFeature", detail)
}
