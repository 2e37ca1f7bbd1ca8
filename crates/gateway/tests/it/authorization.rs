//! Who may do what: nobody more than they proved.

use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::world::{World, token};

/// Every route under `/api` that is not open, with a body that would do.
const ROUTES: [(&str, &str); 14] = [
    ("POST", "/api/checkout/create"),
    (
        "GET",
        "/api/checkout/307d021a-4547-465c-a1ab-01c09b04a756/details",
    ),
    ("POST", "/api/customer-portal/session"),
    ("GET", "/api/entitlements/u_1"),
    ("GET", "/api/entitlements/u_1/check?product=x"),
    ("GET", "/api/entitlements/u_1/why"),
    ("GET", "/api/customers/u_1"),
    ("POST", "/api/usage/track"),
    ("GET", "/api/usage/balance/u_1"),
    ("GET", "/api/inbox"),
    ("POST", "/api/inbox/x/replay"),
    ("GET", "/api/dead-letters"),
    ("POST", "/api/dead-letters/x/replay"),
    ("GET", "/metrics"),
];

fn call(world: &World, (method, path): (&str, &str)) -> RequestBuilder {
    let body = json!({
        "product_id": "307d021a-4547-465c-a1ab-01c09b04a756",
        "external_customer_id": "u_1", "name": "api_call",
    });
    let call = world.request(method.parse::<Method>().unwrap(), path);
    if method == "POST" {
        call.json(&body)
    } else {
        call
    }
}

async fn sent(call: RequestBuilder) -> Answer {
    Answer::of(call.send().await.unwrap()).await
}

fn claims(subject: &str) -> Value {
    json!({"sub": subject, "exp": 1_800_000_600})
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_answers_without_credentials() {
    let world = World::begin().await;
    for route in ROUTES {
        let answer = sent(call(&world, route)).await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.body["kind"], "authentication_error");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        // Nor is anything read of what a stranger sends.
        let garbage = call(&world, route).body("{not json");
        sent(garbage).await.refused(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_worse_than_none() {
    let world = World::begin().await;
    let expired = token(&json!({"sub": "u_1", "exp": 1_799_999_900}));
    let endless = token(&json!({"sub": "u_1"}));
    let not_yet = token(&json!({"sub": "u_1", "exp": 1_800_000_600, "nbf": 1_800_000_300}));
    let mut forged = token(&claims("u_1")).expose_secret().to_owned();
    forged.truncate(forged.len() - 2);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1XzEiLCJleHAiOjE4MDAwMDA2MDB9.";
    let wrong = [
        "pk_nobodys_key_at_all_0000",
        "word",
        unsigned,
        &forged,
        expired.expose_secret(),
        endless.expose_secret(),
        not_yet.expose_secret(),
    ];
    for token in wrong {
        let answer = sent(call(&world, ("GET", "/api/entitlements/u_1")).bearer_auth(token)).await;
        answer.refused(401, "unauthenticated");
        // Even where nobody needs any.
        let licence = ("POST", "/api/license/validate");
        sent(call(&world, licence).bearer_auth(token))
            .await
            .refused(401, "unauthenticated");
    }
    let basic = call(&world, ("GET", "/api/entitlements/u_1")).basic_auth("pk", Some("x"));
    sent(basic).await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_acts_for_themselves_alone() {
    let world = World::begin().await;
    let user = token(&claims("u_1"));
    let ask = |method, path| {
        let call = call(&world, (method, path)).bearer_auth(user.expose_secret());
        async move { sent(call).await }
    };
    for path in [
        "/api/entitlements/u_1",
        "/api/entitlements/u_1/why",
        "/api/usage/balance/u_1",
    ] {
        assert_eq!(ask("GET", path).await.status, 200, "{path}");
    }
    for path in [
        "/api/entitlements/u_2",
        "/api/entitlements/u_2/check?product=x",
        "/api/entitlements/u_2/why",
        "/api/customers/u_2",
        "/api/usage/balance/u_2",
        "/api/inbox",
        "/api/dead-letters",
        "/metrics",
        "/docs",
    ] {
        ask("GET", path).await.refused(403, "forbidden");
    }
    // A negative amount would be a credit.
    ask("POST", "/api/usage/track")
        .await
        .refused(403, "forbidden");
    let other = json!({"external_customer_id": "u_2"});
    for path in ["/api/customer-portal/session"] {
        let call = world
            .request(Method::POST, path)
            .bearer_auth(user.expose_secret())
            .json(&other);
        sent(call).await.refused(403, "forbidden");
    }
    let product = "307d021a-4547-465c-a1ab-01c09b04a756";
    let gift = json!({"product_id": product, "customer_external_id": "u_2"});
    let call = world.request(Method::POST, "/api/checkout/create");
    let call = call.bearer_auth(user.expose_secret()).json(&gift);
    sent(call).await.refused(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_until_it_is_revoked() {
    use polarkit_model::Clock as _;
    let world = World::begin().await;
    let store = world.gateway.store();
    let now = world.clock.now();
    let scopes = ["entitlements:read"];
    let made = polarkit_gateway::keys::create(store, "reader", &scopes, now)
        .await
        .unwrap();
    let key = made.key.expose_secret().to_owned();
    assert!(key.starts_with("pk_") && key.len() > 40);
    let ask = |path: &'static str| {
        let call = call(&world, ("GET", path)).bearer_auth(&key);
        async move { sent(call).await }
    };
    assert_eq!(ask("/api/entitlements/anyone").await.status, 200);
    let answer = ask("/api/customers/anyone").await;
    assert!(answer.refused(403, "forbidden").contains("customers:read"));
    assert!(
        store
            .revoke_api_key(&made.id, now.as_microsecond())
            .await
            .unwrap()
    );
    world.clock.advance(jiff::SignedDuration::from_secs(10));
    ask("/api/entitlements/anyone")
        .await
        .refused(401, "unauthenticated");
    let kept = &store.api_keys().await.unwrap()[0];
    assert!(!format!("{kept:?}").contains(&key), "only a hash is kept");
}
