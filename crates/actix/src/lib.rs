//! Polar webhooks for actix-web: verified before a handler sees them.
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use polarkit_actix::{Webhook, WebhookConfig};
//!
//! async fn receive(webhook: Webhook) -> HttpResponse {
//!     if let Ok(delivery) = &webhook.delivery {
//!         println!("{} {}", webhook.verified.id, delivery.event.kind());
//!     }
//!     HttpResponse::Ok().finish()
//! }
//!
//! # async fn run() -> std::io::Result<()> {
//! let config = WebhookConfig::new(["whsec_…"]);
//! HttpServer::new(move || {
//!     App::new().app_data(config.clone()).route("/webhook/polar", web::post().to(receive))
//! })
//! .bind(("127.0.0.1", 8000))?
//! .run()
//! .await
//! # }
//! ```

mod config;
mod refused;
mod webhook;

pub use crate::{config::WebhookConfig, refused::Refused, webhook::Webhook};
