//! The beginning of a subscription: by a purchase, or by hand when it is free.

use serde_json::{Map, Value};

use super::announce::{self, Standing};
use super::state::Step;
use super::{Subscription, SubscriptionStatus};
use crate::billing::{Cycle, anchor_day};
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::discount::Discount;
use crate::resource::organization::Organization;
use crate::resource::payment_method::PaymentMethod;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::resource::subscription_meter;
use crate::world::{Id, Job, World};

/// What a subscription is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewSubscription {
    pub(crate) organization: Id<Organization>,
    pub(crate) customer: Id<Customer>,
    pub(crate) product: Id<Product>,
    pub(crate) prices: Vec<Id<Price>>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) payment_method: Option<Id<PaymentMethod>>,
    pub(crate) currency: String,
    pub(crate) chosen_amount: Option<i64>,
    pub(crate) seats: Option<i64>,
    pub(crate) units: Option<i64>,
    pub(crate) cycle: Cycle,
    pub(crate) trial: Option<Cycle>,
    pub(crate) discount: Option<Id<Discount>>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) custom_field_data: Map<String, Value>,
}

/// Begins it now, with its trial if it has one, and says so.
pub(crate) fn begin(world: &mut World, new: NewSubscription) -> Id<Subscription> {
    let id = world.chance.id();
    let started_at = world.stamp();
    let created_at = world.stamp();
    let first = new.trial.unwrap_or(new.cycle);
    let period_end = first.from(started_at);
    let trialing = new.trial.is_some();
    let product = world.products.find(new.product);
    let meter_cycle = product.and_then(|product| product.meter_cycle);
    world.subscriptions.insert(
        id,
        Subscription {
            id,
            organization: new.organization,
            created_at,
            modified_at: None,
            status: if trialing {
                SubscriptionStatus::Trialing
            } else {
                SubscriptionStatus::Active
            },
            customer: new.customer,
            product: new.product,
            prices: new.prices,
            checkout: new.checkout,
            payment_method: new.payment_method,
            currency: new.currency,
            chosen_amount: new.chosen_amount,
            seats: new.seats,
            units: new.units,
            cycle: new.cycle,
            anchor_day: anchor_day(started_at),
            started_at,
            period_start: started_at,
            period_end,
            meter_cycle,
            meter_period_start: None,
            meter_period_end: None,
            trial_start: trialing.then_some(started_at),
            trial_end: trialing.then_some(period_end),
            cancel_at_period_end: false,
            canceled_at: None,
            ends_at: None,
            ended_at: None,
            cancellation_reason: None,
            cancellation_comment: None,
            past_due_at: None,
            pause_at_period_end: false,
            paused_at: None,
            resumes_at: None,
            discount: new.discount,
            // The first bill is the first with the discount, unless it is a trial's.
            discount_since: (new.discount.is_some() && !trialing).then_some(started_at),
            pending_items: Vec::new(),
            pending_update: None,
            metadata: new.metadata,
            custom_field_data: new.custom_field_data,
        },
    );
    if let Some(row) = world.subscriptions.find_mut(id) {
        row.start_metering((!trialing).then_some(started_at));
    }
    subscription_meter::attach(world, id);
    plan_cycle(world, id);
    announce::record(world, id, "created");
    announce::announce(world, id, &["created", "active", "updated"]);
    id
}

/// Plans the end of the current period, its own or its meters', instead of any other.
pub(super) fn plan_cycle(world: &mut World, id: Id<Subscription>) {
    let job = Job::CycleSubscription(id);
    world.agenda.cancel(&job);
    if let Some(row) = world.subscriptions.find(id) {
        world.agenda.at(row.next_end(), job);
    }
}

/// Begins a free subscription anew that was upgraded by a purchase: a new cycle from now, or a trial.
pub(crate) fn restart(world: &mut World, id: Id<Subscription>, cycle: Cycle, trial: Option<Cycle>) {
    let now = world.stamp();
    let product = world.subscriptions.find(id).map(|row| row.product);
    let product = product.and_then(|id| world.products.find(id));
    let meter_cycle = product.and_then(|product| product.meter_cycle);
    let Some(row) = world.subscriptions.find_mut(id) else {
        return;
    };
    let before = Standing::of(row);
    row.cycle = cycle;
    row.meter_cycle = meter_cycle;
    row.start_period(now);
    row.start_metering(trial.is_none().then_some(now));
    row.trial_start = trial.map(|_| now);
    row.trial_end = trial.map(|trial| trial.from(now));
    if let Some(trial_end) = row.trial_end {
        row.step(Step::BeginTrial);
        row.period_end = trial_end;
    }
    row.discount_since = row.discount.filter(|_| trial.is_none()).map(|_| now);
    subscription_meter::attach(world, id);
    plan_cycle(world, id);
    announce::changed(world, id, before);
}
