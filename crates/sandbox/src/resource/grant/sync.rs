//! Who should hold what: purchases compared with grants.

use super::{Grant, GrantScope, act, key_of};
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::license_key::LicenseKey;
use crate::resource::member::{self, Member};
use crate::resource::order::Order;
use crate::resource::price::PriceKind;
use crate::resource::product::Product;
use crate::resource::seat;
use crate::resource::subscription::{Subscription, SubscriptionStatus};
use crate::world::{Id, Job, Key, World};

/// What a purchase entitles to.
struct Holding {
    customer: Id<Customer>,
    /// Who gets it.
    members: Vec<Option<Id<Member>>>,
    /// What they get; nothing when the purchase no longer counts.
    benefits: Vec<Id<Benefit>>,
    counts: bool,
}

/// Gives what the scope's product promises and takes back what it no longer does, taking first.
/// Planned as `Job::SyncGrants` whenever a one-time order is paid or refunded in full with its benefits,
/// or a subscription begins, ends, pauses, falls past due, recovers or changes product.
pub(crate) fn sync(world: &mut World, scope: GrantScope) {
    let Some(holding) = holding(world, scope) else {
        return;
    };
    if !holding.counts {
        seat::revoke_all(world, scope);
    }
    let wanted: Vec<_> = holding
        .benefits
        .iter()
        .flat_map(|benefit| holding.members.iter().map(|member| (*benefit, *member)))
        .collect();
    let outdated = |row: &Grant| row.is_granted() && !wanted.contains(&(row.benefit, row.member));
    for grant in pick(world, scope, outdated) {
        act::revoke(world, grant);
    }
    for (benefit, member) in wanted {
        act::grant(world, benefit, holding.customer, member, scope);
    }
}

/// Renews the grants of a subscription for its next period: credits are given again.
/// Planned as `Job::CycleGrants` at each renewal.
pub(crate) fn cycle(world: &mut World, subscription: Id<Subscription>) {
    let scope = GrantScope::Subscription(subscription);
    for grant in pick(world, scope, Grant::is_granted) {
        act::cycle(world, grant);
    }
}

/// Syncs everybody who holds the product. Planned as `Job::SyncProductGrants` when its benefits change.
pub(crate) fn sync_product(world: &mut World, product: Id<Product>) {
    let orders = world
        .orders
        .of(product)
        .filter(|row| row.subscription.is_none())
        .map(|row| GrantScope::Order(row.id));
    let subscriptions = world
        .subscriptions
        .of(product)
        .filter(|row| row.ended_at.is_none())
        .map(|row| GrantScope::Subscription(row.id));
    let scopes: Vec<_> = orders.chain(subscriptions).collect();
    for scope in scopes {
        world.agenda.soon(Job::SyncGrants(scope));
    }
}

/// Takes back everything that follows from a purchase, such as one refunded with its benefits.
/// Planned as `Job::RevokeGrants`.
pub(crate) fn revoke_scope(world: &mut World, scope: GrantScope) {
    revoke_all(world, scope);
}

/// Takes back all that a customer has. Planned as `Job::RevokeCustomerGrants` when one is deleted.
pub(crate) fn revoke_customer(world: &mut World, customer: Id<Customer>) {
    revoke_all(world, customer);
}

/// Takes a deleted benefit back from everybody.
pub(crate) fn revoke_benefit(world: &mut World, benefit: Id<Benefit>) {
    revoke_all(world, benefit);
}

/// Brings everybody's grant up to date with changed properties of the benefit.
pub(crate) fn update_benefit(world: &mut World, benefit: Id<Benefit>) {
    for grant in pick(world, benefit, Grant::is_granted) {
        act::update(world, grant);
    }
}

/// Lets the grant of a licence key follow the key: granted with it, revoked with it.
pub(crate) fn follow_key(world: &mut World, key: Id<LicenseKey>, granted: bool) {
    let differs = |row: &Grant| key_of(row) == Some(key) && row.is_granted() != granted;
    let customer = world.license_keys.find(key).map(|key| key.customer);
    let Some(customer) = customer else { return };
    for grant in pick(world, customer, differs) {
        if granted {
            act::grant_again(world, grant);
        } else {
            act::revoke(world, grant);
        }
    }
}

fn revoke_all(world: &mut World, of: impl Into<Key>) {
    for grant in pick(world, of, Grant::is_granted) {
        act::revoke(world, grant);
    }
}

fn pick(world: &World, of: impl Into<Key>, wanted: impl Fn(&Grant) -> bool) -> Vec<Id<Grant>> {
    let rows = world.grants.of(of).filter(|row| wanted(row));
    rows.map(|row| row.id).collect()
}

fn holding(world: &World, scope: GrantScope) -> Option<Holding> {
    let (customer, product, counts) = match scope {
        GrantScope::Order(id) => {
            let row = world.orders.find(id)?;
            (row.customer, row.product?, order_counts(row))
        }
        GrantScope::Subscription(id) => {
            let row = world.subscriptions.find(id)?;
            let counts = subscription_counts(world, row);
            (row.customer, row.product, counts)
        }
    };
    let alive = world
        .customers
        .find(customer)
        .is_some_and(|row| row.deleted_at.is_none());
    let product = world.products.find(product)?;
    let counts = alive && counts;
    let benefits = if counts {
        product.benefits.clone()
    } else {
        Vec::new()
    };
    Some(Holding {
        customer,
        members: holders(world, scope, customer, product),
        benefits,
        counts,
    })
}

/// The customer's owner; for a product sold by seats, whoever has claimed one.
fn holders(
    world: &World,
    scope: GrantScope,
    customer: Id<Customer>,
    product: &Product,
) -> Vec<Option<Id<Member>>> {
    if is_sold_by_seats(world, product) {
        return seat::holders(world, scope).map(Some).collect();
    }
    vec![member::owner(world, customer).map(|owner| owner.id)]
}

fn is_sold_by_seats(world: &World, product: &Product) -> bool {
    product.prices.iter().any(|id| {
        let price = world.prices.find(*id);
        price.is_some_and(|price| matches!(price.kind, PriceKind::SeatBased { .. }))
    })
}

/// Money that went back takes nothing away, unless the seller said so.
const fn order_counts(order: &Order) -> bool {
    order.is_paid() && !order.benefits_revoked && order.subscription.is_none()
}

/// Active, or past due for no longer than the seller is patient.
fn subscription_counts(world: &World, subscription: &Subscription) -> bool {
    match subscription.status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing => true,
        SubscriptionStatus::PastDue => {
            let organization = world.organizations.find(subscription.organization);
            let days = organization.map_or(0, |o| o.subscriptions.benefit_revocation_grace_period);
            let grace = jiff::SignedDuration::from_hours(days.saturating_mul(24));
            subscription
                .past_due_at
                .and_then(|since| since.checked_add(grace).ok())
                .is_some_and(|end| world.now() < end)
        }
        SubscriptionStatus::Paused | SubscriptionStatus::Canceled => false,
    }
}
