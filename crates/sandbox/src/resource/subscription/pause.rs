//! Pausing at the end of a period, and coming back.

use jiff::Timestamp;

use super::{Subscription, SubscriptionStatus, announce, begin};
use crate::billing::anchor_day;
use crate::failure::{Failure, Flaw};
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

/// Schedules a pause.
pub(super) fn schedule(
    world: &mut World,
    id: Id<Subscription>,
    resumes_at: Option<Timestamp>,
) -> Result<(), Failure> {
    let row = world.subscriptions.get_mut(id)?;
    let detail = match row.status {
        _ if row.pause_at_period_end => "A pause is already scheduled for this subscription.",
        _ if row.cancel_at_period_end => "A subscription that is being canceled cannot be paused.",
        SubscriptionStatus::Active => "",
        SubscriptionStatus::Trialing
        | SubscriptionStatus::PastDue
        | SubscriptionStatus::Paused
        | SubscriptionStatus::Canceled => "Only an active subscription can be paused.",
    };
    if !detail.is_empty() {
        return Err(Failure::named(409, "CannotPauseSubscription", detail));
    }
    if let Some(resumes_at) = resumes_at.filter(|resumes_at| *resumes_at <= row.period_end) {
        let message = "Resume date must be after the end of the current period.";
        return Err(Failure::refused(Flaw::field(
            "resumes_at",
            message,
            resumes_at.to_string(),
        )));
    }
    row.pause_at_period_end = true;
    row.resumes_at = resumes_at;
    announce::touch(world, id);
    announce(world, id, &["updated"]);
    Ok(())
}

/// Takes a scheduled pause back.
pub(super) fn unschedule(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let row = world.subscriptions.get_mut(id)?;
    if !row.pause_at_period_end || row.status == SubscriptionStatus::Paused {
        let detail = "No pause is scheduled for this subscription.";
        return Err(Failure::named(409, "NoScheduledPause", detail));
    }
    row.pause_at_period_end = false;
    row.resumes_at = None;
    announce::touch(world, id);
    announce(world, id, &["updated"]);
    Ok(())
}

/// The period is over: the subscription rests.
pub(super) fn take_effect(world: &mut World, id: Id<Subscription>) {
    super::bill::note_usage(world, id);
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    row.status = SubscriptionStatus::Paused;
    row.paused_at = Some(now);
    row.modified_at = Some(now);
    if let Some(resumes_at) = row.resumes_at {
        world.agenda.at(resumes_at, Job::ResumeSubscription(id));
    }
    announce::record(world, id, "paused");
    announce(world, id, &["updated", "paused"]);
    announce::sync_grants(world, id);
}

/// Resumes by request; refused unless paused.
pub(super) fn resume(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    if world.subscriptions.get(id)?.status != SubscriptionStatus::Paused {
        let detail = "This subscription is not paused.";
        return Err(Failure::named(409, "NotPausedSubscription", detail));
    }
    come_back(world, id);
    Ok(())
}

/// A new period begins now and is billed. Nothing happens unless the subscription is paused.
pub(crate) fn come_back(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if row.status != SubscriptionStatus::Paused {
        return;
    }
    row.status = SubscriptionStatus::Active;
    row.pause_at_period_end = false;
    row.paused_at = None;
    row.resumes_at = None;
    row.anchor_day = anchor_day(now);
    row.period_start = now;
    row.period_end = row.cycle.from(now);
    row.modified_at = Some(now);
    world.agenda.cancel(&Job::ResumeSubscription(id));
    subscription_meter::restart(world, id);
    begin::plan_cycle(world, id);
    announce::record(world, id, "resumed");
    announce(world, id, &["updated", "resumed"]);
    world.agenda.soon(Job::BillSubscription(id));
    announce::sync_grants(world, id);
}
