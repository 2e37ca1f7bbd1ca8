//! What is asked: one customer's access, from memory, else from the store.

use std::ops::Deref;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Error, Store};
use quick_cache::sync::Cache;

use super::essence::State;
use super::expiry;
use super::mark::{Marks, Seen, Unsettled};
use super::name::Name;
use super::standing::{Common, Reason, Standing};
use crate::shared::Shared;

/// When several nodes share the database, what another node projected is seen this much later.
const SHARED_BELIEVED: SignedDuration = SignedDuration::from_secs(1);
/// The same while nodes tell each other what they change: it bounds what a node that died, or
/// cannot reach Redis, did not tell.
const ANNOUNCED_BELIEVED: SignedDuration = SignedDuration::from_secs(10);

/// The customers in memory; only the projection changes what they may do, and tells.
///
/// From the moment a change is about to be committed until it is, its customers are answered from
/// the store; what was read before is never answered after. So on one node an answer that begins
/// after a commit knows of it. What remains: an answer already on its way when the commit happens;
/// other nodes, for as long as they believe what they hold; and a PostgreSQL that commits although
/// its answer was lost, which is seen as late as if another node had done it.
#[derive(Debug)]
pub(crate) struct View {
    store: Store,
    shared: Shared,
    /// By the application's id of the customer; whoever was not asked about for long goes first.
    held: Cache<Box<str>, Arc<Held>>,
    marks: Marks,
    common: Common,
}

/// A customer in memory.
#[derive(Debug)]
pub(crate) struct Held {
    standing: Standing,
    read_at: Timestamp,
    /// The marks of both the customer's names, from before it was read.
    seen: [Seen; 2],
}

impl Deref for Held {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.standing
    }
}

impl View {
    /// A view that holds so many customers.
    pub(crate) fn new(store: Store, shared: Shared, customers: usize) -> Self {
        Self {
            store,
            shared,
            held: Cache::new(customers),
            marks: Marks::of(customers),
            common: Common::default(),
        }
    }

    /// The access of the customer the application knows by this id.
    pub(crate) async fn of(&self, external_id: &str, now: Timestamp) -> Result<Arc<Held>, Error> {
        if let Some(held) = self
            .held
            .get(external_id)
            .filter(|held| self.holds(held, now))
        {
            return Ok(held);
        }
        let held = Arc::new(self.read(external_id, now).await?);
        if held.seen.iter().all(|seen| self.marks.is_current(*seen)) {
            self.held.insert(external_id.into(), Arc::clone(&held));
        }
        Ok(held)
    }

    /// How the mark of a name stands, to be looked at before what is known of the name is read.
    pub(crate) fn see(&self, name: &str) -> Seen {
        self.marks.see(name)
    }

    /// Whether nothing changed about the name since its mark was seen, and nothing is about to.
    pub(crate) fn is_current(&self, seen: Seen) -> bool {
        self.marks.is_current(seen)
    }

    fn holds(&self, held: &Held, now: Timestamp) -> bool {
        held.seen.iter().all(|seen| self.marks.is_current(*seen))
            && (!self.store.is_shared() || now.duration_since(held.read_at).abs() < self.believed())
    }

    /// How long the store need not be read again for a customer in memory.
    fn believed(&self) -> SignedDuration {
        if self.shared.hears() {
            ANNOUNCED_BELIEVED
        } else {
            SHARED_BELIEVED
        }
    }

    /// Nothing is answered from memory about customers whose change is being committed, until what
    /// this returns is dropped: by Polar's id, and by the application's.
    pub(crate) fn unsettle<'a>(
        &self,
        customers: impl Iterator<Item = &'a str>,
        external_ids: impl Iterator<Item = &'a str>,
    ) -> Unsettled<'_> {
        self.marks.unsettle(customers.chain(external_ids))
    }

    /// Lets go of everyone.
    pub(crate) fn forget_everything(&self) {
        self.marks.change_all();
        self.held.clear();
    }

    /// Lets go of customers whose access changed: by Polar's id, and by the application's.
    pub(crate) fn forget<'a>(
        &self,
        customers: impl Iterator<Item = &'a str>,
        external_ids: impl Iterator<Item = &'a str>,
    ) {
        customers
            .chain(external_ids)
            .for_each(|name| self.marks.change(name));
    }

    async fn read(&self, external_id: &str, now: Timestamp) -> Result<Held, Error> {
        let by_external = self.marks.see(external_id);
        let customer = self.store.customer_by_external_id(external_id).await?;
        let Some(customer) = customer else {
            return Ok(Held {
                standing: Standing::default(),
                read_at: now,
                seen: [by_external; 2],
            });
        };
        let seen = [by_external, self.marks.see(&customer)];
        Ok(Held {
            standing: self.standing(&customer).await?,
            read_at: now,
            seen,
        })
    }

    /// The access of a customer by Polar's id, from the store.
    pub(crate) async fn standing(&self, customer: &str) -> Result<Standing, Error> {
        let rows = self.store.entitlements(customer).await?;
        let state = self.store.object(customer, "state", customer).await?;
        let stated_at = state.as_ref().map(|state| state.version.envelope_at);
        let told = rows.iter().filter(|row| !expiry::is_over(row));
        let newest = told.map(|row| row.changed_at).chain(stated_at).max();
        let essence = state.and_then(|state| state.essence);
        let stated: Option<State> = essence.and_then(|text| serde_json::from_str(&text).ok());
        let reasons = rows.into_iter();
        let reasons = reasons.map(|row| Reason::new(row, &self.common));
        Ok(Standing {
            customer: Some(Name::of(customer)),
            reasons: reasons.collect(),
            meters: stated.unwrap_or_default().active_meters.into(),
            as_of: newest.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polarkit_store::{Entitlement, Object, Version};

    use super::*;
    use crate::config::Config;

    const ANNA: &str = "551a7b94-19dc-4f7c-bde5-4da1f998ad4b";

    fn shared() -> Shared {
        let variables = [
            ("POLAR_ACCESS_TOKEN", "polar_oat_x"),
            ("POLAR_WEBHOOK_SECRET", "whsec_abcdefghijklmnop"),
            (
                "POLAR_ORGANIZATION_ID",
                "1a2b3c4d-0000-4000-8000-000000000000",
            ),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Shared::new(&Config::from_variables(&BTreeMap::from(variables)).unwrap()).unwrap()
    }

    fn row(granted: bool) -> Entitlement {
        Entitlement {
            source: "subscription:307d021a-4547-465c-a1ab-01c09b04a756".to_owned(),
            kind: "product".to_owned(),
            target: "p".to_owned(),
            granted,
            reason: String::new(),
            detail: "{}".to_owned(),
            changed_at: 1,
            expires_at: None,
            events: "[]".to_owned(),
        }
    }

    async fn known(store: &Store, id: &str, external_id: &str) {
        let customer = Object {
            customer: id.to_owned(),
            kind: "customer".to_owned(),
            id: id.to_owned(),
            version: Version {
                object_at: 1,
                envelope_at: 1,
            },
            external_id: Some(external_id.to_owned()),
            essence: None,
            body: "{}".to_owned(),
        };
        let mut tx = store.begin().await.unwrap();
        tx.mirror(&customer).await.unwrap();
        tx.put_entitlements(&[(id, &row(true))]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn opened(customers: usize) -> (tempfile::TempDir, Store, View) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("view.db").display());
        let store = Store::open(&url).await.unwrap();
        let view = View::new(store.clone(), shared(), customers);
        (folder, store, view)
    }

    async fn may(view: &View, external_id: &str) -> bool {
        let now = Timestamp::UNIX_EPOCH;
        let held = view.of(external_id, now).await.unwrap();
        held.reasons.iter().any(|reason| reason.grants(now))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_read_before_a_commit_is_answered_after_it() {
        let (_folder, store, view) = opened(10).await;
        known(&store, ANNA, "u_1").await;
        assert!(may(&view, "u_1").await);
        assert!(may(&view, "u_1").await, "from memory");
        let mut tx = store.begin().await.unwrap();
        tx.put_entitlements(&[(ANNA, &row(false))]).await.unwrap();
        let unsettled = view.unsettle([ANNA].into_iter(), std::iter::empty());
        assert!(may(&view, "u_1").await, "as it is still committed");
        tx.commit().await.unwrap();
        assert!(!may(&view, "u_1").await, "before anyone was told");
        drop(unsettled);
        assert!(!may(&view, "u_1").await);
        assert!(!may(&view, "u_1").await, "from memory");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn more_customers_than_are_held_are_answered_all_the_same() {
        let (_folder, store, view) = opened(2).await;
        let ids: Vec<String> = (0..50).map(|number| format!("c{number}")).collect();
        for id in &ids {
            known(&store, id, &format!("ext_{id}")).await;
        }
        for _ in 0..2 {
            for id in &ids {
                assert!(may(&view, &format!("ext_{id}")).await);
            }
        }
        assert!(view.held.len() <= 2, "{}", view.held.len());
        // An external id that moves on takes its answer with it.
        assert!(!may(&view, "ext_new").await);
        known(&store, "c_new", "ext_new").await;
        view.forget(std::iter::empty(), ["ext_new"].into_iter());
        assert!(may(&view, "ext_new").await);
    }
}
