//! Which pages of other origins may call.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::{HeaderMap, Method, StatusCode};

use crate::world::World;

const PAGE: &str = "https://app.example";

/// What a browser is told before and with a call of a page of this origin.
async fn told(world: &World, origin: &str) -> [HeaderMap; 2] {
    let path = "/api/entitlements/u_1";
    let before = world.request(Method::OPTIONS, path);
    let before = before.header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let with = world.request(Method::GET, path);
    let before = before.header(ORIGIN, origin).send().await.unwrap();
    let with = with.header(ORIGIN, origin).send().await.unwrap();
    assert_eq!(with.status(), StatusCode::UNAUTHORIZED);
    [before.headers().clone(), with.headers().clone()]
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_origins_listed_may_call_and_no_others() {
    let world = World::with(&[("POLARKIT_CORS_ORIGINS", PAGE)]).await;
    for headers in told(&world, PAGE).await {
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
    for headers in told(&world, "https://app.example.evil.example").await {
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_may_call_unless_one_is_listed() {
    let world = World::begin().await;
    for headers in told(&world, PAGE).await {
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
