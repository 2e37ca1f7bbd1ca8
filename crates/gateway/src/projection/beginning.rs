//! What was there before the gateway first listened is taken in silence: nobody wants to be welcomed
//! a year after.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use polarkit_store::{Entitlement, Error, Essence, Tx};
use serde::Deserialize;

use crate::entitlement::cause::Cause;
use crate::gateway::Gateway;
use crate::subscriber::notice::ACCESS_REVOKED;

/// How long Polar tries to deliver what it has to tell, and more: what happened so shortly before the
/// first reading may still come as a webhook, and is told whichever is first.
const WEBHOOKS_COME_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Since when what is found by reading is news, µs of Polar's time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Began {
    /// Nobody listened before.
    Listening(i64),
    /// Everything of this kind was known then, and is read once more to be kept in another way.
    Known(i64),
}

/// Of what was found by reading, until every list was read once, or while one is read anew: since when
/// it is news. What a webhook tells is news always.
pub(super) async fn of(
    tx: &mut Tx,
    gateway: &Gateway,
    causes: &[Cause],
) -> Result<Option<Began>, Error> {
    let read_at = causes.iter().filter_map(Cause::read_at).min();
    let silent = !gateway.config.healing.tell_existing;
    let Some(at) = read_at.filter(|_| silent) else {
        return Ok(None);
    };
    for kind in causes.iter().filter_map(Cause::read_of) {
        if let Some(at) = tx.read_anew(kind).await? {
            return Ok(Some(Began::Known(at)));
        }
    }
    if gateway.reconcile.is_backfilled() {
        return Ok(None);
    }
    let late = i64::try_from(WEBHOOKS_COME_FOR.as_micros()).unwrap_or_default();
    let began = tx.beginning(at).await?.saturating_sub(late);
    Ok(Some(Began::Listening(began)))
}

/// The reasons that granted before it began and have not changed since: of those that were there
/// before anyone listened, none of whom was told that access ended, because they must hear that it is
/// back; of those that are read anew, the ones that stood nowhere before.
pub(super) async fn unheard(
    tx: &mut Tx,
    customer: &str,
    (essences, before, after): (&[Essence], &[Entitlement], &[Entitlement]),
    began: Began,
) -> Result<Vec<Entitlement>, Error> {
    let changed = changed(essences);
    let (Began::Listening(since) | Began::Known(since)) = began;
    let is_old = |row: &&Entitlement| {
        let at = changed.get(row.source.as_str());
        row.granted && at.is_some_and(|at| *at < since)
    };
    let mut old: Vec<Entitlement> = after.iter().filter(is_old).cloned().collect();
    if let Began::Known(_) = began {
        old.retain(|row| !before.iter().any(|known| known.source == row.source));
        return Ok(old);
    }
    if old.is_empty() || tx.was_told(customer, ACCESS_REVOKED).await? {
        return Ok(Vec::new());
    }
    Ok(old)
}

/// When what each reason comes from last changed, by the reason's source.
fn changed(essences: &[Essence]) -> BTreeMap<String, i64> {
    let mut changed = BTreeMap::new();
    let mut note = |noun: &str, id: &str, at: i64| {
        let slot = changed.entry(format!("{noun}:{id}")).or_insert(at);
        *slot = at.max(*slot);
    };
    for essence in essences {
        match essence.kind.as_str() {
            "benefit_grant" => note("grant", &essence.id, essence.version.object_at),
            "customer_seat" => note("seat", &essence.id, essence.version.object_at),
            "state" => {
                let state: State = serde_json::from_str(&essence.essence).unwrap_or_default();
                for (noun, listed) in [
                    ("subscription", state.active_subscriptions),
                    ("grant", state.granted_benefits),
                ] {
                    for one in listed {
                        // Of what does not say when, it is not known that it is old.
                        let at = one.modified_at.or(one.created_at).unwrap_or(Timestamp::MAX);
                        note(noun, &one.id, at.as_microsecond());
                    }
                }
            }
            noun => note(noun, &essence.id, essence.version.object_at),
        }
    }
    changed
}

/// What a customer's state lists, as far as it says since when.
#[derive(Default, Deserialize)]
struct State {
    #[serde(default)]
    active_subscriptions: Vec<Listed>,
    #[serde(default)]
    granted_benefits: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    modified_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use polarkit_store::{Notice, Store, Version};

    use super::*;
    use crate::entitlement::grace::Grace;
    use crate::entitlement::{derive, essence};

    /// A subscription that last changed at this second.
    fn since(second: i64) -> Essence {
        Essence {
            kind: "subscription".to_owned(),
            id: "s".to_owned(),
            essence: r#"{"product_id":"p","status":"active"}"#.to_owned(),
            version: Version {
                object_at: second * 1_000_000,
                envelope_at: 99_000_000,
            },
            seen_at: 0,
        }
    }

    /// A state that lists it, changed at this second.
    fn stated(second: i64) -> Essence {
        let at = Timestamp::from_second(second).unwrap();
        let state = format!(
            r#"{{"active_subscriptions":[{{"id":"s","product_id":"p","status":"active",
                "created_at":"1970-01-01T00:00:01Z","modified_at":"{at}"}}]}}"#
        );
        Essence {
            kind: "state".to_owned(),
            id: "c".to_owned(),
            essence: essence::of_state(&state).unwrap(),
            ..since(99)
        }
    }

    async fn is_unheard(store: &Store, essences: &[Essence], began: i64) -> bool {
        let after = derive::derive(essences, Grace::default()).unwrap();
        assert!(after.iter().any(|row| row.granted));
        let mut tx = store.begin().await.unwrap();
        let began = Began::Listening(began * 1_000_000);
        let unheard = unheard(&mut tx, "c", (essences, &[], &after), began);
        !unheard.await.unwrap().is_empty()
    }

    #[tokio::test]
    async fn only_what_is_older_than_the_gateway_is_taken_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        let store = Store::open(&url).await.unwrap();
        assert!(is_unheard(&store, &[since(9)], 10).await);
        assert!(!is_unheard(&store, &[since(10)], 10).await);
        assert!(is_unheard(&store, &[stated(9)], 10).await);
        assert!(!is_unheard(&store, &[stated(10)], 10).await);
        assert!(!is_unheard(&store, &[since(9), stated(10)], 10).await);
        // Whoever was told that it is over hears that it is not.
        let revoked = Notice {
            id: "1".to_owned(),
            customer: "c".to_owned(),
            kind: ACCESS_REVOKED.to_owned(),
            products: "[]".to_owned(),
            body: None,
            to: Vec::new(),
        };
        let mut tx = store.begin().await.unwrap();
        tx.tell(&[revoked], 1).await.unwrap();
        tx.commit().await.unwrap();
        assert!(!is_unheard(&store, &[since(9)], 10).await);
        store.close().await;
    }
}
