//! Limits that nodes share through Redis: one rule, one count, and a Redis that may go.

use std::collections::VecDeque;

use redis::Script;

use crate::limits::read;
use crate::redis::{Redis, until_up};
use crate::world::World;

/// The rule itself, with a time of the test's instead of the server's.
const RULE: &str = include_str!("../../src/shared/window.lua");

/// Beside a list of everything that was ever admitted, as the window in memory is tested.
#[tokio::test(flavor = "multi_thread")]
async fn redis_admits_what_a_look_at_every_call_admits() {
    let redis = Redis::start().await;
    let mut connection = redis.connection().await;
    let script = Script::new(&format!("local now = tonumber(ARGV[3])\n{RULE}"));
    // Longer than the test takes: the key ends by the server's time.
    let window: i64 = 600_000_000;
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        i64::try_from((random >> 33) % below).unwrap()
    };
    for calls in [1_i64, 2, 3, 10, 700] {
        let mut now = 1_800_000_000_000_000;
        let mut counted = VecDeque::new();
        for _ in 0..1_500 {
            now += match next(4) {
                0 => 0,
                1 => next(3),
                2 => next(u64::try_from(2 * window / calls).unwrap()),
                _ => next(1_000_000),
            };
            counted.retain(|at| now - at < window);
            let fits = i64::try_from(counted.len()).unwrap() < calls;
            if fits {
                counted.push_back(now);
            }
            let left = calls - i64::try_from(counted.len()).unwrap();
            let expected = (i64::from(fits), left, counted[0] + window - now);
            let mut call = script.key(format!("calls:{calls}"));
            call.arg(calls).arg(window).arg(now);
            let said: (i64, i64, i64) = call.invoke_async(&mut connection).await.unwrap();
            assert_eq!(said, expected, "{calls} at {now}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_steps_back_locks_nobody_out() {
    let redis = Redis::start().await;
    let mut connection = redis.connection().await;
    let script = Script::new(&format!("local now = tonumber(ARGV[3])\n{RULE}"));
    let hour = 3_600_000_000_i64;
    // The same as in memory: a_clock_that_steps_back_locks_nobody_out.
    for (now, expected) in [
        (hour, (1, 1, 60_000_000_i64)),
        (hour, (1, 0, 60_000_000)),
        (hour - 5_000_000, (0, 0, 65_000_000)),
        (0, (1, 1, 60_000_000)),
    ] {
        let mut call = script.key("calls");
        call.arg(2).arg(60_000_000).arg(now);
        let said: (i64, i64, i64) = call.invoke_async(&mut connection).await.unwrap();
        assert_eq!(said, expected, "{now}");
    }
}

/// However the calls are spread and however many come at once.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_share_a_redis_admit_no_call_too_many() {
    let redis = Redis::start().await;
    let settings = [
        ("REDIS_URL", redis.url.as_str()),
        ("POLARKIT_LIMITS", "user:read=20/1h"),
    ];
    let world = World::with(&settings).await;
    let other = World::with(&settings).await;
    // One organization, as nodes of one gateway have; each with its own clock.
    let other = other
        .restart_with(&[
            ("POLAR_ORGANIZATION_ID", &world.credentials.organization_id),
            (
                "POLAR_SERVER",
                &format!("http://{}", world.sandbox.address()),
            ),
        ])
        .await;
    other.clock.advance(jiff::SignedDuration::from_hours(-5));
    until_up(&world, &world.url, true).await;
    until_up(&world, &other.url, true).await;
    // A node that waits for Redis for too long counts alone: that may happen to some, not to all.
    let mut admitted = Vec::new();
    while admitted.last() != Some(&20) {
        let user = format!("u_{}", admitted.len());
        let calls = (0..60).map(|call| {
            let node = if call % 3 == 0 {
                &other.url
            } else {
                &world.url
            };
            read(&world, node, &user)
        });
        let answers = futures_util::future::join_all(calls).await;
        admitted.push(answers.iter().filter(|one| one.status == 200).count());
        assert!(admitted.len() < 5, "{admitted:?}");
    }
    // Nothing there says whose calls they are, and it all ends by itself.
    let keys = redis.keys(":calls:").await;
    assert_eq!(keys.len(), admitted.len(), "{keys:?}");
    let mut connection = redis.connection().await;
    for key in keys {
        assert!(!key.contains("u_") && !key.contains("user"), "{key}");
        let ends = redis::cmd("PTTL").arg(&key).to_owned();
        let ends: i64 = ends.query_async(&mut connection).await.unwrap();
        assert!((1..=3_600_000).contains(&ends), "{ends}");
    }
}

/// It is killed while calls are under way, is away for a while, and comes back knowing nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_refuses_nobody_and_counts_again_when_it_is_back() {
    let mut redis = Redis::start().await;
    let settings = [
        ("REDIS_URL", redis.url.as_str()),
        ("POLARKIT_LIMITS", "user:read=40/1h"),
    ];
    let world = World::with(&settings).await;
    let node = world.url.as_str();
    until_up(&world, node, true).await;
    let many = |user: &'static str| {
        let world = &world;
        async move {
            let mut admitted = 0;
            for _ in 0..60 {
                let answer = read(world, node, user).await;
                match answer.status.as_u16() {
                    200 => admitted += 1,
                    429 => assert!(answer.headers.contains_key("retry-after")),
                    _ => panic!("{answer:?}"),
                }
            }
            admitted
        }
    };
    let dies = async {
        world
            .until("calls are counted there", async || {
                !redis.keys(":calls:").await.is_empty()
            })
            .await;
        redis.kill();
    };
    let (first, second, ()) = tokio::join!(many("u_1"), many("u_2"), dies);
    // A call whose answer Redis took with it counts there and not here.
    for admitted in [first, second] {
        assert!((30..=40).contains(&admitted), "{admitted}");
    }
    until_up(&world, node, false).await;
    assert_eq!(many("u_3").await, 40);
    redis.start_again().await;
    until_up(&world, node, true).await;
    // It forgot; this node did not.
    assert_eq!(many("u_3").await, 0);
    assert!((30..=40).contains(&many("u_4").await));
    assert_eq!(redis.keys(":calls:").await.len(), 1, "counted there again");
    world.stop().await.unwrap();
}
