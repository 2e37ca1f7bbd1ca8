//! Refunds: money that goes back for a paid order.

mod create;
mod list;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Handler;
use crate::render::{Json, Nothing, object};
use crate::resource::customer::Customer;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::subscription::Subscription;
use crate::world::{Id, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("refunds:create", create::handle),
    ("refunds:list", list::handle),
];

/// One refund. The sandbox's bank never refuses one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) order: Id<Order>,
    pub(crate) subscription: Option<Id<Subscription>>,
    pub(crate) customer: Id<Customer>,
    pub(crate) reason: String,
    pub(crate) comment: Option<String>,
    /// Without tax.
    pub(crate) amount: i64,
    pub(crate) tax: i64,
    pub(crate) currency: String,
    pub(crate) revoke_benefits: bool,
    pub(crate) metadata: Map<String, Value>,
}

found_by!(Refund: organization, order);

/// The refund as the API shows it.
pub(crate) fn render(refund: &Refund) -> Json {
    object!({
        "created_at": refund.created_at,
        "modified_at": refund.modified_at,
        "id": refund.id,
        "metadata": refund.metadata,
        "status": "succeeded",
        "reason": refund.reason,
        "amount": refund.amount,
        "tax_amount": refund.tax,
        "currency": refund.currency,
        "organization_id": refund.organization,
        "order_id": refund.order,
        "subscription_id": refund.subscription,
        "customer_id": refund.customer,
        "revoke_benefits": refund.revoke_benefits,
        "dispute": Nothing,
    })
}
