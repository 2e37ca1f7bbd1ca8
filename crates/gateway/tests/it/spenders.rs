//! Many spend at once, by random: on either engine, on one node and on three, and Polar counts
//! meanwhile. What is committed and held never comes to more than was given, and nothing gets lost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::shop::buy;
use crate::usage::delivered;
use crate::world::{KEY, World, pause, postgres};

/// What "Metered" gives.
const GIVEN: u64 = 1_000;
/// Writers at once.
const WRITERS: u64 = 12;
/// Of each.
const SPENDINGS: u64 = 15;
/// Units of one, at most: together they want a few times what there is.
const UNITS_MAX: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn many_spenders_never_overdraw() {
    for seed in 1..=3 {
        lived(&World::begin().await, &[], seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_spenders_never_overdraw_on_postgresql() {
    for seed in 4..=5 {
        let server = postgres().await;
        lived(&World::with(&[("DATABASE_URL", &server)]).await, &[], seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_spenders_on_three_nodes_never_overdraw() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    let nodes = [world.another().await, world.another().await];
    let urls = nodes.each_ref().map(|node| node.url.clone());
    lived(&world, &urls, 6).await;
    for node in nodes {
        node.stop().await;
    }
}

async fn lived(world: &World, further: &[String], seed: u64) {
    buy(world, "Metered", "u_1").await;
    let nodes = [std::slice::from_ref(&world.url), further].concat();
    let writers = (0..WRITERS).map(|number| {
        let chance = Chance((seed * WRITERS + number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        spend(world, &nodes, chance)
    });
    let spent: u64 = tokio::select! {
        spent = join_all(writers) => spent.into_iter().sum(),
        () = time_passes(world) => unreachable!(),
    };
    println!("seed {seed}: {spent} of {GIVEN} spent");
    assert!(spent <= GIVEN, "seed {seed}: {spent} spent");
    assert!(
        spent > GIVEN / 2,
        "seed {seed}: {spent} spent, there was more"
    );
    // What nobody ended has ended by now, and Polar counts what was committed, each once.
    delivered(world).await;
    world.settle().await;
    world.clock.advance(SignedDuration::from_mins(2));
    let spent = counted(world, spent).await;
    let left = GIVEN - spent;
    if left > 0 {
        let held = reserve(world, &nodes[0], left).await;
        assert_eq!(held.status, 201, "seed {seed}: {left} are left: {held:?}");
    }
    reserve(world, &nodes[0], 1)
        .await
        .refused(402, "insufficient_balance");
}

/// Waits until a figure of Polar's surely counts everything; one more use brings a newer one.
async fn counted(world: &World, mut spent: u64) -> u64 {
    loop {
        world.clock.advance(SignedDuration::from_secs(2)); // no node believes older news
        let balance = world.get("/api/usage/balance/u_1").await.ok()["meters"][0].clone();
        assert_eq!(
            balance["consumed_units"].as_f64(),
            Some(f64::from(u32::try_from(spent).unwrap())),
            "{balance}"
        );
        let held = reserve(world, &world.url, GIVEN).await;
        let left = held.refused(402, "insufficient_balance");
        let pending = held.body["pending_units"].as_f64().unwrap();
        if pending < 0.5 || spent == GIVEN {
            return spent;
        }
        println!("{pending} perhaps not counted: {left}");
        let one =
            json!({"external_customer_id": "u_1", "name": "api_call", "metadata": {"units": 1}});
        world.post("/api/usage/track", one).await.ok();
        spent += 1;
        tokio::select! {
            () = async {
                delivered(world).await;
                world.settle().await;
            } => {}
            () = time_passes(world) => {}
        }
        world.projected().await;
    }
}

/// One writer's life; how many units it committed.
async fn spend(world: &World, nodes: &[String], mut chance: Chance) -> u64 {
    let mut spent = 0;
    let mut left_open = Vec::new();
    for _ in 0..SPENDINGS {
        let node = nodes
            [usize::try_from(chance.below(u64::try_from(nodes.len()).unwrap())).unwrap()]
        .clone();
        let units = 1 + chance.below(UNITS_MAX);
        let held = reserve(world, &node, units).await;
        if held.status != 201 {
            held.refused(402, "insufficient_balance");
            pause(Duration::from_millis(chance.below(30))).await;
            continue;
        }
        let id = held.ok()["reservation_id"].clone();
        pause(Duration::from_millis(chance.below(20))).await;
        match chance.below(6) {
            0 => drop(
                call(world, &node, "release", json!({"reservation_id": id}))
                    .await
                    .ok(),
            ),
            1 => left_open.push((id, units)),
            2 => spent += commit(world, &node, &id, 1 + chance.below(units)).await,
            _ => spent += commit(world, &node, &id, units).await,
        }
        if chance.below(3) == 0
            && let Some((id, units)) = left_open.pop()
        {
            spent += commit(world, &node, &id, units).await; // perhaps too late
        }
    }
    spent
}

async fn reserve(world: &World, node: &str, units: u64) -> Answer {
    let wish = json!({
        "external_customer_id": "u_1", "meter": "API calls", "units": units,
        "expires_in_seconds": 1,
    });
    call(world, node, "reserve", wish).await
}

/// Twice now and then, as who gets no answer does.
async fn commit(world: &World, node: &str, id: &Value, units: u64) -> u64 {
    let ask = json!({"reservation_id": id, "units": units});
    let (one, other) = tokio::join!(
        call(world, node, "commit", ask.clone()),
        call(world, &world.url, "commit", ask),
    );
    let counted = [&one, &other]
        .into_iter()
        .any(|answer| answer.status == 200);
    if !counted {
        one.refused(402, "insufficient_balance");
        return 0;
    }
    units
}

async fn call(world: &World, node: &str, path: &str, body: Value) -> Answer {
    let call = world.client.post(format!("{node}/api/usage/{path}"));
    Answer::of(call.bearer_auth(KEY).json(&body).send().await.unwrap()).await
}

/// The clock everybody shares goes as clocks do.
async fn time_passes(world: &World) {
    let mut last = Instant::now();
    loop {
        pause(Duration::from_millis(1)).await;
        let now = Instant::now();
        let passed = SignedDuration::try_from(now.duration_since(last)).unwrap();
        world.clock.advance(passed);
        last = now;
    }
}

/// Chance that comes again by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
