//! Subscriptions: purchases that renew themselves.

mod amount;
mod announce;
mod begin;
mod bill;
mod cancel;
mod change;
mod create;
mod cycle;
mod discount;
mod dunning;
mod end;
mod export;
mod get;
mod list;
mod pause;
mod period;
mod preview;
mod proration;
mod render;
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
pub(crate) use bill::{paid, run as bill};
pub(crate) use cancel::{Reason, at_period_end};
pub(crate) use cycle::run as cycle;
pub(crate) use dunning::{fall_past_due, recover, use_card};
pub(crate) use end::end_now;
pub(crate) use pause::come_back;
pub(crate) use render::{render, render_brief};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub(crate) cycle: Cycle,
    /// The day of the month that periods aim at.
    pub(crate) anchor_day: i8,
    pub(crate) started_at: Timestamp,
    pub(crate) period_start: Timestamp,
    pub(crate) period_end: Timestamp,
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

found_by!(Subscription: organization, customer, product);

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubscriptionStatus {
    Trialing,
    Active,
    PastDue,
    Paused,
    Canceled,
}

/// A change of product or seats that waits for the next period.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingUpdate {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) seats: Option<i64>,
}

impl Subscription {
    /// True while its buyer may use what was bought: active or on trial.
    pub(crate) const fn is_active(&self) -> bool {
        matches!(
            self.status,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active
        )
    }

    /// True until it has ended.
    pub(crate) const fn is_alive(&self) -> bool {
        !matches!(self.status, SubscriptionStatus::Canceled)
    }

    /// True while it goes on being billed.
    pub(crate) const fn is_billable(&self) -> bool {
        matches!(
            self.status,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active | SubscriptionStatus::PastDue
        )
    }
}

impl SubscriptionStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
        }
    }
}
