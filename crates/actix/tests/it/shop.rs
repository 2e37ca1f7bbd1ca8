//! The example shop against the sandbox: sold, heard, counted.

use std::{collections::HashMap, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    http::StatusCode,
    rt,
    test::{TestRequest, call_service, init_service, read_body},
    web::Data,
};
use polarkit::{
    Polar, SystemClock,
    model::{AddressInput, WebhookEventType, WebhookFormat},
    usage::UsageTracker,
};
use polarkit_actix::WebhookConfig;
use polarkit_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

#[path = "../../examples/actix_shop.rs"]
mod example;

use example::Shop;

/// The shop on a port of its own, where Polar's webhooks go.
async fn open(polar: &Polar) -> Data<Shop> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/webhook/polar", listener.local_addr().unwrap());
    let events = [WebhookEventType::OrderPaid];
    let create = polar
        .webhooks()
        .create_endpoint(url, WebhookFormat::Raw, events);
    let webhooks = WebhookConfig::new([create.await.unwrap().secret]).unwrap();
    let shop = Data::new(Shop {
        usage: UsageTracker::start(polar.clone()).unwrap(),
        success_url: "https://shop.example/thanks".to_owned(),
        users: HashMap::from([("key-of-ada".to_owned(), "u_42".to_owned())]),
        owned: std::sync::Mutex::default(),
        polar: polar.clone(),
    });
    let served = shop.clone();
    let server = HttpServer::new(move || {
        App::new().configure(example::routes(served.clone(), webhooks.clone()))
    });
    rt::spawn(
        server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run(),
    );
    shop
}

async fn ask(shop: &Data<Shop>, request: TestRequest, key: &str) -> (StatusCode, Value) {
    let webhooks = WebhookConfig::new(["whsec_example"]).unwrap();
    let app = App::new()
        .wrap(example::count(shop))
        .configure(example::routes(shop.clone(), webhooks));
    let app = init_service(app).await;
    let request = request.insert_header(("authorization", format!("Bearer {key}")));
    let response = call_service(&app, request.to_request()).await;
    let status = response.status();
    let body = read_body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[actix_web::test]
async fn what_is_bought_is_heard_and_metered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = Options {
        listener,
        seed: 7,
        clock: Arc::new(SystemClock),
        public_url: None,
        data: None,
    };
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    let sandbox = Sandbox::start(options, stop).await.unwrap();
    let server = format!("http://{}", sandbox.address()).parse().unwrap();
    let token = sandbox.credentials().unwrap().access_token;
    let polar = Polar::builder()
        .server(server)
        .token(token)
        .build()
        .unwrap();
    let products = polar.products().list().await.unwrap();
    let pro = products
        .items
        .iter()
        .find(|product| product.name == "Pro")
        .unwrap()
        .id;
    let shop = open(&polar).await;

    let create = || {
        TestRequest::post()
            .uri("/api/checkout/create")
            .set_json(json!({"product_id": pro}))
    };
    let get = |path| TestRequest::get().uri(path);
    assert_eq!(
        ask(&shop, create(), "key-of-eve").await.0,
        StatusCode::UNAUTHORIZED
    );
    let (status, checkout) = ask(&shop, create(), "key-of-ada").await;
    assert_eq!(status, StatusCode::OK, "{checkout}");
    assert_eq!(
        ask(&shop, get("/api/access"), "key-of-ada").await.1,
        json!([])
    );

    let id = checkout["checkout_id"].as_str().unwrap().parse().unwrap();
    let checkout = polar.checkouts().get(id).await.unwrap();
    let confirm = polar
        .checkouts()
        .client_confirm(checkout.client_secret.reveal());
    let address = AddressInput::new("DE");
    let confirm = confirm
        .customer_name("Ada")
        .customer_email("ada@example.com");
    let confirm = confirm
        .customer_billing_address(address)
        .confirmation_token_id("pm_card_visa");
    confirm.await.unwrap();
    sandbox.settle().await.unwrap();
    assert_eq!(
        ask(&shop, get("/api/access"), "key-of-ada").await.1,
        json!([pro])
    );
    assert_eq!(
        ask(&shop, get("/nowhere"), "key-of-ada").await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        ask(&shop, get("/health"), "key-of-eve").await.0,
        StatusCode::OK
    );

    // Of all that, three calls succeeded for somebody known.
    let tally = shop.usage.shutdown(Duration::from_mins(1)).await;
    assert_eq!((tally.delivered, tally.failed), (3, 0));
    let events = polar.events().list().name("api_call").await.unwrap();
    assert_eq!(events.items.len(), 3);
}
