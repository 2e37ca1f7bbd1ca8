//! The mirror and the entitlement rows.

use polarkit_store::{Entitlement, Expired, Object, Store, Version};

use crate::fixture::on_every_store;

on_every_store!(
    a_later_state_wins_in_whatever_order_they_come,
    a_tie_ends_the_same_way_in_either_order,
    an_external_id_means_its_latest_owner,
    only_what_decides_access_is_read_for_it,
    an_entitlement_is_replaced_by_its_source,
    whose_time_is_over_is_found_the_longest_over_first,
);

fn subscription(object_at: i64, envelope_at: i64, body: &str) -> Object {
    Object {
        customer: "anna".to_owned(),
        kind: "subscription".to_owned(),
        id: "s1".to_owned(),
        version: Version {
            object_at,
            envelope_at,
        },
        external_id: None,
        essence: Some(body.to_owned()),
        body: body.to_owned(),
    }
}

async fn remember(store: &Store, object: &Object) -> bool {
    let mut tx = store.begin().await.unwrap();
    let kept = tx.mirror(object).await.unwrap();
    tx.commit().await.unwrap();
    kept
}

async fn body(store: &Store) -> String {
    store
        .object("anna", "subscription", "s1")
        .await
        .unwrap()
        .unwrap()
        .body
}

async fn a_later_state_wins_in_whatever_order_they_come(store: Store) {
    assert!(remember(&store, &subscription(10, 11, "old")).await);
    assert!(remember(&store, &subscription(10, 12, "told later")).await);
    assert!(!remember(&store, &subscription(10, 11, "zzz old again")).await);
    assert!(remember(&store, &subscription(20, 5, "changed later")).await);
    assert!(!remember(&store, &subscription(19, 99, "stale, told late")).await);
    assert_eq!(body(&store).await, "changed later");
}

async fn a_tie_ends_the_same_way_in_either_order(store: Store) {
    for texts in [["a", "b"], ["b", "a"]] {
        for text in texts {
            remember(&store, &subscription(1, 1, text)).await;
        }
        assert_eq!(body(&store).await, "b");
    }
}

async fn an_external_id_means_its_latest_owner(store: Store) {
    let customer = |id: &str, at: i64, external: Option<&str>| Object {
        customer: id.to_owned(),
        kind: "customer".to_owned(),
        id: id.to_owned(),
        external_id: external.map(str::to_owned),
        essence: None,
        ..subscription(at, at, "{}")
    };
    remember(&store, &customer("first", 1, Some("u_1"))).await;
    assert_eq!(
        store
            .customer_by_external_id("u_1")
            .await
            .unwrap()
            .as_deref(),
        Some("first")
    );
    remember(&store, &customer("second", 2, Some("u_1"))).await;
    assert_eq!(
        store
            .customer_by_external_id("u_1")
            .await
            .unwrap()
            .as_deref(),
        Some("second")
    );
    remember(&store, &customer("second", 3, None)).await;
    assert_eq!(
        store
            .customer_by_external_id("u_1")
            .await
            .unwrap()
            .as_deref(),
        Some("first")
    );
    let mut tx = store.begin().await.unwrap();
    assert_eq!(
        tx.external_id("first").await.unwrap().as_deref(),
        Some("u_1")
    );
    assert_eq!(tx.external_id("second").await.unwrap(), None);
    assert_eq!(tx.external_id("unheard-of").await.unwrap(), None);
}

async fn only_what_decides_access_is_read_for_it(store: Store) {
    remember(&store, &subscription(1, 1, "{}")).await;
    let member = Object {
        kind: "member".to_owned(),
        essence: None,
        ..subscription(1, 1, "{}")
    };
    remember(&store, &member).await;
    let mut tx = store.begin().await.unwrap();
    let all = std::collections::BTreeSet::from(["anna".to_owned()]);
    tx.lock_customers(&all).await.unwrap();
    let essences = tx.essences("anna").await.unwrap();
    assert_eq!(essences.len(), 1);
    assert_eq!(essences[0].kind, "subscription");
    tx.commit().await.unwrap();
    assert_eq!(store.customer_objects("anna", 10).await.unwrap().len(), 2);
    assert_eq!(store.customer_objects("anna", 1).await.unwrap().len(), 1);
}

async fn an_entitlement_is_replaced_by_its_source(store: Store) {
    let granted = Entitlement {
        source: "subscription:s1".to_owned(),
        kind: "product".to_owned(),
        target: "p1".to_owned(),
        granted: true,
        reason: "active".to_owned(),
        detail: "{}".to_owned(),
        changed_at: 1,
        expires_at: None,
        events: "[]".to_owned(),
    };
    let revoked = Entitlement {
        granted: false,
        reason: "canceled".to_owned(),
        ..granted.clone()
    };
    let mut tx = store.begin().await.unwrap();
    tx.put_entitlements(&[("anna", &granted)]).await.unwrap();
    tx.put_entitlements(&[("anna", &revoked)]).await.unwrap();
    tx.put_entitlements(&[("bert", &granted)]).await.unwrap();
    tx.drop_entitlement("bert", "subscription:s1")
        .await
        .unwrap();
    assert_eq!(
        tx.entitlements("anna").await.unwrap(),
        std::slice::from_ref(&revoked)
    );
    tx.commit().await.unwrap();
    assert_eq!(store.entitlements("anna").await.unwrap(), [revoked]);
    assert!(store.entitlements("bert").await.unwrap().is_empty());
}

async fn whose_time_is_over_is_found_the_longest_over_first(store: Store) {
    let row = |source: &str, granted: bool, expires_at: Option<i64>| Entitlement {
        source: source.to_owned(),
        kind: "product".to_owned(),
        target: "p1".to_owned(),
        granted,
        reason: "grace".to_owned(),
        detail: "{}".to_owned(),
        changed_at: 1,
        expires_at,
        events: "[]".to_owned(),
    };
    let rows = [
        ("anna", row("a", true, Some(20))),
        ("anna", row("b", true, Some(20))),
        ("bert", row("a", true, Some(10))),
        ("cleo", row("a", true, Some(20))),
        ("dora", row("a", true, Some(21))),
        ("emil", row("a", false, Some(5))),
        ("fred", row("a", true, None)),
    ];
    let mut tx = store.begin().await.unwrap();
    for (customer, row) in &rows {
        tx.put_entitlements(&[(customer, row)]).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(
        store.entitlements("bert").await.unwrap(),
        [rows[2].1.clone()]
    );
    let at = |expires_at: i64, customer: &str| Expired {
        expires_at,
        customer: customer.to_owned(),
    };
    let first = store.expired(20, &at(i64::MIN, ""), 2).await.unwrap();
    assert_eq!(first, [at(10, "bert"), at(20, "anna")]);
    let rest = store.expired(20, &first[1], 2).await.unwrap();
    assert_eq!(rest, [at(20, "cleo")]);
}

/// PostgreSQL's index takes some 2,700 bytes; one such object must not stop everybody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_too_long_for_an_index_is_the_rows_own_fault() {
    let store = crate::fixture::postgres().await;
    let mut long = subscription(1, 1, "{}");
    long.id = (0..400).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let mut tx = store.begin().await.unwrap();
    let refused = tx.mirror(&long).await.unwrap_err();
    assert!(refused.is_about_the_data(), "{refused:?}");
    drop(tx);
    store.close().await;
}
