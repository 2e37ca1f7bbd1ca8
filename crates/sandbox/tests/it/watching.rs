//! A page that watches its checkout hears what happens, and when the seller knows.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::running::Running;
use crate::shop::Shop;

/// A stream of a session's news, as far as it has been read.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(sandbox: &Running, secret: &str) -> Self {
        let path = format!("/v1/checkouts/client/{secret}/stream");
        let response = sandbox.get(&path).await;
        assert_eq!(response.status(), 200);
        let text = String::new();
        Self { response, text }
    }

    /// The next message: its key and its status; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let message = message.to_owned();
                self.text = rest.to_owned();
                if let Some(data) = message.strip_prefix("data: ") {
                    let data: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(data["id"].as_str().unwrap().len(), 36);
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    return Some((text(&data["key"]), text(&data["payload"]["status"])));
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// The next messages, each as `key status`.
    async fn take(&mut self, count: usize) -> Vec<String> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let (key, status) = self.next().await.unwrap();
            let key = key.strip_prefix("checkout.").unwrap();
            taken.push(format!("{key} {status}").trim().to_owned());
        }
        taken
    }
}

impl Shop {
    /// An open session for something that costs ten dollars.
    async fn offer(&self, interval: Option<&str>) -> String {
        let price =
            json!([{"amount_type": "fixed", "price_amount": 1000, "price_currency": "usd"}]);
        let product = self.product(price, interval, &[]).await;
        let body = json!({"products": [product], "customer_email": "ada@example.com"});
        let checkout = self.post("/v1/checkouts/", body).await;
        checkout["client_secret"].as_str().unwrap().to_owned()
    }

    async fn pay(&self, secret: &str) {
        let body = json!({
            "customer_name": "Ada", "customer_billing_address": {"country": "AT"},
            "confirmation_token_id": "pm_card_visa",
        });
        let path = format!("/v1/checkouts/client/{secret}/confirm");
        let (status, answer) = self.as_(None, Method::POST, &path, body).await;
        assert_eq!(status, 200, "{answer}");
        self.settle().await;
    }

    async fn endpoint(&self, receiver: &Receiver, format: &str) {
        let events = json!(["checkout.updated"]);
        let body = json!({"url": receiver.url, "format": format, "events": events});
        self.post("/v1/webhooks/endpoints", body).await;
    }
}

#[tokio::test]
async fn where_no_webhook_listens_the_seller_knows_at_once() {
    let shop = Shop::open().await;
    let secret = shop.offer(Some("month")).await;
    let mut stream = Stream::open(&shop.sandbox, &secret).await;
    let headers = stream.response.headers();
    let media = headers["content-type"].to_str().unwrap();
    assert!(media.starts_with("text/event-stream"), "{media}");
    assert_eq!(headers["cache-control"], "no-store");
    shop.pay(&secret).await;
    let told = [
        "updated confirmed",
        "webhook_event_delivered confirmed",
        "subscription_created",
        "order_created",
        "updated succeeded",
        "webhook_event_delivered succeeded",
    ];
    assert_eq!(stream.take(told.len()).await, told);
}

#[tokio::test]
async fn a_webhook_that_listens_must_have_answered() {
    let shop = Shop::open().await;
    let receiver = Receiver::start().await;
    shop.endpoint(&receiver, "raw").await;
    let secret = shop.offer(None).await;
    let other = shop.offer(None).await;
    let mut stream = Stream::open(&shop.sandbox, &secret).await;
    receiver.answer_always(500);
    shop.pay(&other).await;
    shop.pay(&secret).await;
    let told = ["updated confirmed", "order_created", "updated succeeded"];
    assert_eq!(stream.take(told.len()).await, told);
    receiver.answer_always(200);
    shop.skip("PT20S").await;
    // Both deliveries arrive late, and tell how the session stands by then.
    let told = ["webhook_event_delivered succeeded"; 2];
    assert_eq!(stream.take(told.len()).await, told);
}

#[tokio::test]
async fn a_message_for_people_is_no_delivery() {
    let shop = Shop::open().await;
    let receiver = Receiver::start().await;
    shop.endpoint(&receiver, "discord").await;
    let secret = shop.offer(None).await;
    let mut stream = Stream::open(&shop.sandbox, &secret).await;
    shop.pay(&secret).await;
    let told = ["updated confirmed", "order_created", "updated succeeded"];
    assert_eq!(stream.take(told.len()).await, told);
    assert!(!receiver.arrived().is_empty());
}

#[tokio::test]
async fn a_change_and_the_end_of_the_day_are_told_too() {
    let shop = Shop::open().await;
    let secret = shop.offer(None).await;
    let mut stream = Stream::open(&shop.sandbox, &secret).await;
    let path = format!("/v1/checkouts/client/{secret}");
    let body = json!({"customer_name": "Ada"});
    shop.as_(None, Method::PATCH, &path, body).await;
    shop.skip("P2D").await;
    let told = [
        "updated open",
        "webhook_event_delivered open",
        "updated expired",
    ];
    assert_eq!(stream.take(told.len()).await, told);
    let gone = shop.sandbox.get(&format!("{path}/stream")).await;
    assert_eq!(gone.status(), 410);
    let unknown = "/v1/checkouts/client/polar_c_unknown/stream";
    assert_eq!(shop.sandbox.get(unknown).await.status(), 404);
}

#[tokio::test]
async fn a_sandbox_that_stops_lets_its_watchers_go() {
    let shop = Shop::open().await;
    let secret = shop.offer(None).await;
    let mut stream = Stream::open(&shop.sandbox, &secret).await;
    shop.sandbox.stop().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn there_are_only_so_many_watchers_and_who_goes_makes_room() {
    let shop = Shop::open().await;
    let secret = shop.offer(None).await;
    let mut streams = Vec::new();
    for _ in 0..256 {
        streams.push(Stream::open(&shop.sandbox, &secret).await);
    }
    let path = format!("/v1/checkouts/client/{secret}/stream");
    let refused = shop.sandbox.get(&path).await;
    assert_eq!(refused.status(), 503);
    streams.truncate(200);
    // A closed connection is noticed when somebody writes to it.
    while shop.sandbox.get(&path).await.status() != 200 {
        let body = json!({"customer_name": "Ada"});
        let path = format!("/v1/checkouts/client/{secret}");
        shop.as_(None, Method::PATCH, &path, body).await;
    }
}

#[tokio::test]
async fn a_page_says_once_that_it_was_opened() {
    let shop = Shop::open().await;
    let secret = shop.offer(None).await;
    let path = format!("/v1/checkouts/client/{secret}/opened");
    let open = |body: Value| shop.as_(None, Method::POST, &path, body);
    let (status, first) = open(json!({"distinct_id": "browser"})).await;
    assert_eq!((status, &first["client_secret"]), (200, &json!(secret)));
    assert!(first["modified_at"].is_string());
    let (_, second) = open(json!({})).await;
    assert_eq!(first["modified_at"], second["modified_at"]);
    let (status, _) = open(json!({"distinct_id": 7})).await;
    assert_eq!(status, 422);
}
