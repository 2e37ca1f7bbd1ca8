//! Subscribers: whoever is told what happened, by webhook or by a hook in Rust, from one queue.
//!
//! What is told is written with the change itself (`notice`, `audience`); workers lease it and
//! tell it (`worker`, `post`), at least once, with the same id each time, and for one customer
//! strictly in order.

pub(crate) mod audience;
pub(crate) mod breaker;
pub(crate) mod filter;
pub(crate) mod guard;
pub(crate) mod notice;
pub(crate) mod post;
pub(crate) mod replay;
pub(crate) mod secret;
pub(crate) mod stream;
pub(crate) mod worker;

use jiff::Timestamp;
use polarkit_store::{Error, Standing, Store, Subscriber};

use self::filter::Filter;

/// Subscribers of one gateway: each event is compared with each.
pub(crate) const SUBSCRIBERS_MAX: usize = 100;
/// The subscriber that stands for the application's hooks.
pub(crate) const HOOKS_ID: &str = "hooks";
/// Kinds of subscribers.
pub(crate) const WEBHOOK: &str = "webhook";
const HOOK: &str = "hook";

/// What a subscriber wants to hear of.
pub(crate) fn lists(one: &Subscriber) -> Filter {
    // Written by `written`; where somebody else wrote there, everything is better than nothing.
    let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
    Filter {
        events: read(&one.events),
        customers: read(&one.customers),
        products: read(&one.products),
    }
}

/// A list as the store keeps it.
pub(crate) fn written(list: &[String]) -> String {
    // A list of texts always has a JSON form.
    serde_json::to_string(list).unwrap_or_default()
}

/// Makes the application's hooks a subscriber, once.
pub(crate) async fn enlist_hooks(store: &Store, now: Timestamp) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    if tx.subscriber(HOOKS_ID).await?.is_none() {
        let hooks = Subscriber {
            id: HOOKS_ID.to_owned(),
            kind: HOOK.to_owned(),
            description: "the application's own hooks".to_owned(),
            url: String::new(),
            events: written(&["*".to_owned()]),
            customers: written(&[]),
            products: written(&[]),
            secrets: "[]".to_owned(),
            enabled: true,
            disabled_reason: None,
            standing: Standing::default(),
            created_at: now.as_microsecond(),
            changed_at: now.as_microsecond(),
        };
        tx.put_subscriber(&hooks).await?;
    }
    tx.commit().await
}
