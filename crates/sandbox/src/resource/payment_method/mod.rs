//! Cards that customers have on file, and how each of Stripe's test cards behaves.

mod cards;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::resource::customer::Customer;
use crate::world::{Id, found_by};

pub(crate) use cards::card;
pub(crate) use store::{keep, of, render, store};

/// A stored card.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PaymentMethod {
    pub(crate) id: Id<Self>,
    pub(crate) customer: Id<Customer>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) card: Card,
}

found_by!(PaymentMethod: customer);

/// The card behind a payment token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: String,
    pub(crate) last4: String,
    /// What happens when it is charged for the first time, with the buyer present.
    pub(crate) first: Outcome,
    /// What happens on later charges, without the buyer.
    pub(crate) later: Outcome,
    /// What comes after a charge that succeeded.
    #[serde(default)]
    pub(crate) aftermath: Aftermath,
}

/// What a bank says to a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Succeeds,
    /// The buyer must prove who they are.
    NeedsAuthentication,
    Declined(Decline),
}

/// What a card is known for once it has paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aftermath {
    #[default]
    Nothing,
    /// Refunds take their time.
    RefundPends,
    /// Refunds come back.
    RefundFails,
    /// Its holder knows nothing of the purchase.
    Disputed,
    /// Its holder got nothing.
    DisputedAsNotReceived,
}

impl Aftermath {
    /// The bank's word for why its holder disputes; none when they do not.
    pub(crate) const fn dispute_reason(self) -> Option<&'static str> {
        match self {
            Self::Disputed => Some("fraudulent"),
            Self::DisputedAsNotReceived => Some("product_not_received"),
            Self::Nothing | Self::RefundPends | Self::RefundFails => None,
        }
    }
}

/// Why a bank refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decline {
    Generic,
    InsufficientFunds,
    InvalidNumber,
    AuthenticationFailed,
    Expired,
    Fraudulent,
    IncorrectCvc,
    Lost,
    ProcessingError,
    Stolen,
}
