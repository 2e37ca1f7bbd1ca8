//! Whatever is sent, the answer is one that Polar could give: never a 500, never silence.

use http::header::{ALLOW, CONTENT_TYPE};
use reqwest::Method;
use serde_json::{Value, json};

use crate::running::Running;

async fn send(sandbox: &Running, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
    let request = sandbox
        .request(Method::POST, path)
        .bearer_auth(&sandbox.credentials.access_token)
        .header(CONTENT_TYPE, "application/json");
    crate::running::read(request.body(body.into())).await
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_as_the_framework_refuses_them() {
    let sandbox = Running::start().await;
    let not_text = b"{\"email\": \"\xff\xfe\"}".to_vec();
    let (status, body) = send(&sandbox, "/v1/customers/", not_text).await;
    let told = json!({"detail": "There was an error parsing the body"});
    assert_eq!((status, body), (400, told));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [
        "{",
        "{\"a\":1}}",
        "nul",
        "\u{feff}{}",
        "{\"a\":\"\\ud800\"}",
        &deep,
    ] {
        let (status, body) = send(&sandbox, "/v1/customers/", text).await;
        assert_eq!(
            (status, &body["error"]),
            (422, &json!("RequestValidationError"))
        );
    }
}

#[tokio::test]
async fn values_beyond_all_measure_are_refused_or_kept_but_break_nothing() {
    let sandbox = Running::start().await;
    let long = "x".repeat(3_000_000);
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let bodies = [
        r#"{"email":"a\u0000b@example.com"}"#.to_owned(),
        r#"{"email":"ada@example.com","name":"\u0000"}"#.to_owned(),
        format!(r#"{{"email":"ada@example.com","name":"{long}"}}"#),
        format!(r#"{{"email":"{long}@example.com"}}"#),
        format!(r#"{{"email":"ada@example.com","metadata":{deep}}}"#),
        format!(r#"{{"email":"ada@example.com","metadata":{{"{long}":1}}}}"#),
        r#"{"email":"ada@example.com","metadata":{"n":1e400}}"#.to_owned(),
        format!(
            r#"{{"email":"ada@example.com","metadata":{{"n":{}}}}}"#,
            "9".repeat(400)
        ),
        r#"{"email":"ada@example.com","metadata":{"n":-0.0}}"#.to_owned(),
        r#"{"email":null,"email":["x"],"email":{}}"#.to_owned(),
        r#"{"\ud83d\ude00":"\ud83d"}"#.to_owned(),
        "[]".to_owned(),
        "18446744073709551616".to_owned(),
    ];
    for body in bodies {
        let (status, answer) = send(&sandbox, "/v1/customers/", body.clone()).await;
        let start: String = body.chars().take(80).collect();
        assert!(matches!(status, 201 | 422), "{start}: {status} {answer}");
    }
    let products = sandbox
        .call(Method::GET, "/v1/products/", Value::Null)
        .await;
    assert_eq!(products.0, 200, "it still answers");
}

#[tokio::test]
async fn the_last_of_equal_keys_counts() {
    let sandbox = Running::start().await;
    let twice = r#"{"email":"one@example.com","email":"two@example.com"}"#;
    let (status, customer) = send(&sandbox, "/v1/customers/", twice).await;
    assert_eq!(
        (status, &customer["email"]),
        (201, &json!("two@example.com"))
    );
}

#[tokio::test]
async fn numbers_at_the_edge_make_no_amount_overflow() {
    let sandbox = Running::start().await;
    for amount in [
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(99_999_999),
    ] {
        let price =
            json!({"amount_type": "fixed", "price_amount": amount, "price_currency": "usd"});
        let body = json!({"name": "Dear", "prices": [price]});
        let (status, answer) = sandbox.call(Method::POST, "/v1/products/", body).await;
        assert!(matches!(status, 201 | 422), "{amount}: {status} {answer}");
    }
    for query in [
        "limit=9223372036854775808",
        "page=9223372036854775807",
        "page=-1",
        "limit=1e3",
        "page=%00",
    ] {
        let path = format!("/v1/products/?{query}");
        let (status, answer) = sandbox.call(Method::GET, &path, Value::Null).await;
        assert!(matches!(status, 200 | 422), "{query}: {status} {answer}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let sandbox = Running::start().await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (path, methods) in [
        ("/v1/products/".to_owned(), "GET, POST"),
        (format!("/v1/customers/{nobody}"), "DELETE, GET, PATCH"),
    ] {
        let answer = sandbox
            .request(Method::PUT, &path)
            .header("content-length", 0);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()[ALLOW], methods);
    }
}
