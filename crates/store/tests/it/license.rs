//! Licence keys by their hash.

use polarkit_store::{Object, Store, Version};

use crate::fixture::on_every_store;

on_every_store!(
    a_key_is_found_by_its_hash_with_what_is_mirrored_of_it,
    a_granted_key_waits_to_be_read_until_it_was,
);

fn object(kind: &str, id: &str, essence: Option<&str>) -> Object {
    Object {
        customer: "anna".to_owned(),
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: Version {
            object_at: 10,
            envelope_at: 20,
        },
        external_id: None,
        essence: essence.map(str::to_owned),
        body: format!(r#"{{"id":"{id}"}}"#),
    }
}

async fn a_key_is_found_by_its_hash_with_what_is_mirrored_of_it(store: Store) {
    let mut tx = store.begin().await.unwrap();
    tx.mirror(&object("license_key", "k", None)).await.unwrap();
    let grant = object("benefit_grant", "g", Some("{}"));
    tx.mirror(&grant).await.unwrap();
    tx.license_granted("k", "anna", "g").await.unwrap();
    assert!(tx.license_read("k", "anna", "old").await.unwrap());
    assert!(!tx.license_read("k", "anna", "old").await.unwrap());
    assert!(tx.license_read("k", "anna", "new").await.unwrap());
    tx.commit().await.unwrap();
    let gone = store.mirrored_license("old", None).await.unwrap();
    assert!(gone.is_none(), "a key that was rotated is another key");
    for (hash, id) in [("new", None), ("old", Some("k"))] {
        let found = store.mirrored_license(hash, id).await.unwrap().unwrap();
        assert_eq!(found.customer, "anna");
        assert_eq!(found.body.as_deref(), Some(r#"{"id":"k"}"#));
        assert_eq!((found.told_at, found.gone_at), (Some(20), None));
        assert_eq!(found.grant_essence.as_deref(), Some("{}"));
    }
}

async fn a_granted_key_waits_to_be_read_until_it_was(store: Store) {
    let mut tx = store.begin().await.unwrap();
    tx.license_granted("k", "anna", "g").await.unwrap();
    tx.commit().await.unwrap();
    let due = async |now| store.unread_licenses(now, 9).await.unwrap();
    assert_eq!(due(0).await.len(), 1);
    store.license_not_read("k", 50).await.unwrap();
    assert!(due(49).await.is_empty());
    assert_eq!(due(50).await[0].tries, 1);
    let mut tx = store.begin().await.unwrap();
    tx.license_read("k", "anna", "hash").await.unwrap();
    tx.license_granted("k", "anna", "g").await.unwrap();
    tx.commit().await.unwrap();
    assert!(due(50).await.is_empty(), "its hash is known");
}
