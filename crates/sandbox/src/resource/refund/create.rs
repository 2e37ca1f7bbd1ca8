//! `POST /v1/refunds/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::add::{self, NewRefund};
use super::{RefundStatus, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::dispute::Dispute;
use crate::resource::order::{Order, OrderStatus};
use crate::resource::organization::{self, Organization};
use crate::resource::payment::PaymentStatus;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    order_id: Id<Order>,
    reason: String,
    amount: i64,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    revoke_benefits: bool,
    #[serde(default)]
    metadata: Map<String, Value>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let input: Input = call.input()?;
    let order = refundable(world, organization, &input)?.clone();
    let (amount, tax) = order.split_refund(input.amount);
    let new = NewRefund {
        reason: input.reason,
        comment: input.comment,
        amount,
        tax,
        revoke_benefits: input.revoke_benefits,
        metadata: input.metadata,
        dispute: None,
        status: add::first_status(world, order.id),
    };
    let id = add::add(world, &order, new);
    add::plan(world, id, order.id);
    Ok(render(world, world.refunds.get(id)?).into())
}

/// The order, when this much of it can be given back.
fn refundable<'w>(
    world: &'w World,
    organization: Id<Organization>,
    input: &Input,
) -> Result<&'w Order, Failure> {
    let id = input.order_id;
    let order = world
        .orders
        .find(id)
        .filter(|row| row.organization == organization)
        .ok_or_else(|| {
            Failure::refused(Flaw::field("order_id", "Order not found", id.to_string()))
        })?;
    let may = organization::capabilities(world, organization).refunds;
    if order.refunds_blocked || !may {
        let detail = format!("Refunds are blocked for order: {id}");
        return Err(Failure::named(403, "RefundsBlocked", detail));
    }
    let pending = pending(world, id);
    if order.status == OrderStatus::Refunded
        || (pending > 0 && pending >= order.refundable_amount())
    {
        let detail = format!("Order is already fully refunded: {id}");
        return Err(Failure::named(403, "RefundedAlready", detail));
    }
    if input.revoke_benefits && order.subscription.is_some() {
        let detail = "Subscription benefits can only be revoked upon cancellation";
        return Err(Failure::named(
            400,
            "RevokeSubscriptionBenefitsProhibited",
            detail,
        ));
    }
    if input.amount > order.refundable_amount() - pending {
        let message = "Refund amount exceeds refundable amount";
        return Err(Failure::refused(Flaw::field(
            "amount",
            message,
            input.amount,
        )));
    }
    let charged = world
        .payments
        .of(id)
        .any(|row| row.status == PaymentStatus::Succeeded);
    if !charged {
        let detail = format!("Refund issued for unknown order: {id}");
        return Err(Failure::named(404, "RefundUnknownPayment", detail));
    }
    let disputed = |row: &Dispute| row.status.holds_the_money();
    if world.disputes.of(id).any(disputed) {
        let detail = format!("Refund cannot be issued for order with disputed payment: {id}");
        return Err(Failure::named(403, "RefundDisputedPayment", detail));
    }
    Ok(order)
}

/// What is on its way back already.
fn pending(world: &World, order: Id<Order>) -> i64 {
    let refunds = world.refunds.of(order);
    refunds
        .filter(|row| row.status == RefundStatus::Pending)
        .map(|row| row.amount)
        .fold(0, i64::saturating_add)
}
