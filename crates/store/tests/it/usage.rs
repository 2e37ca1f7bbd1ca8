//! The usage spool.

use polarkit_store::{Store, UsageEvent, Verdict};

use crate::fixture::on_every_store;

on_every_store!(
    an_accepted_event_waits_until_it_is_settled,
    a_lease_keeps_others_away_until_it_ends,
    released_events_are_due_at_once,
    what_the_meter_has_not_counted_yet_is_told,
    a_dead_event_can_be_sent_again,
    a_thousand_events_in_one_call_are_one_commit,
);

fn event(id: &str, at: i64) -> UsageEvent {
    UsageEvent {
        id: id.to_owned(),
        customer: "u_1".to_owned(),
        accepted_at: at,
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

async fn claimed(store: &Store, now: i64) -> Vec<String> {
    let events = store.usage_claim(now, now + 60, 500).await.unwrap();
    let mut ids: Vec<String> = events.into_iter().map(|event| event.id).collect();
    ids.sort();
    ids
}

async fn an_accepted_event_waits_until_it_is_settled(store: Store) {
    store
        .record_usage(vec![event("a", 1), event("b", 2)])
        .await
        .unwrap();
    assert_eq!(store.usage_backlog().await.unwrap().pending, 2);
    assert_eq!(claimed(&store, 10).await, ["a", "b"]);
    let retry = Verdict::Retry {
        due_at: 50,
        error: "away".to_owned(),
    };
    let verdicts = [
        ("a".to_owned(), Verdict::Delivered),
        ("b".to_owned(), retry),
    ];
    store.usage_settle(&verdicts, 11).await.unwrap();
    assert!(claimed(&store, 49).await.is_empty());
    let again = store.usage_claim(50, 110, 500).await.unwrap();
    assert_eq!(
        (again.len(), again[0].id.as_str(), again[0].tries),
        (1, "b", 1)
    );
}

async fn a_lease_keeps_others_away_until_it_ends(store: Store) {
    store.record_usage(vec![event("a", 1)]).await.unwrap();
    assert_eq!(claimed(&store, 10).await, ["a"]);
    assert!(claimed(&store, 69).await.is_empty());
    assert_eq!(claimed(&store, 70).await, ["a"]);
}

async fn released_events_are_due_at_once(store: Store) {
    store.record_usage(vec![event("a", 1)]).await.unwrap();
    claimed(&store, 10).await;
    store.usage_release(11).await.unwrap();
    assert_eq!(claimed(&store, 11).await, ["a"]);
}

async fn what_the_meter_has_not_counted_yet_is_told(store: Store) {
    let other = UsageEvent {
        customer: "u_2".to_owned(),
        ..event("other", 1)
    };
    store
        .record_usage(vec![event("a", 1), event("b", 1), event("c", 1), other])
        .await
        .unwrap();
    let delivered = |id: &str| (id.to_owned(), Verdict::Delivered);
    store.usage_settle(&[delivered("a")], 20).await.unwrap();
    store.usage_settle(&[delivered("b")], 40).await.unwrap();
    let uncounted = store.usage_uncounted("u_1", 30, 100).await.unwrap();
    assert_eq!(
        uncounted.len(),
        2,
        "b was delivered after the meter's state, c waits"
    );
    assert_eq!(store.usage_uncounted("u_1", 0, 2).await.unwrap().len(), 2);
    assert_eq!(store.usage_prune(30).await.unwrap(), 1);
}

async fn a_dead_event_can_be_sent_again(store: Store) {
    store.record_usage(vec![event("a", 1)]).await.unwrap();
    let dead = Verdict::Dead {
        error: "refused".to_owned(),
    };
    store
        .usage_settle(&[("a".to_owned(), dead)], 5)
        .await
        .unwrap();
    assert_eq!(store.usage_backlog().await.unwrap().dead, 1);
    assert_eq!(store.usage_dead(10).await.unwrap()[0].2, "refused");
    assert!(claimed(&store, 1_000).await.is_empty());
    assert!(store.usage_replay("a", 6).await.unwrap());
    assert!(
        !store.usage_replay("a", 6).await.unwrap(),
        "it is not dead any more"
    );
    assert_eq!(claimed(&store, 6).await, ["a"]);
}

async fn a_thousand_events_in_one_call_are_one_commit(store: Store) {
    let events = (0..1_000).map(|n| event(&format!("e{n}"), n)).collect();
    store.record_usage(events).await.unwrap();
    assert_eq!(store.usage_backlog().await.unwrap().pending, 1_000);
    assert_eq!(claimed(&store, 2_000).await.len(), 500);
}
