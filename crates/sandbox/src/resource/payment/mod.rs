//! Payments: every attempt to charge a card, and what became of it.

mod attempt;
mod get;
mod list;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::render::{Json, object, plain};
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment_method::{Card, Decline};
use crate::world::{Id, found_by};

pub(crate) use attempt::{Attempt, add};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("payments:get", get::handle),
    ("payments:list", list::handle),
];

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
    /// None when the seller charges by hand.
    pub(crate) trigger: Option<Trigger>,
    pub(crate) decline: Option<Decline>,
    pub(crate) customer: Option<Id<Customer>>,
    pub(crate) customer_email: Option<String>,
    pub(crate) checkout: Option<Id<Checkout>>,
    pub(crate) order: Option<Id<Order>>,
}

found_by!(Payment: organization, customer, checkout, order);

/// How an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Succeeded,
    Failed,
}

plain!(PaymentStatus);

/// What made somebody try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trigger {
    Purchase,
    SubscriptionCycle,
    RetryDunning,
    RetryCustomer,
    RetryPaymentMethodUpdate,
}

plain!(Trigger);

impl PaymentStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// The payment as the API shows it.
pub(crate) fn render(payment: &Payment) -> Json {
    object!({
        "created_at": payment.created_at,
        "modified_at": payment.modified_at,
        "id": payment.id,
        "processor": "stripe",
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "method": "card",
        "trigger": payment.trigger,
        "decline_reason": payment.decline.map(Decline::code),
        "decline_message": payment.decline.map(Decline::message),
        "organization_id": payment.organization,
        "checkout_id": payment.checkout,
        "order_id": payment.order,
        "processor_metadata": object!({}),
        "method_metadata": object!({"brand": payment.card.brand, "last4": payment.card.last4}),
    })
}
