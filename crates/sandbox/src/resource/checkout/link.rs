//! Sessions that a checkout link opens.

use serde_json::{Map, Value};

use super::change::{self, By, Changes};
use super::{Checkout, create, offer};
use crate::call::{Call, Caller};
use crate::failure::Failure;
use crate::query::Query;
use crate::resource::organization::Organization;
use crate::resource::product::Product;
use crate::world::{Id, World};

/// Opens a session with `body` as its seller would send it, then lets the visitor's own wishes in, each
/// for itself. A wish that cannot be granted is passed over in silence.
pub(crate) fn open_from_link(
    world: &mut World,
    organization: Id<Organization>,
    body: Value,
    wishes: Vec<(String, Value)>,
) -> Result<Id<Checkout>, Failure> {
    let call = Call {
        caller: Caller::Organization(organization),
        path: std::collections::BTreeMap::default(),
        query: Query::default(),
        body,
    };
    let mut checkout = create::prepare(world, organization, &call)?;
    for (field, value) in wishes {
        let wish = Value::Object(Map::from_iter([(field, value)]));
        let Ok(changes) = serde_json::from_value::<Changes>(wish) else {
            continue;
        };
        let mut changed = checkout.clone();
        if change::apply(world, &mut changed, changes, By::Buyer).is_ok() {
            checkout = changed;
        }
    }
    Ok(create::open(world, checkout))
}

/// Refuses products that cannot be bought, each at its place in the body's `products`.
pub(crate) fn check_products(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
) -> Result<(), Failure> {
    let named: Vec<offer::Named> = products
        .iter()
        .enumerate()
        .map(|(index, id)| (vec!["products".into(), index.into()], *id))
        .collect();
    offer::check(world, organization, &named)
}
