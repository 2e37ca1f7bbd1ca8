//! The bank decides, or somebody prevents that it has to.

use super::DisputeStatus::{EarlyWarning, Lost, NeedsResponse, Prevented, UnderReview, Won};
use super::{Dispute, DisputeStatus};
use crate::failure::Failure;
use crate::resource::grant::GrantScope;
use crate::resource::order::Order;
use crate::resource::{refund, subscription};
use crate::world::{Id, Job, World};

/// Lets a dispute take a turn, with all that follows from it.
pub(crate) fn turn(world: &mut World, id: Id<Dispute>, to: DisputeStatus) -> Result<(), Failure> {
    let from = world.disputes.get(id)?.status;
    if !is_possible(from, to) {
        let (from, to) = (from.word(), to.word());
        let detail = format!("A dispute that is {from} never becomes {to}.");
        return Err(Failure::named(409, "NoSuchTurn", detail));
    }
    note(world, id, to)?;
    let order = world.disputes.get(id)?.order;
    match to {
        // Whoever warned has given the money back by themselves, and takes nothing away.
        Prevented => {
            refund::prevent_dispute(world, id, from == EarlyWarning)?;
            if from != EarlyWarning {
                take_back(world, order);
            }
        }
        // Won or lost, this buyer's access ends.
        Won | Lost => take_back(world, order),
        NeedsResponse | UnderReview | EarlyWarning => {}
    }
    Ok(())
}

/// What was decided stays so; what was thought prevented may come to the bank after all.
const fn is_possible(from: DisputeStatus, to: DisputeStatus) -> bool {
    matches!(
        (from, to),
        (EarlyWarning | UnderReview, NeedsResponse)
            | (NeedsResponse, UnderReview)
            | (EarlyWarning | NeedsResponse | UnderReview, Prevented)
            | (NeedsResponse | UnderReview, Won | Lost)
            | (Prevented, NeedsResponse | UnderReview)
    )
}

fn note(world: &mut World, id: Id<Dispute>, to: DisputeStatus) -> Result<(), Failure> {
    let now = world.stamp();
    let case = world.chance.id();
    let row = world.disputes.get_mut(id)?;
    row.status = to;
    row.modified_at = Some(now);
    if to == NeedsResponse {
        row.case = row.case.or(Some(case));
        row.reason.get_or_insert_with(|| "fraudulent".to_owned());
    }
    Ok(())
}

/// Ends the subscription, or takes back what the order granted.
fn take_back(world: &mut World, order: Id<Order>) {
    let Some(row) = world.orders.find_mut(order) else {
        return;
    };
    if let Some(subscription) = row.subscription {
        subscription::end_now(world, subscription);
    } else {
        row.benefits_revoked = true;
        world
            .agenda
            .soon(Job::RevokeGrants(GrantScope::Order(order)));
    }
}
