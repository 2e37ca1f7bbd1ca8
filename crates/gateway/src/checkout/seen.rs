//! Checkouts as Polar shows them, remembered briefly and shared between nodes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::Expiry;
use moka::future::Cache;
use polarkit_model::{CheckoutId, FreeForm};
use serde::{Deserialize, Serialize};

use super::Opened;
use crate::flight::Flights;
use crate::gateway::Gateway;
use crate::shared::answer::Recalled;
use crate::upstream::Failure;

/// Checkouts remembered at once.
const REMEMBERED_MAX: u64 = 10_000;
/// A checkout that is over never changes.
const OVER_KEPT: Duration = Duration::from_hours(1);
/// One that is open may be paid any moment; a webhook makes it forgotten sooner.
const OPEN_KEPT: Duration = Duration::from_secs(2);

/// A checkout as callers see it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Details {
    pub(crate) checkout_id: String,
    /// `open`, `expired`, `confirmed`, `succeeded` or `failed`. Only `succeeded` means paid.
    pub(crate) status: String,
    pub(crate) customer_id: Option<String>,
    pub(crate) product_id: Option<String>,
    /// In minor units of the currency.
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[schema(value_type = Object)]
    pub(crate) metadata: FreeForm,
    /// What is not told of it.
    #[serde(skip)]
    pub(crate) untold: Untold,
}

/// What is known of a checkout, and nobody's to see.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Untold {
    /// Whose it is, asked before anything is told.
    pub(crate) external_customer_id: Option<String>,
    /// Until when it can be paid.
    pub(crate) expires_at: Timestamp,
    /// Whether a subscription comes of it.
    pub(crate) recurring: bool,
    /// When it was changed last.
    pub(crate) changed_at: Timestamp,
    /// A moment not after Polar said all this, µs of Polar's time.
    pub(crate) read_at: i64,
}

impl Details {
    fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "expired" | "failed")
    }

    fn kept(&self) -> Duration {
        if self.is_over() { OVER_KEPT } else { OPEN_KEPT }
    }

    /// Whether a buyer may still be sent there: to pay, or to see that their payment runs. Polar
    /// notices only later that one has expired.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        match self.status.as_str() {
            "open" => now < self.untold.expires_at,
            "confirmed" => true,
            _ => false,
        }
    }
}

/// Checkouts seen lately, and those being opened.
#[derive(Debug)]
pub(crate) struct Checkouts {
    seen: Cache<CheckoutId, Arc<Details>>,
    pub(crate) opening: Flights<String, Opened>,
}

impl Checkouts {
    pub(crate) fn new() -> Self {
        let seen = Cache::builder()
            .max_capacity(REMEMBERED_MAX)
            .expire_after(Kept);
        Self {
            seen: seen.build(),
            opening: Flights::new("Too many checkouts are being opened"),
        }
    }

    /// A checkout, asked of Polar once however many want it.
    pub(crate) async fn details(
        &self,
        gateway: &Gateway,
        id: CheckoutId,
    ) -> Result<Arc<Details>, Arc<Failure>> {
        let ask = async { details_now(gateway, id).await.map(Arc::new) };
        self.seen.try_get_with(id, ask).await
    }

    /// Something happened that nobody told of.
    pub(crate) fn forget_everything(&self) {
        self.seen.invalidate_all();
    }

    /// Something happened to it.
    pub(crate) async fn forget(&self, id: CheckoutId) {
        self.seen.invalidate(&id).await;
    }
}

struct Kept;

impl Expiry<CheckoutId, Arc<Details>> for Kept {
    fn expire_after_create(
        &self,
        _key: &CheckoutId,
        value: &Arc<Details>,
        _created_at: std::time::Instant,
    ) -> Option<Duration> {
        Some(value.kept())
    }
}

/// The same, as nodes share it.
#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    details: Details,
    untold: Untold,
}

/// What another node was answered, else what Polar answers.
async fn details_now(gateway: &Gateway, id: CheckoutId) -> Result<Details, Failure> {
    let name = id.to_string();
    let recalled = gateway.shared.recall(&name).await;
    if let Recalled::Answer(Shown { details, untold }) = recalled {
        return Ok(Details { untold, ..details });
    }
    let details = gateway.polar.checkout(id).await?;
    if let Recalled::Nothing(asked_at) = recalled {
        let shown = Shown {
            untold: details.untold.clone(),
            details: details.clone(),
        };
        let keep = (&[&*name][..], details.kept());
        gateway.shared.remember(&name, asked_at, &shown, keep).await;
    }
    Ok(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyer_is_sent_only_to_what_can_be_paid_or_is_being_paid() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (status, open) in [
            ("open", true),
            ("confirmed", true),
            ("succeeded", false),
            ("expired", false),
            ("failed", false),
            ("newer_than_us", false),
        ] {
            let details = Details {
                checkout_id: String::new(),
                status: status.to_owned(),
                customer_id: None,
                product_id: None,
                amount: 0,
                currency: String::new(),
                metadata: FreeForm::default(),
                untold: Untold {
                    expires_at: at(10),
                    ..Untold::default()
                },
            };
            assert_eq!(details.is_open(at(9)), open, "{status}");
            let processing = status == "confirmed";
            assert_eq!(
                details.is_open(at(10)),
                processing,
                "{status} after its end"
            );
        }
    }
}
