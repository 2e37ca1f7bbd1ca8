//! Webhooks: verified over their raw bytes first, then parsed.
//!
//! ```
//! use polarkit::webhooks::{Event, Headers, Verifier};
//! # use polarkit::{Clock as _, Secret, SystemClock, webhooks::{Scheme, sign}};
//! # let now = SystemClock.now();
//! # let body = br#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","data":{"crew":3}}"#.as_slice();
//! # let signature = sign(&Secret::from("whsec_example"), Scheme::WholeSecret, "msg_1", now, body)?;
//! # let seconds = now.as_second().to_string();
//! # let request = [("Webhook-Id", "msg_1"), ("Webhook-Timestamp", &seconds), ("Webhook-Signature", &signature)];
//! let verifier = Verifier::new(["whsec_example"])?;
//!
//! let headers = Headers::from_pairs(request)?;
//! let webhook = verifier.receive(&headers, body, now)?;
//! // By its id a repetition is known; whatever follows, the bytes are kept.
//! println!("{}: {} bytes", webhook.verified.id, webhook.body().len());
//! match webhook.delivery {
//!     Ok(delivery) => match delivery.event {
//!         Event::OrderPaid(order) => println!("{} paid {}", order.customer_id, order.total_amount),
//!         Event::Unrecognized { kind, data } => println!("newer than this build: {kind} {data}"),
//!         event => println!("of no interest: {}", event.kind()),
//!     },
//!     // Genuine all the same: answer with success, keep the bytes, look into it.
//!     Err(unread) => println!("{unread}: {}", unread.problem()),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The two steps are also apart: [`Verifier::verify`] or [`verify()`], then [`parse()`].
//!
//! # Which key
//!
//! Polar's server signs with the bytes of the whole secret, prefix and all
//! ([`Scheme::WholeSecret`]). Standard Webhooks has it that the key is what the part after the
//! prefix decodes to ([`Scheme::Decoded`]). Both are tried; which one it was, [`Verified`] tells.
//! Other packages, as `.ci/webhooks/crosscheck.py` holds them against this one:
//!
//! | package | whole secret | decoded |
//! |---|---|---|
//! | Polar's Python `polar-sdk` 0.32.0, JavaScript `@polar-sh/sdk` 0.49.0 | accepted | refused |
//! | Polar's Python `polar-sdk` 1.0.2, JavaScript `@polar-sh/sdk` 1.0.1 | accepted | accepted |
//! | Python and JavaScript `standardwebhooks` 1.1 | refused | accepted |
//!
//! # What is refused
//!
//! A header that is missing, blank, longer than 2,048 bytes or there twice with two values; an id
//! with a dot in it; a body above [`BODY_BYTES_MAX`]; a signature no secret of yours made; a time
//! more than [`TOLERANCE`] from now. Secrets that are empty or only a prefix are refused when a
//! [`Verifier`] is made: with such a key anybody could sign.

mod config;
mod headers;
mod key;
mod parse;
mod sign;
mod verifier;
mod verify;

pub use self::{
    config::WebhookConfig,
    headers::Headers,
    key::{Scheme, SecretError},
    parse::{Delivery, ParseError, Webhook, parse},
    sign::sign,
    verifier::{BODY_BYTES_MAX, TOLERANCE, Verifier},
    verify::{Verified, VerifyError, verify},
};
#[doc(inline)]
pub use polarkit_model::webhook::Event;
