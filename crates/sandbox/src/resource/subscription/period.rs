//! Moving the end of a period or of a trial.

use jiff::Timestamp;

use super::{Subscription, SubscriptionStatus, announce, begin, cancel, cycle};
use crate::billing::anchor_day;
use crate::failure::{Failure, Flaw};
use crate::world::{Id, World};

/// Lets the current period end at `end`; later periods are anchored on that day.
pub(super) fn move_end(
    world: &mut World,
    id: Id<Subscription>,
    end: Timestamp,
) -> Result<(), Failure> {
    let now = world.now();
    let row = world.subscriptions.get_mut(id)?;
    if row.cancel_at_period_end || !row.is_alive() {
        return Err(cancel::already_canceled());
    }
    if row.status != SubscriptionStatus::Active {
        return Err(inactive());
    }
    if end <= now {
        return Err(not_in_the_future("current_billing_period_end", end));
    }
    row.period_end = end;
    row.anchor_day = anchor_day(end);
    begin::plan_cycle(world, id);
    announce::touch(world, id);
    announce::record(world, id, "billing_period_updated");
    announce(world, id, &["updated"]);
    Ok(())
}

/// Ends the trial at a date, or with `now` at once. A running subscription may be given a trial that
/// lasts beyond its period.
pub(super) fn set_trial_end(
    world: &mut World,
    id: Id<Subscription>,
    end: &str,
) -> Result<(), Failure> {
    let now = world.stamp();
    let row = world.subscriptions.get_mut(id)?;
    if row.cancel_at_period_end || !row.is_alive() {
        return Err(cancel::already_canceled());
    }
    if !row.is_active() {
        return Err(inactive());
    }
    let trialing = row.status == SubscriptionStatus::Trialing;
    if end == "now" {
        if !trialing {
            let message = "This subscription is not in a trial.";
            return Err(Failure::refused(Flaw::field("trial_end", message, end)));
        }
        row.trial_end = Some(now);
        row.period_end = now;
        cycle::renew(world, id);
        return Ok(());
    }
    let end: Timestamp = end.parse().map_err(|_unreadable: jiff::Error| {
        Failure::refused(Flaw::field(
            "trial_end",
            "Input should be a valid datetime",
            end,
        ))
    })?;
    if end <= now {
        return Err(not_in_the_future("trial_end", end));
    }
    if !trialing && end <= row.period_end {
        let message = "Trial end must be after the current period end.";
        return Err(Failure::refused(Flaw::field(
            "trial_end",
            message,
            end.to_string(),
        )));
    }
    row.status = SubscriptionStatus::Trialing;
    row.trial_end = Some(end);
    row.period_end = end;
    begin::plan_cycle(world, id);
    announce::touch(world, id);
    announce(world, id, &["updated"]);
    Ok(())
}

fn inactive() -> Failure {
    Failure::named(
        403,
        "InactiveSubscription",
        "This subscription is not active.",
    )
}

fn not_in_the_future(field: &str, end: Timestamp) -> Failure {
    Failure::refused(Flaw::field(
        field,
        "Date must be in the future.",
        end.to_string(),
    ))
}
