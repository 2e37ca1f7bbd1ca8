//! What reaches a handler on axum, and what doesn't.

use std::{
    io,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body, routing::post};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use polarkit::{
    Clock, Secret, Timestamp,
    webhooks::{Scheme, Verifier, Webhook, WebhookConfig, sign},
};
use tower::ServiceExt as _;

const BODY: &str = r#"{"type":"moon.landed","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;
const NOW: i64 = 1_767_225_600;

#[derive(Debug)]
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }
}

async fn receive(webhook: Webhook) -> String {
    let kind = webhook.kind().unwrap_or_default();
    let was_read = webhook.delivery.is_ok();
    format!(
        "{} {kind} {was_read} {}",
        webhook.verified.id,
        webhook.body().len()
    )
}

/// Status and body of the answer to a delivery.
async fn deliver(signed_at: i64, signed: &str, sent: Body) -> (StatusCode, String) {
    let verifier = Verifier::new(["whsec_old", "whsec_right"])
        .unwrap()
        .body_bytes_max(4096);
    let config = WebhookConfig::from(verifier).clock(Arc::new(Frozen));
    let app = Router::new().route("/", post(receive)).with_state(config);
    let time = Timestamp::from_second(signed_at).unwrap();
    let secret = Secret::from("whsec_right");
    let signature = sign(
        &secret,
        Scheme::WholeSecret,
        "msg_1",
        time,
        signed.as_bytes(),
    )
    .unwrap();
    let request = Request::post("/")
        .header("Webhook-Id", "msg_1")
        .header("Webhook-Timestamp", signed_at)
        .header("Webhook-Signature", signature)
        .body(sent)
        .unwrap();
    answer(app, request).await
}

async fn answer(app: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_genuine_delivery_reaches_the_handler_with_its_bytes() {
    let (status, said) = deliver(NOW, BODY, BODY.into()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(said, format!("msg_1 moon.landed true {}", BODY.len()));
}

#[tokio::test]
async fn one_nobody_can_read_is_still_taken() {
    let body = r#"{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z","data":7}"#;
    let (status, said) = deliver(NOW, body, body.into()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(said.starts_with("msg_1 order.paid false"), "{said}");
}

#[tokio::test]
async fn what_is_not_genuine_is_forbidden_and_told_nothing() {
    let changed = BODY.replace("moon", "mars");
    for (signed_at, sent) in [
        (NOW, changed.as_str()),
        (NOW - 301, BODY),
        (NOW + 301, BODY),
    ] {
        let (status, said) = deliver(signed_at, BODY, sent.to_owned().into()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{signed_at}");
        assert_eq!(said, r#"{"detail":"Invalid webhook signature"}"#);
    }
}

#[tokio::test]
async fn a_body_is_bounded_whether_it_declares_its_length_or_never_ends() {
    let long = deliver(NOW, BODY, "x".repeat(4097).into()).await;
    let endless = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(b"xxxx")));
    let endless = deliver(NOW, BODY, Body::from_stream(endless)).await;
    for (status, said) in [long, endless] {
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(said, r#"{"detail":"Body too large"}"#);
    }
}

#[tokio::test]
async fn what_is_no_delivery_is_malformed_and_not_read() {
    let config = WebhookConfig::new(["whsec_right"]).unwrap();
    let app = Router::new().route("/", post(receive)).with_state(config);
    let poll = |_: &mut Context<'_>| -> Poll<Option<io::Result<Bytes>>> { panic!("was read") };
    let body = Body::from_stream(stream::poll_fn(poll));
    let (status, said) = answer(app, Request::post("/").body(body).unwrap()).await;
    assert_eq!(
        (status, said.as_str()),
        (StatusCode::BAD_REQUEST, r#"{"detail":"Not a webhook"}"#)
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_delivery() {
    let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(io::Error::other("reset"))]);
    let (status, _) = deliver(NOW, BODY, Body::from_stream(broken)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
