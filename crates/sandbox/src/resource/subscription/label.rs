//! The text of a bill's lines.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::resource::price::{Price, Quantity};
use crate::resource::product::Product;
use crate::world::{Id, World};

/// The product's name, with the number of what the price is for: `Acme Pro (3 seats)`.
pub(crate) fn price_label(
    world: &World,
    product: Id<Product>,
    price: Id<Price>,
    quantity: Quantity,
) -> String {
    let name = world
        .products
        .find(product)
        .map_or("", |row| row.name.as_str());
    let price = world.prices.find(price);
    price.map_or_else(|| name.to_owned(), |price| price.label(name, quantity))
}

/// `From Nov 23, 2026 to Dec 23, 2026`
pub(crate) fn span(start: Timestamp, end: Timestamp) -> String {
    format!("From {} to {}", day(start), day(end))
}

/// `Trial period for Acme Pro (Nov 23, 2026 - Nov 30, 2026)`
pub(crate) fn trial_label(name: &str, start: Timestamp, end: Timestamp) -> String {
    format!("Trial period for {name} ({} - {})", day(start), day(end))
}

/// `Nov 23, 2026`
pub(crate) fn day(moment: Timestamp) -> String {
    let zoned = moment.to_zoned(TimeZone::UTC);
    zoned.strftime("%b %-d, %Y").to_string()
}
