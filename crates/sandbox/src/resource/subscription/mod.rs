//! Subscriptions: purchases that renew themselves.

mod amount;
mod announce;
mod begin;
mod behavior;
mod bill;
mod create;
mod cycle;
mod discount;
mod dunning;
mod edit;
mod end;
mod export;
mod get;
mod label;
#[cfg(test)]
mod life;
mod list;
mod metering;
mod number;
mod pause;
mod pending;
mod period;
mod plan;
mod preview;
mod proration;
mod render;
mod state;
mod update;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::billing::Cycle;
use crate::call::Handler;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::discount::Discount;
use crate::resource::order::OrderItem;
use crate::resource::organization::Organization;
use crate::resource::payment_method::PaymentMethod;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::world::{Id, found_by};

pub(crate) use announce::{announce, touch};
pub(crate) use begin::{NewSubscription, begin, restart};
pub(crate) use bill::run as bill;
pub(crate) use cycle::{catch_up, run as cycle};
pub(crate) use dunning::{fall_past_due, look_at_grants, recover, use_card};
pub(crate) use end::{Reason, at_period_end, end_now, take_back};
pub(crate) use label::{day, trial_label};
pub(crate) use list::is_wanted_as_active;
pub(crate) use pause::{come_back, resume, schedule as pause, unschedule as unpause};
pub(crate) use pending::clear as clear_pending;
pub(crate) use preview::charge_preview;
pub(crate) use render::{render, render_brief};
pub(crate) use state::SubscriptionStatus;
pub(crate) use update::{change_number, change_product};

use behavior::Behavior;
use pending::PendingUpdate;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("subscriptions:charge_preview", preview::handle),
    ("subscriptions:create", create::handle),
    ("subscriptions:export", export::handle),
    ("subscriptions:get", get::handle),
    ("subscriptions:list", list::handle),
    ("subscriptions:revoke", update::delete),
    ("subscriptions:update", update::handle),
];

/// One subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) status: SubscriptionStatus,
    pub(crate) customer: Id<Customer>,
    pub(crate) product: Id<Product>,
    pub(crate) prices: Vec<Id<Price>>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) payment_method: Option<Id<PaymentMethod>>,
    pub(crate) currency: String,
    /// What a buyer of a pay-what-you-want price chose.
    pub(crate) chosen_amount: Option<i64>,
    pub(crate) seats: Option<i64>,
    /// How many units it is for, when it is sold by them.
    #[serde(default)]
    pub(crate) units: Option<i64>,
    pub(crate) cycle: Cycle,
    /// The day of the month that periods aim at.
    pub(crate) anchor_day: i8,
    pub(crate) started_at: Timestamp,
    pub(crate) period_start: Timestamp,
    pub(crate) period_end: Timestamp,
    /// How often usage is billed, when that is not with everything else.
    #[serde(default)]
    pub(crate) meter_cycle: Option<Cycle>,
    #[serde(default)]
    pub(crate) meter_period_start: Option<Timestamp>,
    /// Nothing while the meter clock stands still, as in a trial.
    #[serde(default)]
    pub(crate) meter_period_end: Option<Timestamp>,
    pub(crate) trial_start: Option<Timestamp>,
    pub(crate) trial_end: Option<Timestamp>,
    pub(crate) cancel_at_period_end: bool,
    pub(crate) canceled_at: Option<Timestamp>,
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) cancellation_reason: Option<String>,
    pub(crate) cancellation_comment: Option<String>,
    pub(crate) past_due_at: Option<Timestamp>,
    pub(crate) pause_at_period_end: bool,
    pub(crate) paused_at: Option<Timestamp>,
    pub(crate) resumes_at: Option<Timestamp>,
    pub(crate) discount: Option<Id<Discount>>,
    /// When the discount first lowered a bill.
    pub(crate) discount_since: Option<Timestamp>,
    /// Prorations that wait for the next bill.
    pub(crate) pending_items: Vec<OrderItem>,
    /// A change that waits for the next period.
    pub(crate) pending_update: Option<PendingUpdate>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) custom_field_data: Map<String, Value>,
}

found_by!(Subscription: organization, customer, product, checkout);
