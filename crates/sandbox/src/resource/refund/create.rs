//! `POST /v1/refunds/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Refund, render};
use crate::billing::share_of;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::grant::GrantScope;
use crate::resource::order::{self, Order, OrderStatus};
use crate::resource::organization::Organization;
use crate::resource::payment::PaymentStatus;
use crate::world::{Id, Job, World};

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
    let tax = tax(&order, input.amount);
    let id = world.chance.id();
    let created_at = world.stamp();
    let refund = world.refunds.insert(
        id,
        Refund {
            id,
            organization,
            created_at,
            modified_at: None,
            order: order.id,
            subscription: order.subscription,
            customer: order.customer,
            reason: input.reason,
            comment: input.comment,
            amount: input.amount,
            tax,
            currency: order.currency,
            revoke_benefits: input.revoke_benefits,
            metadata: input.metadata,
        },
    );
    let shown = render(refund);
    world.emit(organization, "refund.created", &shown);
    give_back(world, order.id, input.amount, tax, input.revoke_benefits);
    Ok(shown.into())
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
    if order.status == OrderStatus::Refunded {
        let detail = format!("Order is already fully refunded: {id}");
        return Err(Failure::named(403, "RefundedAlready", detail));
    }
    if input.revoke_benefits && order.subscription.is_some() {
        let detail = "Benefits of a subscription order cannot be revoked by a refund: cancel the subscription instead.";
        return Err(Failure::named(
            400,
            "RevokeSubscriptionBenefitsProhibited",
            detail,
        ));
    }
    if input.amount > order.refundable_amount() {
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
        let detail = format!("Refund cannot be made: order {id} has no successful payment.");
        return Err(Failure::named(404, "RefundUnknownPayment", detail));
    }
    Ok(order)
}

/// The tax that goes back with `amount`: its share, or all that is left with the last of it.
fn tax(order: &Order, amount: i64) -> i64 {
    if amount == order.refundable_amount() {
        return order.refundable_tax();
    }
    share_of(amount, order.tax_amount, order.net_amount()).min(order.refundable_tax())
}

fn give_back(world: &mut World, id: Id<Order>, amount: i64, tax: i64, revoke: bool) {
    let now = world.stamp();
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    order.refunded_amount += amount;
    order.refunded_tax += tax;
    order.status = if order.refundable_amount() == 0 {
        OrderStatus::Refunded
    } else {
        OrderStatus::PartiallyRefunded
    };
    order.benefits_revoked |= revoke;
    order.modified_at = Some(now);
    order::record(world, id, "refunded");
    order::announce(world, id, &["updated", "refunded"]);
    if revoke {
        world.agenda.soon(Job::RevokeGrants(GrantScope::Order(id)));
    }
}
