//! A buyer goes to the bank.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Dispute, DisputeStatus, turn};
use crate::failure::Failure;
use crate::resource::order::Order;
use crate::resource::payment::{Payment, PaymentStatus};
use crate::world::{Id, Job, World};

/// How long a seller may take to answer, unless said otherwise.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a dispute begins with.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Opening {
    status: DisputeStatus,
    /// With tax; all that can still be given back unless said otherwise.
    amount: Option<i64>,
    reason: String,
    evidence_due_by: Option<Timestamp>,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            status: DisputeStatus::NeedsResponse,
            amount: None,
            reason: "fraudulent".to_owned(),
            evidence_due_by: None,
        }
    }
}

/// Disputes what was paid for an order, and lets it come to the status that was asked for.
pub(crate) fn open(
    world: &mut World,
    order: Id<Order>,
    opening: Opening,
) -> Result<Id<Dispute>, Failure> {
    let wanted = opening.status;
    let payment = payment(world, order)?;
    let id = add(world, order, payment, opening)?;
    if wanted.is_closed() {
        turn(world, id, wanted)?;
    }
    Ok(id)
}

/// What was paid, when nobody disputes it yet.
fn payment(world: &World, order: Id<Order>) -> Result<Id<Payment>, Failure> {
    world.orders.get(order)?;
    let mut disputes = world.disputes.of(order);
    if let Some(open) = disputes.find(|row| !row.status.is_closed()) {
        let detail = format!("Dispute {} about this order is still open.", open.id);
        return Err(Failure::named(409, "DisputedAlready", detail));
    }
    let mut payments = world.payments.of(order);
    let paid = payments.find(|row| row.status == PaymentStatus::Succeeded);
    paid.map(|row| row.id).ok_or_else(|| {
        let detail = format!("Nothing was charged for order {order}: there is nothing to dispute.");
        Failure::named(422, "NothingToDispute", detail)
    })
}

fn add(
    world: &mut World,
    order: Id<Order>,
    payment: Id<Payment>,
    opening: Opening,
) -> Result<Id<Dispute>, Failure> {
    let row = world.orders.get(order)?;
    let left = row.refundable_amount() + row.refundable_tax();
    let disputed = opening.amount.unwrap_or(left);
    if disputed < 1 || disputed > left {
        let detail = format!("Between 1 and {left} of this order can be disputed, not {disputed}.");
        return Err(Failure::named(422, "NothingToDispute", detail));
    }
    let (amount, tax) = row.split_total(disputed);
    let (organization, currency) = (row.organization, row.currency.clone());
    let warned = opening.status == DisputeStatus::EarlyWarning;
    let id = world.chance.id();
    let case = (!warned).then(|| world.chance.id());
    let created_at = world.stamp();
    let due = opening.evidence_due_by;
    let due = due.or_else(|| created_at.checked_add(PATIENCE).ok());
    let status = match opening.status {
        closed if closed.is_closed() => DisputeStatus::NeedsResponse,
        open => open,
    };
    world.disputes.insert(
        id,
        Dispute {
            id,
            organization,
            created_at,
            modified_at: None,
            status,
            amount,
            tax,
            currency,
            order,
            payment,
            reason: (!warned).then_some(opening.reason),
            evidence_due_by: due.filter(|_| !warned),
            past_due: false,
            case,
        },
    );
    if let Some(due) = due.filter(|_| !warned) {
        world.agenda.at(due, Job::DisputeDeadline(id));
    }
    Ok(id)
}

/// A payment by one of the cards whose holders always dispute.
pub(crate) fn of_card(world: &mut World, payment: Id<Payment>) {
    let Some(row) = world.payments.find(payment) else {
        return;
    };
    let (Some(order), Some(reason)) = (row.order, row.card.aftermath.dispute_reason()) else {
        return;
    };
    let opening = Opening {
        reason: reason.to_owned(),
        ..Opening::default()
    };
    if let Err(failure) = open(world, order, opening) {
        tracing::debug!(?failure, %order, "it is not disputed");
    }
}

/// It is too late for evidence.
pub(crate) fn at_deadline(world: &mut World, id: Id<Dispute>) {
    let now = world.stamp();
    let row = world.disputes.find_mut(id);
    if let Some(row) = row.filter(|row| row.status == DisputeStatus::NeedsResponse) {
        row.past_due = true;
        row.modified_at = Some(now);
    }
}
