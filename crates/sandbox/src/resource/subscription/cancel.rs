//! Cancelling, changing one's mind, and ending at once.

use super::{Subscription, announce, end};
use crate::failure::Failure;
use crate::world::{Id, World};

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

/// Cancels at the end of the period. Access stays until then.
pub(crate) fn at_period_end(
    world: &mut World,
    id: Id<Subscription>,
    reason: Reason,
) -> Result<(), Failure> {
    let now = world.stamp();
    let row = world.subscriptions.get_mut(id)?;
    if row.cancel_at_period_end || row.ended_at.is_some() || !row.is_billable() {
        return Err(already_canceled());
    }
    row.cancel_at_period_end = true;
    row.canceled_at = Some(now);
    row.ends_at = Some(row.period_end);
    row.cancellation_reason = reason.reason;
    row.cancellation_comment = reason.comment;
    announce::touch(world, id);
    announce::record(world, id, "canceled");
    announce(world, id, &["updated", "canceled"]);
    Ok(())
}

/// Takes a cancellation back before the period is over.
pub(crate) fn take_back(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let row = world.subscriptions.get_mut(id)?;
    if row.ended_at.is_some() {
        let detail = "This subscription has already ended.";
        return Err(Failure::named(410, "ResourceUnavailable", detail));
    }
    if !row.cancel_at_period_end {
        let detail = "This subscription is not set to be canceled at the end of the period.";
        return Err(Failure::named(400, "BadRequest", detail));
    }
    row.cancel_at_period_end = false;
    row.canceled_at = None;
    row.ends_at = None;
    row.cancellation_reason = None;
    row.cancellation_comment = None;
    announce::touch(world, id);
    announce::record(world, id, "uncanceled");
    announce(world, id, &["updated", "uncanceled"]);
    Ok(())
}

/// Ends it at once.
pub(crate) fn revoke(
    world: &mut World,
    id: Id<Subscription>,
    reason: Reason,
) -> Result<(), Failure> {
    let row = world.subscriptions.get_mut(id)?;
    if !row.is_alive() {
        return Err(already_canceled());
    }
    row.cancellation_reason = reason.reason.or_else(|| row.cancellation_reason.take());
    row.cancellation_comment = reason.comment.or_else(|| row.cancellation_comment.take());
    end::end_now(world, id);
    Ok(())
}
