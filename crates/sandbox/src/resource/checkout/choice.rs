//! The choices in a session: product, currency, amount; and whether the buyer may subscribe again.

use polarkit_model::Patch;

use super::Checkout;
use super::change::refused;
use super::{discount, number, offer};
use crate::billing;
use crate::failure::{Failure, Flaw};
use crate::resource::price::{Price, PriceKind};
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World};

/// What somebody wants to buy.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) product: Option<Id<Product>>,
    /// Heeded together with a product alone.
    pub(super) price: Option<Id<Price>>,
    pub(super) currency: Option<String>,
}

/// Selects one of the products on offer, or another currency; both begin the sums anew.
pub(super) fn select(
    world: &World,
    checkout: &mut Checkout,
    wanted: Selection,
    numbers: (Option<i64>, Option<i64>),
) -> Result<(), Failure> {
    if let Some(product) = wanted.product {
        select_product(world, checkout, product)?;
        match wanted.price {
            Some(price) => follow_price(world, checkout, price)?,
            None => keep_currency(world, checkout, wanted.currency)?,
        }
    } else if let Some(currency) = wanted.currency {
        keep_currency(world, checkout, Some(currency))?;
    } else {
        return Ok(());
    }
    checkout.chosen_amount = None;
    number::begin(world, checkout, numbers, false)?;
    discount::drop_unfit(world, checkout);
    Ok(())
}

fn select_product(
    world: &World,
    checkout: &mut Checkout,
    wanted: Id<Product>,
) -> Result<(), Failure> {
    let offered = checkout.offers.iter().any(|offer| offer.product == wanted);
    let row = world.products.find(wanted).filter(|_| offered);
    let message = match row {
        None => "Product is not available in this checkout.",
        Some(row) if row.archived => "Product is archived.",
        Some(_) => {
            checkout.product = wanted;
            return Ok(());
        }
    };
    Err(refused("product_id", message, wanted.to_string()))
}

/// The session's currency is that of the selected price.
fn follow_price(world: &World, checkout: &mut Checkout, wanted: Id<Price>) -> Result<(), Failure> {
    let offered = checkout
        .offers
        .iter()
        .any(|offer| offer.product == checkout.product && offer.prices.contains(&wanted));
    let Some(price) = world.prices.find(wanted).filter(|_| offered) else {
        let message = "Price is not available in this checkout.";
        return Err(refused("product_price_id", message, wanted.to_string()));
    };
    checkout.currency.clone_from(&price.currency);
    Ok(())
}

/// The wanted currency, which the product must have; else the session's, else the organization's.
fn keep_currency(
    world: &World,
    checkout: &mut Checkout,
    wanted: Option<String>,
) -> Result<(), Failure> {
    let offers = checkout.offers.iter();
    let prices: Vec<_> = offers
        .filter(|offer| offer.product == checkout.product)
        .flat_map(|offer| &offer.prices)
        .filter_map(|id| world.prices.find(*id))
        .map(|price| price.currency.as_str())
        .collect();
    if let Some(wanted) = wanted {
        if !prices.contains(&wanted.as_str()) {
            let message = "Product is not available in the specified currency.";
            return Err(refused("currency", message, wanted));
        }
        checkout.currency = wanted;
    } else if !prices.contains(&checkout.currency.as_str()) {
        offer::usual_currency(world, checkout.organization).clone_into(&mut checkout.currency);
    }
    Ok(())
}

/// The amount a buyer chooses, where the price leaves it open; ignored elsewhere.
pub(super) fn amount(
    world: &World,
    checkout: &mut Checkout,
    said: Patch<i64>,
) -> Result<(), Failure> {
    let Some(amount) = said.sent().flatten() else {
        return Ok(());
    };
    let prices = checkout.prices(world);
    let bounds = prices.into_iter().find_map(|price| match price.kind {
        PriceKind::Custom {
            minimum, maximum, ..
        } => Some((minimum, maximum)),
        _ => None,
    });
    let Some(bounds) = bounds else {
        return Ok(());
    };
    if let Some((kind, message)) = amount_flaw(amount, bounds, &checkout.currency) {
        let flaw = Flaw::body(kind, ["amount".into()], message, amount);
        return Err(Failure::refused(flaw));
    }
    checkout.chosen_amount = Some(amount);
    Ok(())
}

/// What is wrong with an amount, given a price's bounds and those of the payment processor.
fn amount_flaw(
    amount: i64,
    (minimum, maximum): (i64, Option<i64>),
    currency: &str,
) -> Option<(&'static str, String)> {
    if amount < minimum {
        return Some(("greater_than_equal", "Amount is below minimum.".to_owned()));
    }
    let least = billing::minimum(currency);
    if amount > 0 && amount < least {
        let least = billing::spoken(currency, least);
        let message = format!("Amount must be 0 or at least {least}.");
        return Some(("invalid_amount", message));
    }
    if maximum.is_some_and(|maximum| amount > maximum) {
        return Some(("less_than_equal", "Amount is above maximum.".to_owned()));
    }
    let most = billing::maximum(currency);
    (amount > most).then(|| {
        let most = billing::spoken(currency, most);
        ("less_than_equal", format!("Amount must be at most {most}."))
    })
}

/// Most organizations let a customer have one subscription at a time.
pub(super) fn one_subscription(world: &World, checkout: &Checkout) -> Result<(), Failure> {
    let several = world
        .organizations
        .find(checkout.organization)
        .is_some_and(|row| row.subscriptions.allow_multiple_subscriptions);
    let recurring = checkout
        .product_row(world)
        .is_some_and(|row| row.cycle.is_some());
    if several || !recurring || checkout.upgrades.is_some() {
        return Ok(());
    }
    let customer = checkout.customer.or_else(|| {
        let email = checkout.buyer.email.as_ref()?;
        world
            .customer_by_email(checkout.organization, email)
            .map(|row| row.id)
    });
    let subscribed = customer.is_some_and(|customer| {
        let mut theirs = world.subscriptions.of(customer);
        theirs.any(Subscription::is_billable)
    });
    if subscribed {
        let detail = "You already have an active subscription.";
        return Err(Failure::named(
            403,
            "AlreadyActiveSubscriptionError",
            detail,
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_amount_keeps_to_the_price_and_to_what_can_be_charged() {
        let cases = [
            (500, (100, None), "usd", None),
            (99, (100, None), "usd", Some("Amount is below minimum.")),
            (0, (0, None), "usd", None),
            (
                49,
                (0, None),
                "usd",
                Some("Amount must be 0 or at least $0.50."),
            ),
            (601, (0, Some(600)), "usd", Some("Amount is above maximum.")),
            (
                100_000_000,
                (0, None),
                "usd",
                Some("Amount must be at most $999,999.99."),
            ),
        ];
        for (amount, bounds, currency, wanted) in cases {
            let flaw = amount_flaw(amount, bounds, currency).map(|(_, message)| message);
            assert_eq!(flaw.as_deref(), wanted, "{amount} {currency}");
        }
    }
}
