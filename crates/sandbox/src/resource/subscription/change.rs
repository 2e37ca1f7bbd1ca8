//! Changing the product or the number of seats, with what that costs for the rest of the period.

use serde::Deserialize;
use serde_json::Value;

use super::{
    PendingUpdate, Subscription, SubscriptionStatus, announce, begin, cancel, cycle, proration,
};
use crate::failure::{Failure, Flaw};
use crate::resource::grant::GrantScope;
use crate::resource::price::{Price, PriceKind};
use crate::resource::product::Product;
use crate::resource::seat;
use crate::resource::subscription_meter;
use crate::world::{Id, World};

/// When a change takes effect, and how it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Behavior {
    /// Now; the difference is on the next bill.
    Prorate,
    /// Now; the difference is charged at once.
    Invoice,
    /// At the next period.
    NextPeriod,
    /// Now, at the full price, with a new period.
    Reset,
}

/// What changes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) product: Option<Id<Product>>,
    pub(crate) seats: Option<i64>,
}

/// Changes the subscription in the wanted way, or in the organization's.
pub(crate) fn apply(
    world: &mut World,
    id: Id<Subscription>,
    change: Change,
    behavior: Option<Behavior>,
) -> Result<(), Failure> {
    let row = world.subscriptions.get(id)?.clone();
    if row.cancel_at_period_end || !row.is_billable() {
        return Err(cancel::already_canceled());
    }
    let behavior = behavior.unwrap_or_else(|| usual(world, &row));
    if behavior == Behavior::Reset && !may_reset(world, &row) {
        let message = "The reset proration behavior is not enabled for this organization.";
        return Err(Failure::refused(Flaw::field(
            "proration_behavior",
            message,
            "reset",
        )));
    }
    let target = target(world, &row, change)?;
    let same = target.product == row.product && target.seats == row.seats;
    if same {
        if let Some(row) = world.subscriptions.find_mut(id)
            && row.pending_update.take().is_some()
        {
            announce::touch(world, id);
            announce(world, id, &["updated"]);
        }
        return Ok(());
    }
    if behavior == Behavior::NextPeriod {
        refuse_seats_later(&row, &target)?;
        let update = PendingUpdate {
            id: world.chance.id(),
            created_at: world.stamp(),
            product: change.product,
            seats: change.seats,
        };
        world.subscriptions.get_mut(id)?.pending_update = Some(update);
        announce::touch(world, id);
        announce(world, id, &["updated"]);
        return Ok(());
    }
    if row.status == SubscriptionStatus::Trialing {
        change_trial(world, id, &target);
        return Ok(());
    }
    proration::settle(world, &row, &target, behavior)?;
    enact(world, id, &target);
    announce(world, id, &["updated"]);
    announce::sync_grants(world, id);
    Ok(())
}

/// The first seats begin at once, or whoever pays for them could not give them away.
fn refuse_seats_later(row: &Subscription, target: &Target) -> Result<(), Failure> {
    if row.seats.is_some() || target.seats.is_none() {
        return Ok(());
    }
    let message = "A change to a product with seats cannot wait for the next period.";
    Err(Failure::refused(Flaw::field(
        "proration_behavior",
        message,
        "next_period",
    )))
}

/// What the subscription is to be.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) product: Id<Product>,
    pub(super) prices: Vec<Id<Price>>,
    pub(super) seats: Option<i64>,
    pub(super) cycle: crate::billing::Cycle,
    trial: Option<crate::billing::Cycle>,
}

/// Writes the change into the row.
fn enact(world: &mut World, id: Id<Subscription>, target: &Target) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let moved = row.product != target.product;
    row.product = target.product;
    row.prices.clone_from(&target.prices);
    row.seats = target.seats;
    row.pending_update = None;
    row.modified_at = Some(now);
    if row.cycle != target.cycle {
        row.cycle = target.cycle;
    }
    subscription_meter::attach(world, id);
    begin::plan_cycle(world, id);
    announce::record(
        world,
        id,
        if moved {
            "product_updated"
        } else {
            "seats_updated"
        },
    );
}

/// A change during a trial costs nothing: the trial becomes the new product's, or is over.
fn change_trial(world: &mut World, id: Id<Subscription>, target: &Target) {
    let now = world.now();
    enact(world, id, target);
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let start = row.trial_start.unwrap_or(row.started_at);
    let end = target
        .trial
        .map(|trial| trial.from(start))
        .filter(|end| *end > now);
    row.trial_end = Some(end.unwrap_or(now));
    row.period_end = end.unwrap_or(now);
    if end.is_some() {
        begin::plan_cycle(world, id);
        announce(world, id, &["updated"]);
    } else {
        cycle::renew(world, id);
    }
    announce::sync_grants(world, id);
}

/// The next period begins: a change that waited for it takes effect.
pub(super) fn apply_pending(world: &mut World, id: Id<Subscription>) {
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let Some(update) = row.pending_update.take() else {
        return;
    };
    let row = row.clone();
    let change = Change {
        product: update.product,
        seats: update.seats,
    };
    // The product may have been archived meanwhile: then things stay as they are.
    let Ok(target) = target(world, &row, change) else {
        return;
    };
    enact(world, id, &target);
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.period_end = row.cycle.after(row.period_start, row.anchor_day);
    }
    announce::sync_grants(world, id);
}

fn usual(world: &World, row: &Subscription) -> Behavior {
    let organization = world.organizations.find(row.organization);
    match organization.map(|row| row.subscriptions.proration_behavior.as_str()) {
        Some("invoice") => Behavior::Invoice,
        Some("next_period") => Behavior::NextPeriod,
        _ => Behavior::Prorate,
    }
}

fn may_reset(world: &World, row: &Subscription) -> bool {
    world
        .organizations
        .find(row.organization)
        .is_some_and(|row| row.features.reset_proration_behavior_enabled)
}

/// Checks the change and spells out its result.
fn target(world: &World, row: &Subscription, change: Change) -> Result<Target, Failure> {
    let id = change.product.unwrap_or(row.product);
    let product = world
        .products
        .find(id)
        .filter(|product| product.organization == row.organization)
        .ok_or_else(|| refused("Product does not exist.", id))?;
    let prices = match change.product {
        Some(_) => product_prices(world, row, product)?,
        None => row.prices.clone(),
    };
    let tiers = prices
        .iter()
        .filter_map(|id| world.prices.find(*id))
        .find_map(Price::tiers);
    let seats = match (tiers, change.seats) {
        (None, None) => None,
        (None, Some(_)) => {
            let detail = "This subscription is not based on seats.";
            return Err(Failure::named(400, "NotASeatBasedSubscription", detail));
        }
        (Some(tiers), wanted) => {
            let seats = wanted.or(row.seats).unwrap_or_else(|| tiers.minimum());
            check_seats(tiers.minimum(), tiers.maximum(), seats)?;
            check_taken(world, row.id, seats)?;
            Some(seats)
        }
    };
    Ok(Target {
        product: id,
        prices,
        seats,
        cycle: product
            .cycle
            .filter(|_| change.product.is_some())
            .unwrap_or(row.cycle),
        trial: product.trial,
    })
}

/// Seats that are given out cannot be dropped.
fn check_taken(world: &World, id: Id<Subscription>, seats: i64) -> Result<(), Failure> {
    let taken = seat::taken(world, GrantScope::Subscription(id));
    if seats >= taken {
        return Ok(());
    }
    let detail = format!(
        "Cannot decrease seats to {seats}. Currently {taken} seats are assigned. Revoke seats first."
    );
    Err(Failure::named(400, "SeatsAlreadyAssigned", detail))
}

/// The new product's prices in the subscription's currency.
fn product_prices(
    world: &World,
    row: &Subscription,
    product: &Product,
) -> Result<Vec<Id<Price>>, Failure> {
    if product.archived {
        return Err(refused("Product is archived.", product.id));
    }
    if product.cycle.is_none() {
        return Err(refused("Product is not recurring.", product.id));
    }
    let prices: Vec<_> = product
        .prices
        .iter()
        .filter_map(|id| world.prices.find(*id))
        .filter(|price| price.currency == row.currency)
        .collect();
    if prices.is_empty() {
        let message = "Product is not available in the currency of this subscription.";
        return Err(refused(message, product.id));
    }
    if prices
        .iter()
        .any(|price| matches!(price.kind, PriceKind::Custom { .. }))
    {
        let message = "Can't update to either an existing or new product with custom pricing.";
        return Err(refused(message, product.id));
    }
    let has_seats = prices.iter().any(|price| price.tiers().is_some());
    if row.seats.is_some() && !has_seats {
        let message = "A subscription with seats cannot move to a product without seats.";
        return Err(refused(message, product.id));
    }
    Ok(prices.into_iter().map(|price| price.id).collect())
}

fn check_seats(least: i64, most: Option<i64>, seats: i64) -> Result<(), Failure> {
    if seats < least {
        let detail = format!("Minimum {least} seats required.");
        return Err(Failure::named(400, "BelowMinimumSeats", detail));
    }
    if let Some(most) = most.filter(|most| seats > *most) {
        let detail = format!("Maximum {most} seats allowed.");
        return Err(Failure::named(400, "AboveMaximumSeats", detail));
    }
    Ok(())
}

fn refused(message: &str, product: Id<Product>) -> Failure {
    Failure::refused(Flaw::field(
        "product_id",
        message,
        Value::from(product.to_string()),
    ))
}
