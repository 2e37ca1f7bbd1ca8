//! What a session offers: products that can be bought, each with its prices in a common currency.

use serde_json::Value;

use super::Offer;
use super::create::AdHoc;
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::resource::price::{self, Place};
use crate::resource::product::{Product, Visibility};
use crate::world::{Id, World};

/// A product id with its place in the body.
pub(super) type Named = (Vec<Value>, Id<Product>);

/// Refuses products that are unknown, archived or still drafts, each at its place.
pub(super) fn check(
    world: &World,
    organization: Id<Organization>,
    named: &[Named],
) -> Result<(), Failure> {
    let flaws: Vec<_> = named
        .iter()
        .filter_map(|(place, id)| {
            let product = world
                .products
                .find(*id)
                .filter(|row| row.organization == organization);
            let message = match product {
                None => "Product does not exist.",
                Some(row) if row.archived => "Product is archived.",
                Some(row) if row.visibility == Visibility::Draft => "Product is a draft.",
                Some(_) => return None,
            };
            let mut flaw = Flaw::body("value_error", [], message, id.to_string());
            flaw.at.extend(place.iter().cloned());
            Some(flaw)
        })
        .collect();
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// The currency of the session: the wanted one, which every product must have, else the organization's,
/// else the first product's own. `place` is where a currency that some product lacks is refused.
pub(super) fn currency(
    world: &World,
    organization: Id<Organization>,
    products: &[Id<Product>],
    wanted: Option<&str>,
    place: Vec<Value>,
) -> Result<String, Failure> {
    let has = |product: &Id<Product>, currency: &str| {
        let prices = world.products.find(*product).map(|row| &row.prices);
        prices
            .into_iter()
            .flatten()
            .filter_map(|id| world.prices.find(*id))
            .any(|price| price.currency == currency)
    };
    if let Some(wanted) = wanted {
        if products.iter().all(|product| has(product, wanted)) {
            return Ok(wanted.to_owned());
        }
        let message = "Product is not available in the specified currency.";
        let mut flaw = Flaw::body("value_error", [], message, wanted);
        flaw.at.extend(place);
        return Err(Failure::refused(flaw));
    }
    let usual = world
        .organizations
        .find(organization)
        .map_or("usd", |row| row.default_presentment_currency.as_str());
    if products.iter().all(|product| has(product, usual)) {
        return Ok(usual.to_owned());
    }
    let first = products
        .first()
        .and_then(|id| world.products.find(*id))
        .and_then(|row| row.prices.first())
        .and_then(|id| world.prices.find(*id));
    Ok(first.map_or_else(|| usual.to_owned(), |price| price.currency.clone()))
}

/// The offers: for each product the prices made for this session, else those of the catalogue.
pub(super) fn make(
    world: &mut World,
    organization: Id<Organization>,
    products: &[Id<Product>],
    ad_hoc: &AdHoc,
) -> Result<Vec<Offer>, Failure> {
    let strangers: Vec<_> = ad_hoc
        .keys()
        .filter(|id| !products.contains(id))
        .map(|id| {
            let place = ["prices".into(), id.to_string().into()];
            let message = "This product is not part of the checkout.";
            Flaw::body("value_error", place, message, id.to_string())
        })
        .collect();
    if !strangers.is_empty() {
        return Err(Failure::Refused(strangers));
    }
    for (product, prices) in ad_hoc {
        let recurring = world
            .products
            .find(*product)
            .is_some_and(|row| row.cycle.is_some());
        let place = Place {
            organization,
            recurring,
            branch: None,
        };
        let listed: Vec<_> = prices.iter().enumerate().collect();
        price::check(world, place, &listed, &[])?;
    }
    let mut offers = Vec::new();
    for product in products {
        let prices = match ad_hoc.get(product) {
            Some(prices) => prices
                .iter()
                .map(|price| price.insert(world, *product, true))
                .collect(),
            None => world
                .products
                .find(*product)
                .map(|row| row.prices.clone())
                .unwrap_or_default(),
        };
        offers.push(Offer {
            product: *product,
            prices,
        });
    }
    Ok(offers)
}
