//! What the mirror knows of the customers whose usage comes: that they are there, and when the period
//! began that Polar bills now, and when it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::future::Cache;
use polarkit_store::{Error, Store};
use serde::Deserialize;
use uuid::Uuid;

use crate::problem::chain;

/// Customers remembered, and how long: a period that ends soon must not be missed.
const HELD_MAX: u64 = 50_000;
const HELD: Duration = Duration::from_secs(30);

/// One customer's standing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Polar has this customer.
    pub(crate) known: bool,
    /// When the newest of the periods under way began.
    pub(crate) began: Option<Timestamp>,
    /// When the first of them ends.
    pub(crate) ends: Option<Timestamp>,
}

/// What is remembered of customers.
#[derive(Debug)]
pub(crate) struct Periods {
    standing: Cache<String, Standing>,
    names: Cache<Uuid, Option<String>>,
}

/// A subscription, as far as it says what is billed when.
#[derive(Deserialize)]
struct Subscription {
    #[serde(default)]
    status: String,
    #[serde(default)]
    current_period_start: Option<Timestamp>,
    #[serde(default)]
    current_period_end: Option<Timestamp>,
}

impl Periods {
    pub(crate) fn new() -> Self {
        Self {
            standing: Cache::builder()
                .max_capacity(HELD_MAX)
                .time_to_live(HELD)
                .build(),
            names: Cache::builder()
                .max_capacity(HELD_MAX)
                .time_to_live(HELD)
                .build(),
        }
    }

    /// Of this external id. What cannot be read counts as not known: usage is taken all the same.
    pub(crate) async fn of(&self, store: &Store, external_id: &str) -> Standing {
        let look = async {
            let bodies = store.usage_subscriptions(external_id).await?;
            Ok(bodies.map_or_else(Standing::default, |bodies| standing(&bodies)))
        };
        let found = self.standing.try_get_with_by_ref(external_id, look).await;
        found.unwrap_or_else(|error| unread(&error))
    }

    /// The external id of one of Polar's customers.
    pub(crate) async fn name_of(&self, store: &Store, customer: Uuid) -> Option<String> {
        let look = async { store.usage_external_id(&customer.to_string()).await };
        let found = self.names.try_get_with(customer, look).await;
        found.unwrap_or_else(|error| unread(&error))
    }
}

fn unread<T: Default>(error: &Arc<Error>) -> T {
    tracing::warn!(error = %chain(error), "the mirror cannot be read for usage");
    T::default()
}

fn standing(bodies: &[String]) -> Standing {
    let read = |body: &String| serde_json::from_str::<Subscription>(body).ok();
    let billed = |one: &Subscription| matches!(one.status.as_str(), "active" | "trialing");
    let all: Vec<Subscription> = bodies.iter().filter_map(read).filter(billed).collect();
    Standing {
        known: true,
        began: all.iter().filter_map(|one| one.current_period_start).max(),
        ends: all.iter().filter_map(|one| one.current_period_end).min(),
    }
}
