//! Refunds: money that goes back for a paid order.

mod add;
mod create;
mod list;
mod settle;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::Handler;
use crate::render::{Json, object};
use crate::resource::customer::Customer;
use crate::resource::dispute::{self, Dispute};
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World, found_by};

pub(crate) use add::{prevent_dispute, settle_later};
pub(crate) use settle::settle;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("refunds:create", create::handle),
    ("refunds:list", list::handle),
];

/// One refund.
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
    #[serde(default)]
    pub(crate) status: RefundStatus,
    /// The dispute that it prevents.
    #[serde(default)]
    pub(crate) dispute: Option<Id<Dispute>>,
}

found_by!(Refund: organization, order);

/// How a refund stands with the bank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    #[default]
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// The refund as the API shows it.
pub(crate) fn render(world: &World, refund: &Refund) -> Json {
    let dispute = refund.dispute.and_then(|id| world.disputes.find(id));
    object!({
        "created_at": refund.created_at,
        "modified_at": refund.modified_at,
        "id": refund.id,
        "metadata": refund.metadata,
        "status": refund.status.word(),
        "reason": refund.reason,
        "amount": refund.amount,
        "tax_amount": refund.tax,
        "currency": refund.currency,
        "organization_id": refund.organization,
        "order_id": refund.order,
        "subscription_id": refund.subscription,
        "customer_id": refund.customer,
        "revoke_benefits": refund.revoke_benefits,
        "dispute": dispute.map(dispute::render_brief),
    })
}
