//! Buying: the gateway opens a checkout at Polar for the signed-in user, and the browser is sent there.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::USER;
use super::backend::Backend;
use super::exchange::{Answer, Asked, Refusal};

/// What the buy button sends.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    product: String,
}

/// Where the browser goes next.
#[derive(Debug, Serialize)]
pub(super) struct Elsewhere {
    url: String,
}

#[derive(Debug, Deserialize)]
struct Checkout {
    checkout_url: String,
}

#[derive(Debug, Deserialize)]
struct PortalSession {
    portal_url: String,
}

pub(super) async fn buy(
    State(backend): State<Backend>,
    Asked(order): Asked<Order>,
) -> Result<Answer<Elsewhere>, Refusal> {
    let body = json!({"product_id": order.product, "customer_external_id": USER});
    let made: Checkout = backend.post("/api/checkout/create", &body).await?;
    Ok(Answer(Elsewhere {
        url: made.checkout_url,
    }))
}

/// The customer's own pages at Polar: what they bought, their licences, their cancel button.
pub(super) async fn portal(State(backend): State<Backend>) -> Result<Answer<Elsewhere>, Refusal> {
    let body = json!({"external_customer_id": USER});
    let opened = backend
        .post::<PortalSession>("/api/customer-portal/session", &body)
        .await;
    let opened = opened.map_err(|refusal| {
        // Polar does not know the user before their first purchase.
        let stranger = refusal.is_bad_request();
        if stranger {
            Refusal::unclear("Buy something first: the portal opens with it.")
        } else {
            refusal
        }
    })?;
    Ok(Answer(Elsewhere {
        url: opened.portal_url,
    }))
}
