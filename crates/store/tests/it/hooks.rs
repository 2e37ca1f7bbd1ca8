//! Hook calls.

use polarkit_store::{Call, Store};

use crate::fixture::on_every_store;

on_every_store!(
    a_call_is_made_once_for_one_cause,
    a_failed_call_comes_back_until_given_up
);

fn call(id: &str) -> Call {
    Call {
        id: id.to_owned(),
        customer: "anna".to_owned(),
        kind: "order_paid".to_owned(),
        tries: 0,
        payload: "{}".to_owned(),
    }
}

async fn push(store: &Store, id: &str, now: i64) {
    let mut tx = store.begin().await.unwrap();
    tx.push_call(&call(id), now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_call_is_made_once_for_one_cause(store: Store) {
    push(&store, "order_paid:o1", 1).await;
    push(&store, "order_paid:o1", 2).await;
    assert_eq!(store.calls_due(5, 10).await.unwrap().len(), 1);
    store.call_done("order_paid:o1").await.unwrap();
    push(&store, "order_paid:o1", 3).await;
    assert!(store.calls_due(5, 10).await.unwrap().is_empty());
    push(&store, "waiting", 1).await;
    store.calls_prune(4).await.unwrap();
    assert_eq!(
        store.calls_due(5, 10).await.unwrap().len(),
        1,
        "only calls made are forgotten"
    );
    push(&store, "order_paid:o1", 9).await;
    assert!(
        store.calls_due(9, 10).await.unwrap().len() == 1,
        "an order that was told as paid is never told so again"
    );
}

async fn a_failed_call_comes_back_until_given_up(store: Store) {
    push(&store, "x", 1).await;
    store.call_failed("x", "away", Some(50)).await.unwrap();
    assert!(store.calls_due(49, 10).await.unwrap().is_empty());
    assert_eq!(store.calls_due(50, 10).await.unwrap()[0].tries, 1);
    store.call_failed("x", "away", None).await.unwrap();
    assert!(store.calls_due(1_000, 10).await.unwrap().is_empty());
}
