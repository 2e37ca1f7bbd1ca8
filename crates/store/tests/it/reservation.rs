//! Accounts and what is reserved of them.

use polarkit_store::{Account, Alike, Reservation, Store, UsageEvent, Verdict};

use crate::fixture::on_every_store;

on_every_store!(
    an_account_remembers_the_newest_figure,
    whoever_holds_an_account_keeps_others_waiting,
    what_is_over_is_not_held_and_goes_in_the_end,
    an_event_counts_surely_only_once_polar_had_answered,
    a_use_and_the_end_of_its_reservation_are_one,
);

fn account(balance: &str, as_of: i64) -> Account {
    Account {
        customer: "u_1".to_owned(),
        meter: "m".to_owned(),
        definition: "{}".to_owned(),
        balance: balance.to_owned(),
        as_of,
    }
}

fn reservation(id: &str, units: &str, expires_at: i64) -> Reservation {
    Reservation {
        id: id.to_owned(),
        customer: "u_1".to_owned(),
        meter: "m".to_owned(),
        units: units.to_owned(),
        created_at: 1,
        expires_at,
        state: "held".to_owned(),
        spent: None,
    }
}

fn event(id: &str) -> UsageEvent {
    UsageEvent {
        id: id.to_owned(),
        customer: "u_1".to_owned(),
        accepted_at: 1,
        due_at: 0,
        used_at: 1,
        rollup: None,
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

async fn an_account_remembers_the_newest_figure(store: Store) {
    for (given, remembered) in [
        (account("10", 5), account("10", 5)),
        (account("7", 9), account("7", 9)),
        (account("10", 5), account("7", 9)),
        (account("6", 9), account("6", 9)),
    ] {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.hold_account(&given, 1).await.unwrap(), remembered);
        tx.commit().await.unwrap();
    }
    assert_eq!(store.accounts("u_1").await.unwrap(), [account("6", 9)]);
}

/// Each reads what is held and adds one more if there is room: without waiting, more would fit.
async fn whoever_holds_an_account_keeps_others_waiting(store: Store) {
    let spend = async |number: usize| {
        let mut tx = store.begin().await.unwrap();
        let held = tx.hold_account(&account("3", 1), 1).await.unwrap();
        let room = tx.held_of(&held, 10).await.unwrap().len() < 3;
        tokio::task::yield_now().await;
        let new = reservation(&format!("r{number}"), "1", 50);
        if room {
            assert!(tx.reserve(&new).await.unwrap());
        }
        tx.commit().await.unwrap();
        room
    };
    let spent = futures_util::future::join_all((0..8).map(spend)).await;
    assert_eq!(spent.iter().filter(|spent| **spent).count(), 3);
    assert_eq!(
        store.reserved("u_1", "m", 10).await.unwrap(),
        ["1", "1", "1"]
    );
}

async fn what_is_over_is_not_held_and_goes_in_the_end(store: Store) {
    let mut tx = store.begin().await.unwrap();
    let held = tx.hold_account(&account("9", 1), 1).await.unwrap();
    for (id, units, ends) in [("a", "1", 50), ("b", "2", 60), ("c", "3", 70)] {
        assert!(tx.reserve(&reservation(id, units, ends)).await.unwrap());
    }
    assert!(!tx.reserve(&reservation("a", "9", 90)).await.unwrap());
    tx.settle_reservation("c", None, 20).await.unwrap();
    assert_eq!(tx.expire_of(&held, 49).await.unwrap(), 0);
    assert_eq!(tx.expire_of(&held, 50).await.unwrap(), 1);
    assert_eq!(tx.held_of(&held, 10).await.unwrap(), ["2"]);
    tx.commit().await.unwrap();
    assert_eq!(store.reservations_held(59).await.unwrap(), 1);
    assert_eq!(store.reservations_held(60).await.unwrap(), 0);
    assert_eq!(store.reservations_expire(60).await.unwrap(), 1);
    store.reservations_prune(60).await.unwrap();
    assert!(store.reservation("a").await.unwrap().is_none());
    assert_eq!(
        store.reservation("b").await.unwrap().unwrap().state,
        "expired"
    );
    assert_eq!(store.accounts("u_1").await.unwrap().len(), 1, "b is of it");
    store.reservations_prune(61).await.unwrap();
    assert!(store.accounts("u_1").await.unwrap().is_empty());
}

async fn an_event_counts_surely_only_once_polar_had_answered(store: Store) {
    store
        .record_usage(vec![event("a"), event("b")])
        .await
        .unwrap();
    let alike = Alike {
        events: vec!["a".to_owned()],
        bundles: Vec::new(),
    };
    let delivered = [(Verdict::Delivered, alike)];
    store.usage_settle(&delivered, 0, 20, 40).await.unwrap();
    let uncounted = async |until: i64| {
        let mut tx = store.begin().await.unwrap();
        tx.usage_not_surely_counted("u_1", until, 10)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(uncounted(19).await, 2);
    assert_eq!(
        uncounted(39).await,
        2,
        "on its way when the figure was made"
    );
    assert_eq!(uncounted(40).await, 1, "b waits");
}

async fn a_use_and_the_end_of_its_reservation_are_one(store: Store) {
    let mut tx = store.begin().await.unwrap();
    tx.hold_account(&account("9", 1), 1).await.unwrap();
    assert!(tx.reserve(&reservation("a", "4", 50)).await.unwrap());
    tx.commit().await.unwrap();
    for commits in [false, true] {
        let known = store.reservation("a").await.unwrap().unwrap();
        assert_eq!(known.state, "held");
        let mut tx = store.begin().await.unwrap();
        assert!(tx.hold_account_of(&known, 2).await.unwrap().is_some());
        assert!(!tx.usage_has("a").await.unwrap());
        tx.settle_reservation("a", Some("2.5"), 20).await.unwrap();
        tx.record_usage(&[event("a")]).await.unwrap();
        if commits {
            tx.commit().await.unwrap();
        }
    }
    let known = store.reservation("a").await.unwrap().unwrap();
    assert_eq!(
        (known.state.as_str(), known.spent.as_deref()),
        ("committed", Some("2.5"))
    );
    assert_eq!(store.usage_uncounted("u_1", 0, 10).await.unwrap().len(), 1);
}
