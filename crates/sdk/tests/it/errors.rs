//! What goes wrong arrives as what it is.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use polarkit::{
    Error, Kind, Polar, Retry, Server,
    model::{CheckoutId, OrderId, ProductId},
};

use super::{
    script::{Script, Step},
    stand::{Stand, checkout, json},
};

fn order() -> OrderId {
    "33333333-3333-4333-8333-333333333333".parse().unwrap()
}

fn product() -> ProductId {
    "44444444-4444-4444-8444-444444444444".parse().unwrap()
}

#[tokio::test]
async fn each_status_has_its_kind() {
    let table = [
        (
            401,
            r#"{"error":"Unauthorized","detail":"Unauthorized"}"#,
            Kind::Authentication,
        ),
        (
            403,
            r#"{"error":"insufficient_scope","error_description":"more"}"#,
            Kind::Authentication,
        ),
        (
            404,
            r#"{"error":"ResourceNotFound","detail":"Not found"}"#,
            Kind::NotFound,
        ),
        (
            409,
            r#"{"error":"CheckoutLocked","detail":"busy"}"#,
            Kind::Conflict,
        ),
        (
            410,
            r#"{"error":"ExpiredCheckoutError","detail":"gone"}"#,
            Kind::Validation,
        ),
        (
            422,
            r#"{"error":"PolarRequestValidationError","detail":[]}"#,
            Kind::Validation,
        ),
        (500, "Internal Server Error", Kind::Upstream),
    ];
    for (status, body, kind) in table {
        let (_, polar) = Stand::answering([json(status, body)]).await;
        let error = polar.orders().get(order()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(**error.refusal().unwrap().body, *body.as_bytes());
    }
}

#[tokio::test]
async fn a_refusal_keeps_polars_name_and_words() {
    let body = r#"{"error":"insufficient_scope","error_description":"needs more"}"#;
    let (_, polar) = Stand::answering([json(403, body)]).await;
    let error = polar.orders().get(order()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "orders:get: Polar answered 403 insufficient_scope: needs more"
    );
}

#[tokio::test]
async fn a_validation_error_lists_the_fields() {
    let body = r#"{"error":"RequestValidationError","detail":[
        {"type":"too_short","loc":["body","products",0],"msg":"too short","input":[]}]}"#;
    let (_, polar) = Stand::answering([json(422, body)]).await;
    let error = polar.checkouts().create([product()]).await.unwrap_err();
    let Error::Validation { fields, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(fields[0].path, "body.products[0]");
    assert_eq!(fields[0].kind, "too_short");
    assert!(error.to_string().ends_with("; body.products[0]: too short"));
}

#[tokio::test]
async fn a_write_is_sent_once_though_the_gateway_failed() {
    let (stand, polar) = Stand::answering([json(503, ""), json(201, &checkout())]).await;
    let error = polar.checkouts().create([product()]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Upstream);
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn a_read_is_tried_again() {
    let (stand, polar) =
        Stand::answering([json(503, ""), json(502, ""), json(200, &checkout())]).await;
    let id: CheckoutId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
    let checkout = polar.checkouts().get(id).await.unwrap();
    assert_eq!(checkout.id, id);
    assert_eq!(stand.asked().len(), 3);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_or_told() {
    let limited = |seconds: &str| {
        (
            429,
            vec![("retry-after", seconds.to_owned())],
            String::new(),
        )
    };
    let (stand, polar) = Stand::answering([limited("0"), json(201, &checkout())]).await;
    polar.checkouts().create([product()]).await.unwrap();
    assert_eq!(stand.asked().len(), 2);

    let (stand, polar) = Stand::answering([limited("60")]).await;
    let error = polar.checkouts().create([product()]).await.unwrap_err();
    let Error::RateLimited { retry_after, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_mins(1)));
    assert_eq!(stand.asked().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_a_network_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::At(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let polar = Polar::builder()
        .server(server)
        .retry(Retry::never())
        .build()
        .unwrap();
    let error = polar.orders().get(order()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_reply_that_is_not_understood_names_the_field_and_keeps_the_body() {
    let body = checkout().replace("\"amount\":1000", "\"amount\":\"much\"");
    let (_, polar) = Stand::answering([json(201, &body)]).await;
    let error = polar.checkouts().create([product()]).await.unwrap_err();
    let Error::Decode {
        operation,
        source,
        body: kept,
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (operation, source.path().as_str()),
        ("checkouts:create", "amount")
    );
    assert_eq!(**kept, *body.as_bytes());
    assert!(!format!("{kept:?}").contains("polar_c_x"));
}

#[tokio::test]
async fn a_redirect_does_not_take_the_token_along() {
    let elsewhere = (
        307,
        vec![("location", "http://127.0.0.1:9/".to_owned())],
        String::new(),
    );
    let (stand, polar) = Stand::answering([elsewhere]).await;
    let error = polar.orders().get(order()).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 307);
    assert_eq!(stand.asked().len(), 1);
}

/// Status and body, and the name and the words read from it.
type Shape = (
    u16,
    &'static [u8],
    Option<&'static str>,
    Option<&'static str>,
);

/// Every shape of body Polar refuses with, and those of whoever stands in between.
#[tokio::test(start_paused = true)]
async fn all_shapes_of_a_refusal_are_read_as_one() {
    let table: [Shape; 8] = [
        (
            404,
            br#"{"error":"ResourceNotFound","detail":"Not found"}"#,
            Some("ResourceNotFound"),
            Some("Not found"),
        ),
        (
            422,
            br#"{"error":"RequestValidationError","detail":[{"type":"missing","loc":["body"],"msg":"m"}]}"#,
            Some("RequestValidationError"),
            None,
        ),
        (
            401,
            br#"{"error":"invalid_token","error_description":"It expired"}"#,
            Some("invalid_token"),
            Some("It expired"),
        ),
        (405, br#"{"detail":"Method Not Allowed"}"#, None, Some("Method Not Allowed")),
        (429, b"", None, None),
        (500, b"Internal Server Error", None, None),
        (502, b"<html>\xff\xfe</html>", None, None),
        (400, b"[1,2]", None, None),
    ];
    for (status, body, name, detail) in table {
        let answer = Step::Answer(Duration::ZERO, status, Vec::new(), vec![body.into()]);
        let polar = Script::of([]).then(answer).polar();
        let error = polar.orders().get(order()).await.unwrap_err();
        assert_eq!(error.operation(), "orders:get");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.name(), name, "{status}");
        assert_eq!(
            error.refusal().unwrap().detail.as_deref(),
            detail,
            "{status}"
        );
        assert_eq!(**error.body().unwrap(), *body, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_refusal_without_end_the_first_mebibyte_is_kept() {
    let piece = Bytes::from(vec![b'x'; 300_000]);
    let answer = Step::Answer(Duration::ZERO, 400, Vec::new(), vec![piece; 200]);
    let polar = Script::of([answer]).polar();
    let error = polar.orders().get(order()).await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 400);
    assert_eq!(error.body().unwrap().len(), 1024 * 1024);
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_end_is_cut_off_unless_it_is_read_as_it_comes() {
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let answer = || Step::Answer(Duration::ZERO, 200, Vec::new(), vec![piece.clone(); 33]);
    let polar = Script::of([answer(), answer()]).polar();
    let get = polar.orders().get(order());
    let error = get.clone().await.unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error:?}");
    assert_eq!(error.status().unwrap().as_u16(), 200);

    let response = polar.open(&get).await.unwrap();
    let pieces: Vec<_> = response.into_body().try_collect().await.unwrap();
    assert_eq!(pieces.len(), 33);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_breaks_off_keeps_its_causes() {
    let polar = Script::of([Step::Torn]).polar();
    let error = polar.checkouts().create([product()]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the connection broke");
    assert_eq!(source.source().unwrap().to_string(), "torn");
}

#[test]
fn kinds_go_by_the_guides_words() {
    let words = [
        (Kind::Network, "network_error"),
        (Kind::Authentication, "authentication_error"),
        (Kind::Validation, "validation_error"),
        (Kind::WebhookVerification, "webhook_verification_error"),
        (Kind::RateLimit, "rate_limit_error"),
    ];
    for (kind, word) in words {
        assert_eq!(kind.as_str(), word);
        assert_eq!(kind.to_string(), word);
    }
}
