//! Alive, connected, fit for traffic.

use reqwest::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_greeting_is_the_guides() {
    let world = World::begin().await;
    let greeting = world.get("/").await.ok();
    assert_eq!(
        greeting,
        json!({"message": "Polar Integration API", "status": "running"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_whether_polar_is_there() {
    let world = World::begin().await;
    world
        .until("Polar is connected", async || {
            world.get("/health").await.ok() == json!({"status": "ok", "polar_connected": true})
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_when_the_token_is_not_good() {
    let world = World::with(&[("POLAR_ACCESS_TOKEN", "polar_oat_nobodys")]).await;
    crate::world::pause(std::time::Duration::from_millis(300)).await;
    let health = world.get("/health").await.ok();
    assert_eq!(health, json!({"status": "ok", "polar_connected": false}));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_without_its_store() {
    let world = World::begin().await;
    assert_eq!(world.get("/ready").await.ok()["ready"], true);
    world.gateway.store().close().await;
    let answer = world.get("/ready").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["store"]),
        (503, &json!(false))
    );
    assert_eq!(world.get("/health").await.status, 200, "alive all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_an_id_its_own_when_sane() {
    let world = World::begin().await;
    let ask = |id: &'static str| {
        world
            .request(Method::GET, "/health")
            .header("x-request-id", id)
    };
    let kept = Answer::of(ask("trace-42").send().await.unwrap()).await;
    assert_eq!(kept.headers["x-request-id"], "trace-42");
    let replaced = Answer::of(ask("a b<script>").send().await.unwrap()).await;
    assert_ne!(replaced.headers["x-request-id"], "a b<script>");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::begin().await;
    world.get("/nowhere").await.refused(404, "not_found");
    world.get("/api/nowhere").await.refused(404, "not_found");
    world
        .get("/webhook/polar")
        .await
        .refused(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_and_leaves_nothing_running() {
    let world = World::begin().await;
    world.get("/health").await.ok();
    world.stop().await.unwrap();
}
