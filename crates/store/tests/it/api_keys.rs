//! API keys.

use polarkit_store::{ApiKey, Store};

use crate::fixture::on_every_store;

on_every_store!(a_key_works_until_it_is_revoked);

async fn a_key_works_until_it_is_revoked(store: Store) {
    let key = ApiKey {
        id: "key_1".to_owned(),
        name: "shop".to_owned(),
        hash: "abc".to_owned(),
        scopes: "all".to_owned(),
        created_at: 1,
        revoked_at: None,
    };
    store.add_api_key(&key).await.unwrap();
    store
        .add_api_key(&ApiKey {
            id: "key_2".to_owned(),
            ..key.clone()
        })
        .await
        .unwrap();
    assert_eq!(store.api_key("abc").await.unwrap(), Some(key.clone()));
    assert_eq!(store.api_key("def").await.unwrap(), None);
    assert!(store.revoke_api_key("key_1", 5).await.unwrap());
    assert!(!store.revoke_api_key("key_1", 6).await.unwrap());
    assert_eq!(store.api_key("abc").await.unwrap(), None);
    assert_eq!(
        store.api_keys().await.unwrap(),
        [ApiKey {
            revoked_at: Some(5),
            ..key
        }]
    );
}
