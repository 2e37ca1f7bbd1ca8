//! Webhooks: verified over their raw bytes first, then parsed.
//!
//! ```
//! use polarkit::{Clock, Secret, SystemClock, webhooks::{self, Headers, Scheme}};
//!
//! let secret = Secret::from("whsec_example");
//! let body = br#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;
//! let now = SystemClock.now();
//! let signature = webhooks::sign(&secret, Scheme::WholeSecret, "msg_1", now, body);
//! let timestamp = now.as_second().to_string();
//!
//! let headers = Headers { id: "msg_1", timestamp: &timestamp, signature: &signature };
//! let verified = webhooks::verify(&[secret], &headers, body, now).expect("just signed");
//! assert_eq!(verified.id, "msg_1");
//! ```

mod headers;
mod key;
mod sign;
mod verify;

use polarkit_model::read::{self, ReadError};

pub use self::{
    headers::Headers,
    key::Scheme,
    sign::sign,
    verify::{TOLERANCE, Verified, VerifyError, verify, verify_within},
};
#[doc(inline)]
pub use polarkit_model::webhook::{Delivery, Event};

/// Parses a body that was verified.
pub fn parse(body: &[u8]) -> Result<Delivery, ReadError> {
    read::from_slice(body)
}
