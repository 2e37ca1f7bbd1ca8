//! Pausing at the end of a period, and coming back.

use jiff::Timestamp;

use super::announce::{self, Standing};
use super::edit::Edit;
use super::state::Step;
use super::{Subscription, SubscriptionStatus, begin, bill, cycle};
use crate::failure::{Failure, Flaw};
use crate::render;
use crate::world::{Id, Job, World};

/// Plans a pause, with or without an end.
pub(crate) fn schedule(
    world: &mut World,
    id: Id<Subscription>,
    resumes_at: Option<Timestamp>,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let row = &mut edit.row;
    if !row.can_pause() {
        let detail = "This subscription cannot be paused.";
        return Err(Failure::named(409, "CannotPauseSubscription", detail));
    }
    if let Some(resumes_at) = resumes_at.filter(|resumes_at| *resumes_at <= row.period_end) {
        let message = "resumes_at must be after the current period end.";
        let flaw = Flaw::field("resumes_at", message, render::time(resumes_at));
        return Err(Failure::refused(flaw));
    }
    row.pause_at_period_end = true;
    row.resumes_at = resumes_at;
    edit.commit(world)
}

/// Takes a planned pause back.
pub(crate) fn unschedule(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let row = &mut edit.row;
    if !row.can_unpause() {
        let detail = "This subscription is not scheduled to be paused.";
        return Err(Failure::named(409, "NoScheduledPause", detail));
    }
    row.pause_at_period_end = false;
    row.resumes_at = None;
    edit.commit(world)
}

/// The period is over: the subscription rests. What was used in it waits for the bill after the pause.
pub(super) fn take_effect(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    if !row.step(Step::Pause) {
        return;
    }
    row.paused_at = Some(now);
    row.pause_at_period_end = false;
    if let Some(resumes_at) = row.resumes_at {
        world.agenda.at(resumes_at, Job::ResumeSubscription(id));
    }
    announce::empty_seats(world, id);
    announce::sync_grants(world, id);
}

/// Resumes by request; refused unless paused.
pub(crate) fn resume(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    if world.subscriptions.get(id)?.status == SubscriptionStatus::Paused {
        come_back(world, id);
        return Ok(());
    }
    let detail = "This subscription is not paused.";
    Err(Failure::named(409, "NotPausedSubscription", detail))
}

/// A new period begins now and is billed. Nothing happens unless it is paused and may renew.
pub(crate) fn come_back(world: &mut World, id: Id<Subscription>) {
    let now = world.stamp();
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    if !cycle::renews(world, row.organization) {
        return;
    }
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let before = Standing::of(row);
    if !row.step(Step::Resume) {
        return;
    }
    row.paused_at = None;
    row.resumes_at = None;
    row.start_period(now);
    row.start_metering(Some(now));
    world.agenda.cancel(&Job::ResumeSubscription(id));
    cycle::drop_spent_discount(world, id, now);
    bill::settle_usage(world, id, None);
    begin::plan_cycle(world, id);
    announce::changed(world, id, before);
    world.agenda.soon(Job::BillSubscription(id));
    announce::sync_grants(world, id);
}
