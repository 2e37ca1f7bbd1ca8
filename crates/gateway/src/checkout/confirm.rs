//! The return page asks: was it paid? Polar is asked once, and what it says is believed for a while,
//! until the purchase itself is told.

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Entitlement, Object, Version};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Details;
use crate::entitlement::cause::Cause;
use crate::entitlement::provisional::{self, Paid};
use crate::gateway::Gateway;
use crate::inbox::news::News;
use crate::problem::Problem;
use crate::projection::{self, Changes};

/// What the return page is told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Confirmed {
    pub(crate) checkout_id: String,
    /// `open`, `expired`, `confirmed`, `succeeded` or `failed`.
    pub(crate) status: String,
    pub(crate) product_id: Option<String>,
    /// Whether Polar says that it was paid.
    pub(crate) paid: bool,
    /// Whether the customer may use the product.
    pub(crate) access: Access,
    /// Until when, where nothing but this checkout says so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) provisional_until: Option<Timestamp>,
}

/// Whether a customer may use what they bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Access {
    /// What was bought is told, and gives access.
    Granted,
    /// Polar says that it was paid; what was bought is still to be told.
    Provisional,
    /// Nothing gives access.
    None,
}

/// A paid checkout, as a statement about its customer.
#[derive(Debug, Clone)]
pub(crate) struct Purchase {
    pub(crate) checkout: String,
    /// Polar's id of the customer.
    pub(crate) customer: String,
    pub(crate) product: String,
    pub(crate) recurring: bool,
    /// When it was paid, µs: the version of the checkout.
    pub(crate) changed_at: i64,
    /// A moment not after Polar said so, µs.
    pub(crate) read_at: i64,
}

impl Purchase {
    /// What Polar's answer comes to; `None` unless it says that it was paid, and by whom.
    fn of(details: &Details) -> Option<Self> {
        if details.status != "succeeded" {
            return None;
        }
        Some(Self {
            checkout: details.checkout_id.clone(),
            customer: details.customer_id.clone()?,
            product: details.product_id.clone()?,
            recurring: details.untold.recurring,
            changed_at: details.untold.changed_at.as_microsecond(),
            read_at: details.untold.read_at,
        })
    }

    /// Until when it is believed: by when it was paid and not by when it is asked about, so that an
    /// old checkout gives nothing back.
    fn until(&self, window: SignedDuration) -> Timestamp {
        let paid_at = Timestamp::from_microsecond(self.changed_at).unwrap_or_default();
        paid_at.checked_add(window).unwrap_or(Timestamp::MAX)
    }

    /// For the mirror. The checkout's own secrets are left out.
    pub(crate) fn object(&self, window: SignedDuration) -> Object {
        let paid = Paid {
            product_id: self.product.clone(),
            recurring: self.recurring,
            until: self.until(window),
        };
        let body = json!({
            "id": self.checkout, "status": "succeeded", "customer_id": self.customer,
            "product_id": self.product,
        });
        Object {
            customer: self.customer.clone(),
            kind: provisional::KIND.to_owned(),
            id: self.checkout.clone(),
            version: Version {
                object_at: self.changed_at,
                envelope_at: self.read_at,
            },
            external_id: None,
            // A struct of texts always has a JSON form.
            essence: serde_json::to_string(&paid).ok(),
            body: body.to_string(),
        }
    }
}

/// Believes Polar that a checkout was paid, and says what its customer may use now.
pub(crate) async fn confirm(gateway: &Gateway, details: &Details) -> Result<Confirmed, Problem> {
    let minutes = i64::from(gateway.config.selling.provisional_minutes);
    let window = SignedDuration::from_mins(minutes);
    let purchase = Purchase::of(details);
    let mut rows = Vec::new();
    if let Some(purchase) = &purchase {
        if minutes > 0 && purchase.until(window) > gateway.time.now() {
            note(gateway, purchase, window).await?;
        }
        rows = gateway.store.entitlements(&purchase.customer).await?;
    }
    let now = gateway.time.now().as_microsecond();
    let (access, provisional_until) = access(&rows, details.product_id.as_deref(), now);
    Ok(Confirmed {
        checkout_id: details.checkout_id.clone(),
        status: details.status.clone(),
        product_id: details.product_id.clone(),
        paid: details.status == "succeeded",
        access,
        provisional_until,
    })
}

fn access(rows: &[Entitlement], product: Option<&str>, now: i64) -> (Access, Option<Timestamp>) {
    let grants = |row: &&Entitlement| {
        row.granted
            && row.kind == "product"
            && Some(row.target.as_str()) == product
            && row.expires_at.is_none_or(|end| end > now)
    };
    let mut granting = rows.iter().filter(grants).peekable();
    if granting.peek().is_none() {
        return (Access::None, None);
    }
    let mut ends = Vec::new();
    for row in granting {
        if row.reason != provisional::REASON {
            return (Access::Granted, None);
        }
        ends.extend(row.expires_at);
    }
    let end = ends.into_iter().max();
    let end = end.and_then(|end| Timestamp::from_microsecond(end).ok());
    (Access::Provisional, end)
}

/// Takes it into the mirror like anything Polar says, with its customer should nobody have told of
/// them yet. When the purchase is not told within seconds, it is read back.
async fn note(
    gateway: &Gateway,
    purchase: &Purchase,
    window: SignedDuration,
) -> Result<(), Problem> {
    let customer = &purchase.customer;
    let store = &gateway.store;
    let known = store.object(customer, provisional::KIND, &purchase.checkout);
    if known.await?.is_some() {
        return Ok(());
    }
    let mut objects = Vec::new();
    if store
        .object(customer, "customer", customer)
        .await?
        .is_none()
    {
        let path = format!("/v1/customers/{customer}");
        let answer = gateway.polar.read(&path, &[]).await;
        let answer = answer.map_err(|failure| Problem::from(&failure))?;
        let read = serde_json::from_slice::<&RawValue>(&answer.body);
        let read = read.map_err(|error| Problem::internal(&error))?;
        let news = News::of_object("customer", read, answer.at);
        objects = news.map_err(|error| Problem::internal(&error))?.objects;
    }
    objects.push(purchase.object(window));
    let now = gateway.time.local().as_microsecond();
    let changes = Changes {
        customers: [customer.clone()].into(),
        external_ids: objects
            .iter()
            .filter_map(|one| one.external_id.clone())
            .collect(),
        ..Changes::default()
    };
    let mut tx = store.begin().await?;
    tx.lock_customers(&changes.customers).await?;
    let objects: Vec<&Object> = objects.iter().collect();
    projection::take(&mut tx, gateway, &objects, now).await?;
    let cause = Cause::read(provisional::KIND, purchase.read_at, now);
    let entitled = projection::entitle(&mut tx, gateway, customer, &[cause], now).await?;
    entitled.mark(&mut tx, gateway, customer, now).await?;
    changes.commit(tx, gateway).await?;
    tracing::info!(checkout = %purchase.checkout, customer, "a paid checkout is believed");
    changes.tell(gateway).await;
    gateway.reconcile.asked.notify_one();
    Ok(())
}
