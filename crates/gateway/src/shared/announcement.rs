//! What one node tells the others: who changed, and that there is work.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use redis::Script;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::link::Link;
use crate::gateway::Gateway;

/// Names of one announcement; more than that is "everything".
const NAMES_MAX: usize = 500;
/// Longest announcement that is read; a longer one, too, is "everything".
const BYTES_MAX: usize = 256 * 1024;
/// How long it is remembered that something changed: longer than any answer about it is kept or
/// can be on its way.
pub(super) const CHANGE_KEPT_MS: u64 = 5 * 60 * 1000;

/// Notes the time of each change where answers of before are kept, and tells of it.
static ANNOUNCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("announce.lua")));

/// What changed, and what there is to do.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Announcement {
    /// The node that tells.
    pub(super) node: String,
    /// Polar's ids of customers, and names of licence keys.
    pub(super) customers: BTreeSet<String>,
    /// The application's ids of customers.
    pub(super) external_ids: BTreeSet<String>,
    pub(super) checkouts: BTreeSet<String>,
    /// More changed than can be listed.
    pub(super) everything: bool,
    /// A webhook was stored.
    pub(super) mail: bool,
}

impl Announcement {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let read = (bytes.len() <= BYTES_MAX).then(|| serde_json::from_slice(bytes).ok());
        read.flatten().unwrap_or_else(|| Self {
            // Of a version that tells more than this one understands.
            everything: true,
            mail: true,
            ..Self::default()
        })
    }

    fn join(&mut self, other: Self) {
        self.customers.extend(other.customers);
        self.external_ids.extend(other.external_ids);
        self.checkouts.extend(other.checkouts);
        self.everything |= other.everything;
        self.mail |= other.mail;
        let names = self.customers.len() + self.external_ids.len() + self.checkouts.len();
        if self.everything || names > NAMES_MAX {
            self.everything = true;
            self.customers.clear();
            self.external_ids.clear();
            self.checkouts.clear();
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything changed, rather than that there is only something to do.
    fn is_change(&self) -> bool {
        self.everything
            || !self.customers.is_empty()
            || !self.external_ids.is_empty()
            || !self.checkouts.is_empty()
    }

    /// Does what another node's announcement asks for.
    pub(super) async fn heed(self, gateway: &Gateway) {
        if self.everything {
            forget_everything(gateway);
        }
        if self.is_change() {
            let external_ids = self.external_ids.iter().map(String::as_str);
            let customers = self.customers.iter().map(String::as_str);
            gateway.view.forget(customers, external_ids);
            for checkout in self.checkouts.iter().filter_map(|id| id.parse().ok()) {
                gateway.checkouts.forget(checkout).await;
            }
            gateway.nudge();
        }
        if self.mail {
            gateway.mail_came.notify_one();
        }
    }

    /// Tells the other nodes; says whether Redis took it.
    pub(super) async fn send(&self, node: &str, link: &Link) -> bool {
        let told = Self {
            node: node.to_owned(),
            ..self.clone()
        };
        // Texts and flags always have a JSON form.
        let told = serde_json::to_string(&told).unwrap_or_default();
        let mut call = ANNOUNCE.prepare_invoke();
        if self.everything {
            call.key(link.key(super::answer::EPOCH));
        }
        for name in self.customers.iter().chain(&self.checkouts) {
            call.key(link.hashed_key(super::answer::CHANGED, name));
        }
        call.arg(CHANGE_KEPT_MS).arg(link.key("changes")).arg(told);
        let heard = link.ask(async |redis| call.invoke_async::<i64>(redis).await);
        heard.await.is_some()
    }
}

/// Something of which was not told may have changed.
pub(super) fn forget_everything(gateway: &Gateway) {
    gateway.view.forget_everything();
    gateway.checkouts.forget_everything();
}

/// What waits to be told: what piles up while Redis is away becomes "everything", never a heap.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    waiting: Mutex<Announcement>,
    /// There is something.
    pub(super) came: Notify,
}

impl Outgoing {
    pub(super) fn add(&self, announcement: Announcement) {
        self.put_back(announcement);
        self.came.notify_one();
    }

    /// Could not be sent; waits for the next beat.
    pub(super) fn put_back(&self, announcement: Announcement) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.join(announcement);
    }

    /// Whether anything waits.
    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_empty()
    }

    /// Everything that waits.
    pub(super) fn take(&self) -> Option<Announcement> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *waiting);
        (!all.is_empty()).then_some(all)
    }
}
