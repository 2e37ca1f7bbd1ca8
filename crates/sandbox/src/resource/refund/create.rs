//! `POST /v1/refunds/`

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Refund, render};
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
    let (amount, tax) = order.split_refund(input.amount);
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
            amount,
            tax,
            currency: order.currency,
            revoke_benefits: input.revoke_benefits,
            metadata: input.metadata,
        },
    );
    let shown = render(refund);
    world.emit(organization, "refund.created", &shown);
    give_back(world, order.id, (amount, tax), input.revoke_benefits);
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
        let detail = "Subscription benefits can only be revoked upon cancellation";
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
        let detail = format!("Refund issued for unknown order: {id}");
        return Err(Failure::named(404, "RefundUnknownPayment", detail));
    }
    Ok(order)
}

/// Writes the refund into its order.
fn give_back(world: &mut World, id: Id<Order>, (amount, tax): (i64, i64), revoke: bool) {
    let now = world.stamp();
    let Some(order) = world.orders.find_mut(id) else {
        return;
    };
    order.note_refund(amount, tax);
    order.benefits_revoked |= revoke;
    order.modified_at = Some(now);
    order::record(world, id, "refunded");
    order::announce(world, id, &["updated", "refunded"]);
    if revoke {
        world.agenda.soon(Job::RevokeGrants(GrantScope::Order(id)));
    }
}
