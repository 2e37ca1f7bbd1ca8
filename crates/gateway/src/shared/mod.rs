//! What several nodes share through Redis: which customers changed, how often Polar and strangers
//! may be bothered, what Polar answered lately.
//!
//! Redis never holds truth. Without it, or while it is away, every node works alone: limits are its
//! own, it asks Polar itself, and it believes what it read of the store for a second only.

pub(crate) mod announcement;
pub(crate) mod answer;
mod link;
mod session;
pub(crate) mod turn;
mod window;

use std::sync::Arc;
use std::time::Duration;

use polarkit_model::CheckoutId;
use redis::RedisError;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use self::announcement::{Announcement, Outgoing};
use self::link::Link;
pub(crate) use self::session::run;
use crate::config::Config;
use crate::keys::hex;
use crate::projection::Changes;

/// How long ago the newest proof may be that announcements arrive.
const PROOF_LASTS: Duration = Duration::from_secs(1);

/// What this node shares with others; nothing without `REDIS_URL`.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    /// Names this node among the others.
    name: String,
    link: Link,
    outgoing: Outgoing,
}

/// Why Redis can't be used at all.
#[derive(Debug, thiserror::Error)]
#[error("not an address of a Redis")]
pub struct NoRedis(#[from] RedisError);

impl Shared {
    pub(crate) fn new(config: &Config) -> Result<Self, NoRedis> {
        let Some(url) = &config.redis_url else {
            return Ok(Self(None));
        };
        Ok(Self(Some(Arc::new(Node {
            name: uuid::Uuid::new_v4().simple().to_string(),
            link: Link::new(url.expose_secret(), realm(config))?,
            outgoing: Outgoing::default(),
        }))))
    }

    /// Tells the other nodes what changed; returns at once, and sends as soon as Redis takes it.
    pub(crate) fn announce(&self, changes: &Changes) {
        if let Some(node) = &self.0 {
            let checkouts = changes.checkouts.iter().map(CheckoutId::to_string);
            node.outgoing.add(Announcement {
                customers: changes.customers.clone(),
                external_ids: changes.external_ids.clone(),
                checkouts: checkouts.collect(),
                ..Announcement::default()
            });
        }
    }

    /// Tells the other nodes that a webhook was stored.
    pub(crate) fn mail_came(&self) {
        if let Some(node) = &self.0 {
            node.outgoing.add(Announcement {
                mail: true,
                ..Announcement::default()
            });
        }
    }

    /// Whether every announcement of the other nodes surely arrives here.
    pub(crate) fn hears(&self) -> bool {
        let node = self.0.as_ref();
        node.is_some_and(|node| node.link.proved_within(PROOF_LASTS))
    }
}

/// What keeps the keys of other organizations, and of other Polars, apart.
fn realm(config: &Config) -> String {
    let whose = format!("{} {}", config.server.base_url(), config.organization_id);
    let mut name = hex(&Sha256::digest(whose));
    name.truncate(16);
    name
}
