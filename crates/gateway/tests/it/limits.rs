//! How often who may call what, and what they are told of it. The clock stands still.

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::answer::Answer;
use crate::event::{Delivery, event, subscription};
use crate::world::{World, token};

/// A user asks what they may use.
pub(crate) async fn read(world: &World, node: &str, user: &str) -> Answer {
    let token = token(&json!({"sub": user, "exp": 1_900_000_000}));
    let call = world.client.get(format!("{node}/api/entitlements/{user}"));
    let call = call.bearer_auth(token.expose_secret());
    Answer::of(call.send().await.unwrap()).await
}

/// What somebody is told of their limit.
fn told(answer: &Answer) -> (&str, &str) {
    let header = |name| answer.headers[name].to_str().unwrap();
    (header("ratelimit-policy"), header("ratelimit"))
}

/// D-13: the guide's limiter let all of them through.
#[tokio::test(flavor = "multi_thread")]
async fn of_eleven_calls_in_one_second_a_limit_of_ten_refuses_one() {
    let world = World::with(&[("POLARKIT_LIMITS", "user:read=10/60s")]).await;
    let calls = (0..11).map(|_| read(&world, &world.url, "u_1"));
    let answers = futures_util::future::join_all(calls).await;
    let refused: Vec<_> = answers.iter().filter(|one| one.status != 200).collect();
    assert_eq!(refused.len(), 1);
    let said = refused[0].refused(429, "rate_limited");
    assert_eq!(said, "Too many requests of this user");
    let mut left: Vec<_> = answers.iter().map(|one| told(one).1.to_owned()).collect();
    left.sort_unstable();
    left.dedup();
    assert_eq!(left.len(), 10, "each has a place of its own: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_limited_is_told_how_they_stand_and_when_to_come_back() {
    let world = World::with(&[("POLARKIT_LIMITS", "user:read=3/1m")]).await;
    let policy = r#""user-read";q=3;w=60"#;
    let step = |millis| world.clock.advance(SignedDuration::from_millis(millis));
    let ask = async || read(&world, &world.url, "u_1").await;
    for (wait, standing) in [
        (0, r#""user-read";r=2;t=60"#),
        (1_500, r#""user-read";r=1;t=59"#),
        (8_500, r#""user-read";r=0;t=50"#),
    ] {
        step(wait);
        let answer = ask().await;
        assert_eq!(told(&answer), (policy, standing));
        assert!(!answer.headers.contains_key("retry-after"));
        answer.ok();
    }
    // However often they try meanwhile, the wait grows no longer.
    for (wait, left) in [(0, "50"), (20_000, "30"), (29_999, "1")] {
        step(wait);
        let answer = ask().await;
        answer.refused(429, "rate_limited");
        assert_eq!(answer.headers["retry-after"], left);
        let standing = format!(r#""user-read";r=0;t={left}"#);
        assert_eq!(told(&answer), (policy, standing.as_str()));
    }
    step(1);
    let answer = ask().await;
    assert_eq!(told(&answer).1, r#""user-read";r=0;t=2"#);
    answer.ok();
    ask().await.refused(429, "rate_limited");
    let metrics = world.get("/metrics").await.ok();
    let line = r#"polarkit_limited_total{caller="user",routes="read"} 4"#;
    assert!(metrics.as_str().unwrap().contains(line), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_for_one_caller_and_one_kind_of_route() {
    let limits = "user:read=1/60s, user:confirm=1/60s";
    let world = World::with(&[("POLARKIT_LIMITS", limits)]).await;
    read(&world, &world.url, "u_1").await.ok();
    read(&world, &world.url, "u_1")
        .await
        .refused(429, "rate_limited");
    read(&world, &world.url, "u_2").await.ok();
    let user = token(&json!({"sub": "u_1", "exp": 1_900_000_000}));
    for (status, code) in [(404, "not_found"), (429, "rate_limited")] {
        let call = world.request(Method::POST, "/api/checkout/nonsense/confirm");
        let call = call.bearer_auth(user.expose_secret());
        let answer = Answer::of(call.send().await.unwrap()).await;
        answer.refused(status, code);
    }
    let server = world.get("/api/entitlements/u_1").await;
    assert!(!server.headers.contains_key("ratelimit"), "{server:?}");
    server.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_limited_where_configuration_says_so_each_by_itself() {
    let limits = "server:read=2/60s, server:admin=1/60s, server:usage=1/60s";
    let world = World::with(&[("POLARKIT_LIMITS", limits)]).await;
    let (store, now) = (world.gateway.store(), world.clock.now());
    let made = polarkit_gateway::keys::create(store, "other", &["*"], now);
    let other = made.await.unwrap();
    for path in ["/api/entitlements/u_1", "/api/customers/u_1"] {
        assert_ne!(world.get(path).await.status, 429, "{path}");
    }
    let answer = world.get("/api/usage/balance/u_1").await;
    assert_eq!(
        answer.refused(429, "rate_limited"),
        "Too many requests with this key"
    );
    let call = world.request(Method::GET, "/api/entitlements/u_1");
    let call = call.bearer_auth(other.key.expose_secret());
    assert_eq!(call.send().await.unwrap().status(), 200);
    for path in ["/api/inbox", "/api/subscribers/x"] {
        let refused = world.get(path).await.status == 429;
        assert_eq!(refused, path != "/api/inbox", "{path}");
    }
    let event = json!({"external_customer_id": "u_1", "name": "call"});
    for status in [202, 429] {
        let answer = world.post("/api/usage/track", event.clone()).await;
        assert_eq!(answer.status, status);
    }
    for path in ["/health", "/ready", "/metrics", "/openapi.json"] {
        for _ in 0..3 {
            assert_eq!(world.get(path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proves_nothing_uses_up_nobodys_limit() {
    let world = World::with(&[("POLARKIT_LIMITS", "user:read=1/60s")]).await;
    let expired = token(&json!({"sub": "u_1", "exp": 1_700_000_000}));
    for _ in 0..3 {
        let call = world.request(Method::GET, "/api/entitlements/u_1");
        let call = call.bearer_auth(expired.expose_secret());
        let answer = Answer::of(call.send().await.unwrap()).await;
        answer.refused(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    read(&world, &world.url, "u_1").await.ok();
}

/// D-11: Polar disables an endpoint after ten failures in a row, and sends from few addresses.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_delivery_is_taken_whatever_else_comes_from_its_address() {
    let limits = [
        ("POLARKIT_LIMITS", "anonymous:license=1/60s"),
        ("POLARKIT_TRUST_FORWARDED_FOR", "true"),
    ];
    let world = World::with(&limits).await;
    let told = event("subscription.active", 4, subscription("active", 4));
    let from = |id: &str| {
        let mut delivery = Delivery::of(&world, id, &told);
        delivery.headers = vec![("x-forwarded-for", "198.51.100.7".to_owned())];
        delivery
    };
    for round in 0..100 {
        let mut forged = from("forged");
        forged.secret = "whsec_of_somebody_else_altogether".to_owned();
        let answer = forged.send(&world).await;
        answer.refused(403, "webhook_signature");
        let call = world.request(Method::POST, "/api/license/validate");
        let call = call.header("x-forwarded-for", "198.51.100.7");
        let call = call.json(&json!({"license_key": "K"}));
        let status = call.send().await.unwrap().status();
        assert_eq!(status, if round == 0 { 400 } else { 429 });
        let answer = from(&format!("msg_{round}")).send(&world).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(!answer.headers.contains_key("ratelimit"));
    }
    world.projected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_may_read_how_they_stand() {
    let settings = [
        ("POLARKIT_CORS_ORIGINS", "https://app.example"),
        ("POLARKIT_LIMITS", "user:read=1/60s"),
    ];
    let world = World::with(&settings).await;
    let user = token(&json!({"sub": "u_1", "exp": 1_900_000_000}));
    let ask = |method| {
        let call = world.request(method, "/api/entitlements/u_1");
        call.header("origin", "https://app.example")
    };
    for _ in 0..3 {
        let asks_first = ask(Method::OPTIONS).header("access-control-request-method", "GET");
        assert_eq!(asks_first.send().await.unwrap().status(), 200);
    }
    for status in [200, 429] {
        let call = ask(Method::GET).bearer_auth(user.expose_secret());
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let headers = answer.headers();
        assert_eq!(
            headers["access-control-allow-origin"],
            "https://app.example"
        );
        let exposed = headers["access-control-expose-headers"].to_str().unwrap();
        assert!(exposed.contains("ratelimit") && exposed.contains("retry-after"));
    }
}
