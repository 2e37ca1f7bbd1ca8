//! What the bank makes of a refund: it succeeds, at once or later, or it does not.

use super::RefundStatus::{Canceled, Failed, Pending, Succeeded};
use super::{Refund, RefundStatus, render};
use crate::failure::Failure;
use crate::resource::order::{self, Order};
use crate::world::{Id, World};

/// The bank says something about a refund that it has said nothing final about.
pub(crate) fn settle(world: &mut World, id: Id<Refund>, to: RefundStatus) -> Result<(), Failure> {
    let from = world.refunds.get(id)?.status;
    if !matches!(
        (from, to),
        (Pending, Succeeded | Failed | Canceled) | (Succeeded, Failed | Canceled)
    ) {
        let (from, to) = (from.word(), to.word());
        let detail = format!("A refund that has {from} never becomes {to}.");
        return Err(Failure::named(409, "NoSuchTurn", detail));
    }
    let now = world.stamp();
    let refund = world.refunds.get_mut(id)?;
    refund.status = to;
    refund.modified_at = Some(now);
    announce(world, id, "updated");
    if to == Succeeded {
        give_back(world, id);
    } else if from == Succeeded {
        take_back(world, id);
    }
    Ok(())
}

/// Sends `refund.<event>`.
pub(super) fn announce(world: &mut World, id: Id<Refund>, event: &str) {
    if let Some(row) = world.refunds.find(id) {
        let (organization, shown) = (row.organization, render(world, row));
        world.emit(organization, &format!("refund.{event}"), &shown);
    }
}

/// Writes a refund that succeeded into its order. Credit that the customer has is spent by it.
pub(super) fn give_back(world: &mut World, id: Id<Refund>) {
    let Some((order, amount, tax)) = parts(world, id) else {
        return;
    };
    note(world, order, amount, tax);
    order::announce(world, order, &["updated"]);
    order::spend_credit(world, order, amount + tax);
    order::record(world, order, "refunded");
    order::announce(world, order, &["refunded"]);
}

/// The money came back: the order is as if it had never gone.
fn take_back(world: &mut World, id: Id<Refund>) {
    let Some((order, amount, tax)) = parts(world, id) else {
        return;
    };
    note(world, order, -amount, -tax);
    order::announce(world, order, &["updated"]);
}

fn parts(world: &World, id: Id<Refund>) -> Option<(Id<Order>, i64, i64)> {
    let row = world.refunds.find(id)?;
    Some((row.order, row.amount, row.tax))
}

fn note(world: &mut World, order: Id<Order>, amount: i64, tax: i64) {
    let now = world.stamp();
    if let Some(order) = world.orders.find_mut(order) {
        order.note_refund(amount, tax);
        order.modified_at = Some(now);
    }
}
