//! Leaving: at the end of the period, changing one's mind, or at once.

use super::edit::Edit;
use super::state::Step;
use super::{Subscription, announce};
use crate::failure::Failure;
use crate::resource::order;
use crate::world::{Id, Job, World};

/// What the customer says about leaving.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reason {
    pub(crate) reason: Option<String>,
    pub(crate) comment: Option<String>,
}

/// Polar's refusal to touch what is over, or will be.
pub(super) fn already_canceled() -> Failure {
    Failure::named(
        403,
        "AlreadyCanceledSubscription",
        "This subscription is already canceled or will be at the end of the period.",
    )
}

/// Refuses what cannot be done to a subscription that is over, or will be.
pub(super) fn refuse_leaving(row: &Subscription) -> Result<(), Failure> {
    if row.is_alive() && !row.cancel_at_period_end {
        return Ok(());
    }
    Err(already_canceled())
}

/// Cancels at the end of the period. Access stays until then.
pub(crate) fn at_period_end(
    world: &mut World,
    id: Id<Subscription>,
    reason: Reason,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    if !edit.row.can_cancel() {
        return Err(already_canceled());
    }
    leave(&mut edit, reason);
    edit.row.cancel_at_period_end = true;
    edit.row.ends_at = Some(edit.row.period_end);
    edit.commit(world)
}

/// Takes a cancellation back before the period is over.
pub(crate) fn take_back(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let row = &mut edit.row;
    if row.ended_at.is_some() {
        return Err(Failure::named(410, "ResourceUnavailable", "Unavailable"));
    }
    if !row.can_uncancel() {
        return Err(Failure::named(400, "BadRequest", "Bad request"));
    }
    row.cancel_at_period_end = false;
    row.canceled_at = None;
    row.ends_at = None;
    row.cancellation_reason = None;
    row.cancellation_comment = None;
    edit.commit(world)
}

/// Ends it at once. What is unpaid becomes void, what was granted is taken back.
pub(crate) fn revoke(
    world: &mut World,
    id: Id<Subscription>,
    reason: Reason,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    if !edit.row.step(Step::End) {
        return Err(already_canceled());
    }
    leave(&mut edit, reason);
    edit.row.ends_at = Some(edit.now);
    edit.row.ended_at = Some(edit.now);
    edit.commit(world)
}

/// Ends it because nobody pays, or nobody is left who could. Nothing happens to one that has ended.
pub(crate) fn end_now(world: &mut World, id: Id<Subscription>) {
    if let Err(failure) = revoke(world, id, Reason::default()) {
        tracing::debug!(?failure, subscription = %id, "it has ended already");
    }
}

/// Notes that it is left, and why; reasons given before stay unless there are new ones.
fn leave(edit: &mut Edit, reason: Reason) {
    let row = &mut edit.row;
    row.canceled_at = Some(edit.now);
    row.pause_at_period_end = false;
    row.resumes_at = None;
    row.cancellation_reason = filled(reason.reason).or_else(|| row.cancellation_reason.take());
    row.cancellation_comment = filled(reason.comment).or_else(|| row.cancellation_comment.take());
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// What follows from an end: nothing is planned any more, unpaid orders become void, grants go.
pub(super) fn follow(world: &mut World, id: Id<Subscription>) {
    world.agenda.cancel(&Job::CycleSubscription(id));
    world.agenda.cancel(&Job::ResumeSubscription(id));
    for order in order::pending_of(world, id) {
        world.agenda.soon(Job::VoidOrder(order));
    }
    announce::sync_grants(world, id);
}
