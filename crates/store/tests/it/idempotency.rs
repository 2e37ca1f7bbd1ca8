//! Requests that are done once.

use std::collections::BTreeSet;

use polarkit_store::{Claim, Hold, Repeatable, Saved, Store};

use crate::fixture::on_every_store;

on_every_store!(
    the_first_answer_is_the_answer,
    a_key_belongs_to_its_caller_and_its_request,
    an_abandoned_request_is_taken_over,
    who_lost_a_request_saves_nothing,
    a_failed_call_frees_its_request,
    an_answer_goes_with_its_checkout,
    many_at_once_are_saved_together,
);

fn request(fingerprint: &str) -> Repeatable {
    Repeatable {
        caller: "server".to_owned(),
        key: "k1".to_owned(),
        fingerprint: fingerprint.to_owned(),
    }
}

/// Holds for ten, and believes answers of the last hundred.
fn hold(holder: &str, now: i64) -> Hold {
    Hold {
        holder: holder.to_owned(),
        now,
        until: now + 10,
        oldest: now - 100,
    }
}

fn saved(checkout: Option<&str>) -> Saved {
    Saved {
        status: 200,
        answer: "{\"a\":1}".to_owned(),
        checkout: checkout.map(str::to_owned),
    }
}

async fn claim(store: &Store, request: &Repeatable, hold: &Hold) -> Claim {
    store.idempotency_claim(request, hold).await.unwrap()
}

async fn the_first_answer_is_the_answer(store: Store) {
    let (ask, first) = (request("f"), hold("a", 10));
    assert_eq!(claim(&store, &ask, &first).await, Claim::Yours);
    assert_eq!(claim(&store, &ask, &hold("b", 11)).await, Claim::Running);
    let answer = saved(None);
    let kept = store.idempotency_save(ask.clone(), first, answer.clone());
    assert!(kept.await.unwrap());
    let again = claim(&store, &ask, &hold("b", 110)).await;
    assert_eq!(again, Claim::Answered(answer), "long after the hold ended");
    assert_eq!(
        claim(&store, &ask, &hold("b", 111)).await,
        Claim::Yours,
        "too old"
    );
    store.idempotency_prune(112).await.unwrap();
    assert_eq!(claim(&store, &ask, &hold("c", 113)).await, Claim::Yours);
}

async fn a_key_belongs_to_its_caller_and_its_request(store: Store) {
    claim(&store, &request("f"), &hold("a", 10)).await;
    let other = claim(&store, &request("g"), &hold("b", 10)).await;
    assert_eq!(other, Claim::Other);
    let another = Repeatable {
        caller: "another".to_owned(),
        ..request("g")
    };
    assert_eq!(claim(&store, &another, &hold("b", 10)).await, Claim::Yours);
}

async fn an_abandoned_request_is_taken_over(store: Store) {
    let ask = request("f");
    claim(&store, &ask, &hold("a", 10)).await;
    store.idempotency_keep(&ask, "a", 30).await.unwrap();
    store.idempotency_keep(&ask, "b", 90).await.unwrap();
    assert_eq!(claim(&store, &ask, &hold("b", 30)).await, Claim::Running);
    assert_eq!(claim(&store, &ask, &hold("b", 31)).await, Claim::Yours);
}

async fn who_lost_a_request_saves_nothing(store: Store) {
    let (ask, first, second) = (request("f"), hold("a", 10), hold("b", 50));
    claim(&store, &ask, &first).await;
    claim(&store, &ask, &second).await;
    let late = store.idempotency_save(ask.clone(), first, saved(Some("late")));
    assert!(!late.await.unwrap());
    store.idempotency_drop(&ask, "a").await.unwrap();
    let kept = store.idempotency_save(ask.clone(), second, saved(Some("kept")));
    assert!(kept.await.unwrap());
    let answer = claim(&store, &ask, &hold("c", 60)).await;
    assert_eq!(answer, Claim::Answered(saved(Some("kept"))));
}

async fn a_failed_call_frees_its_request(store: Store) {
    claim(&store, &request("f"), &hold("a", 10)).await;
    store.idempotency_drop(&request("f"), "a").await.unwrap();
    let next = claim(&store, &request("g"), &hold("b", 11)).await;
    assert_eq!(next, Claim::Yours);
}

async fn an_answer_goes_with_its_checkout(store: Store) {
    let (ask, first) = (request("f"), hold("a", 10));
    claim(&store, &ask, &first).await;
    let kept = store.idempotency_save(ask.clone(), first, saved(Some("c1")));
    kept.await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.idempotency_over(&BTreeSet::from(["c0".to_owned(), "c1".to_owned()]))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&store, &ask, &hold("b", 11)).await, Claim::Yours);
}

async fn many_at_once_are_saved_together(store: Store) {
    let save = |n: i64| {
        let ask = Repeatable {
            key: format!("k{}", 99 - n),
            ..request("f")
        };
        store.idempotency_save(ask, hold("a", 10), saved(Some(&n.to_string())))
    };
    let all = futures_util::future::join_all((0..50).map(save)).await;
    assert!(all.into_iter().all(Result::unwrap));
    let ask = Repeatable {
        key: "k92".to_owned(),
        ..request("f")
    };
    let known = store.idempotency_known(&ask, &hold("b", 11)).await.unwrap();
    assert_eq!(known, Some(Claim::Answered(saved(Some("7")))));
}
