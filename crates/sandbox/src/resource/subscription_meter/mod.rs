//! What a subscription owes for usage: one row for each meter it has a price for.

mod charge;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(crate) use charge::charges;

use crate::render::{self, Json, object};
use crate::resource::customer::Customer;
use crate::resource::customer_meter;
use crate::resource::meter::{self, Meter};
use crate::resource::price::{Price, PriceKind};
use crate::resource::subscription::{self, Subscription};
use crate::world::{Id, Job, World, found_by};

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SubscriptionMeter {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) subscription: Id<Subscription>,
    pub(crate) meter: Id<Meter>,
    pub(crate) consumed: Decimal,
    pub(crate) credited: i64,
    /// Minor units owed so far in this period.
    pub(crate) amount: i64,
}

found_by!(SubscriptionMeter: subscription);

/// Begins counting for every meter the subscription has a price for, and forgets those it has none for
/// any more. Called when a subscription is made and when its prices change.
pub(crate) fn attach(world: &mut World, subscription: Id<Subscription>) {
    let Some((customer, meters)) = metered(world, subscription) else {
        return;
    };
    let left = of(world, subscription).filter(|row| !meters.contains(&row.meter));
    let left: Vec<_> = left.map(|row| row.id).collect();
    for id in left {
        world.subscription_meters.remove(id);
    }
    for meter in meters {
        if of(world, subscription).any(|row| row.meter == meter) {
            continue;
        }
        customer_meter::restart(world, customer, meter);
        let id = world.chance.id();
        let created_at = world.stamp();
        let row = SubscriptionMeter {
            id,
            created_at,
            modified_at: None,
            subscription,
            meter,
            consumed: Decimal::ZERO,
            credited: 0,
            amount: 0,
        };
        world.subscription_meters.insert(id, row);
    }
}

/// Begins a new period for every meter of the subscription, after its usage was billed.
pub(crate) fn restart(world: &mut World, subscription: Id<Subscription>) {
    let Some((customer, meters)) = metered(world, subscription) else {
        return;
    };
    for meter in meters {
        customer_meter::restart(world, customer, meter);
    }
    update(world, subscription);
}

/// Brings the subscriptions of a customer up to date with a new measure of their usage.
pub(crate) fn refresh(world: &mut World, customer: Id<Customer>) {
    let subscriptions: Vec<_> = world
        .subscriptions
        .of(customer)
        .filter(|row| row.is_billable())
        .map(|row| row.id)
        .collect();
    for subscription in subscriptions {
        if update(world, subscription) {
            let told = Job::SubscriptionMetersChanged(subscription);
            world.agenda.when_quiet(told);
        }
    }
}

/// Emits `subscription.updated` for new amounts. Planned as `Job::SubscriptionMetersChanged`.
pub(crate) fn announce(world: &mut World, id: Id<Subscription>) {
    subscription::touch(world, id);
    subscription::announce(world, id, &["updated"]);
}

/// Recomputes the rows of a subscription; true when one changed.
fn update(world: &mut World, subscription: Id<Subscription>) -> bool {
    let charges = charges(world, subscription);
    let now = world.stamp();
    let mut changed = false;
    for charge in charges {
        let row = of(world, subscription).find(|row| row.meter == charge.meter);
        let id = row.map(|row| row.id);
        let Some(row) = id.and_then(|id| world.subscription_meters.find_mut(id)) else {
            continue;
        };
        let before = (row.consumed, row.credited, row.amount);
        let after = (charge.consumed, charge.credited, charge.amount);
        if before != after {
            (row.consumed, row.credited, row.amount) = after;
            row.modified_at = Some(now);
            changed = true;
        }
    }
    changed
}

/// The customer of a subscription and the meters it has prices for.
fn metered(
    world: &World,
    subscription: Id<Subscription>,
) -> Option<(Id<Customer>, Vec<Id<Meter>>)> {
    let row = world.subscriptions.find(subscription)?;
    let meters = prices(world, row).map(|(_, meter, ..)| meter).collect();
    Some((row.customer, meters))
}

/// The metered prices of a subscription: which, of what, how much, at most how much.
fn prices<'w>(
    world: &'w World,
    subscription: &'w Subscription,
) -> impl Iterator<Item = (Id<Price>, Id<Meter>, Decimal, Option<i64>)> + 'w {
    subscription.prices.iter().filter_map(|id| {
        let price = world.prices.find(*id)?;
        match price.kind {
            PriceKind::MeteredUnit {
                meter,
                unit_amount,
                cap,
            } => Some((price.id, meter, unit_amount, cap)),
            _ => None,
        }
    })
}

/// The `meters` of a subscription as the seller sees them.
pub(crate) fn render_all(world: &World, subscription: Id<Subscription>) -> Vec<Json> {
    render_with(world, subscription, |meter| meter::render(world, meter))
}

/// The `meters` of a subscription as its customer sees them.
pub(crate) fn render_portal(world: &World, subscription: Id<Subscription>) -> Vec<Json> {
    render_with(world, subscription, meter::render_public)
}

fn render_with(
    world: &World,
    subscription: Id<Subscription>,
    show: impl Fn(&Meter) -> Json,
) -> Vec<Json> {
    of(world, subscription)
        .map(|row| {
            let meter = world.meters.find(row.meter).map(&show);
            object!({..render_brief(row), "meter": meter})
        })
        .collect()
}

/// The rows of a subscription.
pub(crate) fn of(
    world: &World,
    subscription: Id<Subscription>,
) -> impl Iterator<Item = &SubscriptionMeter> {
    world.subscription_meters.of(subscription)
}

/// The row without its meter, as customer state has it.
pub(crate) fn render_brief(row: &SubscriptionMeter) -> Json {
    object!({
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "consumed_units": render::quantity(row.consumed),
        "credited_units": row.credited,
        "amount": row.amount,
        "meter_id": row.meter,
    })
}
