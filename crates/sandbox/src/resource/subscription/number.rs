//! Changing how many seats or units a subscription has.

use serde_json::json;

use super::edit::{Billing, Edit};
use super::pending::{self, PendingUpdate, Wish};
use super::proration::Swap;
use super::{Behavior, Subscription, SubscriptionStatus, end, plan};
use crate::failure::Failure;
use crate::resource::customer;
use crate::resource::grant::GrantScope;
use crate::resource::price::{Bounds, Countable, Price};
use crate::resource::seat;
use crate::world::{Id, World};

impl Subscription {
    /// How many it has of them.
    pub(super) const fn number(&self, countable: Countable) -> Option<i64> {
        match countable {
            Countable::Seats => self.seats,
            Countable::Units => self.units,
        }
    }

    pub(super) const fn number_mut(&mut self, countable: Countable) -> &mut Option<i64> {
        match countable {
            Countable::Seats => &mut self.seats,
            Countable::Units => &mut self.units,
        }
    }
}

/// The price by seats or by units among these, and how many can be bought at it.
pub(super) fn sold_by<'w>(
    world: &'w World,
    prices: &[Id<Price>],
    countable: Countable,
) -> Option<(&'w Price, Bounds)> {
    let mut known = prices.iter().filter_map(|id| world.prices.find(*id));
    known.find_map(|price| match price.bounds() {
        Some((of, bounds)) if of == countable => Some((price, bounds)),
        Some(_) | None => None,
    })
}

/// Drafts the change to so many, to take effect as `behavior` says.
pub(super) fn draft(
    world: &mut World,
    edit: &mut Edit,
    (countable, number): (Countable, i64),
    behavior: Behavior,
) -> Result<(), Failure> {
    check(world, &edit.row, countable, number)?;
    let had = edit.row.number(countable).unwrap_or(1);
    if number == had {
        keep(edit, countable);
        return Ok(());
    }
    note(edit, countable, (had, number), behavior);
    if behavior == Behavior::NextPeriod {
        pending::wait(world, edit, Wish::number(countable, number));
        return Ok(());
    }
    forget_waiting(edit, countable);
    *edit.row.number_mut(countable) = Some(number);
    let reset = behavior == Behavior::Reset;
    if reset {
        edit.row.start_period(edit.now);
    }
    if edit.row.status == SubscriptionStatus::Trialing {
        return Ok(());
    }
    let change = Swap {
        before: edit.before(),
        after: &edit.row,
        now: edit.now,
        reset,
    };
    let line = change.number_line(world, countable);
    edit.lines.extend(line);
    if behavior.is_immediate() && !edit.lines.is_empty() {
        edit.billing = Billing::Now;
    }
    Ok(())
}

fn note(edit: &mut Edit, countable: Countable, (old, new): (i64, i64), behavior: Behavior) {
    let (name, metadata) = match countable {
        Countable::Seats => ("seats_updated", json!({"old_seats": old, "new_seats": new})),
        Countable::Units => ("units_updated", json!({"old_units": old, "new_units": new})),
    };
    let mut metadata = metadata;
    crate::render::merge(
        &mut metadata,
        json!({"proration_behavior": behavior.word()}),
    );
    edit.note(name, metadata);
    edit.say(countable.word(), new);
    edit.say("proration_behavior", behavior.word());
}

/// The number stays: that takes back a change of it that waits, and is nothing otherwise.
fn keep(edit: &mut Edit, countable: Countable) {
    let waits = edit.row.pending_update.as_ref();
    edit.idle = waits.is_none_or(|waiting| waiting.number(countable).is_none());
    if !edit.idle {
        forget_waiting(edit, countable);
    }
}

/// Takes a waiting change of the number back; one of the product goes on waiting.
fn forget_waiting(edit: &mut Edit, countable: Countable) {
    let waiting = edit.row.pending_update.take();
    edit.row.pending_update =
        waiting
            .filter(|waiting| waiting.product.is_some())
            .map(|mut waiting: PendingUpdate| {
                *waiting.number_mut(countable) = None;
                waiting
            });
}

fn check(
    world: &World,
    row: &Subscription,
    countable: Countable,
    number: i64,
) -> Result<(), Failure> {
    end::refuse_leaving(row)?;
    let Some((_, bounds)) = sold_by(world, &row.prices, countable) else {
        let (name, pricing) = match countable {
            Countable::Seats => ("NotASeatBasedSubscription", countable.pricing()),
            Countable::Units => ("NotAUnitBasedSubscription", countable.pricing()),
        };
        let detail = format!("This subscription does not support {pricing} pricing.");
        return Err(Failure::named(400, name, detail));
    };
    refuse_outside(countable, number, bounds)?;
    match countable {
        Countable::Seats => check_taken(world, row, number),
        Countable::Units => check_waiting(world, row, number),
    }
}

/// Refuses a number that cannot be bought.
pub(super) fn refuse_outside(
    countable: Countable,
    number: i64,
    bounds: Bounds,
) -> Result<(), Failure> {
    let word = countable.word();
    let (name, detail) = match (countable, bounds.most) {
        _ if bounds.hold(number) => return Ok(()),
        (Countable::Seats, Some(most)) if number > most => (
            "AboveMaximumSeats",
            format!("Maximum {most} {word} allowed."),
        ),
        (Countable::Units, Some(most)) if number > most => (
            "AboveMaximumUnits",
            format!("Maximum {most} {word} allowed."),
        ),
        (Countable::Seats, _) => (
            "BelowMinimumSeats",
            format!("Minimum {} {word} required.", bounds.least),
        ),
        (Countable::Units, _) => (
            "BelowMinimumUnits",
            format!("Minimum {} {word} required.", bounds.least),
        ),
    };
    Err(Failure::named(400, name, detail))
}

/// Nobody loses a seat by a smaller number.
fn check_taken(world: &World, row: &Subscription, seats: i64) -> Result<(), Failure> {
    let taken = seat::taken(world, GrantScope::Subscription(row.id));
    if seats >= taken {
        return Ok(());
    }
    let detail = format!(
        "Cannot decrease seats to {seats}. Currently {taken} seats are assigned. Revoke seats first."
    );
    Err(Failure::named(400, "SeatsAlreadyAssigned", detail))
}

/// The product that waits will have as many units: it must be sold in that number.
fn check_waiting(world: &World, row: &Subscription, units: i64) -> Result<(), Failure> {
    let waiting = row
        .pending_update
        .as_ref()
        .and_then(|update| update.product);
    let Some(product) = waiting.and_then(|id| world.products.find(id)) else {
        return Ok(());
    };
    let prices = plan::prices_in(world, product, &row.currency);
    match sold_by(world, &prices, Countable::Units) {
        Some((_, bounds)) => refuse_outside(Countable::Units, units, bounds),
        None => Ok(()),
    }
}

/// The buyer of the first seats becomes a team and sits down on one of them, to keep what they had.
pub(super) fn seat_the_buyer(world: &mut World, id: Id<Subscription>) {
    if let Some(row) = world.subscriptions.find(id) {
        let customer = row.customer;
        customer::become_team(world, customer);
        seat::claim_for_buyer(world, GrantScope::Subscription(id));
    }
}
