//! Roll-up: fewer events, and the same bill.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::outage::figures;
use super::road::Road;
use super::{call, events, pending};
use crate::polar::{buy, post};
use crate::world::{World, pause};

const SUM: (&str, &str) = ("POLARKIT_USAGE_ROLLUP", "api_call=sum(units)/60");

fn of(customer: &str, units: i64, endpoint: &str) -> Value {
    json!({"external_customer_id": customer, "name": "api_call",
        "metadata": {"units": units, "endpoint": endpoint}})
}

/// Waits until nothing waits any more, by the clock.
async fn delivered(world: &World) {
    world
        .until("all usage is settled", async || {
            world.clock.advance(SignedDuration::from_secs(5));
            pending(world).await == 0
        })
        .await;
}

async fn sold(world: &World, customer: &str) -> Vec<u64> {
    let call = world.polar.raw("/v1/orders/").query("limit", 100);
    let orders = call.await.unwrap();
    let own = |order: &&Value| order["customer"]["external_id"] == customer;
    let mut amounts: Vec<u64> = orders["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(own)
        .map(|order| order["net_amount"].as_u64().unwrap())
        .collect();
    amounts.sort_unstable();
    amounts
}

async fn consumed(world: &World, customer: &str) -> Option<f64> {
    let call = world.polar.raw("/v1/customer-meters/");
    let meters = call.query("external_customer_id", customer).await.unwrap();
    meters["items"][0]["consumed_units"].as_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_the_same_with_a_roll_up_and_without() {
    let world = World::begin().await;
    let units = (-20, 380);
    let consumed = same_bill(world, "Metered", SUM, "api_call", units).await;
    assert!(consumed > 1_000.0, "{consumed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_by_the_highest_is_the_same_with_a_roll_up_and_without() {
    let world = World::begin().await;
    peak_product(&world).await;
    let rollup = ("POLARKIT_USAGE_ROLLUP", "peak=max(units)/60");
    let consumed = same_bill(world, "By the peak", rollup, "peak", (1, 5_000)).await;
    assert!((1.0..5_000.0).contains(&consumed), "{consumed}");
}

/// A product billed by the highest use of its period.
async fn peak_product(world: &World) {
    let filter = json!({"conjunction": "and", "clauses": [
        {"property": "name", "operator": "eq", "value": "peak"}]});
    let meter = json!({"name": "Peak", "filter": filter,
        "aggregation": {"func": "max", "property": "units"}});
    let meter = post(&world.polar, "/v1/meters/", &meter).await;
    let price = json!({"amount_type": "metered_unit", "price_currency": "usd",
        "meter_id": meter["id"], "unit_amount": "2"});
    let product = json!({"name": "By the peak", "recurring_interval": "month", "prices": [price]});
    post(&world.polar, "/v1/products/", &product).await;
}

/// Two customers of a product use the same, one of them rolled up: both are billed the same. Answers
/// the units that are billed.
async fn same_bill(
    world: World,
    product: &str,
    rollup: (&str, &str),
    name: &str,
    (least, most): (i64, i64),
) -> f64 {
    for customer in ["u_plain", "u_rolled"] {
        buy(&world.polar, &world.sandbox, product, customer).await;
    }
    world.settle().await;
    let rounds = rounds(least, most);
    let tell = async |world: &World, customer: &str, round: &[(i64, &str)]| {
        let event = |(units, endpoint): &(i64, &str)| {
            let mut event = of(customer, *units, endpoint);
            event["name"] = name.into();
            event
        };
        let events: Vec<Value> = round.iter().map(event).collect();
        let answer = world.post("/api/usage/track", json!({ "events": events }));
        assert_eq!(answer.await.ok()["accepted"], 40);
    };
    for round in &rounds {
        tell(&world, "u_plain", round).await;
        delivered(&world).await;
    }
    let (world, road) = Road::of(world, &[rollup]).await;
    for round in &rounds {
        tell(&world, "u_rolled", round).await;
        delivered(&world).await;
    }
    let batches = road.sent();
    let sent = batches
        .iter()
        .map(|batch| batch["events"].as_array().unwrap().len());
    let sent: usize = sent.sum();
    assert!(sent <= 8 * 3 * 2, "{sent} events for 320");
    let seen = figures(&world).await;
    assert_eq!((seen.accepted, seen.delivered), (640, 640));
    let hour = SignedDuration::from_hours(1);
    world.sandbox.advance(hour).await.unwrap();
    let plain = consumed(&world, "u_plain").await;
    assert_eq!(consumed(&world, "u_rolled").await, plain);
    let month = SignedDuration::from_hours(24 * 32);
    world.sandbox.advance(month).await.unwrap();
    let bills = sold(&world, "u_plain").await;
    assert_eq!(bills.len(), 2, "a renewal was billed: {bills:?}");
    assert!(bills.iter().any(|amount| *amount > 0));
    assert_eq!(sold(&world, "u_rolled").await, bills);
    plain.unwrap()
}

/// Eight times forty uses of three endpoints, of at least and less than so many units; always the same.
fn rounds(least: i64, most: i64) -> Vec<Vec<(i64, &'static str)>> {
    let mut chance: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut below = |bound: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % bound
    };
    let width = u64::try_from(most - least).unwrap();
    let mut one = |_| {
        let units = least + i64::try_from(below(width)).unwrap();
        let endpoint = usize::try_from(below(3)).unwrap();
        (units, ["/a", "/b", "/c"][endpoint])
    };
    (0..8).map(|_| (0..40).map(&mut one).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_different_or_has_an_id_of_its_own_goes_by_itself() {
    let (world, road) = Road::of(World::begin().await, &[SUM]).await;
    let mut own = of("u_1", 1, "/a");
    own["id"] = json!("own");
    let mut priced = of("u_1", 1, "/a");
    priced["metadata"]["_cost"] = json!({"amount": "1", "currency": "usd"});
    let mut text = of("u_1", 1, "/a");
    text["metadata"]["units"] = json!("many");
    let all = [
        of("u_1", 1, "/a"),
        of("u_1", 2, "/a"),
        of("u_1", 4, "/b"),
        of("u_2", 8, "/a"),
        own,
        priced,
        text,
        json!({"external_customer_id": "u_1", "name": "other", "metadata": {"units": 1}}),
    ];
    world
        .post("/api/usage/track", json!({ "events": all }))
        .await
        .ok();
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 7);
    let units: Vec<u64> = road
        .sent()
        .iter()
        .flat_map(|batch| batch["events"].as_array().unwrap().clone())
        .filter_map(|event| event["metadata"]["units"].as_u64())
        .collect();
    assert!(
        units.contains(&3) && units.iter().sum::<u64>() == 18,
        "{units:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_meter_would_change_events_go_as_they_were_told() {
    let world = World::begin().await;
    let ask = json!({"name": "Calls made", "aggregation": {"func": "count"},
        "filter": {"conjunction": "and", "clauses": [
            {"property": "name", "operator": "eq", "value": "api_call"}]}});
    post(&world.polar, "/v1/meters/", &ask).await;
    let (world, _road) = Road::of(world, &[SUM]).await;
    let three = json!({"events": [call(1), call(1), call(1)]});
    world.post("/api/usage/track", three).await.ok();
    delivered(&world).await;
    assert_eq!(events(&world).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_equation_holds_at_every_moment_of_a_random_life() {
    let (mut world, road) = Road::of(World::begin().await, &[SUM]).await;
    let ways = [
        super::road::Way::Open,
        super::road::Way::Status(500),
        super::road::Way::Lost,
        super::road::Way::Limited(3),
        super::road::Way::Vague,
    ];
    let mut accepted = 0;
    for step in 0..40_usize {
        road.is(ways[(step / 3) % ways.len()]);
        let unknown = "6f7a7b1e-3f0e-4d6f-8a59-0c6f2f9f1c11";
        let mut batch = vec![call(1); step % 7 + 1];
        if step % 4 == 0 {
            batch.push(json!({"customer_id": unknown, "name": "api_call"}));
        }
        accepted += u64::try_from(batch.len()).unwrap();
        world
            .post("/api/usage/track", json!({ "events": batch }))
            .await
            .ok();
        for _ in 0..5 {
            assert_eq!(figures(&world).await.accepted, accepted);
            world.clock.advance(SignedDuration::from_secs(13));
            pause(std::time::Duration::from_millis(4)).await;
        }
        if step % 10 == 9 {
            let dead = world.get("/api/dead-letters").await.ok();
            if let Some(id) = dead["usage"][0]["id"].as_str() {
                let path = format!("/api/dead-letters/{id}/replay");
                world.post(&path, json!({})).await.ok();
            }
            figures(&world).await;
            world = world.restart().await;
        }
    }
    road.is(super::road::Way::Open);
    delivered(&world).await;
    let seen = figures(&world).await;
    assert_eq!((seen.accepted, seen.pending, seen.dead), (accepted, 0, 10));
    // What was rolled up counts as one at Polar, and as all it stands for here.
    let call = world.polar.raw("/v1/meters/").await.unwrap();
    let meter = call["items"][0]["id"].as_str().unwrap().to_owned();
    let from = "2027-01-01T00:00:00Z";
    let to = world.sandbox.now().to_string();
    let path = format!("/v1/meters/{meter}/quantities");
    let call = world.polar.raw(&path).query("interval", "day");
    let call = call
        .query("start_timestamp", from)
        .query("end_timestamp", to);
    let told = call.await.unwrap();
    let total = told["total"].as_f64().map(|units| units.to_string());
    assert_eq!(total, Some((accepted - 10).to_string()), "{told}");
}
