//! Money off in a session: given by the seller, or by a code the buyer types in.

use serde_json::Value;

use super::Checkout;
use super::change::refused;
use crate::failure::Failure;
use crate::resource::discount::{self, Discount, Redemption, plain_email};
use crate::resource::payment_method::Card;
use crate::world::{Id, World};

/// The discount a seller gives.
pub(super) fn by_id(
    world: &World,
    checkout: &mut Checkout,
    id: Option<Id<Discount>>,
) -> Result<(), Failure> {
    let Some(id) = id else {
        checkout.discount = None;
        return Ok(());
    };
    let found = world
        .discounts
        .find(id)
        .filter(|row| row.organization == checkout.organization);
    put(world, checkout, found, "discount_id", id.to_string().into())
}

/// The code a buyer types in; without effect where codes are switched off.
pub(super) fn by_code(
    world: &World,
    checkout: &mut Checkout,
    code: Option<String>,
) -> Result<(), Failure> {
    if !checkout.allow_discount_codes {
        return Ok(());
    }
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        checkout.discount = None;
        return Ok(());
    };
    let found = world.discount_by_code(checkout.organization, &code);
    // Polar does not repeat the code.
    put(world, checkout, found, "discount_code", Value::Null)
}

fn put(
    world: &World,
    checkout: &mut Checkout,
    found: Option<&Discount>,
    field: &str,
    sent: Value,
) -> Result<(), Failure> {
    let product = checkout.product_row(world);
    let prices = product.map(|row| row.prices.as_slice()).unwrap_or_default();
    let prices = prices.iter().filter_map(|id| world.prices.find(*id));
    if !discount::is_applicable(prices) {
        let message = "Discounts are not applicable to this product.";
        return Err(refused(field, message, sent));
    }
    let usable = found.filter(|row| {
        row.is_redeemable(world.now()) && row.fits(checkout.product, &checkout.currency)
    });
    let Some(usable) = usable else {
        return Err(refused(field, "Discount does not exist.", sent));
    };
    checkout.discount = Some(usable.id);
    Ok(())
}

/// Takes back a discount that does not suit the product or the currency any more.
pub(super) fn drop_unfit(world: &World, checkout: &mut Checkout) {
    checkout.discount = checkout.discount.filter(|id| {
        let row = world.discounts.find(*id);
        row.is_some_and(|row| row.fits(checkout.product, &checkout.currency))
    });
}

/// Refuses a buyer who has had the discount as often as one may: known by id, by e-mail, or by card.
pub(super) fn check_limit(
    world: &World,
    checkout: &Checkout,
    card: Option<&Card>,
) -> Result<(), Failure> {
    let Some(row) = checkout.discount.and_then(|id| world.discounts.find(id)) else {
        return Ok(());
    };
    let known = checkout.customer.and_then(|id| world.customers.find(id));
    let email = known.and_then(|row| row.email.clone());
    let email = checkout.buyer.email.clone().or(email);
    let same_buyer = |used: &Redemption| {
        let email = email.as_deref().map(plain_email);
        (used.customer.is_some() && used.customer == checkout.customer)
            || (used.email.is_some() && used.email == email)
            || card.is_some_and(|card| paid_with(world, used, card))
    };
    if row.is_left_for(checkout.id, |used| {
        same_buyer(used) && discount::counts(world, used)
    }) {
        return Ok(());
    }
    let detail =
        "You have already redeemed this discount the maximum number of times allowed per customer.";
    Err(Failure::named(
        403,
        "DiscountRedemptionLimitReached",
        detail,
    ))
}

fn paid_with(world: &World, used: &Redemption, card: &Card) -> bool {
    let checkout = used.checkout.and_then(|id| world.checkouts.find(id));
    let same = |other: &Card| (&other.brand, &other.last4) == (&card.brand, &card.last4);
    checkout.is_some_and(|row| row.card.as_ref().is_some_and(same))
}
