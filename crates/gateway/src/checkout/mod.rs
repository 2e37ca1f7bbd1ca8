//! Checkouts: what is asked for, how one is opened, and what is remembered of them.

mod check;
mod confirm;
mod open;
mod repeat;
mod seen;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub(crate) use self::check::{check, email_address};
#[cfg(test)]
pub(crate) use self::confirm::Purchase;
pub(crate) use self::confirm::{Confirmed, confirm};
pub(crate) use self::open::open;
pub(crate) use self::repeat::{KEYS_KEPT, once};
pub(crate) use self::seen::{Checkouts, Details, Untold};
use crate::customer::Newcomer;
use crate::keys::hex;

/// What a caller asks for.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CheckoutCreate)]
pub(crate) struct Ask {
    /// Polar's id of the product to buy, or the name that `POLARKIT_PRODUCTS` gives it.
    pub(crate) product_id: String,
    /// The buyer's e-mail address, filled in for them.
    #[serde(default)]
    pub(crate) customer_email: Option<String>,
    /// The application's id of the buyer. A user's own token may name itself only.
    #[serde(default)]
    pub(crate) customer_external_id: Option<String>,
    /// Where the buyer goes after paying; `SUCCESS_URL` unless given.
    #[serde(default)]
    pub(crate) success_url: Option<String>,
    /// At most 50 keys of at most 40 characters; texts, numbers and booleans.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) metadata: Option<BTreeMap<String, Value>>,
}

/// What is ordered at Polar: an ask that was checked, completed, and its product found.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) product: Uuid,
    pub(crate) ask: Ask,
    /// Whether a user of the application asks, by their own token.
    pub(crate) by_a_user: bool,
}

impl Order {
    /// Tells one wish from another: by product, customer, e-mail, where to go afterwards, and
    /// metadata. How the product was called, and who called, makes no difference.
    pub(crate) fn fingerprint(&self) -> String {
        let ask = &self.ask;
        let email = ask.customer_email.as_ref().map(|one| one.to_lowercase());
        let wish = (
            self.product,
            &ask.customer_external_id,
            email,
            &ask.success_url,
            &ask.metadata,
        );
        // Texts and numbers always have a JSON form; its maps are sorted.
        let canonical = serde_json::to_vec(&wish).unwrap_or_default();
        hex(&Sha256::digest(canonical))
    }

    /// Who buys, when both their names at Polar are told.
    fn newcomer(&self) -> Option<Newcomer<'_>> {
        Some(Newcomer {
            external_id: self.ask.customer_external_id.as_deref()?,
            email: self.ask.customer_email.as_deref()?,
            says_so_themselves: self.by_a_user,
        })
    }

    /// The same, whose buyer will be asked for an e-mail.
    fn without_email(&self) -> Self {
        let mut order = self.clone();
        order.ask.customer_email = None;
        order
    }

    /// Whether it is known who buys. Two strangers never share a checkout.
    pub(crate) fn names_somebody(&self) -> bool {
        self.ask.customer_external_id.is_some() || self.ask.customer_email.is_some()
    }
}

/// A checkout that was opened, as callers see it: the guide's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Opened {
    /// Polar's id of the checkout.
    pub(crate) checkout_id: String,
    /// Where the buyer pays.
    pub(crate) checkout_url: String,
    /// Always `created`.
    pub(crate) status: String,
    /// Whether it was there before.
    #[serde(skip)]
    pub(crate) origin: Origin,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The checkout was just created.
    #[default]
    New,
    /// The same was wanted before, and its checkout is still open.
    Reused,
    /// The same Idempotency-Key was answered so before.
    Replayed,
}
