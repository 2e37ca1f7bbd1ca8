//! `PATCH` and `DELETE /v1/subscriptions/{id}`: one of several shapes, told apart by their fields.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::change::{self, Behavior, Change};
use super::{Subscription, announce, cancel, discount, get, pause, period, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::discount::Discount;
use crate::resource::product::Product;
use crate::world::{Id, World};

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    product_id: Option<Id<Product>>,
    #[serde(default)]
    proration_behavior: Option<Behavior>,
    #[serde(default)]
    discount_id: Option<Id<Discount>>,
    #[serde(default)]
    trial_end: Option<String>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    seats: Option<i64>,
    #[serde(default)]
    current_billing_period_end: Option<Timestamp>,
    #[serde(default)]
    cancel_at_period_end: Option<bool>,
    #[serde(default)]
    revoke: Option<bool>,
    #[serde(default)]
    customer_cancellation_reason: Option<String>,
    #[serde(default)]
    customer_cancellation_comment: Option<String>,
    #[serde(default)]
    pause_at_period_end: Option<bool>,
    #[serde(default)]
    resumes_at: Option<Timestamp>,
    #[serde(default)]
    resume: Option<bool>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let id = get::own(world, call)?.id;
    let reason = cancel::Reason {
        reason: input.customer_cancellation_reason.clone(),
        comment: input.customer_cancellation_comment.clone(),
    };
    if input.revoke == Some(true) {
        cancel::revoke(world, id, reason)?;
    } else if let Some(cancel) = input.cancel_at_period_end {
        if cancel {
            cancel::at_period_end(world, id, reason)?;
        } else {
            cancel::take_back(world, id)?;
        }
    } else if let Some(pause) = input.pause_at_period_end {
        if pause {
            pause::schedule(world, id, input.resumes_at)?;
        } else {
            pause::unschedule(world, id)?;
        }
    } else if input.resume == Some(true) {
        pause::resume(world, id)?;
    } else if let Some(end) = input.current_billing_period_end {
        period::move_end(world, id, end)?;
    } else if call.sends("pending_update") {
        drop_pending(world, id)?;
    } else if let Some(seats) = input.seats {
        let change = Change {
            product: None,
            seats: Some(seats),
        };
        change::apply(world, id, change, input.proration_behavior)?;
    } else {
        update_base(world, call, id, input)?;
    }
    Ok(render(world, world.subscriptions.get(id)?).into())
}

/// Ends the subscription at once.
pub(super) fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    cancel::revoke(world, id, cancel::Reason::default())?;
    Ok(render(world, world.subscriptions.get(id)?).into())
}

fn drop_pending(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let row = world.subscriptions.get_mut(id)?;
    if row.pending_update.take().is_none() {
        let message = "There is no pending update on this subscription.";
        return Err(Failure::refused(Flaw::field(
            "pending_update",
            message,
            Value::Null,
        )));
    }
    announce::touch(world, id);
    announce(world, id, &["updated"]);
    Ok(())
}

fn update_base(
    world: &mut World,
    call: &Call,
    id: Id<Subscription>,
    input: Input,
) -> Result<(), Failure> {
    let discounted = call.sends("discount_id");
    if discounted {
        discount::put(world, id, input.discount_id)?;
    }
    if let Some(metadata) = input.metadata {
        world.subscriptions.get_mut(id)?.metadata = metadata;
    }
    let quiet_changes = discounted || call.sends("metadata");
    if let Some(trial_end) = input.trial_end {
        period::set_trial_end(world, id, &trial_end)?;
    } else if input.product_id.is_none() && quiet_changes {
        announce::touch(world, id);
        announce(world, id, &["updated"]);
    }
    if let Some(product) = input.product_id {
        let change = Change {
            product: Some(product),
            seats: None,
        };
        change::apply(world, id, change, input.proration_behavior)?;
    }
    Ok(())
}
