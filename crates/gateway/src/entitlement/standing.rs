//! One customer's access as it lies in memory: small, because many are held. What many customers have
//! in common, such as a product or a feature flag, is held once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use polarkit_store::Entitlement;
use serde_json::Value;

use super::derive::Detail;
use super::essence::Meter;
use super::expiry;
use super::name::Name;

/// Shared things remembered as such; beyond it new ones are shared among those that come later.
const SHARED_MAX: usize = 50_000;

/// One customer's access.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Polar's id of the customer; none when nothing was ever heard of them.
    pub(super) customer: Option<Name>,
    /// Every reason for and against.
    pub(crate) reasons: Box<[Reason]>,
    /// The meters, as Polar last told them.
    pub(crate) meters: Box<[Meter]>,
    /// The newest statement of Polar this rests on.
    pub(crate) as_of: Option<Timestamp>,
}

/// One reason for or against access.
#[derive(Debug)]
pub(crate) struct Reason {
    source: Name,
    claim: Arc<Claim>,
    /// µs.
    since: i64,
    /// Until when it grants, µs of Polar's time.
    expires_at: i64,
    facts: Arc<Facts>,
}

/// What a reason says, and many say alike.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Claim {
    kind: Box<str>,
    target: Box<str>,
    granted: bool,
    word: Box<str>,
}

/// What else is known of a reason.
#[derive(Debug)]
struct Facts {
    /// A [`Detail`], JSON.
    detail: Box<str>,
    /// The features it switches on or off.
    features: Box<[(Box<str>, Value)]>,
}

/// What customers have in common.
#[derive(Debug, Default)]
pub(super) struct Common {
    claims: Mutex<HashSet<Arc<Claim>>>,
    facts: Mutex<HashMap<Box<str>, Arc<Facts>>>,
}

impl Standing {
    /// Polar's id of the customer.
    pub(crate) fn customer(&self) -> Option<String> {
        self.customer.as_ref().map(Name::to_string)
    }

    /// Whether anything was ever heard of the customer.
    pub(crate) const fn is_known(&self) -> bool {
        self.customer.is_some()
    }
}

impl Reason {
    pub(super) fn new(row: Entitlement, common: &Common) -> Self {
        Self {
            source: Name::of(&row.source),
            since: row.changed_at,
            expires_at: row.expires_at.unwrap_or(i64::MAX),
            facts: common.facts(row.detail),
            claim: common.claim(Claim {
                kind: row.kind.into(),
                target: row.target.into(),
                granted: row.granted,
                word: row.reason.into(),
            }),
        }
    }

    pub(crate) fn source(&self) -> String {
        self.source.to_string()
    }

    pub(crate) fn kind(&self) -> &str {
        &self.claim.kind
    }

    pub(crate) fn target(&self) -> &str {
        &self.claim.target
    }

    /// Whether it is about this thing.
    pub(crate) fn is_about(&self, kind: &str, target: &str) -> bool {
        self.kind() == kind && self.target() == target
    }

    /// Whether it grants at this moment of Polar's time.
    pub(crate) fn grants(&self, now: Timestamp) -> bool {
        self.claim.granted && !self.is_over(now)
    }

    /// Why, in a word.
    pub(crate) fn word(&self, now: Timestamp) -> &str {
        if self.claim.granted && self.is_over(now) {
            expiry::word(&self.claim.word)
        } else {
            &self.claim.word
        }
    }

    /// Since when this is so.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        let ended = self.claim.granted && self.is_over(now);
        instant(if ended { self.expires_at } else { self.since })
    }

    /// Until when it grants, where that is bound in time.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        (self.expires_at < i64::MAX).then(|| instant(self.expires_at))
    }

    pub(crate) fn detail(&self) -> Detail {
        serde_json::from_str(&self.facts.detail).unwrap_or_default()
    }

    /// The features it switches on or off.
    pub(crate) fn features(&self) -> impl Iterator<Item = (&str, &Value)> {
        let features = self.facts.features.iter();
        features.map(|(name, value)| (&**name, value))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now.as_microsecond()
    }
}

impl Common {
    fn claim(&self, claim: Claim) -> Arc<Claim> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = claims.get(&claim) {
            return Arc::clone(known);
        }
        if claims.len() >= SHARED_MAX {
            claims.clear();
        }
        let claim = Arc::new(claim);
        claims.insert(Arc::clone(&claim));
        claim
    }

    fn facts(&self, detail: String) -> Arc<Facts> {
        let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = facts.get(detail.as_str()) {
            return Arc::clone(known);
        }
        let read: Detail = serde_json::from_str(&detail).unwrap_or_default();
        let new = Arc::new(Facts {
            features: features(&read),
            detail: detail.into(),
        });
        // What is one customer's own, such as a licence key or a period, nobody else has.
        if !read.benefit_type.is_empty() && read.properties.is_empty() {
            if facts.len() >= SHARED_MAX {
                facts.clear();
            }
            facts.insert(new.detail.clone(), Arc::clone(&new));
        }
        new
    }
}

/// A flag's metadata are its features; its description is one, too.
fn features(detail: &Detail) -> Box<[(Box<str>, Value)]> {
    if detail.benefit_type != "feature_flag" {
        return Box::default();
    }
    let described = &detail.description;
    let own = (!described.is_empty()).then(|| (described.as_str().into(), true.into()));
    let listed = detail.metadata.iter();
    let listed = listed.map(|(key, value)| (key.as_str().into(), value.clone()));
    own.into_iter().chain(listed).collect()
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
