//! For axum: a handler that takes a [`Webhook`](crate::webhooks::Webhook) is called for genuine
//! deliveries alone.
//!
//! ```
//! use axum::{Router, http::StatusCode, routing::post};
//! use polarkit::webhooks::{Event, Webhook, WebhookConfig};
//!
//! async fn receive(webhook: Webhook) -> StatusCode {
//!     match webhook.delivery {
//!         Ok(delivery) => match delivery.event {
//!             Event::OrderPaid(order) => println!("paid: {}", order.id),
//!             other => println!("of no interest: {}", other.kind()),
//!         },
//!         // Genuine, but newer than this build: keep the bytes and look into it.
//!         Err(unread) => println!("{unread}"),
//!     }
//!     StatusCode::OK
//! }
//!
//! let webhooks = WebhookConfig::new(["whsec_example"])?;
//! let app: Router = Router::new().route("/webhook/polar", post(receive)).with_state(webhooks);
//! # Ok::<(), polarkit::webhooks::SecretError>(())
//! ```
//!
//! The extractor reads the body: it comes last among a handler's arguments. An app with a state of
//! its own implements `FromRef` for [`WebhookConfig`](crate::webhooks::WebhookConfig), or derives
//! it.
//!
//! # What to answer
//!
//! Polar takes any 2xx as received. Anything else is sent again, ten times in about half an hour,
//! and **ten deliveries in a row that failed disable the endpoint**: what happens after that is
//! never sent. So answer with success for events of no interest, for those that can't be read, and
//! for those whose work fails for good; write the bytes down first and work afterwards. Answer 5xx
//! only for what another attempt can mend. The same delivery may come twice: it is known by its id,
//! [`Verified::id`](crate::webhooks::Verified).

mod refused;
mod webhook;

pub use self::refused::Refused;
