//! The choices in a session: product, amount, seats, discount; and whether the buyer may subscribe again.

use polarkit_model::Patch;
use serde_json::Value;

use super::Checkout;
use super::change::{refused, reset_seats};
use super::offer;
use crate::billing;
use crate::failure::{Failure, Flaw};
use crate::resource::discount::{self, Discount};
use crate::resource::price::{Price, PriceKind};
use crate::resource::product::Product;
use crate::world::{Id, World};

/// Selects another of the products on offer.
pub(super) fn product(
    world: &World,
    checkout: &mut Checkout,
    product: Option<Id<Product>>,
    price: Option<Id<Price>>,
) -> Result<(), Failure> {
    let (field, wanted, sent) = match (product, price) {
        (Some(id), _) => ("product_id", Some(id), id.to_string()),
        (None, Some(price)) => {
            let holder = checkout
                .offers
                .iter()
                .find(|offer| offer.prices.contains(&price));
            (
                "product_price_id",
                holder.map(|offer| offer.product),
                price.to_string(),
            )
        }
        (None, None) => return Ok(()),
    };
    let offered = wanted.filter(|id| checkout.offers.iter().any(|offer| offer.product == *id));
    let Some(wanted) = offered else {
        return Err(refused(
            field,
            "Product is not available in this checkout.",
            sent,
        ));
    };
    offer::check(
        world,
        checkout.organization,
        &[(vec![field.into()], wanted)],
    )?;
    if wanted == checkout.product {
        return Ok(());
    }
    checkout.product = wanted;
    checkout.chosen_amount = None;
    reset_seats(world, checkout);
    let kept = checkout
        .discount
        .and_then(|id| world.discounts.find(id))
        .is_some_and(|row| {
            row.fits(wanted, &checkout.currency)
                && discount::is_applicable(checkout.prices(world).into_iter())
        });
    if !kept {
        checkout.discount = None;
    }
    Ok(())
}

/// The session in another currency, which all its products must have.
pub(super) fn currency(
    world: &World,
    checkout: &Checkout,
    wanted: &str,
) -> Result<String, Failure> {
    let products: Vec<_> = checkout.offers.iter().map(|offer| offer.product).collect();
    let place = vec!["currency".into()];
    offer::currency(world, checkout.organization, &products, Some(wanted), place)
}

/// The amount a buyer chooses, where the price leaves it open; ignored elsewhere.
pub(super) fn amount(
    world: &World,
    checkout: &mut Checkout,
    said: Patch<i64>,
) -> Result<(), Failure> {
    let Some(said) = said.sent() else {
        return Ok(());
    };
    let bounds = checkout
        .prices(world)
        .into_iter()
        .find_map(|price| match price.kind {
            PriceKind::Custom {
                minimum, maximum, ..
            } => Some((minimum, maximum)),
            PriceKind::Fixed { .. }
            | PriceKind::SeatBased { .. }
            | PriceKind::MeteredUnit { .. } => None,
        });
    let (Some((minimum, maximum)), Some(amount)) = (bounds, said) else {
        checkout.chosen_amount = None;
        return Ok(());
    };
    let currency = checkout.currency.as_str();
    let flaw = |kind, message| {
        Err(Failure::refused(Flaw::body(
            kind,
            ["amount".into()],
            message,
            amount,
        )))
    };
    if amount < minimum {
        return flaw(
            "greater_than_equal",
            format!("Amount must be at least {minimum}."),
        );
    }
    if amount != 0 && amount < billing::minimum(currency) {
        let least = billing::minimum(currency);
        return flaw(
            "greater_than_equal",
            format!("Amount must be at least {least} or 0."),
        );
    }
    if let Some(maximum) = maximum.filter(|maximum| amount > *maximum) {
        return flaw(
            "less_than_equal",
            format!("Amount must be at most {maximum}."),
        );
    }
    if billing::is_above_maximum(currency, amount) {
        let most = billing::MAXIMUM;
        return flaw("less_than_equal", format!("Amount must be at most {most}."));
    }
    checkout.chosen_amount = Some(amount);
    Ok(())
}

/// The session's own bounds, which must lie within those of the tiers.
pub(super) fn seat_bounds(world: &World, checkout: &Checkout) -> Result<(), Failure> {
    let bounds = [
        ("min_seats", checkout.min_seats),
        ("max_seats", checkout.max_seats),
    ];
    let prices = checkout.prices(world);
    let tiers = prices.iter().find_map(|price| price.tiers());
    let mut flaws = Vec::new();
    for (field, bound) in bounds {
        let Some(bound) = bound else { continue };
        let (kind, message) = match tiers {
            None => (
                "value_error",
                "Seats are not supported for this product.".to_owned(),
            ),
            Some(tiers) if field == "min_seats" && bound < tiers.minimum() => (
                "greater_than_equal",
                format!("Minimum {} seats required.", tiers.minimum()),
            ),
            Some(tiers) => match tiers.maximum().filter(|most| *most < bound) {
                Some(most) if field == "max_seats" => {
                    ("less_than_equal", format!("Maximum {most} seats allowed."))
                }
                Some(_) | None => continue,
            },
        };
        flaws.push(Flaw::body(kind, [field.into()], message, bound));
    }
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// The number of seats, within the tiers and the session's own bounds.
pub(super) fn seats(
    world: &World,
    checkout: &mut Checkout,
    wanted: Option<i64>,
) -> Result<(), Failure> {
    let prices = checkout.prices(world);
    let Some(tiers) = prices.iter().find_map(|price| price.tiers()) else {
        return match wanted {
            Some(wanted) => Err(refused(
                "seats",
                "Seats are not supported for this product.",
                wanted,
            )),
            None => Ok(()),
        };
    };
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let least = checkout
        .min_seats
        .map_or(tiers.minimum(), |own| own.max(tiers.minimum()));
    let most = match (checkout.max_seats, tiers.maximum()) {
        (Some(own), Some(tiers)) => Some(own.min(tiers)),
        (own, tiers) => own.or(tiers),
    };
    if wanted < least {
        return Err(Failure::refused(Flaw::body(
            "greater_than_equal",
            ["seats".into()],
            format!("Minimum {least} seats required."),
            wanted,
        )));
    }
    if let Some(most) = most.filter(|most| wanted > *most) {
        return Err(Failure::refused(Flaw::body(
            "less_than_equal",
            ["seats".into()],
            format!("Maximum {most} seats allowed."),
            wanted,
        )));
    }
    checkout.seats = Some(wanted);
    Ok(())
}

/// The discount a seller gives.
pub(super) fn discount_id(
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
    put(world, checkout, found, "discount_id", id.to_string())
}

/// The code a buyer types in; without effect where codes are switched off.
pub(super) fn discount_code(
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
    put(world, checkout, found, "discount_code", code)
}

fn put(
    world: &World,
    checkout: &mut Checkout,
    found: Option<&Discount>,
    field: &str,
    sent: String,
) -> Result<(), Failure> {
    if !discount::is_applicable(checkout.prices(world).into_iter()) {
        let message = "Discounts are not applicable to this product.";
        return Err(refused(field, message, sent));
    }
    let usable = found.filter(|row| {
        row.is_redeemable(world.now()) && row.fits(checkout.product, &checkout.currency)
    });
    let Some(usable) = usable else {
        return Err(refused(
            field,
            "Discount does not exist.",
            Value::from(sent),
        ));
    };
    checkout.discount = Some(usable.id);
    Ok(())
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
    if several || !recurring {
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
        theirs.any(|row| row.is_billable() && Some(row.id) != checkout.upgrades)
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
