//! A shop on axum: it sells, hears what was bought, meters calls and validates licences.
//!
//! Start `polarkit sandbox`, take what `http://localhost:8787/sandbox/credentials` says, and run
//! `cargo run -p polarkit --example axum_shop` with these settings:
//!
//! | variable | example |
//! |---|---|
//! | `POLAR_SERVER` | `http://localhost:8787`, `sandbox` (unless set), `production` |
//! | `POLAR_ACCESS_TOKEN`, `POLAR_WEBHOOK_SECRET`, `POLAR_ORGANIZATION_ID` | what Polar gave you |
//! | `SUCCESS_URL` | `http://localhost:8000/` |
//! | `SHOP_USERS` | `key-of-ada=u_42,key-of-bob=u_43` |
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an app has rules of its own"
)]

mod failure;
mod ledger;
mod user;

use std::{
    collections::HashMap,
    env,
    error::Error,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{FromRef, Path, State},
    http::{StatusCode, request::Parts},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use polarkit::{
    Kind, Polar,
    model::{
        CheckoutId, CustomerSessionCustomerExternalIdCreate, FreeForm, LicenseKeyActivationId,
        OrganizationId, ProductId,
    },
    tower::UsageLayer,
    usage::UsageTracker,
    webhooks::WebhookConfig,
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::{
    failure::Failure,
    ledger::{Ledger, access, receive},
    user::{User, authenticate},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let polar = Polar::from_env()?;
    let users = env::var("SHOP_USERS")?;
    let users = users.split(',').filter_map(|user| user.split_once('='));
    let shop = Shop {
        organization: env::var("POLAR_ORGANIZATION_ID")?.parse()?,
        webhooks: WebhookConfig::new([env::var("POLAR_WEBHOOK_SECRET")?])?,
        usage: UsageTracker::start(polar.clone())?,
        success_url: env::var("SUCCESS_URL")?,
        users: Arc::new(
            users
                .map(|(key, id)| (key.to_owned(), id.to_owned()))
                .collect(),
        ),
        ledger: Arc::default(),
        polar,
    };
    let usage = shop.usage.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    axum::serve(listener, app(shop))
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    let tally = usage.shutdown(Duration::from_secs(10)).await;
    tracing::info!(?tally, "all usage is delivered, or lost");
    Ok(())
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) polar: Polar,
    pub(crate) organization: OrganizationId,
    pub(crate) webhooks: WebhookConfig,
    pub(crate) usage: UsageTracker,
    pub(crate) success_url: String,
    /// Whose key it is. A real app asks its sessions or its identity provider.
    pub(crate) users: Arc<HashMap<String, String>>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
}

impl FromRef<Shop> for WebhookConfig {
    fn from_ref(input: &Shop) -> Self {
        input.webhooks.clone()
    }
}

pub(crate) fn app(shop: Shop) -> Router {
    // The user was proved to be who he is before his call counts: the later layer is the outer one.
    let count = UsageLayer::new(&shop.usage, |request: &Parts| {
        Some(request.extensions.get::<User>()?.0.clone())
    });
    Router::new()
        .route(
            "/",
            get(async || Json(json!({"message": "Polar Integration API", "status": "running"}))),
        )
        .route("/health", get(health))
        .route("/api/checkout/create", post(create_checkout))
        .route("/api/checkout/{id}/details", get(checkout_details))
        .route("/api/customer-portal/session", post(open_portal))
        .route("/api/license/validate", post(validate_license))
        .route("/api/access", get(access))
        .route("/webhook/polar", post(receive))
        .layer(count)
        .layer(from_fn_with_state(shop.clone(), authenticate))
        .with_state(shop)
}

async fn health(State(shop): State<Shop>) -> Json<Value> {
    let polar_connected = shop.polar.ask_server_time().await.is_ok();
    Json(json!({"status": "ok", "polar_connected": polar_connected}))
}

#[derive(Deserialize)]
struct Wanted {
    product_id: ProductId,
    customer_email: Option<String>,
    #[serde(default)]
    metadata: FreeForm,
}

/// Whom it is for and where he goes afterwards is the shop's to say, not the request's.
async fn create_checkout(
    State(shop): State<Shop>,
    User(id): User,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Value>, Failure> {
    let mut create = shop
        .polar
        .checkouts()
        .create([wanted.product_id])
        .external_customer_id(id)
        .success_url(&shop.success_url)
        .metadata(wanted.metadata)
        .allow_discount_codes(true);
    if let Some(email) = wanted.customer_email {
        create = create.customer_email(email);
    }
    let checkout = create.await?;
    Ok(Json(
        json!({"checkout_id": checkout.id, "checkout_url": checkout.url, "status": "created"}),
    ))
}

async fn checkout_details(
    State(shop): State<Shop>,
    User(id): User,
    Path(checkout): Path<CheckoutId>,
) -> Result<Json<Value>, Failure> {
    let checkout = shop.polar.checkouts().get(checkout).await?;
    if checkout.external_customer_id.as_ref() != Some(&id) {
        return Err(Failure(StatusCode::NOT_FOUND, "Not found"));
    }
    Ok(Json(json!({
        "checkout_id": checkout.id, "status": checkout.status, "customer_id": checkout.customer_id,
        "product_id": checkout.product_id, "amount": checkout.amount,
        "currency": checkout.currency, "metadata": checkout.metadata,
    })))
}

async fn open_portal(State(shop): State<Shop>, User(id): User) -> Result<Json<Value>, Failure> {
    let whose = CustomerSessionCustomerExternalIdCreate::new(id);
    let session = shop.polar.customer_sessions().create(whose).await?;
    let token = session.token.reveal();
    Ok(Json(
        json!({"session_token": token, "portal_url": session.customer_portal_url}),
    ))
}

#[derive(Deserialize)]
struct Shown {
    license_key: String,
    activation_id: Option<LicenseKeyActivationId>,
    increment_usage: Option<u32>,
    #[serde(default)]
    conditions: FreeForm,
}

/// Open to whoever holds a key, as desktop apps do; of its owner nothing is told.
async fn validate_license(
    State(shop): State<Shop>,
    Json(shown): Json<Shown>,
) -> Result<Json<Value>, Failure> {
    let keys = shop.polar.license_keys();
    let mut validate = keys
        .validate(shown.license_key, shop.organization)
        .conditions(shown.conditions);
    if let Some(id) = shown.activation_id {
        validate = validate.activation_id(id);
    }
    if let Some(increment) = shown.increment_usage.filter(|increment| *increment > 0) {
        validate = validate.increment_usage(increment.into());
    }
    match validate.await {
        Ok(key) => Ok(Json(json!({
            "status": key.status, "usage": key.usage, "limit_usage": key.limit_usage,
            "expires_at": key.expires_at,
        }))),
        Err(error) if error.kind() == Kind::NotFound => {
            Err(Failure(StatusCode::BAD_REQUEST, "Invalid license key"))
        }
        Err(error) => Err(error.into()),
    }
}
