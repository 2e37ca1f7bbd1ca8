//! Polar for actix-web: webhooks verified before a handler sees them, usage counted in passing.
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use polarkit_actix::{Webhook, WebhookConfig};
//!
//! async fn receive(webhook: Webhook) -> HttpResponse {
//!     match &webhook.delivery {
//!         Ok(delivery) => println!("{} {}", webhook.verified.id, delivery.event.kind()),
//!         // Genuine, but newer than this build: keep the bytes and look into it.
//!         Err(unread) => println!("{unread}"),
//!     }
//!     HttpResponse::Ok().finish()
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = WebhookConfig::new(["whsec_…"])?;
//! HttpServer::new(move || {
//!     App::new().app_data(config.clone()).route("/webhook/polar", web::post().to(receive))
//! })
//! .bind(("127.0.0.1", 8000))?
//! .run()
//! .await?;
//! # Ok(()) }
//! ```
//!
//! Polar takes any 2xx as received. Anything else is sent again, and ten deliveries in a row that
//! failed disable the endpoint: answer with success whatever another attempt can't mend.
//!
//! The feature `usage` adds `CountUsage`, a middleware that tracks a call for each request that
//! succeeded.

mod refused;
#[cfg(feature = "usage")]
mod usage;
mod webhook;

#[doc(no_inline)]
pub use polarkit::webhooks::WebhookConfig;

#[cfg(feature = "usage")]
pub use crate::usage::{CountUsage, Counting};
pub use crate::{refused::Refused, webhook::Webhook};
