//! Disputes: buyers who ask their bank for their money back.

mod accept;
mod get;
mod list;
mod open;
mod turn;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Handler;
use crate::render::{Json, object};
use crate::resource::customer;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment::Payment;
use crate::world::{Id, World, found_by};

pub(crate) use open::{Opening, at_deadline, of_card, open};
pub(crate) use turn::turn;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("disputes:accept", accept::handle),
    ("disputes:get", get::handle),
    ("disputes:list", list::handle),
];

/// One dispute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) status: DisputeStatus,
    /// Without tax.
    pub(crate) amount: i64,
    pub(crate) tax: i64,
    pub(crate) currency: String,
    pub(crate) order: Id<Order>,
    pub(crate) payment: Id<Payment>,
    /// The bank's word; none while there is only a warning.
    pub(crate) reason: Option<String>,
    pub(crate) evidence_due_by: Option<Timestamp>,
    pub(crate) past_due: bool,
    /// The thread in which seller and Polar talk about it, opened when an answer is first asked for.
    pub(crate) case: Option<Id<Case>>,
}

found_by!(Dispute: organization, order);

/// A thread of messages. There is nothing in it here but its id.
#[derive(Debug)]
pub(crate) enum Case {}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    Prevented,
    EarlyWarning,
    NeedsResponse,
    UnderReview,
    Lost,
    Won,
}

impl DisputeStatus {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Prevented => "prevented",
            Self::EarlyWarning => "early_warning",
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Lost => "lost",
            Self::Won => "won",
        }
    }

    /// The bank has decided.
    pub(crate) const fn is_resolved(self) -> bool {
        matches!(self, Self::Lost | Self::Won)
    }

    /// Nothing is awaited any more.
    pub(crate) const fn is_closed(self) -> bool {
        self.is_resolved() || matches!(self, Self::Prevented)
    }

    /// The bank holds the money, or has given it back: nobody else can.
    pub(crate) const fn holds_the_money(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview | Self::Lost)
    }
}

/// The dispute as the API shows it.
pub(crate) fn render(world: &World, dispute: &Dispute) -> Json {
    let customer = world.orders.find(dispute.order).map(|row| row.customer);
    let customer = customer.and_then(|id| world.customers.find(id));
    object!({
        ..render_brief(dispute),
        "customer": customer.map(|row| customer::render(world, row)),
        "case_id": dispute.case,
    })
}

/// The dispute as its refund shows it.
pub(crate) fn render_brief(dispute: &Dispute) -> Json {
    object!({
        "created_at": dispute.created_at,
        "modified_at": dispute.modified_at,
        "id": dispute.id,
        "status": dispute.status.word(),
        "resolved": dispute.status.is_resolved(),
        "closed": dispute.status.is_closed(),
        "amount": dispute.amount,
        "tax_amount": dispute.tax,
        "currency": dispute.currency,
        "reason": dispute.reason,
        "evidence_due_by": dispute.evidence_due_by,
        "past_due": dispute.past_due,
        "order_id": dispute.order,
        "payment_id": dispute.payment,
    })
}
