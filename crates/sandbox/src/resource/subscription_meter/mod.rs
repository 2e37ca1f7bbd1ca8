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
    /// What it is billed at.
    #[serde(default)]
    price: Option<Id<Price>>,
    /// What was used before is billed already, or at a price that is gone, and never will be.
    #[serde(default)]
    since: Option<Timestamp>,
    pub(crate) consumed: Decimal,
    pub(crate) credited: i64,
    /// Minor units owed so far in this period.
    pub(crate) amount: i64,
}

found_by!(SubscriptionMeter: subscription);

/// Begins counting for every meter the subscription has a price for, and forgets those it has none for
/// any more. Called when a subscription is made and when its prices change.
pub(crate) fn attach(world: &mut World, subscription: Id<Subscription>) {
    let Some((customer, priced)) = metered(world, subscription) else {
        return;
    };
    let is_priced = |row: &SubscriptionMeter| priced.iter().any(|(_, meter)| *meter == row.meter);
    let left = of(world, subscription).filter(|row| !is_priced(row));
    let left: Vec<_> = left.map(|row| row.id).collect();
    for id in left {
        world.subscription_meters.remove(id);
    }
    for (price, meter) in priced {
        let known = of(world, subscription).find(|row| row.meter == meter);
        if let Some(id) = known.map(|row| row.id) {
            reprice(world, id, price);
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
            price: Some(price),
            since: None,
            consumed: Decimal::ZERO,
            credited: 0,
            amount: 0,
        };
        world.subscription_meters.insert(id, row);
    }
}

/// Begins a new period for every meter of the subscription, after its usage was billed.
pub(crate) fn restart(world: &mut World, subscription: Id<Subscription>) {
    let Some((customer, priced)) = metered(world, subscription) else {
        return;
    };
    for (_, meter) in priced {
        customer_meter::restart(world, customer, meter);
    }
    update(world, subscription);
}

/// Another price takes over. Sums and counts are billed at the price they were made at: what was used at one
/// that is gone is not billed any more.
fn reprice(world: &mut World, id: Id<SubscriptionMeter>, price: Id<Price>) {
    let now = world.stamp();
    let Some(row) = world.subscription_meters.find(id) else {
        return;
    };
    let meter = world.meters.find(row.meter);
    let by_price = meter.is_some_and(|meter| meter.aggregation.is_summable());
    let changes = row.price.is_some_and(|before| before != price);
    if let Some(row) = world.subscription_meters.find_mut(id) {
        row.price = Some(price);
        row.since = if by_price && changes {
            Some(now)
        } else {
            row.since
        };
    }
}

/// What was used till now has been billed; balances stay as they are.
pub(crate) fn bill_from_now(world: &mut World, subscription: Id<Subscription>) {
    let now = world.stamp();
    let rows: Vec<_> = of(world, subscription).map(|row| row.id).collect();
    for id in rows {
        if let Some(row) = world.subscription_meters.find_mut(id) {
            row.since = Some(now);
        }
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

/// A metered price, and the meter it is for.
type Metered = (Id<Price>, Id<Meter>);

/// The customer of a subscription, and its metered prices.
fn metered(world: &World, subscription: Id<Subscription>) -> Option<(Id<Customer>, Vec<Metered>)> {
    let row = world.subscriptions.find(subscription)?;
    let priced = prices(world, row).map(|(price, meter, ..)| (price, meter));
    Some((row.customer, priced.collect()))
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
