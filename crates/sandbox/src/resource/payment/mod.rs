//! Payments: every attempt to charge a card, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment_method::Card;
use crate::world::Id;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// One attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) status: PaymentStatus,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) card: Card,
    pub(crate) trigger: Trigger,
    pub(crate) decline: Option<(String, String)>,
    pub(crate) customer: Option<Id<Customer>>,
    pub(crate) customer_email: Option<String>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) order: Option<Id<Order>>,
}

/// How an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Pending,
    Succeeded,
    Failed,
}

/// What made somebody try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trigger {
    Purchase,
    SubscriptionCycle,
    RetryDunning,
    RetryCustomer,
    RetryPaymentMethodUpdate,
}
