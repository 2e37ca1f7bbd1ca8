//! A refund comes into being, by the seller's hand or to prevent a dispute.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::settle::{announce, give_back, settle};
use super::{Refund, RefundStatus};
use crate::failure::Failure;
use crate::resource::dispute::Dispute;
use crate::resource::grant::GrantScope;
use crate::resource::order::Order;
use crate::resource::payment::PaymentStatus;
use crate::resource::payment_method::Aftermath;
use crate::world::{Id, Job, World};

/// How long a bank takes that is not at once done.
const WAIT: SignedDuration = SignedDuration::from_hours(1);

/// What a refund is made of.
pub(super) struct NewRefund {
    pub(super) reason: String,
    pub(super) comment: Option<String>,
    pub(super) amount: i64,
    pub(super) tax: i64,
    pub(super) revoke_benefits: bool,
    pub(super) metadata: Map<String, Value>,
    pub(super) dispute: Option<Id<Dispute>>,
    pub(super) status: RefundStatus,
}

/// Gives the money of a disputed order back before the bank has to.
pub(crate) fn prevent_dispute(
    world: &mut World,
    id: Id<Dispute>,
    warned: bool,
) -> Result<(), Failure> {
    let dispute = world.disputes.get(id)?;
    let order = world.orders.get(dispute.order)?.clone();
    let new = NewRefund {
        reason: "dispute_prevention".to_owned(),
        comment: None,
        amount: dispute.amount.min(order.refundable_amount()),
        tax: dispute.tax.min(order.refundable_tax()),
        revoke_benefits: !warned,
        metadata: Map::new(),
        dispute: Some(id),
        status: RefundStatus::Succeeded,
    };
    if new.amount + new.tax > 0 {
        add(world, &order, new);
    }
    Ok(())
}

/// Writes the refund down, tells of it, and lets follow what follows.
pub(super) fn add(world: &mut World, order: &Order, new: NewRefund) -> Id<Refund> {
    let id = world.chance.id();
    let created_at = world.stamp();
    let (status, revoke) = (new.status, new.revoke_benefits);
    world.refunds.insert(
        id,
        Refund {
            id,
            organization: order.organization,
            created_at,
            modified_at: None,
            order: order.id,
            // What Polar gives back itself belongs to no subscription.
            subscription: order
                .subscription
                .filter(|_| new.dispute.is_none() || !revoke),
            customer: order.customer,
            reason: new.reason,
            comment: new.comment,
            amount: new.amount,
            tax: new.tax,
            currency: order.currency.clone(),
            revoke_benefits: revoke,
            metadata: new.metadata,
            status,
            dispute: new.dispute,
        },
    );
    announce(world, id, "created");
    if status == RefundStatus::Succeeded {
        give_back(world, id);
    }
    if revoke {
        revoke_benefits(world, order.id);
    }
    id
}

/// Takes back what the order granted, whether or not the bank is done.
fn revoke_benefits(world: &mut World, order: Id<Order>) {
    if let Some(row) = world.orders.find_mut(order) {
        row.benefits_revoked = true;
    }
    let scope = GrantScope::Order(order);
    world.agenda.soon(Job::RevokeGrants(scope));
}

/// How the bank of the card that paid begins with a refund.
pub(super) fn first_status(world: &World, order: Id<Order>) -> RefundStatus {
    match aftermath(world, order) {
        Aftermath::RefundPends => RefundStatus::Pending,
        _ => RefundStatus::Succeeded,
    }
}

/// Lets the bank change its mind, where the card is known for it.
pub(super) fn plan(world: &mut World, id: Id<Refund>, order: Id<Order>) {
    let status = match aftermath(world, order) {
        Aftermath::RefundPends => RefundStatus::Succeeded,
        Aftermath::RefundFails => RefundStatus::Failed,
        _ => return,
    };
    let then = world.now().saturating_add(WAIT);
    let then = then.unwrap_or_else(|_| world.now());
    world
        .agenda
        .at(then, Job::SettleRefund { refund: id, status });
}

fn aftermath(world: &World, order: Id<Order>) -> Aftermath {
    let mut payments = world.payments.of(order);
    let paid = payments.find(|row| row.status == PaymentStatus::Succeeded);
    paid.map(|row| row.card.aftermath).unwrap_or_default()
}

/// The bank's second word, unless somebody made it say another before.
pub(crate) fn settle_later(world: &mut World, id: Id<Refund>, status: RefundStatus) {
    if let Err(failure) = settle(world, id, status) {
        tracing::debug!(?failure, refund = %id, "it was settled before");
    }
}
