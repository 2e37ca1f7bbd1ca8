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
