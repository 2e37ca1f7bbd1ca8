//! Leases of licences, and which of them were revoked.

use polarkit_store::{LeaseEnd, LeasesOf, LicenseLease, Store};

use crate::fixture::on_every_store;

on_every_store!(
    a_machine_has_one_lease_whose_later_end_counts,
    who_holds_leases_is_counted_by_seats,
    what_is_revoked_is_listed_page_by_page_until_it_would_have_ended,
    a_licence_is_asked_about_by_one_node,
    what_is_over_is_kept_while_it_can_be_renewed,
);

/// A lease of the key `k` on this machine, from 10 to 100.
fn lease(id: &str, machine: &str, activation: &str) -> LicenseLease {
    LicenseLease {
        id: id.to_owned(),
        license: "l".to_owned(),
        key_hash: "k".to_owned(),
        machine: machine.to_owned(),
        activation: activation.to_owned(),
        seats: 1,
        customer: "c".to_owned(),
        benefit: "b".to_owned(),
        issued_at: 10,
        expires_at: 100,
        license_expires_at: None,
        validated_at: 10,
        checked_at: 10,
        revoked_at: None,
        reason: None,
    }
}

async fn put(store: &Store, lease: &LicenseLease) {
    let mut tx = store.begin().await.unwrap();
    tx.put_license_lease(lease).await.unwrap();
    tx.commit().await.unwrap();
}

async fn end(store: &Store, leases: LeasesOf<'_>, at: i64) -> u64 {
    let reason = "ended";
    let end = LeaseEnd { reason, at };
    store.end_license_leases(leases, end).await.unwrap()
}

async fn revoked(store: &Store, now: i64, behind: (i64, &str), limit: i64) -> Vec<String> {
    let list = store.license_leases_revoked(now, behind, limit);
    list.await.unwrap().into_iter().map(|one| one.id).collect()
}

const OF_LICENSE: LeasesOf<'static> = LeasesOf::License {
    customer: "c",
    license: "l",
};

async fn a_machine_has_one_lease_whose_later_end_counts(store: Store) {
    put(&store, &lease("one", "m", "")).await;
    let shorter = LicenseLease {
        issued_at: 20,
        expires_at: 50,
        validated_at: 20,
        ..lease("one", "m", "")
    };
    put(&store, &shorter).await;
    let known = store.license_lease("k", "m", "").await.unwrap().unwrap();
    assert_eq!((known.issued_at, known.validated_at), (20, 20));
    assert_eq!(
        known.expires_at, 100,
        "what was given before is still out there"
    );
    assert_eq!(store.license_lease("k", "m", "a").await.unwrap(), None);
    assert_eq!(end(&store, OF_LICENSE, 30).await, 1);
    assert_eq!(store.license_lease("k", "m", "").await.unwrap(), None);
    // The machine may be given another.
    put(&store, &lease("two", "m", "")).await;
    let known = store.license_lease("k", "m", "").await.unwrap().unwrap();
    assert_eq!(known.id, "two");
}

async fn who_holds_leases_is_counted_by_seats(store: Store) {
    let mine = lease("mine", "m", "a");
    put(&store, &mine).await;
    put(&store, &lease("one", "n", "")).await;
    let many = LicenseLease {
        seats: 4,
        ..lease("two", "n", "other")
    };
    put(&store, &many).await;
    put(&store, &lease("three", "o", "a")).await;
    let mut tx = store.begin().await.unwrap();
    let others = tx.other_machines(&mine, 10).await.unwrap();
    assert_eq!((others.of_key, others.of_activation_until), (6, Some(100)));
    let later = tx.other_machines(&mine, 100).await.unwrap();
    assert_eq!((later.of_key, later.of_activation_until), (0, None));
    let none = tx.other_machines(&lease("x", "p", ""), 10).await.unwrap();
    assert_eq!((none.of_key, none.of_activation_until), (7, None));
}

async fn what_is_revoked_is_listed_page_by_page_until_it_would_have_ended(store: Store) {
    for (id, machine) in [("b", "1"), ("a", "2"), ("c", "3")] {
        put(&store, &lease(id, machine, "")).await;
    }
    put(&store, &lease("d", "4", "act")).await;
    let nobodys = LeasesOf::Benefit {
        customer: "x",
        benefit: "b",
    };
    assert_eq!(end(&store, nobodys, 20).await, 0);
    let activation = LeasesOf::Activation {
        customer: "c",
        activation: "act",
    };
    assert_eq!(end(&store, activation, 20).await, 1);
    let benefit = LeasesOf::Benefit {
        customer: "c",
        benefit: "b",
    };
    assert_eq!(end(&store, benefit, 30).await, 3);
    assert_eq!(end(&store, OF_LICENSE, 40).await, 0, "the first end stays");
    assert_eq!(revoked(&store, 50, (0, ""), 2).await, ["d", "a"]);
    assert_eq!(revoked(&store, 50, (30, "a"), 2).await, ["b", "c"]);
    assert_eq!(revoked(&store, 50, (21, ""), 9).await, ["a", "b", "c"]);
    assert_eq!(revoked(&store, 100, (0, ""), 9).await, Vec::<String>::new());
}

async fn a_licence_is_asked_about_by_one_node(store: Store) {
    put(&store, &lease("one", "m", "")).await;
    let later = LicenseLease {
        checked_at: 15,
        ..lease("two", "n", "act")
    };
    put(&store, &later).await;
    let due = async |now, before| store.leased_licenses(now, before, 9).await.unwrap();
    assert_eq!(due(20, 10).await, []);
    assert_eq!(due(100, 20).await, [], "what is over matters to nobody");
    let found = due(20, 20).await;
    assert_eq!((found.len(), found[0].checked_at), (1, 10));
    let claim = async || {
        let claim = store.leased_license_claim(&found[0], 20, 20);
        claim.await.unwrap()
    };
    assert!(claim().await);
    assert!(!claim().await, "another node is at it");
    assert_eq!(due(20, 20).await, []);
    store.leased_license_release(&found[0], 20).await.unwrap();
    assert_eq!(due(20, 20).await, found);
    assert!(claim().await);
    store.doubt_license_leases("k").await.unwrap();
    assert_eq!(due(20, 20).await[0].checked_at, 0);
    let activations = store.leased_activations("l", 20).await.unwrap();
    assert_eq!(activations, ["act"]);
}

async fn what_is_over_is_kept_while_it_can_be_renewed(store: Store) {
    put(&store, &lease("one", "m", "")).await;
    let known = async || store.license_lease("k", "m", "").await.unwrap().is_some();
    store.license_leases_prune(99, 99).await.unwrap();
    assert!(known().await, "it is good");
    store.license_leases_prune(100, 10).await.unwrap();
    assert!(known().await, "it may be renewed");
    store.license_leases_prune(100, 11).await.unwrap();
    assert!(!known().await);
}
