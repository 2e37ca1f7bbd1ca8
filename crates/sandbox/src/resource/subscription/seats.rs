//! Changing how many seats a subscription has.

use serde_json::json;

use super::edit::{Billing, Edit};
use super::pending::{self, Wish};
use super::proration::seats_line;
use super::{Behavior, Subscription, SubscriptionStatus, end};
use crate::failure::Failure;
use crate::resource::customer;
use crate::resource::grant::GrantScope;
use crate::resource::price::{Price, SeatTiers};
use crate::resource::seat;
use crate::world::{Id, World};

/// Drafts the change to `seats`, to take effect as `behavior` says.
pub(super) fn draft(
    world: &mut World,
    edit: &mut Edit,
    seats: i64,
    behavior: Behavior,
) -> Result<(), Failure> {
    check(world, &edit.row, seats)?;
    let had = edit.row.seats.unwrap_or(1);
    if seats == had {
        keep(edit);
        return Ok(());
    }
    edit.note(
        "seats_updated",
        json!({"old_seats": had, "new_seats": seats, "proration_behavior": behavior.word()}),
    );
    edit.say("seats", seats);
    edit.say("proration_behavior", behavior.word());
    if behavior == Behavior::NextPeriod {
        let wish = Wish {
            seats: Some(seats),
            ..Wish::default()
        };
        pending::wait(world, edit, wish);
        return Ok(());
    }
    forget_waiting_seats(edit);
    edit.row.seats = Some(seats);
    let reset = behavior == Behavior::Reset;
    if reset {
        edit.row.start_period(edit.now);
    }
    if edit.row.status == SubscriptionStatus::Trialing {
        return Ok(());
    }
    let line = seats_line(world, edit.before(), &edit.row, edit.now, reset);
    edit.lines.extend(line);
    if behavior.is_immediate() && !edit.lines.is_empty() {
        edit.billing = Billing::Now;
    }
    Ok(())
}

/// The number stays: that takes back a change of it that waits, and is nothing otherwise.
fn keep(edit: &mut Edit) {
    let waits = edit.row.pending_update.as_ref();
    edit.idle = waits.is_none_or(|waiting| waiting.seats.is_none());
    if !edit.idle {
        forget_waiting_seats(edit);
    }
}

/// Takes a waiting change of seats back; one of the product goes on waiting.
fn forget_waiting_seats(edit: &mut Edit) {
    let waiting = edit.row.pending_update.take();
    edit.row.pending_update = waiting
        .filter(|waiting| waiting.product.is_some())
        .map(|waiting| pending::PendingUpdate {
            seats: None,
            ..waiting
        });
}

fn check(world: &World, row: &Subscription, seats: i64) -> Result<(), Failure> {
    end::refuse_leaving(row)?;
    let refuse = |name, detail: String| Err(Failure::named(400, name, detail));
    let mut prices = row.prices.iter().filter_map(|id| world.prices.find(*id));
    let Some(tiers) = prices.find_map(Price::tiers) else {
        let detail = "This subscription does not support seat-based pricing.";
        return refuse("NotASeatBasedSubscription", detail.to_owned());
    };
    let (least, most) = (tiers.minimum(), SeatTiers::maximum(tiers));
    if seats < least {
        let detail = format!("Minimum {least} seats required.");
        return refuse("BelowMinimumSeats", detail);
    }
    if let Some(most) = most.filter(|most| seats > *most) {
        let detail = format!("Maximum {most} seats allowed.");
        return refuse("AboveMaximumSeats", detail);
    }
    let taken = seat::taken(world, GrantScope::Subscription(row.id));
    if seats < taken {
        let detail = format!(
            "Cannot decrease seats to {seats}. Currently {taken} seats are assigned. Revoke seats first."
        );
        return refuse("SeatsAlreadyAssigned", detail);
    }
    Ok(())
}

/// The buyer of the first seats becomes a team and sits down on one of them, to keep what they had.
pub(super) fn seat_the_buyer(world: &mut World, id: Id<Subscription>) {
    if let Some(row) = world.subscriptions.find(id) {
        let customer = row.customer;
        customer::become_team(world, customer);
        seat::claim_for_buyer(world, GrantScope::Subscription(id));
    }
}
