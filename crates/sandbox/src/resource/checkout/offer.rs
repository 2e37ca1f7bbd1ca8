//! What a session offers: products that can be bought, each with its prices in a common currency.

use serde_json::Value;

use super::Offer;
use super::create::AdHoc;
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::resource::price::{self, Listed, Place, Price};
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

/// The product of a price that is named alone.
pub(super) fn of_price(
    world: &World,
    organization: Id<Organization>,
    id: Id<Price>,
) -> Result<Id<Product>, Failure> {
    let price = world.prices.find(id);
    let product = price.and_then(|price| world.products.find(price.product));
    let message = match (price, product) {
        (Some(price), Some(product)) if product.organization == organization => {
            match (price.archived, product.archived) {
                (true, _) => "Price is archived.",
                (false, true) => "Product is archived.",
                (false, false) => return Ok(product.id),
            }
        }
        _ => "Price does not exist.",
    };
    let flaw = Flaw::field("product_price_id", message, id.to_string());
    Err(Failure::refused(flaw))
}

/// The currency an organization sells in unless something else is said.
pub(super) fn usual_currency(world: &World, organization: Id<Organization>) -> &str {
    world
        .organizations
        .find(organization)
        .map_or("usd", |row| row.default_presentment_currency.as_str())
}

/// The currency of a session that begins with `offer`: the wanted one, else the organization's. A currency
/// in which the product has no price is refused at `place`.
pub(super) fn currency(
    world: &World,
    organization: Id<Organization>,
    offer: &Offer,
    wanted: Option<&str>,
    place: Vec<Value>,
) -> Result<String, Failure> {
    let wanted = wanted.unwrap_or_else(|| usual_currency(world, organization));
    let mut prices = offer.prices.iter().filter_map(|id| world.prices.find(*id));
    if prices.any(|price| price.currency == wanted) {
        return Ok(wanted.to_owned());
    }
    let message = "Product is not available in the specified currency.";
    let mut flaw = Flaw::body("value_error", [], message, offer.product.to_string());
    flaw.at.extend(place);
    Err(Failure::refused(flaw))
}

/// The offers: for each product the prices made for this session, else those of the catalogue.
pub(super) fn make(
    world: &mut World,
    organization: Id<Organization>,
    products: &[Id<Product>],
    ad_hoc: &AdHoc,
) -> Result<Vec<Offer>, Failure> {
    let mut flaws = Vec::new();
    for (product, prices) in ad_hoc {
        let at = vec!["prices".into(), product.to_string().into()];
        if !products.contains(product) {
            let message = "Product is not set on that checkout.";
            let mut flaw = Flaw::body("value_error", [], message, product.to_string());
            flaw.at.extend(at);
            flaws.push(flaw);
            continue;
        }
        let row = world.products.find(*product);
        let place = Place {
            organization,
            recurring: row.is_some_and(|row| row.cycle.is_some()),
            at,
        };
        let listed = prices.iter().enumerate();
        let listed: Vec<_> = listed
            .map(|(index, price)| Listed::new(index, price))
            .collect();
        flaws.extend(price::flaws(world, &place, &listed));
    }
    if !flaws.is_empty() {
        return Err(Failure::Refused(flaws));
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
