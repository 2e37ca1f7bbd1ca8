//! `PATCH` and `DELETE /v1/subscriptions/{id}`: one of several shapes, told apart by their fields.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::edit::Edit;
use super::period::{self, TrialEnd};
use super::{Behavior, Subscription, discount, end, get, number, pause, pending, plan, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::discount::Discount;
use crate::resource::price::Countable;
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
    units: Option<i64>,
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
    apply(world, call, id, input)?;
    Ok(render(world, world.subscriptions.get(id)?).into())
}

/// Ends the subscription at once.
pub(super) fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = get::own(world, call)?.id;
    end::revoke(world, id, end::Reason::default())?;
    Ok(render(world, world.subscriptions.get(id)?).into())
}

fn apply(
    world: &mut World,
    call: &Call,
    id: Id<Subscription>,
    input: Input,
) -> Result<(), Failure> {
    let reason = end::Reason {
        reason: input.customer_cancellation_reason.clone(),
        comment: input.customer_cancellation_comment.clone(),
    };
    if input.revoke == Some(true) {
        end::revoke(world, id, reason)
    } else if let Some(cancels) = input.cancel_at_period_end {
        if cancels {
            end::at_period_end(world, id, reason)
        } else {
            end::take_back(world, id)
        }
    } else if let Some(pauses) = input.pause_at_period_end {
        if pauses {
            pause::schedule(world, id, input.resumes_at)
        } else {
            pause::unschedule(world, id)
        }
    } else if input.resume == Some(true) {
        pause::resume(world, id)
    } else if let Some(new_end) = input.current_billing_period_end {
        period::move_end(world, id, new_end)
    } else if call.sends("pending_update") {
        pending::clear(world, id)
    } else if let Some(seats) = input.seats {
        let wanted = (Countable::Seats, seats);
        change_number(world, id, wanted, input.proration_behavior)
    } else if let Some(units) = input.units {
        let wanted = (Countable::Units, units);
        change_number(world, id, wanted, input.proration_behavior)
    } else {
        change(world, call, id, input)
    }
}

/// Another number of seats or units, in the wanted way or in the organization's.
pub(crate) fn change_number(
    world: &mut World,
    id: Id<Subscription>,
    wanted: (Countable, i64),
    behavior: Option<Behavior>,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let behavior = Behavior::chosen(world, &edit.row, behavior)?;
    number::draft(world, &mut edit, wanted, behavior)?;
    edit.commit(world)
}

/// Another product, as a customer may choose it: one that everybody sees.
pub(crate) fn change_product(
    world: &mut World,
    id: Id<Subscription>,
    product: Id<Product>,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let behavior = Behavior::chosen(world, &edit.row, None)?;
    let wanted = plan::Move {
        product,
        discount: None,
        public_only: true,
    };
    plan::draft(world, &mut edit, wanted, behavior)?;
    edit.commit(world)
}

/// Product, discount, trial and metadata, as far as they are sent, together or not at all.
fn change(
    world: &mut World,
    call: &Call,
    id: Id<Subscription>,
    input: Input,
) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    let discount = call.sends("discount_id").then_some(input.discount_id);
    if let Some(product) = input.product_id {
        let behavior = Behavior::chosen(world, &edit.row, input.proration_behavior)?;
        let wanted = plan::Move {
            product,
            discount,
            public_only: false,
        };
        plan::draft(world, &mut edit, wanted, behavior)?;
    } else if let Some(wish) = discount {
        discount::draft(world, &mut edit, wish)?;
    }
    if let Some(trial_end) = input.trial_end {
        period::draft_trial_end(&mut edit, trial_end_of(&trial_end)?)?;
    }
    if let Some(metadata) = input.metadata {
        edit.row.metadata = metadata;
    }
    edit.commit(world)
}

fn trial_end_of(text: &str) -> Result<TrialEnd, Failure> {
    if text == "now" {
        return Ok(TrialEnd::Now);
    }
    text.parse()
        .map(TrialEnd::At)
        .map_err(|_unreadable: jiff::Error| {
            let message = "Input should be a valid datetime";
            Failure::refused(Flaw::field("trial_end", message, text))
        })
}
