//! `/v1/customer-portal/subscriptions/`: the seller's rules, seen and used by the customer.

use serde_json::{Map, Value, json};

use super::Visitor;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::list::{self, SortKey, SortKeys};
use crate::render;
use crate::reply::Reply;
use crate::resource::organization::{self, Organization};
use crate::resource::product::{self, Product, Visibility};
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
    ("status", |_, row| {
        let word = serde_json::to_value(row.status).unwrap_or_default();
        SortKey::Text(word.as_str().unwrap_or_default().to_owned())
    }),
    // One organization: everything is equal.
    ("organization", |_, _| SortKey::Absent),
    ("product", |world, row| {
        let product = world.products.find(row.product);
        product.map_or(SortKey::Absent, |product| {
            SortKey::Text(product.name.clone())
        })
    }),
];

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let query = &call.query;
    let rows = world
        .subscriptions
        .of(visitor.customer)
        .filter(|row| query.allows("product_id", row.product))
        .filter(|row| query.allows_flag("active", row.is_active()))
        .filter(|row| {
            let product = world.products.find(row.product);
            query.finds("query", product.map(|product| product.name.as_str()))
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?.1.id;
    shown(world, id)
}

/// Cancels at the end of the period, unlike the seller's `DELETE`.
pub(super) fn cancel(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?.1.id;
    subscription::at_period_end(world, id, Reason::default())?;
    shown(world, id)
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let (visitor, row) = own(world, call)?;
    let id = row.id;
    let organization = world.organizations.get(visitor.organization)?;
    let body = allowed(world, organization, row, &call.body)?;
    visitor.as_seller(world, call, "subscriptions:update", body)?;
    shown(world, id)
}

/// What the customer wants, in the seller's words, if the seller lets customers do it.
fn allowed(
    world: &World,
    organization: &Organization,
    row: &Subscription,
    body: &Value,
) -> Result<Value, Failure> {
    let refuse = |status, name, detail: &str| Err(Failure::named(status, name, detail));
    let sent = |field| body.get(field).filter(|value| !value.is_null());
    let (settings, portal) = (
        &organization.subscriptions,
        &organization.portal.subscription,
    );
    if let Some(product) = sent("product_id") {
        if !settings.allow_customer_updates || !portal.update_plan {
            let detail = "Updating subscription plan is not allowed.";
            return refuse(403, "UpdateSubscriptionPlanNotAllowed", detail);
        }
        check_public(world, organization.id, product)?;
        return Ok(
            json!({"product_id": product, "proration_behavior": settings.proration_behavior}),
        );
    }
    if let Some(seats) = sent("seats") {
        if !settings.allow_customer_updates || !portal.update_seats {
            let detail = "Updating subscription seats is not allowed.";
            return refuse(403, "UpdateSubscriptionSeatsNotAllowed", detail);
        }
        return Ok(json!({"seats": seats, "proration_behavior": settings.proration_behavior}));
    }
    let pauses = sent("pause_at_period_end").is_some() || sent("resume").is_some();
    if pauses && !portal.pause {
        let detail = "Pausing and resuming subscriptions is not allowed.";
        return refuse(403, "PauseResumeNotAllowed", detail);
    }
    let goes_on =
        sent("cancel_at_period_end") == Some(&Value::Bool(false)) || sent("resume").is_some();
    if goes_on && row.amount(world) > 0 && !has_card(world, row) {
        let detail = "A payment method is required to resume this subscription.";
        return refuse(409, "PaymentMethodRequired", detail);
    }
    Ok(renamed(body))
}

/// The portal's names of the reason lack a prefix.
fn renamed(body: &Value) -> Value {
    let fields = body.as_object().into_iter().flatten();
    let renamed: Map<_, _> = fields
        .map(|(name, value)| match name.as_str() {
            "cancellation_reason" | "cancellation_comment" => {
                (format!("customer_{name}"), value.clone())
            }
            _ => (name.clone(), value.clone()),
        })
        .collect();
    renamed.into()
}

/// Customers may only change to what everybody may buy.
fn check_public(
    world: &World,
    organization: Id<Organization>,
    product: &Value,
) -> Result<(), Failure> {
    let public = |row: &&Product| {
        row.organization == organization && row.visibility == Visibility::Public && !row.archived
    };
    let found = product
        .as_str()
        .and_then(Id::parse)
        .and_then(|id| world.products.find(id))
        .filter(public);
    if found.is_some() {
        return Ok(());
    }
    let message = "Product does not exist.";
    let flaw = Flaw::field("product_id", message, product.clone());
    Err(Failure::refused(flaw))
}

fn has_card(world: &World, row: &Subscription) -> bool {
    let customer = world.customers.find(row.customer);
    row.payment_method.is_some()
        || customer.is_some_and(|customer| customer.default_payment_method.is_some())
}

fn own<'w>(world: &'w World, call: &Call) -> Result<(Visitor, &'w Subscription), Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let row = world.subscriptions.get(call.id("id")?)?;
    if row.customer != visitor.customer {
        return Err(Failure::not_found());
    }
    Ok((visitor, row))
}

fn shown(world: &World, id: Id<Subscription>) -> Result<Reply, Failure> {
    Ok(render(world, world.subscriptions.get(id)?).into())
}

/// The subscription as its customer sees it.
pub(super) fn render(world: &World, row: &Subscription) -> Value {
    let mut shown = subscription::render(world, row);
    if let Some(shown) = shown.as_object_mut() {
        shown.retain(|key, _| !HIDDEN.contains(&key.as_str()));
    }
    let more = json!({
        "product": world.products.find(row.product).map(|row| render_product(world, row)),
        "meters": subscription_meter::render_portal(world, row.id),
    });
    render::merge(&mut shown, more);
    shown
}

/// The product as its buyers see it, with who sells it.
pub(super) fn render_product(world: &World, product: &Product) -> Value {
    let mut shown = product::render_offer(world, product, &product.prices);
    let organization = world.organizations.find(product.organization);
    let more = json!({"organization": organization.map(organization::render_public)});
    render::merge(&mut shown, more);
    shown
}
