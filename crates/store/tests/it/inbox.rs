//! The inbox.

use std::collections::HashSet;

use polarkit_store::{Arrival, Error, Fate, Mail, Store};

use crate::fixture::on_every_store;

on_every_store!(
    a_second_delivery_is_taken_once,
    many_callers_share_commits_and_nothing_is_lost,
    what_is_taken_and_not_committed_stays_in_line,
    mail_comes_out_in_the_order_it_came_in,
    a_failed_delivery_holds_back_its_own_customer_alone,
    a_dead_letter_holds_nobody_back_and_can_be_replayed,
    bytes_come_back_as_they_came,
    one_refused_row_costs_nobody_else_theirs,
    a_closed_store_refuses_politely,
    an_uncommitted_projection_is_done_again,
    pruning_forgets_what_is_done_alone,
);

pub(crate) fn mail(id: &str, received_at: i64) -> Mail {
    Mail {
        webhook_id: id.to_owned(),
        received_at,
        sent_at: received_at,
        verified_by: "1/utf8".to_owned(),
        headers: "{}".to_owned(),
        body: b"{}".as_slice().into(),
    }
}

/// Moves all that came into the inbox, about this customer; says which ids are new.
pub(crate) async fn sort(store: &Store, customer: &str) -> HashSet<String> {
    let mut tx = store.begin().await.unwrap();
    let mails = store.intake_take(&mut tx, 1_000).await.unwrap();
    let arrivals = mails.iter().map(|mail| Arrival {
        mail,
        kind: "order.paid",
        customer,
        fate: Fate::Pending,
    });
    let fresh = tx.inbox_add(&arrivals.collect::<Vec<_>>(), 1).await;
    tx.commit().await.unwrap();
    fresh.unwrap()
}

/// One delivery about this customer, in the inbox.
async fn arrive(store: &Store, id: &str, received_at: i64, customer: &str) {
    store.receive(mail(id, received_at)).await.unwrap();
    sort(store, customer).await;
}

async fn next_ids(store: &Store, now: i64) -> Vec<String> {
    let mut tx = store.begin().await.unwrap();
    let waiting = tx.inbox_next(now, 100).await.unwrap();
    // Ended here: one that is dropped lets go of its rows at a moment of its own.
    tx.commit().await.unwrap();
    waiting.into_iter().map(|mail| mail.webhook_id).collect()
}

async fn a_second_delivery_is_taken_once(store: Store) {
    // In one line, and after the first was taken.
    for at in [1, 2] {
        store.receive(mail("a", at)).await.unwrap();
    }
    assert_eq!(store.inbox_backlog().await.unwrap().pending, 2);
    assert_eq!(sort(&store, "c").await, HashSet::from(["a".to_owned()]));
    store.receive(mail("a", 3)).await.unwrap();
    assert!(sort(&store, "c").await.is_empty());
    let backlog = store.inbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest), (1, Some(1)));
}

async fn many_callers_share_commits_and_nothing_is_lost(store: Store) {
    let deliveries = (0..700).map(|n| {
        let store = store.clone();
        // Every id comes twice.
        async move {
            let mail = mail(&format!("id-{}", n / 2), n);
            store.receive(mail).await.unwrap();
        }
    });
    futures_util::future::join_all(deliveries).await;
    assert_eq!(store.inbox_backlog().await.unwrap().pending, 700);
    assert_eq!(sort(&store, "c").await.len(), 350);
    assert_eq!(store.inbox_backlog().await.unwrap().pending, 350);
}

async fn what_is_taken_and_not_committed_stays_in_line(store: Store) {
    for at in [1, 2, 3] {
        store.receive(mail("a", at)).await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    let taken = store.intake_take(&mut tx, 2).await.unwrap();
    let at: Vec<i64> = taken.iter().map(|mail| mail.received_at).collect();
    assert_eq!(at, [1, 2], "the oldest first");
    drop(tx);
    // A server hears of a dropped transaction a moment later.
    while store.inbox_backlog().await.unwrap().oldest != Some(1) || {
        let mut tx = store.begin().await.unwrap();
        store.intake_take(&mut tx, 10).await.unwrap().len() != 3
    } {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn mail_comes_out_in_the_order_it_came_in(store: Store) {
    for (id, at) in [("z", 1), ("a", 2), ("m", 3)] {
        arrive(&store, id, at, "c").await;
    }
    assert_eq!(next_ids(&store, 10).await, ["z", "a", "m"]);
}

async fn a_failed_delivery_holds_back_its_own_customer_alone(store: Store) {
    arrive(&store, "poison", 1, "anna").await;
    arrive(&store, "after", 2, "anna").await;
    arrive(&store, "other", 3, "bert").await;
    arrive(&store, "nobody", 4, "").await;
    store
        .inbox_fail("poison", "broken", Some(100), 5)
        .await
        .unwrap();
    assert_eq!(next_ids(&store, 10).await, ["other", "nobody"]);
    // Due again, it comes first.
    assert_eq!(
        next_ids(&store, 100).await,
        ["poison", "after", "other", "nobody"]
    );
}

async fn a_dead_letter_holds_nobody_back_and_can_be_replayed(store: Store) {
    arrive(&store, "poison", 1, "anna").await;
    arrive(&store, "after", 2, "anna").await;
    store.inbox_fail("poison", "broken", None, 5).await.unwrap();
    assert_eq!(next_ids(&store, 10).await, ["after"]);
    let dead = store.inbox_list("dead", i64::MAX, 10).await.unwrap();
    assert_eq!(dead[0].error.as_deref(), Some("broken"));
    assert_eq!(dead[0].tries, 1);
    assert!(store.inbox_replay("poison", 6).await.unwrap());
    assert!(!store.inbox_replay("unheard-of", 6).await.unwrap());
    assert_eq!(next_ids(&store, 10).await, ["poison", "after"]);
}

async fn bytes_come_back_as_they_came(store: Store) {
    let body: Vec<u8> = (0..=255).collect();
    let raw = Mail {
        body: body.clone().into(),
        ..mail("raw", 1)
    };
    store.receive(raw).await.unwrap();
    sort(&store, "").await;
    assert_eq!(store.inbox_body("raw").await.unwrap().unwrap(), body);
    assert_eq!(store.inbox_body("none").await.unwrap(), None);
}

async fn one_refused_row_costs_nobody_else_theirs(store: Store) {
    // PostgreSQL keeps no NUL in a text; SQLite does. Either way the neighbour is safe.
    let odd = Mail {
        headers: "nul\0".to_owned(),
        ..mail("odd", 1)
    };
    let (odd, plain) = tokio::join!(store.receive(odd), store.receive(mail("plain", 2)));
    plain.unwrap();
    assert_eq!(odd.is_err(), store.is_shared());
}

async fn a_closed_store_refuses_politely(store: Store) {
    store.receive(mail("a", 1)).await.unwrap();
    store.close().await;
    let refused = store.receive(mail("b", 2)).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
}

async fn an_uncommitted_projection_is_done_again(store: Store) {
    arrive(&store, "a", 1, "c").await;
    let mut tx = store.begin().await.unwrap();
    tx.inbox_done(&["a"], 2).await.unwrap();
    drop(tx);
    // A server hears of a dropped transaction a moment later.
    while next_ids(&store, 10).await != ["a"] {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut tx = store.begin().await.unwrap();
    tx.inbox_done(&["a"], 2).await.unwrap();
    tx.commit().await.unwrap();
    assert!(next_ids(&store, 10).await.is_empty());
}

async fn pruning_forgets_what_is_done_alone(store: Store) {
    for (id, at) in [("done", 1), ("waiting", 2), ("dead", 3)] {
        arrive(&store, id, at, "").await;
    }
    let mut tx = store.begin().await.unwrap();
    tx.inbox_done(&["done"], 4).await.unwrap();
    tx.inbox_fail("dead", "broken", None, 4).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.inbox_prune(100).await.unwrap(), 1);
    assert!(store.inbox_body("waiting").await.unwrap().is_some());
    assert!(store.inbox_body("dead").await.unwrap().is_some());
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::fixture::sqlite_url(&folder);
    let store = Store::open(&url).await.unwrap();
    store.receive(mail("a", 1)).await.unwrap();
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    sort(&store, "c").await;
    assert_eq!(next_ids(&store, 10).await, ["a"]);
    store.close().await;
}

#[tokio::test]
async fn an_address_of_neither_engine_is_refused_without_its_password() {
    let refused = Store::open("mysql://root:secret@localhost/db")
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Address(_)));
    assert!(!format!("{refused} {refused:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_take_the_same_mail() {
    let url = crate::fixture::postgres_url().await;
    let (one, two) = (
        Store::open(&url).await.unwrap(),
        Store::open(&url).await.unwrap(),
    );
    one.receive(mail("x", 0)).await.unwrap();
    let mut taking = one.begin().await.unwrap();
    assert_eq!(one.intake_take(&mut taking, 10).await.unwrap().len(), 1);
    assert!(sort(&two, "c").await.is_empty());
    taking.commit().await.unwrap();
    arrive(&one, "a", 1, "c").await;
    let mut held = one.begin().await.unwrap();
    assert_eq!(held.inbox_next(10, 10).await.unwrap().len(), 1);
    assert!(next_ids(&two, 10).await.is_empty());
    drop(held);
    one.close().await;
    two.close().await;
}
