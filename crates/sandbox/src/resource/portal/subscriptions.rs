//! `/v1/customer-portal/subscriptions/`: the seller's rules, seen and used by the customer.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Visitor;
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::render::{self, Json, object};
use crate::reply::Reply;
use crate::resource::organization;
use crate::resource::payment_method;
use crate::resource::price::{Countable, Price};
use crate::resource::product::{self, Product};
use crate::resource::subscription::{self, Reason, Subscription};
use crate::resource::subscription_meter;
use crate::world::{Id, World};

/// What only the seller sees.
const HIDDEN: [&str; 5] = [
    "metadata",
    "custom_field_data",
    "customer",
    "user",
    "discount",
];

const SORTS: &SortKeys<Subscription> = &[
    ("started_at", |_, row| SortKey::Time(row.started_at)),
    ("amount", |world, row| SortKey::Number(row.amount(world))),
    ("status", |_, row| SortKey::text(row.status.word())),
    // One organization: everything is equal.
    ("organization", |_, _| SortKey::Absent),
    ("product", |world, row| {
        let product = world.products.find(row.product);
        product.map_or(SortKey::Absent, |product| SortKey::text(&product.name))
    }),
];

/// What a customer may ask for, one thing at a time.
#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    product_id: Option<Id<Product>>,
    #[serde(default)]
    seats: Option<i64>,
    #[serde(default)]
    cancel_at_period_end: Option<bool>,
    #[serde(default)]
    cancellation_reason: Option<String>,
    #[serde(default)]
    cancellation_comment: Option<String>,
    #[serde(default)]
    pause_at_period_end: Option<bool>,
    #[serde(default)]
    resumes_at: Option<Timestamp>,
    #[serde(default)]
    resume: Option<bool>,
}

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let query = &call.query;
    let rows = world
        .subscriptions
        .of(visitor.customer)
        .filter(|row| query.allows("product_id", row.product))
        .filter(|row| subscription::is_wanted_as_active(query, row))
        .filter(|row| {
            let product = world.products.find(row.product);
            query.finds("query", product.map(|product| product.name.as_str()))
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    shown(world, own(world, call, &visitor)?.id)
}

/// `GET …/{id}/charge-preview`
pub(super) fn charge_preview(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    subscription::charge_preview(world, own(world, call, &visitor)?)
}

/// Cancels at the end of the period, unlike the seller's `DELETE`.
pub(super) fn cancel(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let id = own(world, call, &visitor)?.id;
    subscription::at_period_end(world, id, Reason::default())?;
    shown(world, id)
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let input: Input = call.input()?;
    let id = own(world, call, &visitor)?.id;
    let allowed = &world.organizations.get(visitor.organization)?.portal;
    let allowed = allowed.subscription.clone();
    let reason = Reason {
        reason: input.cancellation_reason,
        comment: input.cancellation_comment,
    };
    if let Some(product) = input.product_id {
        refuse_unless(allowed.update_plan, PLAN_NOT_ALLOWED)?;
        subscription::change_product(world, id, product)?;
    } else if let Some(seats) = input.seats {
        refuse_unless(allowed.update_seats, SEATS_NOT_ALLOWED)?;
        subscription::change_number(world, id, (Countable::Seats, seats), None)?;
    } else if let Some(pauses) = input.pause_at_period_end {
        refuse_unless(allowed.pause, PAUSE_NOT_ALLOWED)?;
        if pauses {
            subscription::pause(world, id, input.resumes_at)?;
        } else {
            subscription::unpause(world, id)?;
        }
    } else if input.resume == Some(true) {
        refuse_unless(allowed.pause, PAUSE_NOT_ALLOWED)?;
        go_on(world, id, "resuming", Subscription::can_resume)?;
        subscription::resume(world, id)?;
    } else if call.sends("pending_update") {
        subscription::clear_pending(world, id)?;
    } else if input.cancel_at_period_end == Some(true) {
        subscription::at_period_end(world, id, reason)?;
    } else if input.cancel_at_period_end == Some(false) {
        go_on(world, id, "uncancelling", Subscription::can_uncancel)?;
        subscription::take_back(world, id)?;
    }
    shown(world, id)
}

/// The name and the words of a refusal.
type Refusal = (&'static str, &'static str);

const PLAN_NOT_ALLOWED: Refusal = (
    "UpdateSubscriptionPlanNotAllowed",
    "Updating subscription plan is not allowed.",
);
const SEATS_NOT_ALLOWED: Refusal = (
    "UpdateSubscriptionSeatsNotAllowed",
    "Updating subscription seats is not allowed.",
);
const PAUSE_NOT_ALLOWED: Refusal = (
    "PauseResumeNotAllowed",
    "Pausing or resuming a subscription is not allowed.",
);

/// Refuses what the seller does not let customers do.
fn refuse_unless(allowed: bool, (name, detail): Refusal) -> Result<(), Failure> {
    if allowed {
        return Ok(());
    }
    Err(Failure::named(403, name, detail))
}

/// What costs something can only go on when there is a card. Whether it may go on at all is asked later.
fn go_on(
    world: &World,
    id: Id<Subscription>,
    action: &str,
    may: fn(&Subscription) -> bool,
) -> Result<(), Failure> {
    let row = world.subscriptions.get(id)?;
    let mut prices = row.prices.iter().filter_map(|id| world.prices.find(*id));
    if !may(row)
        || prices.all(Price::is_free)
        || !payment_method::of(world, row.customer).is_empty()
    {
        return Ok(());
    }
    let detail = format!("Add a payment method before {action} this subscription.");
    Err(Failure::named(409, "PaymentMethodRequired", detail))
}

fn own<'w>(world: &'w World, call: &Call, visitor: &Visitor) -> Result<&'w Subscription, Failure> {
    let row = world.subscriptions.get(call.id("id")?)?;
    if row.customer != visitor.customer {
        return Err(Failure::not_found());
    }
    Ok(row)
}

fn shown(world: &World, id: Id<Subscription>) -> Result<Reply, Failure> {
    Ok(render(world, world.subscriptions.get(id)?).into())
}

/// The subscription as its customer sees it.
pub(super) fn render(world: &World, row: &Subscription) -> Value {
    let mut shown = subscription::render(world, row).value();
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|key, _| !HIDDEN.contains(&key.as_str()));
    }
    let more = object!({
        "product": world.products.find(row.product).map(|row| render_product(world, row)),
        "meters": subscription_meter::render_portal(world, row.id),
    });
    render::merge(&mut shown, more.value());
    shown
}

/// The product as its buyers see it, with who sells it.
pub(super) fn render_product(world: &World, product: &Product) -> Json {
    let organization = world.organizations.find(product.organization);
    object!({
        ..product::render_offer(world, product, &product.prices),
        "organization": organization.map(organization::render_public),
    })
}
