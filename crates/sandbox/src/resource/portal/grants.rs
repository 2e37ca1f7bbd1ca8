//! `/v1/customer-portal/benefit-grants/`

use serde_json::Value;

use super::Visitor;
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::list::{self, SortKey, SortKeys};
use crate::reply::Reply;
use crate::resource::benefit::{Benefit, Visibility};
use crate::resource::grant::{Grant, GrantScope, connect, has_connected, render_portal};
use crate::world::World;

const SORTS: &SortKeys<Grant> = &[
    ("granted_at", |_, row| {
        SortKey::time_or_absent(row.granted_at)
    }),
    ("type", |world, row| {
        let benefit = world.benefits.find(row.benefit);
        benefit.map_or(SortKey::Absent, |benefit| {
            SortKey::text(benefit.kind.name())
        })
    }),
    // One organization: everything is equal.
    ("organization", |_, _| SortKey::Absent),
    ("product_benefit", |world, row| place_in_product(world, row)),
];

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::of(world, call)?;
    let rows = world
        .grants
        .of(visitor.customer)
        .filter(|row| is_shown(world, &visitor, row))
        .filter(|row| {
            let benefit = world.benefits.find(row.benefit);
            benefit.is_some_and(|benefit| wanted(world, call, row, benefit))
        })
        .collect();
    Ok(list::page(world, call, rows, SORTS, render_portal))
}

pub(super) fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render_portal(world, own(world, call)?).into())
}

/// Chooses an account elsewhere, or says whom to invite. Accounts are connected by the control face.
pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let grant = own(world, call)?;
    let benefit = world.benefits.get(grant.benefit)?;
    let sent = call.body.get("benefit_type");
    if sent.and_then(|kind| kind.as_str()) != Some(benefit.kind.name()) {
        let message = "Benefit type must match the existing granted benefit type.";
        let sent = sent.cloned().unwrap_or_default();
        return Err(Failure::refused(Flaw::field("benefit_type", message, sent)));
    }
    let (id, customer) = (grant.id, grant.customer);
    let said = |name: &str| {
        let value = call.body.pointer(&format!("/properties/{name}"));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let account = said("account_id");
    if let Some(account) = &account
        && !has_connected(world, customer, &benefit.kind, account)
    {
        let place = ["properties".into(), "account_id".into()];
        let message = "OAuth account does not exist.";
        let flaw = Flaw::body("value_error", place, message, account.as_str());
        return Err(Failure::refused(flaw));
    }
    if let Some(chosen) = account.or_else(|| said("invited_email")) {
        connect(world, id, &chosen)?;
    }
    Ok(render_portal(world, world.grants.get(id)?).into())
}

fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Grant, Failure> {
    let visitor = Visitor::of(world, call)?;
    let grant = world.grants.get(call.id("id")?)?;
    if !is_shown(world, &visitor, grant) {
        return Err(Failure::not_found());
    }
    Ok(grant)
}

/// Shown is what its holder has, or waits for: what was taken back is not, nor is what the seller hides.
fn is_shown(world: &World, visitor: &Visitor, row: &Grant) -> bool {
    let benefit = world.benefits.find(row.benefit);
    visitor.sees(row.customer, row.member)
        && row.revoked_at.is_none()
        && benefit.is_some_and(|benefit| benefit.visibility == Visibility::Public)
}

fn wanted(world: &World, call: &Call, row: &Grant, benefit: &Benefit) -> bool {
    let query = &call.query;
    let checkout = match row.scope {
        GrantScope::Order(id) => world.orders.find(id).and_then(|row| row.checkout),
        GrantScope::Subscription(id) => world.subscriptions.find(id).and_then(|row| row.checkout),
    };
    query.allows("type", benefit.kind.name())
        && query.allows("benefit_id", row.benefit)
        && query.allows_some("order_id", row.order())
        && query.allows_some("subscription_id", row.subscription())
        && query.allows_some("member_id", row.member)
        && query.allows_some("checkout_id", checkout)
        && query.finds("query", [benefit.description.as_str()])
}

/// Where the benefit stands among those of its product.
fn place_in_product(world: &World, row: &Grant) -> SortKey<'static> {
    let product = match row.scope {
        GrantScope::Order(id) => world.orders.find(id).and_then(|row| row.product),
        GrantScope::Subscription(id) => world.subscriptions.find(id).map(|row| row.product),
    };
    product
        .and_then(|id| world.products.find(id))
        .and_then(|product| product.benefits.iter().position(|id| *id == row.benefit))
        .and_then(|place| i64::try_from(place).ok())
        .map_or(SortKey::Absent, SortKey::Number)
}
