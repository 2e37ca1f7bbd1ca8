//! What reaches a handler, and what doesn't.

use std::sync::Arc;

use actix_web::{App, HttpResponse, http::StatusCode, test, web};
use polarkit::{
    Clock, Secret, Timestamp,
    webhooks::{self, Scheme, Verifier},
};
use polarkit_actix::{Webhook, WebhookConfig};

const BODY: &str = r#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;

#[derive(Debug)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_767_225_600).unwrap()
    }
}

async fn receive(webhook: Webhook) -> HttpResponse {
    let kind = match &webhook.delivery {
        Ok(delivery) => delivery.event.kind().to_owned(),
        Err(error) => error.problem().to_string(),
    };
    let bytes = webhook.body().len();
    HttpResponse::Ok().body(format!("{} {kind} {bytes}", webhook.verified.id))
}

/// Status and body of the answer to a delivery signed at that time, sent as told.
async fn deliver(config: WebhookConfig, signed_at: i64, sent: &str) -> (StatusCode, String) {
    deliver_signed(config, signed_at, BODY, sent).await
}

async fn deliver_signed(
    config: WebhookConfig,
    signed_at: i64,
    signed: &str,
    sent: &str,
) -> (StatusCode, String) {
    let app = App::new()
        .app_data(config)
        .route("/", web::post().to(receive));
    let app = test::init_service(app).await;
    let time = Timestamp::from_second(signed_at).unwrap();
    let secret = Secret::from("whsec_right");
    let signature = webhooks::sign(
        &secret,
        Scheme::WholeSecret,
        "msg_1",
        time,
        signed.as_bytes(),
    )
    .unwrap();
    let request = test::TestRequest::post()
        .uri("/")
        .insert_header(("webhook-id", "msg_1"))
        .insert_header(("webhook-timestamp", signed_at.to_string()))
        .insert_header(("webhook-signature", signature))
        .set_payload(sent.to_owned())
        .to_request();
    let response = test::call_service(&app, request).await;
    let status = response.status();
    (
        status,
        String::from_utf8(test::read_body(response).await.to_vec()).unwrap(),
    )
}

fn config() -> WebhookConfig {
    bounded(4096)
}

fn bounded(body_bytes_max: usize) -> WebhookConfig {
    let verifier = Verifier::new(["whsec_old", "whsec_right"]).unwrap();
    WebhookConfig::from(verifier.body_bytes_max(body_bytes_max)).clock(Arc::new(Frozen))
}

const NOW: i64 = 1_767_225_600;

#[actix_web::test]
async fn a_genuine_delivery_reaches_the_handler_with_its_bytes() {
    let (status, body) = deliver(config(), NOW, BODY).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, format!("msg_1 moon.landed {}", BODY.len()));
}

#[actix_web::test]
async fn a_genuine_delivery_nobody_can_read_is_still_taken() {
    let body = r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":{"id":1}}"#;
    let (status, said) = deliver_signed(config(), NOW, body, body).await;
    assert_eq!(status, StatusCode::OK);
    assert!(said.contains("data.id"), "{said}");
}

#[actix_web::test]
async fn a_changed_body_does_not() {
    let (status, body) = deliver(config(), NOW, &BODY.replace("moon", "mars")).await;
    let said = r#"{"detail":"Invalid webhook signature"}"#;
    assert_eq!((status, body.as_str()), (StatusCode::FORBIDDEN, said));
}

#[actix_web::test]
async fn nor_does_one_of_another_day() {
    let (status, _) = deliver(config(), NOW - 301, BODY).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn nor_one_that_is_too_long() {
    let (status, _) = deliver(bounded(16), NOW, BODY).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[actix_web::test]
async fn a_request_without_signature_is_malformed() {
    let app = App::new()
        .app_data(config())
        .route("/", web::post().to(receive));
    let app = test::init_service(app).await;
    let request = test::TestRequest::post()
        .uri("/")
        .set_payload(BODY)
        .to_request();
    assert_eq!(
        test::call_service(&app, request).await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[actix_web::test]
async fn an_app_without_secrets_says_so_by_its_status() {
    let app = test::init_service(App::new().route("/", web::post().to(receive))).await;
    let request = test::TestRequest::post()
        .uri("/")
        .set_payload(BODY)
        .to_request();
    let status = test::call_service(&app, request).await.status();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
}
