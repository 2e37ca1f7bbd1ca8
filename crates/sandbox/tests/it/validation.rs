//! Bad bodies and queries, and the words they are refused with.

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::Running;

/// Type, place and message of every entry.
async fn refused(sandbox: &Running, method: Method, path: &str, body: Value) -> Vec<Value> {
    let (status, answer) = sandbox.call(method, path, body).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(answer["error"], "RequestValidationError", "{answer}");
    answer["detail"].as_array().unwrap().clone()
}

fn brief(entries: &[Value]) -> Vec<Value> {
    let brief = |entry: &Value| json!([entry["type"], entry["loc"], entry["msg"]]);
    entries.iter().map(brief).collect()
}

#[tokio::test]
async fn every_flaw_is_reported_at_once_under_the_branch_that_was_meant() {
    let sandbox = Running::start().await;
    let body = json!({
        "name": " a ", "recurring_interval": "fortnight", "metadata": {"k": null},
        "prices": [{"amount_type": "fixed", "price_amount": 49}, {"amount_type": "barter"}],
    });
    let found = refused(&sandbox, Method::POST, "/v1/products/", body).await;
    let types: Vec<&str> = found
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "string_type",
            "int_type",
            "float_type",
            "bool_type",
            "too_short",
            "minimum_price",
            "union_tag_invalid",
            "enum"
        ]
    );
    assert!(found.iter().all(|entry| entry["loc"][1] == "recurring"));
    assert_eq!(
        found[4]["ctx"],
        json!({"field_type": "Value", "min_length": 3, "actual_length": 1})
    );
    assert_eq!(
        found[5]["loc"],
        json!(["body", "recurring", "prices", 0, "fixed", "price_amount"])
    );
    assert_eq!(
        found[0]["loc"],
        json!(["body", "recurring", "metadata", "k", "constrained-str"])
    );
}

#[tokio::test]
async fn a_union_without_a_tag_says_what_each_branch_misses() {
    let sandbox = Running::start().await;
    let found = refused(&sandbox, Method::POST, "/v1/customer-sessions/", json!({})).await;
    assert_eq!(
        brief(&found),
        [
            json!([
                "missing",
                ["body", "CustomerSessionCustomerIDCreate", "customer_id"],
                "Field required"
            ]),
            json!([
                "missing",
                [
                    "body",
                    "CustomerSessionCustomerExternalIDCreate",
                    "external_customer_id"
                ],
                "Field required"
            ]),
        ]
    );
}

#[tokio::test]
async fn query_and_path_are_checked_in_their_own_words() {
    let sandbox = Running::start().await;
    let path = "/v1/products/?limit=0&page=x&is_archived=maybe&sorting=colour&id=abc";
    let found = refused(&sandbox, Method::GET, path, Value::Null).await;
    let types: Vec<&str> = found
        .iter()
        .map(|entry| entry["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "uuid_type",
            "uuid_parsing",
            "bool_parsing",
            "int_parsing",
            "greater_than",
            "enum"
        ]
    );
    assert_eq!(found[0]["input"], json!(["abc"]));
    assert_eq!(found[5]["loc"], json!(["query", "sorting", 0]));
    let found = refused(&sandbox, Method::GET, "/v1/products/XYZ", Value::Null).await;
    assert_eq!(
        brief(&found),
        [json!([
            "uuid_parsing",
            ["path", "id"],
            "Input should be a valid UUID, invalid character: found `X` at 1"
        ])]
    );
}

#[tokio::test]
async fn a_nul_character_is_refused_anywhere() {
    let sandbox = Running::start().await;
    let body = json!({"email": "a@example.com", "metadata": {"k": "a\u{0}b"}});
    let found = refused(&sandbox, Method::POST, "/v1/customers/", body).await;
    assert_eq!(found[0]["msg"], "This value contains invalid characters");
}

#[tokio::test]
async fn addresses_of_reserved_domains_are_refused_and_example_com_is_not() {
    let sandbox = Running::start().await;
    for (email, fine) in [
        ("a@example.com", true),
        ("A.b+c@Example.COM", true),
        ("a@shop.test", false),
        ("a@localhost", false),
        ("a b@example.com", false),
        ("a@", false),
    ] {
        let body = json!({"email": email});
        let (status, answer) = sandbox.call(Method::POST, "/v1/customers/", body).await;
        assert_eq!(status, if fine { 201 } else { 422 }, "{email}: {answer}");
    }
}

#[tokio::test]
async fn receivers_are_https_or_nearby() {
    let sandbox = Running::start().await;
    for (url, status) in [
        ("https://shop.example/hook", 201),
        ("http://127.0.0.1:9/hook", 201),
        ("http://gateway:8000/hook", 201),
        ("http://shop.example/hook", 422),
        ("ftp://shop.example/hook", 422),
        ("nonsense", 422),
    ] {
        let body = json!({"url": url, "format": "raw", "events": ["order.paid"]});
        let (got, answer) = sandbox
            .call(Method::POST, "/v1/webhooks/endpoints", body)
            .await;
        assert_eq!(got, status, "{url}: {answer}");
    }
}

#[tokio::test]
async fn an_organization_token_may_not_name_its_organization() {
    let sandbox = Running::start().await;
    let body = json!({
        "url": "https://shop.example/hook", "format": "raw", "events": [],
        "organization_id": sandbox.credentials.organization_id,
    });
    let (status, answer) = sandbox
        .call(Method::POST, "/v1/webhooks/endpoints", body)
        .await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"], "PolarRequestValidationError");
    assert_eq!(answer["detail"][0]["type"], "organization_token");
    assert_eq!(
        answer["detail"][0]["loc"],
        json!(["body", "organization_id"])
    );
}

#[tokio::test]
async fn values_are_coerced_as_pydantic_would() {
    let sandbox = Running::start().await;
    let body = json!({
        "name": "  Numbers as texts  ", "extra": "ignored", "description": "   ",
        "prices": [{"amount_type": "fixed", "price_amount": "1500"}],
    });
    let (status, product) = sandbox.call(Method::POST, "/v1/products/", body).await;
    assert_eq!(status, 201, "{product}");
    assert_eq!(product["name"], "Numbers as texts");
    assert_eq!(product["description"], Value::Null);
    assert_eq!(product["prices"][0]["price_amount"], 1500);
}

#[tokio::test]
async fn a_url_is_measured_as_it_is_kept() {
    let sandbox = Running::start().await;
    let path = format!("/v1/organizations/{}", sandbox.credentials.organization_id);
    let social = |query: usize| {
        let url = format!("https://example.com?{}", "a".repeat(query));
        json!({"socials": [{"platform": "x", "url": url}]})
    };
    // Kept with a slash before the question mark: 2,083 characters are 2,084 then.
    let found = refused(&sandbox, Method::PATCH, &path, social(2_063)).await;
    assert_eq!(found[0]["type"], "url_too_long", "{found:?}");
    let (status, kept) = sandbox.call(Method::PATCH, &path, social(2_062)).await;
    assert_eq!(status, 200, "{kept}");
}
