//! The projection: what Polar told, in a webhook or in answer to a read, becomes mirror rows, and
//! from them entitlements and notices. Both ways go through here, so that the later statement wins
//! whichever way it came.

pub(crate) mod align;
pub(crate) mod apply;
mod beginning;
pub(crate) mod contradiction;
mod owner;
#[cfg(test)]
mod permutation;
pub(crate) mod version;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use polarkit_model::CheckoutId;
use polarkit_store::{Doubt, Error, Tx};

pub(crate) use self::align::{Entitled, entitle};
pub(crate) use self::apply::{lock, take};
pub(crate) use self::owner::Owners;
use crate::gateway::Gateway;

/// How long a doubt waits, so that what is still on its way may settle it and one read serves all.
const DOUBT_WAITS: SignedDuration = SignedDuration::from_secs(5);

/// What to tell the rest of the process once a transaction is committed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) customers: BTreeSet<String>,
    pub(crate) external_ids: BTreeSet<String>,
    pub(crate) checkouts: BTreeSet<CheckoutId>,
}

impl Changes {
    /// Commits what led to them: from before until after, nothing about them is answered from
    /// memory. What is left is to tell.
    pub(crate) async fn commit(&self, tx: Tx, gateway: &Gateway) -> Result<(), Error> {
        let customers = self.customers.iter().map(String::as_str);
        let external_ids = self.external_ids.iter().map(String::as_str);
        let _unsettled = gateway.view.unsettle(customers, external_ids);
        tx.commit().await
    }

    pub(crate) async fn tell(self, gateway: &Gateway) {
        gateway.shared.announce(&self);
        let external_ids = self.external_ids.iter().map(String::as_str);
        gateway
            .view
            .forget(self.customers.iter().map(String::as_str), external_ids);
        for checkout in self.checkouts {
            gateway.checkouts.forget(checkout).await;
        }
        gateway.nudge();
    }
}

/// A mark that only a read after `after_at` takes away.
pub(crate) fn doubt(customer: &str, reason: String, after_at: i64, now: i64) -> Doubt {
    let wait = i64::try_from(DOUBT_WAITS.as_micros()).unwrap_or_default();
    Doubt {
        customer: customer.to_owned(),
        reason,
        after_at,
        whole: false,
        marked_at: now,
        due_at: now.saturating_add(wait),
        tries: 0,
        error: None,
    }
}
