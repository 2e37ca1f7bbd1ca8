//! Moving a subscription to another product.

use polarkit_model::Patch;
use serde_json::json;

use super::edit::{Billing, Edit};
use super::number::{self, sold_by};
use super::pending::{self, Wish};
use super::proration::Swap;
use super::{Behavior, SubscriptionStatus, discount, end};
use crate::billing::anchor_day;
use crate::failure::{Failure, Flaw};
use crate::resource::price::{Countable, Price, PriceKind};
use crate::resource::product::{Product, Visibility};
use crate::world::{Id, World};

/// The product to move to, and the discount that comes with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) product: Id<Product>,
    pub(super) discount: Option<discount::Wish>,
    /// Customers may only move to what everybody can see.
    pub(super) public_only: bool,
}

/// Drafts the move, to take effect as `behavior` says.
pub(super) fn draft(
    world: &mut World,
    edit: &mut Edit,
    wanted: Move,
    behavior: Behavior,
) -> Result<(), Failure> {
    let product = target(world, edit, &wanted)?.clone();
    let prices = prices_in(world, &product, &edit.row.currency);
    let discount = match wanted.discount {
        Some(wish) => Some(discount::resolve(world, edit, wish, product.id)?),
        None => None,
    };
    let first_seats = number_begins(world, edit, &prices, (Countable::Seats, behavior))?;
    let first_units = units_begin(world, edit, &prices, behavior)?;
    edit.note(
        "product_updated",
        json!({"old_product_id": edit.row.product, "new_product_id": product.id}),
    );
    edit.say("product_id", product.id.to_string());
    edit.say("proration_behavior", behavior.word());
    if behavior == Behavior::NextPeriod {
        let wish = Wish {
            product: Some(product.id),
            discount: discount.map_or(Patch::Absent, Patch::from),
            ..Wish::default()
        };
        pending::wait(world, edit, wish);
        return Ok(());
    }
    edit.first_seats = first_seats.is_some();
    edit.row.seats = first_seats.or(edit.row.seats);
    edit.row.units = first_units.or(edit.row.units);
    enact(edit, &product, prices, behavior);
    if let Some(discount) = discount {
        edit.row.discount = discount;
        edit.row.discount_since = None;
    }
    bill(world, edit, &product, behavior);
    Ok(())
}

/// Writes the move into the draft.
fn enact(edit: &mut Edit, product: &Product, prices: Vec<Id<Price>>, behavior: Behavior) {
    let cycle = product.cycle.unwrap_or(edit.row.cycle);
    let new_period = cycle != edit.row.cycle || behavior == Behavior::Reset;
    let row = &mut edit.row;
    row.product = product.id;
    row.prices = prices;
    row.cycle = cycle;
    row.pending_update = None;
    row.anchor_day = anchor_day(row.period_start);
    if new_period {
        row.start_period(edit.now);
    }
    row.meter_cycle = product.meter_cycle;
    let tried = row.status == SubscriptionStatus::Trialing;
    row.start_metering((!tried).then_some(row.period_start));
    edit.moved = true;
}

/// What the move costs; in a trial it costs nothing, but the trial becomes the new product's.
fn bill(world: &World, edit: &mut Edit, product: &Product, behavior: Behavior) {
    if edit.before().status == SubscriptionStatus::Trialing {
        let start = edit.row.trial_start.unwrap_or(edit.row.started_at);
        let end = product.trial.map(|trial| trial.from(start));
        let end = end.filter(|end| *end > edit.now);
        if end.is_none() {
            edit.billing = Billing::NextPeriod;
        }
        edit.row.trial_end = Some(end.unwrap_or(edit.now));
        edit.row.period_end = end.unwrap_or(edit.now);
        return;
    }
    let swap = Swap {
        before: edit.before(),
        after: &edit.row,
        now: edit.now,
        reset: behavior == Behavior::Reset,
    };
    edit.lines = swap.lines(world);
    let at_once = behavior.is_immediate() || edit.row.cycle != edit.before().cycle;
    if at_once && !edit.lines.is_empty() {
        edit.billing = Billing::Now;
    }
}

/// The product to move to, if the subscription may.
fn target<'w>(world: &'w World, edit: &Edit, wanted: &Move) -> Result<&'w Product, Failure> {
    end::refuse_leaving(&edit.row)?;
    let refused = |message: &str| {
        let input = wanted.product.to_string();
        Failure::refused(Flaw::field("product_id", message, input))
    };
    let organization = edit.row.organization;
    let product = world
        .products
        .find(wanted.product)
        .filter(|product| product.organization == organization)
        .ok_or_else(|| refused("Product does not exist."))?;
    let hidden = wanted.public_only && product.visibility != Visibility::Public;
    let prices = prices_in(world, product, &edit.row.currency);
    let mut known = prices.iter().filter_map(|id| world.prices.find(*id));
    let chosen = known.any(|price| matches!(price.kind, PriceKind::Custom { .. }));
    let loses = |countable| {
        sold_by(world, &edit.row.prices, countable).is_some()
            && sold_by(world, &prices, countable).is_none()
    };
    let problem = match () {
        () if product.archived => "Product is archived.",
        () if hidden => "Product visibility is not allowed.",
        () if product.cycle.is_none() => "Product is not recurring.",
        () if prices.is_empty() => {
            "This product doesn't have a price for the subscription currency."
        }
        () if chosen => "Can't update to a product with custom prices.",
        () if loses(Countable::Seats) => {
            "Can't switch from a seat-based to a non-seat-based product."
        }
        () if loses(Countable::Units) => {
            "Can't switch from a unit-based to a non-unit-based product."
        }
        () => return Ok(product),
    };
    Err(refused(problem))
}

/// How many seats or units begin with the move, when there were none. They cannot wait for the next period:
/// whoever pays for them would lose access till then.
fn number_begins(
    world: &World,
    edit: &Edit,
    prices: &[Id<Price>],
    (countable, behavior): (Countable, Behavior),
) -> Result<Option<i64>, Failure> {
    if sold_by(world, &edit.row.prices, countable).is_some() {
        return Ok(None);
    }
    let begins = sold_by(world, prices, countable).map(|(_, bounds)| bounds.least);
    if begins.is_some() && behavior == Behavior::NextPeriod {
        let (one, pricing) = match countable {
            Countable::Seats => ("seat", countable.pricing()),
            Countable::Units => ("unit", countable.pricing()),
        };
        let message = format!(
            "Switching from a non-{one} to a {pricing} product must apply immediately and can't use the 'next_period' proration behavior."
        );
        let flaw = Flaw::field("proration_behavior", message, behavior.word());
        return Err(Failure::refused(flaw));
    }
    Ok(begins)
}

/// Units that there are stay, if the new product is sold in that number.
fn units_begin(
    world: &World,
    edit: &Edit,
    prices: &[Id<Price>],
    behavior: Behavior,
) -> Result<Option<i64>, Failure> {
    let goes_on = sold_by(world, &edit.row.prices, Countable::Units).is_some();
    let sold = sold_by(world, prices, Countable::Units);
    if let (true, Some(units), Some((_, bounds))) = (goes_on, edit.row.units, sold) {
        number::refuse_outside(Countable::Units, units, bounds)?;
    }
    number_begins(world, edit, prices, (Countable::Units, behavior))
}

/// The product's present prices in a currency.
pub(super) fn prices_in(world: &World, product: &Product, currency: &str) -> Vec<Id<Price>> {
    let known = product
        .prices
        .iter()
        .filter_map(|id| world.prices.find(*id));
    known
        .filter(|price| price.currency == currency)
        .map(|price| price.id)
        .collect()
}
