//! The sandbox without a port: a router plugged in where the network would be.

use std::sync::Arc;

use polarkit::{
    Polar, Server, SystemClock,
    model::{AddressInput, CheckoutStatus, CustomerState},
    transport::InProcess,
};
use polarkit_sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_purchase_needs_no_port() {
    let stop = CancellationToken::new();
    let sandbox = Sandbox::without_port(7, Arc::new(SystemClock), stop.clone());
    let _stop = stop.drop_guard();
    let polar = Polar::builder()
        .server(Server::At("http://polar.invalid".to_owned()))
        .token(sandbox.credentials().unwrap().access_token)
        .transport(InProcess::new(sandbox.router()))
        .build()
        .unwrap();

    let products = polar.products().list().await.unwrap();
    let pro = products.items.iter().find(|product| product.name == "Pro");
    let checkout = polar
        .checkouts()
        .create([pro.unwrap().id])
        .external_customer_id("u_42")
        .await
        .unwrap();
    polar
        .checkouts()
        .client_confirm(checkout.client_secret.reveal())
        .customer_name("Ada")
        .customer_email("ada@example.com")
        .customer_billing_address(AddressInput::new("DE"))
        .confirmation_token_id("pm_card_visa")
        .await
        .unwrap();
    sandbox.settle().await.unwrap();

    let paid = polar.checkouts().get(checkout.id).await.unwrap();
    assert_eq!(paid.status, CheckoutStatus::Succeeded);
    let state = polar.customers().get_state_external("u_42").await.unwrap();
    let CustomerState::Individual(state) = state else {
        panic!("{state:?}")
    };
    assert_eq!(state.active_subscriptions.len(), 1);
    assert!(polar.server_time().is_some(), "its clock is heard, too");
}
