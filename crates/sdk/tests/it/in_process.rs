//! The sandbox without a port: a router plugged in where the network would be.

use std::sync::Arc;

use polarkit::{
    Polar, Server, SystemClock,
    model::{AddressInput, CheckoutStatus, CustomerState},
    transport::InProcess,
};
use polarkit_sandbox::Sandbox;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A seller's sandbox in this process.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    /// The seller's client.
    pub(crate) polar: Polar,
    _stop: DropGuard,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let stop = CancellationToken::new();
        let sandbox = Sandbox::without_port(7, Arc::new(SystemClock), stop.clone());
        let polar = Polar::builder()
            .server(Server::At("http://polar.invalid".to_owned()))
            .token(sandbox.credentials().unwrap().access_token)
            .transport(InProcess::new(sandbox.router()))
            .build()
            .unwrap();
        Self {
            sandbox,
            polar,
            _stop: stop.drop_guard(),
        }
    }

    /// A purchase, from the checkout to what it grants.
    pub(crate) async fn buy(&self, product: &str, external_customer_id: &str) {
        let products = self.polar.products().list().await.unwrap();
        let mut products = products.items.iter();
        let product = products.find(|known| known.name == product).unwrap();
        let checkouts = self.polar.checkouts();
        let checkout = checkouts
            .create([product.id])
            .external_customer_id(external_customer_id)
            .await
            .unwrap();
        checkouts
            .client_confirm(checkout.client_secret.reveal())
            .customer_name("Ada")
            .customer_email(format!("{external_customer_id}@example.com"))
            .customer_billing_address(AddressInput::new("DE"))
            .confirmation_token_id("pm_card_visa")
            .await
            .unwrap();
        self.sandbox.settle().await.unwrap();
        let paid = checkouts.get(checkout.id).await.unwrap();
        assert_eq!(paid.status, CheckoutStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_purchase_needs_no_port() {
    let shop = Shop::open();
    shop.buy("Pro", "u_42").await;
    let customers = shop.polar.customers();
    let state = customers.get_state_external("u_42").await.unwrap();
    let CustomerState::Individual(state) = state else {
        panic!("{state:?}")
    };
    assert_eq!(state.active_subscriptions.len(), 1);
    assert!(
        shop.polar.server_time().is_some(),
        "its clock is heard, too"
    );
}
