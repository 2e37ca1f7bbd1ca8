//! The usage spool.

use polarkit_store::{Alike, Bundle, Store, UsageBacklog, UsageEvent, Verdict};

use crate::fixture::on_every_store;

on_every_store!(
    an_accepted_event_waits_until_it_is_settled,
    the_same_id_is_accepted_once,
    what_is_due_later_waits_for_its_time,
    some_customers_go_first_also_with_what_would_rather_wait,
    customers_with_events_that_wait_are_named_once,
    what_the_meter_has_not_counted_yet_is_told,
    a_dead_event_can_be_sent_again,
    throwing_delivered_events_away_leaves_the_totals,
    a_thousand_events_in_one_call_are_one_commit,
    parts_of_a_bundle_settle_with_it,
    a_part_goes_in_one_bundle_only,
    who_settles_first_decides,
);

fn event(id: &str, at: i64) -> UsageEvent {
    UsageEvent {
        id: id.to_owned(),
        customer: "u_1".to_owned(),
        accepted_at: at,
        due_at: at,
        used_at: at,
        rollup: None,
        body: format!("{{\"id\":\"{id}\"}}"),
    }
}

async fn due(store: &Store, now: i64) -> Vec<String> {
    let events = store.usage_due(now, 5_000, usize::MAX).await.unwrap();
    events.into_iter().map(|event| event.id).collect()
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

async fn settle(store: &Store, verdict: Verdict, events: &[&str], now: i64) {
    let alike = Alike {
        events: ids(events),
        bundles: Vec::new(),
    };
    store
        .usage_settle(&[(verdict, alike)], 0, now, now)
        .await
        .unwrap();
}

fn dead() -> Verdict {
    Verdict::Dead {
        error: "refused".to_owned(),
    }
}

async fn totals(store: &Store) -> UsageBacklog {
    let seen = store.usage_backlog(0).await.unwrap();
    assert_eq!(seen.accepted, seen.delivered + seen.pending + seen.dead);
    seen
}

async fn an_accepted_event_waits_until_it_is_settled(store: Store) {
    store
        .record_usage(vec![event("a", 1), event("b", 2)])
        .await
        .unwrap();
    assert_eq!(totals(&store).await.pending, 2);
    assert_eq!(due(&store, 10).await, ["a", "b"]);
    settle(&store, Verdict::Delivered, &["a"], 11).await;
    let retry = Verdict::Retry {
        due_at: 50,
        error: "away".to_owned(),
    };
    settle(&store, retry, &["b"], 11).await;
    assert!(due(&store, 49).await.is_empty());
    let again = store.usage_due(50, 500, usize::MAX).await.unwrap();
    assert_eq!(
        (again.len(), again[0].id.as_str(), again[0].tries),
        (1, "b", 1)
    );
    let seen = totals(&store).await;
    assert_eq!((seen.accepted, seen.delivered, seen.pending), (2, 1, 1));
}

async fn the_same_id_is_accepted_once(store: Store) {
    let twice = vec![event("a", 1), event("a", 1)];
    store.record_usage(twice).await.unwrap();
    store.record_usage(vec![event("a", 2)]).await.unwrap();
    assert_eq!(totals(&store).await.accepted, 1);
}

async fn what_is_due_later_waits_for_its_time(store: Store) {
    let later = UsageEvent {
        due_at: 60,
        ..event("later", 1)
    };
    store
        .record_usage(vec![later, event("now", 2)])
        .await
        .unwrap();
    assert_eq!(due(&store, 59).await, ["now"]);
    assert_eq!(store.usage_backlog(59).await.unwrap().later, 1);
    assert_eq!(store.usage_let_go(59).await.unwrap(), 0, "nobody appeared");
    assert_eq!(due(&store, 60).await, ["now", "later"]);
}

async fn some_customers_go_first_also_with_what_would_rather_wait(store: Store) {
    let other = |id: &str, due_at| UsageEvent {
        customer: "u_2".to_owned(),
        due_at,
        ..event(id, 3)
    };
    let all = vec![event("a", 1), other("b", 3), other("c", 99)];
    store.record_usage(all).await.unwrap();
    let whose = ids(&["u_2"]);
    let first = store.usage_due_of(&whose, 10, 5, usize::MAX);
    let first = first.await.unwrap();
    let first: Vec<&str> = first.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(first, ["b", "c"]);
}

async fn customers_with_events_that_wait_are_named_once(store: Store) {
    let of = |customer: &str, id: &str| UsageEvent {
        customer: customer.to_owned(),
        ..event(id, 1)
    };
    let all = vec![of("b", "1"), of("a", "2"), of("b", "3"), of("c", "4")];
    store.record_usage(all).await.unwrap();
    assert_eq!(
        store.usage_customers("", 10).await.unwrap(),
        ["a", "b", "c"]
    );
    assert_eq!(store.usage_customers("a", 1).await.unwrap(), ["b"]);
    assert!(store.usage_customers("c", 10).await.unwrap().is_empty());
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
    settle(&store, Verdict::Delivered, &["a"], 20).await;
    settle(&store, Verdict::Delivered, &["b"], 40).await;
    let uncounted = store.usage_uncounted("u_1", 30, 100).await.unwrap();
    assert_eq!(
        uncounted.len(),
        2,
        "b was delivered after the meter's state, c waits"
    );
    assert_eq!(store.usage_uncounted("u_1", 0, 2).await.unwrap().len(), 2);
}

async fn a_dead_event_can_be_sent_again(store: Store) {
    store.record_usage(vec![event("a", 1)]).await.unwrap();
    settle(&store, dead(), &["a"], 5).await;
    assert_eq!(totals(&store).await.dead, 1);
    assert_eq!(store.usage_dead(10).await.unwrap()[0].error, "refused");
    assert!(due(&store, 1_000).await.is_empty());
    assert!(store.usage_replay("a", 6).await.unwrap());
    assert!(
        !store.usage_replay("a", 6).await.unwrap(),
        "it is not dead any more"
    );
    assert_eq!(due(&store, 6).await, ["a"]);
    assert_eq!(totals(&store).await.pending, 1);
}

async fn throwing_delivered_events_away_leaves_the_totals(store: Store) {
    let all = vec![event("a", 1), event("b", 1), event("c", 1)];
    store.record_usage(all).await.unwrap();
    settle(&store, Verdict::Delivered, &["a", "b"], 5).await;
    let before = totals(&store).await;
    assert_eq!(store.usage_prune(6).await.unwrap(), 2);
    assert_eq!(totals(&store).await, before);
}

async fn a_thousand_events_in_one_call_are_one_commit(store: Store) {
    let events: Vec<UsageEvent> = (0..1_000).map(|n| event(&format!("e{n}"), n)).collect();
    store.record_usage(events).await.unwrap();
    assert_eq!(totals(&store).await.pending, 1_000);
    let some = store.usage_due(2_000, 1_000, 100).await.unwrap();
    assert!(some.len() < 20, "no more than fits: {}", some.len());
    let all = due(&store, 2_000).await;
    assert_eq!(all.len(), 1_000);
    let alike = Alike {
        events: all,
        bundles: Vec::new(),
    };
    store
        .usage_settle(&[(Verdict::Delivered, alike)], 10, 3_000, 3_000)
        .await
        .unwrap();
    let seen = totals(&store).await;
    assert_eq!((seen.delivered, seen.duplicates), (1_000, 10));
}

fn bundle(id: &str, parts: &[&str]) -> Bundle {
    Bundle {
        id: id.to_owned(),
        used_at: 1,
        body: "{}".to_owned(),
        parts: ids(parts),
    }
}

async fn parts_of_a_bundle_settle_with_it(store: Store) {
    let all = vec![event("a", 1), event("b", 1), event("c", 1), event("d", 1)];
    store.record_usage(all).await.unwrap();
    let bundles = [bundle("ab", &["a", "b"]), bundle("cd", &["c", "d"])];
    assert!(store.usage_bundle(&bundles, 5).await.unwrap());
    assert!(due(&store, 9).await.is_empty(), "they go in their bundles");
    assert_eq!(store.usage_bundles_due(9, 9).await.unwrap().len(), 2);
    let seen = totals(&store).await;
    assert_eq!((seen.pending, seen.rolled_up), (4, 4));
    let went = |id: &str| Alike {
        events: Vec::new(),
        bundles: ids(&[id]),
    };
    let settled = [(Verdict::Delivered, went("ab")), (dead(), went("cd"))];
    store.usage_settle(&settled, 0, 10, 10).await.unwrap();
    let seen = totals(&store).await;
    assert_eq!((seen.delivered, seen.dead, seen.pending), (2, 2, 0));
    assert!(store.usage_bundles_due(99, 9).await.unwrap().is_empty());
    assert!(store.usage_replay("c", 20).await.unwrap());
    assert_eq!(due(&store, 20).await, ["c"], "alone this time");
}

async fn a_part_goes_in_one_bundle_only(store: Store) {
    let all = vec![event("a", 1), event("b", 1), event("c", 1)];
    store.record_usage(all).await.unwrap();
    assert!(
        store
            .usage_bundle(&[bundle("ab", &["a", "b"])], 5)
            .await
            .unwrap()
    );
    let again = [bundle("bc", &["b", "c"])];
    assert!(!store.usage_bundle(&again, 5).await.unwrap());
    assert_eq!(due(&store, 9).await, ["c"], "nothing was decided");
    assert_eq!(store.usage_bundles_due(9, 9).await.unwrap().len(), 1);
}

async fn who_settles_first_decides(store: Store) {
    store.record_usage(vec![event("a", 1)]).await.unwrap();
    settle(&store, Verdict::Delivered, &["a"], 5).await;
    settle(&store, dead(), &["a"], 6).await;
    settle(&store, Verdict::Delivered, &["a"], 7).await;
    let seen = totals(&store).await;
    assert_eq!((seen.delivered, seen.dead), (1, 0));
}
