//! A shop on actix-web: it sells, hears what was bought and meters calls.
//!
//! Start `polarkit sandbox`, take what `http://localhost:8787/sandbox/credentials` says, and run
//! `cargo run -p polarkit-actix --example actix_shop` with `POLAR_SERVER` (the sandbox's URL),
//! `POLAR_ACCESS_TOKEN`, `POLAR_WEBHOOK_SECRET`, `SUCCESS_URL` and `SHOP_USERS`
//! (`key-of-ada=u_42,key-of-bob=u_43`).
#![expect(clippy::disallowed_methods, reason = "an app has rules of its own")]

use std::{
    collections::{BTreeSet, HashMap},
    env,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, ResponseError,
    http::{StatusCode, header::AUTHORIZATION},
    web::{Data, Json, ServiceConfig, get, post},
};
use polarkit::{Kind, Polar, model::ProductId, usage::UsageTracker, webhooks::Event};
use polarkit_actix::{CountUsage, Webhook, WebhookConfig};
use serde::Deserialize;
use serde_json::{Value, json};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let polar = Polar::from_env()?;
    let users = env::var("SHOP_USERS")?;
    let users = users.split(',').filter_map(|user| user.split_once('='));
    let shop = Shop {
        usage: UsageTracker::start(polar.clone())?,
        success_url: env::var("SUCCESS_URL")?,
        users: users
            .map(|(key, id)| (key.to_owned(), id.to_owned()))
            .collect(),
        owned: Mutex::default(),
        polar,
    };
    let (shop, webhooks) = (
        Data::new(shop),
        WebhookConfig::new([env::var("POLAR_WEBHOOK_SECRET")?])?,
    );
    let usage = shop.usage.clone();
    HttpServer::new(move || {
        App::new()
            .wrap(count(&shop))
            .configure(routes(shop.clone(), webhooks.clone()))
    })
    .bind(("127.0.0.1", 8000))?
    .run()
    .await?;
    let tally = usage.shutdown(Duration::from_secs(10)).await;
    tracing::info!(?tally, "all usage is delivered, or lost");
    Ok(())
}

/// What every handler can reach.
pub(crate) struct Shop {
    pub(crate) polar: Polar,
    pub(crate) usage: UsageTracker,
    pub(crate) success_url: String,
    /// Whose key it is. A real app asks its sessions or its identity provider.
    pub(crate) users: HashMap<String, String>,
    /// Who may use what. A real app keeps it in its database.
    pub(crate) owned: Mutex<BTreeSet<(String, ProductId)>>,
}

impl Shop {
    /// Who is calling, by the application's own id.
    fn user(&self, request: &HttpRequest) -> Option<String> {
        let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        self.users.get(header.strip_prefix("Bearer ")?).cloned()
    }
}

/// Counts for whom the key proves the caller to be.
pub(crate) fn count(shop: &Data<Shop>) -> CountUsage {
    let users = Arc::clone(shop);
    CountUsage::new(&shop.usage, move |request: &HttpRequest| {
        users.user(request)
    })
}

pub(crate) fn routes(shop: Data<Shop>, webhooks: WebhookConfig) -> impl FnOnce(&mut ServiceConfig) {
    move |app| {
        app.app_data(shop)
            .app_data(webhooks)
            .route("/health", get().to(health))
            .route("/api/checkout/create", post().to(create_checkout))
            .route("/api/access", get().to(access))
            .route("/webhook/polar", post().to(receive));
    }
}

async fn health(shop: Data<Shop>) -> Json<Value> {
    let polar_connected = shop.polar.ask_server_time().await.is_ok();
    Json(json!({"status": "ok", "polar_connected": polar_connected}))
}

#[derive(Deserialize)]
struct Wanted {
    product_id: ProductId,
}

async fn create_checkout(
    shop: Data<Shop>,
    request: HttpRequest,
    wanted: Json<Wanted>,
) -> Result<Json<Value>, Failure> {
    let user = shop.user(&request).ok_or(Failure::Stranger)?;
    let checkout = shop
        .polar
        .checkouts()
        .create([wanted.product_id])
        .external_customer_id(user)
        .success_url(&shop.success_url)
        .allow_discount_codes(true)
        .await?;
    Ok(Json(
        json!({"checkout_id": checkout.id, "checkout_url": checkout.url, "status": "created"}),
    ))
}

async fn access(shop: Data<Shop>, request: HttpRequest) -> Result<Json<Vec<ProductId>>, Failure> {
    let user = shop.user(&request).ok_or(Failure::Stranger)?;
    let owned = shop.owned.lock().unwrap_or_else(PoisonError::into_inner);
    let own = owned.iter().filter(|(owner, _)| *owner == user);
    Ok(Json(own.map(|(_, product)| *product).collect()))
}

/// Success for whatever another attempt can't mend: Polar disables endpoints that keep failing.
async fn receive(shop: Data<Shop>, webhook: Webhook) -> Json<Value> {
    let mut owned = shop.owned.lock().unwrap_or_else(PoisonError::into_inner);
    match webhook.0.delivery {
        Ok(delivery) => match delivery.event {
            Event::OrderPaid(order) => {
                owned.extend(order.customer.external_id.zip(order.product_id));
            }
            Event::SubscriptionRevoked(subscription) => {
                let owner = subscription.customer.external_id.unwrap_or_default();
                owned.remove(&(owner, subscription.product_id));
            }
            other => tracing::info!(kind = other.kind(), "of no interest"),
        },
        Err(unread) => tracing::error!(%unread, "keep its bytes and look into it"),
    }
    Json(json!({"status": "processed"}))
}

/// What a caller is told: a status and our own words. What Polar said goes to the log.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Who are you?")]
    Stranger,
    #[error("Polar does not take this, or cannot be reached")]
    Polar(#[from] polarkit::Error),
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Stranger => StatusCode::UNAUTHORIZED,
            Self::Polar(error) => match error.kind() {
                Kind::NotFound => StatusCode::NOT_FOUND,
                Kind::Validation => StatusCode::BAD_REQUEST,
                Kind::RateLimit | Kind::Network => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::BAD_GATEWAY,
            },
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Polar(error) = self {
            tracing::warn!(%error, "Polar said no");
        }
        HttpResponse::build(self.status_code()).json(json!({"detail": self.to_string()}))
    }
}
