//! Who goes first: usage is billed when it arrives, so that what is owed for a period must be there
//! before the period ends.

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Error, FIRST_MAX, Pending};

use super::batch::BYTES_MAX;
use crate::gateway::Gateway;

/// Whose period ends within this time goes first.
const ENDS_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// How often it is looked who that is.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// Customers looked at each time; where there are more, the next time goes on after the last of them.
const LOOKED_AT_MAX: i64 = 2_000;

/// Customers whose period is about to end, of those whose usage waits.
#[derive(Debug, Default)]
pub(super) struct First {
    looked_at: Option<Timestamp>,
    after: String,
    customers: Vec<String>,
}

impl First {
    /// Their events, as long as there are any.
    pub(super) async fn due(
        &mut self,
        gateway: &Gateway,
        now: i64,
        limit: i64,
    ) -> Result<Vec<Pending>, Error> {
        self.look(gateway).await?;
        if self.customers.is_empty() {
            return Ok(Vec::new());
        }
        let store = &gateway.store;
        let due = store.usage_due_of(&self.customers, now, limit, BYTES_MAX);
        let due = due.await?;
        if due.is_empty() {
            self.customers.clear();
        }
        Ok(due)
    }

    async fn look(&mut self, gateway: &Gateway) -> Result<(), Error> {
        let now = gateway.time.local();
        let since = |looked_at| now.duration_since(looked_at);
        let lately = |since: SignedDuration| (SignedDuration::ZERO..LOOK_EVERY).contains(&since);
        if self.looked_at.map(since).is_some_and(lately) {
            return Ok(());
        }
        self.looked_at = Some(now);
        let store = &gateway.store;
        let waiting = store.usage_customers(&self.after, LOOKED_AT_MAX).await?;
        let all = i64::try_from(waiting.len()).unwrap_or(i64::MAX) < LOOKED_AT_MAX;
        let last = waiting.last().filter(|_| !all);
        self.after = last.cloned().unwrap_or_default();
        self.customers.clear();
        for customer in waiting {
            if self.customers.len() < FIRST_MAX && ends_soon(gateway, &customer).await {
                self.customers.push(customer);
            }
        }
        Ok(())
    }
}

async fn ends_soon(gateway: &Gateway, customer: &str) -> bool {
    let standing = gateway.periods.of(&gateway.store, customer).await;
    let left = |ends: Timestamp| ends.duration_since(gateway.time.now());
    let soon = |left: SignedDuration| (SignedDuration::ZERO..=ENDS_WITHIN).contains(&left);
    standing.ends.map(left).is_some_and(soon)
}
