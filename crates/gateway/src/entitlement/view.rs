//! What is asked: one customer's access, from memory, else from the store.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Entitlement, Error, Store};

use super::derive::Detail;
use super::essence::{Meter, State};
use super::expiry;
use crate::shared::Shared;

/// Customers held in memory; beyond it the longest held is let go and read again when asked for.
const HELD_MAX: usize = 100_000;
/// When several nodes share the database, what another node projected is seen this much later.
const SHARED_BELIEVED: SignedDuration = SignedDuration::from_secs(1);
/// The same while nodes tell each other what they change: it bounds what a node that died, or
/// cannot reach Redis, did not tell.
const ANNOUNCED_BELIEVED: SignedDuration = SignedDuration::from_secs(10);

/// One customer's access.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Polar's id of the customer; none when nothing was ever heard of them.
    pub(crate) customer: Option<String>,
    /// Every reason for and against.
    pub(crate) reasons: Vec<Reason>,
    /// The meters, as Polar last told them.
    pub(crate) meters: Vec<Meter>,
    /// The newest statement of Polar this rests on.
    pub(crate) as_of: Option<Timestamp>,
}

/// One reason for or against access.
#[derive(Debug, Clone)]
pub(crate) struct Reason {
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) target: String,
    granted: bool,
    word: String,
    since: Timestamp,
    /// Until when it grants, in Polar's time.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) detail: Detail,
}

impl Reason {
    /// Whether it grants at this moment of Polar's time.
    pub(crate) fn grants(&self, now: Timestamp) -> bool {
        self.granted && !self.is_over(now)
    }

    /// Why, in a word.
    pub(crate) fn word(&self, now: Timestamp) -> &str {
        if self.granted && self.is_over(now) {
            expiry::word(&self.word)
        } else {
            &self.word
        }
    }

    /// Since when this is so.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        let ended = self
            .expires_at
            .filter(|_| self.granted && self.is_over(now));
        ended.unwrap_or(self.since)
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// The customers in memory; only the projection changes what they may do, and tells.
#[derive(Debug)]
pub(crate) struct View {
    store: Store,
    shared: Shared,
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    by_external: HashMap<String, (Timestamp, Arc<Standing>)>,
    external_of: HashMap<String, String>,
    order: VecDeque<String>,
    /// Moves with every change, so that nothing read before it is held after it.
    epoch: u64,
}

impl View {
    pub(crate) fn new(store: Store, shared: Shared) -> Self {
        Self {
            store,
            shared,
            held: RwLock::default(),
        }
    }

    /// The access of the customer the application knows by this id.
    pub(crate) async fn of(
        &self,
        external_id: &str,
        now: Timestamp,
    ) -> Result<Arc<Standing>, Error> {
        let epoch = match self.held(external_id, now) {
            Ok(standing) => return Ok(standing),
            Err(epoch) => epoch,
        };
        let standing = Arc::new(self.read(external_id).await?);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.epoch == epoch {
            held.hold(external_id, now, Arc::clone(&standing));
        }
        Ok(standing)
    }

    /// What is in memory; otherwise which epoch it is missing in.
    fn held(&self, external_id: &str, now: Timestamp) -> Result<Arc<Standing>, u64> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        match held.by_external.get(external_id) {
            Some((read_at, standing))
                if !self.store.is_shared()
                    || now.duration_since(*read_at).abs() < self.believed() =>
            {
                Ok(Arc::clone(standing))
            }
            _ => Err(held.epoch),
        }
    }

    /// How long the store need not be read again for a customer in memory.
    fn believed(&self) -> SignedDuration {
        if self.shared.hears() {
            ANNOUNCED_BELIEVED
        } else {
            SHARED_BELIEVED
        }
    }

    /// Lets go of everyone.
    pub(crate) fn forget_everything(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let epoch = held.epoch + 1;
        *held = Held {
            epoch,
            ..Held::default()
        };
    }

    /// Lets go of customers whose access changed: by Polar's id, and by the application's.
    pub(crate) fn forget<'a>(
        &self,
        customers: impl Iterator<Item = &'a str>,
        external_ids: impl Iterator<Item = &'a str>,
    ) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.epoch += 1;
        for customer in customers {
            if let Some(external_id) = held.external_of.remove(customer) {
                held.by_external.remove(&external_id);
            }
        }
        for external_id in external_ids {
            held.by_external.remove(external_id);
        }
    }

    async fn read(&self, external_id: &str) -> Result<Standing, Error> {
        let Some(customer) = self.store.customer_by_external_id(external_id).await? else {
            return Ok(Standing::default());
        };
        let rows = self.store.entitlements(&customer).await?;
        let state = self.store.object(&customer, "state", &customer).await?;
        let stated_at = state.as_ref().map(|state| state.version.envelope_at);
        let told = rows.iter().filter(|row| !expiry::is_over(row));
        let newest = told.map(|row| row.changed_at).chain(stated_at).max();
        let essence = state.and_then(|state| state.essence);
        let stated: Option<State> = essence.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Standing {
            customer: Some(customer),
            reasons: rows.into_iter().map(Reason::from).collect(),
            meters: stated.unwrap_or_default().active_meters,
            as_of: newest.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
        })
    }
}

impl Held {
    fn hold(&mut self, external_id: &str, now: Timestamp, standing: Arc<Standing>) {
        while self.order.len() >= HELD_MAX {
            if let Some(oldest) = self.order.pop_front()
                && let Some((_, gone)) = self.by_external.remove(&oldest)
                && let Some(customer) = &gone.customer
            {
                self.external_of.remove(customer);
            }
        }
        if let Some(customer) = &standing.customer {
            self.external_of
                .insert(customer.clone(), external_id.to_owned());
        }
        let before = self
            .by_external
            .insert(external_id.to_owned(), (now, standing));
        if before.is_none() {
            self.order.push_back(external_id.to_owned());
        }
    }
}

impl From<Entitlement> for Reason {
    fn from(row: Entitlement) -> Self {
        Self {
            source: row.source,
            kind: row.kind,
            target: row.target,
            granted: row.granted,
            word: row.reason,
            since: Timestamp::from_microsecond(row.changed_at).unwrap_or_default(),
            expires_at: row
                .expires_at
                .map(|end| Timestamp::from_microsecond(end).unwrap_or(Timestamp::MAX)),
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        }
    }
}
