//! Two nodes on one PostgreSQL and one Redis: what one learns the other knows, and a Redis that
//! goes away takes nothing with it.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::event::{PRODUCT, deliver, event, order};
use crate::node::Node;
use crate::redis::{Redis, until_up};
use crate::shop::buy;
use crate::world::{World, postgres, token};

/// Two nodes that hear each other.
pub(crate) async fn two(redis: &Redis, further: &[(&str, &str)]) -> (World, Node) {
    let server = postgres().await;
    let settings = [("DATABASE_URL", server.as_str()), ("REDIS_URL", &redis.url)];
    let settings: Vec<_> = settings.iter().chain(further).copied().collect();
    let world = World::with(&settings).await;
    let node = world.another().await;
    until_up(&world, &world.url, true).await;
    until_up(&world, &node.url, true).await;
    (world, node)
}

/// Whether a node lets the customer of [`paid`] use the product.
async fn allows(world: &World, node: &str) -> bool {
    let path = format!("/api/entitlements/u_1/check?product={PRODUCT}");
    world.get_at(node, &path).await.ok()["allowed"] == true
}

fn paid(at: i64) -> Value {
    event("order.paid", at, order("paid", true, at))
}

fn refunded(at: i64) -> Value {
    event("order.refunded", at, order("refunded", true, at))
}

/// The clock stands still: memory never grows old, so it is the announcement that is seen.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_learns_the_other_knows_at_once() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    for round in 0..3 {
        let (allowed, news) = match round % 2 {
            0 => (false, paid(10 + round)),
            _ => (true, refunded(10 + round)),
        };
        assert_eq!(allows(&world, &node.url).await, allowed);
        deliver(&world, &[news]).await;
        world
            .until("the other node knows", async || {
                allows(&world, &node.url).await != allowed
            })
            .await;
    }
    node.stop().await;
}

/// While announcements come, what is in memory is believed for longer than a second; when they
/// might not, no longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_gone_shortens_what_is_believed_and_fails_nothing() {
    let mut redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    assert!(!allows(&world, &node.url).await);
    redis.kill();
    until_up(&world, &world.url, false).await;
    until_up(&world, &node.url, false).await;
    deliver(&world, &[paid(10)]).await;
    assert!(!allows(&world, &node.url).await, "no time has passed");
    world.clock.advance(SignedDuration::from_millis(1_001));
    assert!(allows(&world, &node.url).await, "a second has");
    // What the other node does not hear of while Redis is away is forgotten when it is back.
    deliver(&world, &[refunded(11)]).await;
    assert!(allows(&world, &node.url).await);
    redis.start_again().await;
    until_up(&world, &node.url, true).await;
    world
        .until("it is forgotten", async || !allows(&world, &node.url).await)
        .await;
    until_up(&world, &world.url, true).await;
    deliver(&world, &[paid(12)]).await;
    world
        .until("changes are told again", async || {
            allows(&world, &node.url).await
        })
        .await;
    let metrics = world.get("/metrics").await.ok();
    assert!(
        metrics
            .as_str()
            .unwrap()
            .contains("polarkit_redis_lost_total 1")
    );
    node.stop().await;
}

/// It takes what it is sent and says nothing: the worst way to be gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_holds_nobody_up() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    assert!(!allows(&world, &node.url).await);
    redis.freeze(true);
    let begun = Instant::now();
    for _ in 0..20 {
        let answer = validate(&world, &node.url, "K").await;
        assert_eq!(answer.status, 400, "Polar says no: {answer:?}");
    }
    let took = begun.elapsed();
    // Each alone would have waited a tenth of a second.
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    deliver(&world, &[paid(10)]).await;
    until_up(&world, &node.url, false).await;
    world.clock.advance(SignedDuration::from_millis(1_001));
    assert!(allows(&world, &node.url).await);
    redis.freeze(false);
    until_up(&world, &node.url, true).await;
    until_up(&world, &world.url, true).await;
    deliver(&world, &[refunded(11)]).await;
    world
        .until("changes are told again", async || {
            !allows(&world, &node.url).await
        })
        .await;
    node.stop().await;
}

async fn validate(world: &World, node: &str, key: &str) -> Answer {
    let call = world
        .client
        .request(Method::POST, format!("{node}/api/license/validate"));
    let call = call.json(&json!({"license_key": key}));
    Answer::of(call.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_have_one_limit_on_all_nodes() {
    let mut redis = Redis::start().await;
    let limit = [("POLARKIT_ANONYMOUS_PER_MINUTE", "6")];
    let (world, node) = two(&redis, &limit).await;
    for _ in 0..3 {
        for url in [&world.url, &node.url] {
            let answer = validate(&world, url, "K").await;
            assert_eq!(answer.status, 400, "{answer:?}");
        }
    }
    for url in [&world.url, &node.url] {
        let answer = validate(&world, url, "K").await;
        answer.refused(429, "rate_limited");
        let wait = answer.headers["retry-after"].to_str().unwrap().to_owned();
        assert!((1..=60).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    }
    // Without it, each has what is left of its own.
    redis.kill();
    until_up(&world, &world.url, false).await;
    for _ in 0..3 {
        assert_eq!(validate(&world, &world.url, "K").await.status, 400);
    }
    validate(&world, &world.url, "K")
        .await
        .refused(429, "rate_limited");
    // One that lost its memory gives no more than a node's own limit.
    redis.start_again().await;
    until_up(&world, &world.url, true).await;
    validate(&world, &world.url, "K")
        .await
        .refused(429, "rate_limited");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_whether_it_was_paid_has_one_limit_on_all_nodes() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let path = "/api/checkout/nonsense/confirm";
    let mut asked = 0;
    let refused = loop {
        // Each node alone would take sixty.
        assert!(asked < 120, "it goes on for ever");
        let url = if asked % 2 == 0 {
            &world.url
        } else {
            &node.url
        };
        let call = world.client.request(Method::POST, format!("{url}{path}"));
        let call = call.bearer_auth(user.expose_secret()).send().await;
        let answer = Answer::of(call.unwrap()).await;
        if answer.status == 429 {
            break answer;
        }
        answer.refused(404, "not_found");
        asked += 1;
    };
    // More when Redis took too long to answer, and a node counted alone.
    assert!(asked >= 60, "{asked}");
    refused.refused(429, "rate_limited");
    let wait = refused.headers["retry-after"].to_str().unwrap();
    assert!((1..=60).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    node.stop().await;
}

/// Polar counts how often a licence was validated.
#[tokio::test(flavor = "multi_thread")]
async fn what_polar_told_one_node_the_other_need_not_ask_until_it_changes() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    buy(&world, "Pro", "u_1").await;
    let keys = world.polar.raw("/v1/license-keys/").await.unwrap();
    let key = keys["items"][0]["key"].as_str().unwrap().to_owned();
    let first = validate(&world, &world.url, &key).await.ok();
    let second = validate(&world, &node.url, &key).await.ok();
    assert_eq!(first["validations"], second["validations"]);
    let in_redis = contents(&redis).await;
    assert!(in_redis.contains("display_key"), "{in_redis}");
    for private in [&key, "u_1", "jane@example.com"] {
        assert!(!in_redis.contains(private), "{private} in {in_redis}");
    }
    let mirrored = world.get("/api/customers/u_1").await.ok();
    let id = mirrored["subscriptions"][0]["id"].as_str().unwrap();
    let revoke = world.polar.raw(&format!("/v1/subscriptions/{id}"));
    revoke.method(Method::DELETE).await.unwrap();
    world.settle().await;
    world
        .until("the other node asks again", async || {
            validate(&world, &node.url, &key).await.status == 400
        })
        .await;
    node.stop().await;
}

/// An answer that was on its way while something changed is never given to anyone.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_before_a_change_does_not_come_back() {
    let redis = Redis::start().await;
    let (world, node) = two(&redis, &[]).await;
    buy(&world, "Handbook", "u_1").await;
    let checkouts = world.polar.raw("/v1/checkouts/").await.unwrap();
    let checkout = checkouts["items"][0].clone();
    let path = format!("/api/checkout/{}/details", checkout["id"].as_str().unwrap());
    let amount = async |url: &str| world.get_at(url, &path).await.ok()["amount"].clone();
    let true_amount = amount(&world.url).await;
    let kept = redis.keys(":answer:").await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut connection = redis.connection().await;
    let read = redis::cmd("HGET").arg(&kept[0]).arg("answer").to_owned();
    let answer: String = read.query_async(&mut connection).await.unwrap();
    let mut answer: Value = serde_json::from_str(&answer).unwrap();
    answer["details"]["amount"] = json!(1);
    let write = redis::cmd("HSET").arg(&kept[0]).arg("answer").to_owned();
    let write = write.clone().arg(answer.to_string()).to_owned();
    write.query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(amount(&node.url).await, 1, "what lies there is believed");
    let told =
        json!({"type": "checkout.updated", "timestamp": world.sandbox.now(), "data": checkout});
    deliver(&world, &[told]).await;
    world
        .until("Polar is asked again", async || {
            amount(&node.url).await == true_amount
        })
        .await;
    // Written down late, by someone who asked before the change.
    write.query_async::<()>(&mut connection).await.unwrap();
    let before = redis::cmd("HSET")
        .arg(&kept[0])
        .arg("asked_at")
        .arg(1)
        .to_owned();
    before.query_async::<()>(&mut connection).await.unwrap();
    let third = world.another().await;
    until_up(&world, &third.url, true).await;
    assert_eq!(amount(&third.url).await, true_amount);
    // And by someone who asked before Redis lost its memory of changes.
    redis.flush().await;
    let fields = ["asked_at", "1", "about", "", "answer", &answer.to_string()];
    let late = redis::cmd("HSET").arg(&kept[0]).arg(&fields).to_owned();
    late.query_async::<()>(&mut connection).await.unwrap();
    third.stop().await;
    let third = world.another().await;
    until_up(&world, &third.url, true).await;
    assert_eq!(amount(&third.url).await, true_amount);
    third.stop().await;
    node.stop().await;
}

/// Everything that lies in Redis, keys and values.
async fn contents(redis: &Redis) -> String {
    let mut connection = redis.connection().await;
    let mut all = String::new();
    for key in redis.keys("").await {
        all.push_str(&key);
        for read in ["GET", "HGETALL"] {
            let read = redis::cmd(read).arg(&key).to_owned();
            if let Ok(value) = read.query_async::<Vec<String>>(&mut connection).await {
                all.push_str(&value.join(" "));
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_starts_and_stops_without_its_redis() {
    let mut redis = Redis::start().await;
    redis.kill();
    let world = World::with(&[("REDIS_URL", &redis.url)]).await;
    until_up(&world, &world.url, false).await;
    deliver(&world, &[paid(10)]).await;
    assert!(allows(&world, &world.url).await);
    redis.start_again().await;
    until_up(&world, &world.url, true).await;
    world.stop().await.unwrap();
}
