//! Idempotency keys.

use polarkit_store::{Claim, Saved, Store};

use crate::fixture::on_every_store;

on_every_store!(
    the_first_answer_is_the_answer,
    a_key_belongs_to_its_caller_and_its_request,
    an_abandoned_key_is_taken_over,
    a_failed_call_frees_its_key,
);

const KEY: (&str, &str) = ("server", "k1");

async fn the_first_answer_is_the_answer(store: Store) {
    assert_eq!(
        store.idempotency_claim(KEY, "f", 10, 0).await.unwrap(),
        Claim::Yours
    );
    assert_eq!(
        store.idempotency_claim(KEY, "f", 11, 0).await.unwrap(),
        Claim::Running
    );
    let saved = Saved {
        status: 200,
        answer: "{\"a\":1}".to_owned(),
    };
    store.idempotency_save(KEY, &saved).await.unwrap();
    let again = store.idempotency_claim(KEY, "f", 12, 12).await.unwrap();
    assert_eq!(again, Claim::Answered(saved));
    store.idempotency_prune(11).await.unwrap();
    assert_eq!(
        store.idempotency_claim(KEY, "f", 13, 0).await.unwrap(),
        Claim::Yours
    );
}

async fn a_key_belongs_to_its_caller_and_its_request(store: Store) {
    store.idempotency_claim(KEY, "f", 10, 0).await.unwrap();
    assert_eq!(
        store.idempotency_claim(KEY, "g", 10, 0).await.unwrap(),
        Claim::Other
    );
    let other = ("another", "k1");
    assert_eq!(
        store.idempotency_claim(other, "g", 10, 0).await.unwrap(),
        Claim::Yours
    );
}

async fn an_abandoned_key_is_taken_over(store: Store) {
    store.idempotency_claim(KEY, "f", 10, 0).await.unwrap();
    assert_eq!(
        store.idempotency_claim(KEY, "f", 90, 11).await.unwrap(),
        Claim::Yours
    );
}

async fn a_failed_call_frees_its_key(store: Store) {
    store.idempotency_claim(KEY, "f", 10, 0).await.unwrap();
    store.idempotency_drop(KEY).await.unwrap();
    assert_eq!(
        store.idempotency_claim(KEY, "g", 11, 0).await.unwrap(),
        Claim::Yours
    );
}
