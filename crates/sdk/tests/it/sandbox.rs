//! The client and the sandbox, as a purchase brings them together.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use polarkit::{
    Error, Polar, Server, SystemClock,
    model::{
        AddressInput, CheckoutStatus, CustomerState, EventCreateExternalCustomer, LicenseKeyStatus,
        OrganizationId, Product, SubscriptionStatus,
    },
};
use polarkit_sandbox::{Credentials, Options, Sandbox};
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) struct World {
    sandbox: Sandbox,
    credentials: Credentials,
    _stop: DropGuard,
}

impl World {
    pub(crate) async fn begin() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let options = Options {
            listener,
            seed: 7,
            clock: Arc::new(SystemClock),
            public_url: None,
            data: None,
        };
        let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
        let credentials = sandbox.credentials().unwrap();
        Self {
            sandbox,
            credentials,
            _stop: stop.drop_guard(),
        }
    }

    fn polar(&self, token: &str) -> Polar {
        let server: Server = format!("http://{}", self.sandbox.address())
            .parse()
            .unwrap();
        Polar::builder()
            .server(server)
            .token(token)
            .build()
            .unwrap()
    }

    pub(crate) fn seller(&self) -> Polar {
        self.polar(&self.credentials.access_token)
    }

    /// Waits until every webhook is delivered.
    pub(crate) async fn settle(&self) {
        self.sandbox.settle().await.unwrap();
    }

    pub(crate) fn organization(&self) -> OrganizationId {
        self.credentials.organization_id.parse().unwrap()
    }
}

pub(crate) async fn product(polar: &Polar, name: &str) -> Product {
    let products: Vec<_> = polar
        .products()
        .list()
        .stream()
        .try_collect()
        .await
        .unwrap();
    products
        .into_iter()
        .find(|product| product.name == name)
        .unwrap()
}

async fn buy(world: &World, name: &str, external_customer_id: &str) {
    let polar = world.seller();
    let product = product(&polar, name).await;
    let checkout = polar
        .checkouts()
        .create([product.id])
        .external_customer_id(external_customer_id)
        .await
        .unwrap();
    assert_eq!(checkout.status, CheckoutStatus::Open);
    let confirmed = polar
        .checkouts()
        .client_confirm(checkout.client_secret.reveal())
        .customer_name("Ada")
        .customer_email("ada@example.com")
        .customer_billing_address(AddressInput::new("DE"))
        .confirmation_token_id("pm_card_visa")
        .await
        .unwrap();
    assert_eq!(confirmed.id, checkout.id);
    world.sandbox.settle().await.unwrap();
    let paid = polar.checkouts().get(checkout.id).await.unwrap();
    assert_eq!(paid.status, CheckoutStatus::Succeeded);
}

#[tokio::test]
async fn what_is_bought_is_held() {
    let world = World::begin().await;
    buy(&world, "Pro", "u_42").await;

    let polar = world.seller();
    let state = polar.customers().get_state_external("u_42").await.unwrap();
    let CustomerState::Individual(state) = state else {
        panic!("{state:?}")
    };
    assert_eq!(state.active_subscriptions.len(), 1);
    assert!(!state.granted_benefits.is_empty());

    let subscriptions = polar
        .subscriptions()
        .list()
        .external_customer_id("u_42")
        .await
        .unwrap();
    assert_eq!(subscriptions.items[0].status, SubscriptionStatus::Active);
    let orders = polar.orders().list().await.unwrap();
    assert_eq!(orders.pagination.total_count(), Some(1));
    assert!(orders.items[0].total_amount > 0);
}

#[tokio::test]
async fn a_bought_key_is_valid_and_an_invented_one_is_not() {
    let world = World::begin().await;
    buy(&world, "Pro", "u_42").await;

    let keys = world.seller().license_keys().list().await.unwrap();
    let key = keys.items[0].key.reveal();
    let anybody = Polar::builder()
        .server(world.seller().server().clone())
        .build()
        .unwrap();
    let portal = anybody.customer_portal();
    let valid = portal
        .license_keys()
        .validate(key, world.organization())
        .await
        .unwrap();
    assert_eq!(valid.status, LicenseKeyStatus::Granted);

    let refused = portal
        .license_keys()
        .validate("ACME-NO", world.organization())
        .await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
}

#[tokio::test]
async fn use_is_counted_once() {
    let world = World::begin().await;
    buy(&world, "Pro", "u_42").await;
    let polar = world.seller();
    let event = || {
        EventCreateExternalCustomer::new("api_call", "u_42")
            .external_id("call-1")
            .metadata([("units", 3)])
    };
    let first = polar.events().ingest([event()]).await.unwrap();
    let second = polar.events().ingest([event()]).await.unwrap();
    assert_eq!(
        (first.inserted, second.inserted, second.duplicates),
        (1, 0, Some(1))
    );
}

#[tokio::test]
async fn refusals_arrive_as_what_they_are() {
    let world = World::begin().await;
    let nobody = world.polar("polar_oat_nobody").orders().list().await;
    assert!(
        matches!(nobody, Err(Error::Authentication(_))),
        "{nobody:?}"
    );

    let reader = world.polar(&world.credentials.limited_access_token);
    assert!(reader.products().list().await.is_ok());
    let refused = reader.orders().list().await;
    assert!(
        matches!(refused, Err(Error::NotPermitted(_))),
        "{refused:?}"
    );

    let refused = world.seller().checkouts().create([]).await.unwrap_err();
    let Error::Validation { fields, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert!(
        fields.iter().any(|field| field.path.starts_with("body")),
        "{fields:?}"
    );

    let elsewhere = world
        .seller()
        .metrics()
        .limits()
        .api_version("1999-01")
        .await;
    assert!(
        matches!(elsewhere, Err(Error::NotFound(_))),
        "{elsewhere:?}"
    );
}

#[tokio::test]
async fn a_moved_clock_is_heard() {
    let world = World::begin().await;
    let polar = world.seller();
    world
        .sandbox
        .advance(jiff::SignedDuration::from_hours(24))
        .await
        .unwrap();
    let heard = polar.ask_server_time().await.unwrap().unwrap();
    assert!(heard.offset.as_hours() >= 23, "{heard:?}");
}
