//! The number of seats or units that a link sells.

use super::CheckoutLink;
use crate::failure::{Failure, Flaw};
use crate::resource::price::{Bounds, Countable};
use crate::resource::product::Product;
use crate::world::{Id, World};

/// Refuses numbers that some product of the link is not sold by.
pub(super) fn check(world: &World, link: &CheckoutLink) -> Result<(), Failure> {
    for (countable, number) in [
        (Countable::Seats, link.seats),
        (Countable::Units, link.units),
    ] {
        let Some(number) = number else { continue };
        if let Some(message) = flaw(world, &link.products, countable, number) {
            let flaw = Flaw::field(countable.word(), message, number);
            return Err(Failure::refused(flaw));
        }
    }
    Ok(())
}

/// Takes back numbers that the link's products are not sold by any more; `kept` were said just now.
pub(super) fn clear_unfit(world: &World, link: &mut CheckoutLink, kept: (bool, bool)) {
    let products = &link.products;
    let unfit = |countable, number: Option<i64>| {
        number.is_some_and(|number| flaw(world, products, countable, number).is_some())
    };
    if !kept.0 && unfit(Countable::Seats, link.seats) {
        link.seats = None;
    }
    if !kept.1 && unfit(Countable::Units, link.units) {
        link.units = None;
    }
}

/// What is wrong with the number for these products.
fn flaw(
    world: &World,
    products: &[Id<Product>],
    countable: Countable,
    number: i64,
) -> Option<String> {
    let word = countable.word();
    for product in products.iter().filter_map(|id| world.products.find(*id)) {
        let prices = product
            .prices
            .iter()
            .filter_map(|id| world.prices.find(*id));
        let mut sold = prices
            .filter_map(|price| Some((price, price.bounds()?)))
            .filter(|(_, (other, _))| *other == countable)
            .peekable();
        if sold.peek().is_none() {
            let (named, pricing) = match countable {
                Countable::Seats => ("Seats", countable.pricing()),
                Countable::Units => ("Units", countable.pricing()),
            };
            return Some(format!(
                "{named} can only be preconfigured when all products use {pricing} pricing."
            ));
        }
        if let Some((price, (_, bounds))) = sold.find(|(_, (_, bounds))| !bounds.hold(number)) {
            let place = match countable {
                Countable::Seats => String::new(),
                Countable::Units => format!(" for {}", price.currency.to_uppercase()),
            };
            let between = between(bounds);
            let name = &product.name;
            return Some(format!(
                "Product '{name}' allows between {between} {word}{place}."
            ));
        }
    }
    None
}

fn between(bounds: Bounds) -> String {
    let most = bounds
        .most
        .map_or("unlimited".to_owned(), |most| most.to_string());
    format!("{} and {most}", bounds.least)
}
