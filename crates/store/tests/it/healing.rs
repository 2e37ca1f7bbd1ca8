//! What healing remembers: doubts, leases, how far lists are read, what is gone.

use polarkit_store::{Doubt, Object, Reading, Store, Version};

use crate::fixture::on_every_store;

on_every_store!(
    two_marks_are_one_doubt_that_only_a_later_read_settles,
    a_doubt_that_failed_waits_for_its_time,
    a_lease_is_one_nodes_until_it_runs_out,
    a_reading_goes_on_where_it_was,
    what_is_gone_decides_nothing_and_nothing_older_brings_it_back,
    only_what_was_not_come_across_is_unseen,
);

fn doubt(after_at: i64, whole: bool) -> Doubt {
    Doubt {
        customer: "anna".to_owned(),
        reason: "told".to_owned(),
        after_at,
        whole,
        marked_at: 1,
        due_at: 10,
        tries: 0,
        error: None,
    }
}

async fn two_marks_are_one_doubt_that_only_a_later_read_settles(store: Store) {
    store.doubt(&doubt(50, true)).await.unwrap();
    store.doubt(&doubt(40, false)).await.unwrap();
    let due = store.doubts_due(10, 9).await.unwrap();
    assert_eq!(due, [doubt(50, true)]);
    store.doubt_settled("anna", 50).await.unwrap();
    assert_eq!(store.doubts().await.unwrap(), 1, "as old as the doubt");
    store.doubt_settled("anna", 51).await.unwrap();
    assert_eq!(store.doubts().await.unwrap(), 0);
}

async fn a_doubt_that_failed_waits_for_its_time(store: Store) {
    store.doubt(&doubt(50, false)).await.unwrap();
    assert!(store.doubts_due(9, 9).await.unwrap().is_empty());
    store.doubt_failed("anna", "away", 20).await.unwrap();
    assert!(store.doubts_due(19, 9).await.unwrap().is_empty());
    let due = store.doubts_due(20, 9).await.unwrap();
    assert_eq!((due[0].tries, due[0].error.as_deref()), (1, Some("away")));
}

async fn a_lease_is_one_nodes_until_it_runs_out(store: Store) {
    let lease = async |holder, now| store.lease("work", holder, now, now + 10).await.unwrap();
    assert!(lease("one", 0).await);
    assert!(lease("one", 5).await, "kept");
    assert!(!lease("two", 15).await);
    assert!(lease("two", 16).await, "it ran out");
    assert!(!lease("one", 17).await);
    store.release("work", "one").await.unwrap();
    assert!(!lease("one", 18).await, "not one's to give back");
    store.release("work", "two").await.unwrap();
    assert!(lease("one", 19).await);
}

async fn a_reading_goes_on_where_it_was(store: Store) {
    let mut reading = Reading {
        kind: "order".to_owned(),
        place: "7".to_owned(),
        objects: 600,
        ..Reading::default()
    };
    store.put_reading(&reading).await.unwrap();
    reading.place = String::new();
    reading.complete_at = Some(5);
    let mut tx = store.begin().await.unwrap();
    tx.put_reading(&reading).await.unwrap();
    drop(tx);
    assert_eq!(store.readings().await.unwrap()[0].place, "7", "rolled back");
    store.put_reading(&reading).await.unwrap();
    assert_eq!(store.readings().await.unwrap(), [reading]);
}

fn subscription(id: &str, at: i64) -> Object {
    Object {
        customer: "anna".to_owned(),
        kind: "subscription".to_owned(),
        id: id.to_owned(),
        version: Version {
            object_at: at,
            envelope_at: at,
        },
        external_id: None,
        essence: Some("{}".to_owned()),
        body: "{}".to_owned(),
    }
}

async fn what_is_gone_decides_nothing_and_nothing_older_brings_it_back(store: Store) {
    let mut tx = store.begin().await.unwrap();
    tx.mirror(&subscription("s", 10)).await.unwrap();
    assert!(!tx.vanish("anna", "subscription", "s", 10).await.unwrap());
    assert!(tx.vanish("anna", "subscription", "s", 20).await.unwrap());
    assert!(!tx.vanish("anna", "subscription", "s", 30).await.unwrap());
    assert!(tx.essences("anna").await.unwrap().is_empty());
    assert!(!tx.mirror(&subscription("s", 15)).await.unwrap());
    assert!(tx.mirror(&subscription("s", 25)).await.unwrap());
    let known = tx.known("anna", "subscription", "s").await.unwrap();
    assert_eq!(known.unwrap().gone_at, None);
}

async fn only_what_was_not_come_across_is_unseen(store: Store) {
    let mut tx = store.begin().await.unwrap();
    for id in ["a", "b", "c"] {
        tx.mirror(&subscription(id, 10)).await.unwrap();
    }
    tx.mirror(&subscription("d", 60)).await.unwrap();
    tx.seen("anna", "subscription", "b", 55).await.unwrap();
    tx.commit().await.unwrap();
    let unseen = async |after: &str| -> Vec<String> {
        let rows = store.unseen("subscription", 50, after, 9).await.unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(unseen("").await, ["a", "c"]);
    assert_eq!(unseen("a").await, ["c"]);
    let told = store.told_at("subscription", "b").await.unwrap();
    assert_eq!(told, Some((10, 55)));
}
