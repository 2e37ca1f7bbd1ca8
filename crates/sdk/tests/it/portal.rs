//! What a customer sees with the token of a session of their own.

use polarkit::{
    Error, Polar,
    model::{CustomerSessionCustomerExternalIdCreate, SubscriptionStatus},
};

use super::in_process::Shop;

/// A client that is the customer, no longer the seller.
async fn session(shop: &Shop, external_customer_id: &str) -> Polar {
    let customer = CustomerSessionCustomerExternalIdCreate::new(external_customer_id);
    let session = shop.polar.customer_sessions().create(customer).await;
    shop.polar.with_token(session.unwrap().token)
}

#[tokio::test]
async fn a_customer_sees_what_they_bought_and_nobody_elses() {
    let shop = Shop::open();
    shop.buy("Pro", "u_42").await;
    let polar = session(&shop, "u_42").await;
    let portal = polar.customer_portal();

    let subscriptions = portal.subscriptions().list().await.unwrap().items;
    let [subscription] = subscriptions.as_slice() else {
        panic!("{subscriptions:?}")
    };
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    let same = portal.subscriptions().get(subscription.id).await.unwrap();
    assert_eq!(same.id, subscription.id);

    let orders = portal.orders().list().await.unwrap().items;
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].subscription_id, Some(subscription.id));
    assert!(
        !portal
            .benefit_grants()
            .list()
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let keys = portal.license_keys().list().await.unwrap().items;
    assert_eq!(keys.len(), 1);

    shop.buy("Pro", "u_43").await;
    let other = session(&shop, "u_43").await;
    let theirs = other.customer_portal().license_keys();
    assert_ne!(theirs.list().await.unwrap().items[0].id, keys[0].id);
    let foreign = theirs.get(keys[0].id).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))), "{foreign:?}");
}

#[tokio::test]
async fn a_session_is_for_the_portal_and_a_seller_is_not() {
    let shop = Shop::open();
    shop.buy("Pro", "u_42").await;
    let seller = shop.polar.customer_portal().orders().list().await;
    assert!(
        matches!(seller, Err(Error::Authentication(_))),
        "{seller:?}"
    );

    let customer = session(&shop, "u_42").await;
    let selling = customer.orders().list().await;
    assert!(
        matches!(selling, Err(Error::Authentication(_))),
        "{selling:?}"
    );
    assert!(
        shop.polar.orders().list().await.is_ok(),
        "the seller still is one"
    );
}
