//! How Polar answers before any operation is asked: in which order it checks, with which words and headers.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::running::{Running, read};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn an_unknown_token_is_refused_even_where_none_is_needed() {
    let sandbox = Running::start().await;
    let path = "/v1/customer-portal/license-keys/validate";
    let request = sandbox
        .request(Method::POST, path)
        .bearer_auth("polar_oat_nobody");
    let answer = request.json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let challenge = answer.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "invalid_token");
}

#[tokio::test]
async fn a_token_of_another_kind_counts_as_none() {
    let sandbox = Running::start().await;
    let (status, body) = sandbox
        .call(Method::GET, "/v1/customer-portal/orders/", Value::Null)
        .await;
    assert_eq!((status, &body["error"]), (401, &json!("Unauthorized")));
}

#[tokio::test]
async fn a_missing_scope_is_noticed_before_a_bad_body() {
    let sandbox = Running::start().await;
    let request = sandbox
        .request(Method::POST, "/v1/products/")
        .bearer_auth(&sandbox.credentials.limited_access_token)
        .json(&json!({"name": ""}));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(
        answer.headers()["www-authenticate"],
        "Bearer realm=\"polar\", scope=\"products:write\", error=\"insufficient_scope\", \
         error_description=\"The request requires higher privileges than provided by the access token.\""
    );
}

#[tokio::test]
async fn the_other_slash_is_a_redirect_that_keeps_the_query() {
    let sandbox = Running::start().await;
    for (asked, there) in [
        (
            "/v1/products?limit=3&page=2",
            "/v1/products/?limit=3&page=2",
        ),
        ("/v1/webhooks/endpoints/", "/v1/webhooks/endpoints"),
    ] {
        let answer = sandbox.get(asked).await;
        assert_eq!(answer.status(), 307, "{asked}");
        assert_eq!(
            answer.headers()["location"],
            format!("{}{there}", sandbox.url)
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_answer_in_the_frameworks_words() {
    let sandbox = Running::start().await;
    let (status, body) = sandbox.call(Method::GET, "/v1/nothing", Value::Null).await;
    assert_eq!((status, body), (404, json!({"detail": "Not Found"})));
    let (status, body) = sandbox
        .call(Method::DELETE, "/v1/products/", Value::Null)
        .await;
    assert_eq!(
        (status, body),
        (405, json!({"detail": "Method Not Allowed"}))
    );
}

#[tokio::test]
async fn an_operation_that_is_not_there_yet_says_which_one_it_is() {
    let sandbox = Running::start().await;
    let (status, body) = sandbox
        .call(Method::GET, "/v1/oauth2/authorize", Value::Null)
        .await;
    assert_eq!((status, &body["error"]), (501, &json!("NotImplemented")));
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.starts_with("oauth2:authorize "), "{detail}");
}

#[tokio::test]
async fn an_old_root_and_an_old_alias_still_lead_there() {
    let sandbox = Running::start().await;
    let token = &sandbox.credentials.access_token;
    let request = sandbox.request(Method::GET, "/api/v1/webhooks/endpoints");
    let answer = request.bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("x-polar-deprecation-notice"));
    let direct = format!("/v1/checkouts/{NOBODY}");
    let alias = format!("/v1/checkouts/custom/{NOBODY}");
    let direct = sandbox.call(Method::GET, &direct, Value::Null).await;
    assert_eq!(sandbox.call(Method::GET, &alias, Value::Null).await, direct);
    assert_ne!(direct.1, json!({"detail": "Not Found"}));
}

#[tokio::test]
async fn every_answer_carries_polars_headers_and_the_worlds_time() {
    let sandbox = Running::start().await;
    sandbox
        .control("/sandbox/clock", json!({"now": "2030-05-01T12:00:00Z"}))
        .await;
    let answer = sandbox.get("/v1/products/").await;
    let headers = answer.headers();
    assert_eq!(headers["x-polar-sandbox"], "1");
    assert_eq!(headers["cache-control"], "private, no-store");
    assert_eq!(headers["polar-version"], "2026-04");
    assert_eq!(headers["date"], "Wed, 01 May 2030 12:00:00 GMT");
}

#[tokio::test]
async fn a_version_nobody_serves_is_a_bare_404() {
    let sandbox = Running::start().await;
    for version in ["2020-01", "abc", "2026-4"] {
        let request = sandbox.request(Method::GET, "/v1/products/");
        let answer = request
            .header("polar-version", version)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404);
        assert!(!answer.headers().contains_key("polar-version"));
        assert!(!answer.headers().contains_key("x-polar-sandbox"));
    }
}

#[tokio::test]
async fn a_preflight_is_allowed_unless_it_asks_for_a_strange_header() {
    let sandbox = Running::start().await;
    for (wanted, status) in [("authorization, polar-version", 200), ("x-strange", 400)] {
        let request = sandbox
            .request(Method::OPTIONS, "/v1/products/")
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", wanted);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{wanted}");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn a_body_of_unknown_or_excessive_length_is_refused_unread() {
    let sandbox = Running::start().await;
    let chunked =
        "POST /v1/products/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert!(raw(&sandbox, chunked).await.starts_with("HTTP/1.1 411"));
    let large = "POST /v1/products/ HTTP/1.1\r\nhost: x\r\ncontent-length: 10485761\r\n\r\n";
    let answer = raw(&sandbox, large).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("RequestBodyTooLarge"), "{answer}");
}

#[tokio::test]
async fn another_sites_page_can_neither_read_the_credentials_nor_reset_the_world() {
    let sandbox = Running::start().await;
    let request = sandbox.request(Method::GET, "/sandbox/credentials");
    let (status, body) = read(request.header("host", "evil.example")).await;
    assert_eq!((status, &body["error"]), (403, &json!("NotPermitted")));
    let request = sandbox.request(Method::POST, "/sandbox/reset");
    let (status, _) = read(request.header("origin", "https://evil.example")).await;
    assert_eq!(status, 403);
    let (status, body) = read(sandbox.request(Method::GET, "/sandbox/credentials")).await;
    assert_eq!(status, 200);
    assert_eq!(body["access_token"], sandbox.credentials.access_token);
}

/// What the server says to these very bytes, up to the end of the first answer.
async fn raw(sandbox: &Running, text: &str) -> String {
    let address = sandbox.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}
