//! Seats: one product, bought once, for people who each take a place in it.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::event::Delivery;
use crate::polar::{deliver, post};
use crate::receiver::{HERE, Receiver};
use crate::world::World;

const ADDRESS: (&str, &str) = ("customer_email", "u_1@example.com");

/// A subscription of three seats, of which the buyer takes none.
pub(crate) struct Team {
    product: String,
    subscription: String,
}

impl Team {
    pub(crate) async fn bought(world: &World) -> Self {
        let tiers = json!([{"min_seats": 1, "max_seats": null, "price_per_seat": 1000}]);
        let product = json!({
            "name": "Team", "recurring_interval": "month",
            "prices": [{
                "amount_type": "seat_based", "price_currency": "usd", "seat_tiers": {"tiers": tiers},
            }],
        });
        let product = id(&post(&world.polar, "/v1/products/", &product).await);
        let ask = json!({
            "products": [product], "seats": 3, "external_customer_id": "u_1",
            // On a page of the shop's own nobody claims a seat for the buyer.
            "success_url": "https://shop.example/thanks",
            ADDRESS.0: ADDRESS.1, "customer_name": "Jane Doe",
            "customer_billing_address": {
                "line1": "1 Main St", "postal_code": "94104", "city": "San Francisco",
                "state": "US-CA", "country": "US",
            },
        });
        let created = post(&world.polar, "/v1/checkouts/", &ask).await;
        let secret = created["client_secret"].as_str().unwrap();
        let path = format!("/v1/checkouts/client/{secret}/confirm");
        let card = json!({"customer_name": "Jane Doe", "confirmation_token_id": "pm_card_visa"});
        post(&world.polar, &path, &card).await;
        world.settle().await;
        let subscription = crate::polar::subscription(&world.polar, "u_1").await;
        Self {
            product,
            subscription,
        }
    }

    /// Invites a member whom the application knows as `name`.
    pub(crate) async fn invites(&self, world: &World, name: &str) -> String {
        let seat = json!({
            "subscription_id": self.subscription, "external_member_id": name,
            "email": format!("{name}@example.com"),
        });
        let seat = id(&post(&world.polar, "/v1/customer-seats", &seat).await);
        world.settle().await;
        seat
    }

    pub(crate) async fn check(&self, world: &World, further: &str) -> Value {
        let path = format!("/api/entitlements/u_1/check?seat={}{further}", self.product);
        let answer = world.get(&path).await.ok();
        json!([answer["allowed"], answer["reason"]])
    }
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// Whoever was invited as `name` takes the invitation up.
pub(crate) async fn claims(world: &World, name: &str) {
    let path = format!("/sandbox/mails?to={name}@example.com");
    let mails = world.polar.raw(&path).await.unwrap();
    let claim = json!({"invitation_token": mails["items"][0]["secret"]});
    post(&world.polar, "/v1/customer-seats/claim", &claim).await;
    world.settle().await;
}

pub(crate) async fn revoke(world: &World, seat: &str) {
    let path = format!("/v1/customer-seats/{seat}");
    world.polar.raw(&path).method(Method::DELETE).await.unwrap();
    world.settle().await;
}

/// Each mirrored seat of the customer, as `status member`.
pub(crate) async fn seats(world: &World) -> Vec<String> {
    let shown = world.get("/api/customers/u_1").await.ok();
    let seats = shown["seats"].as_array().unwrap().iter();
    let mut seats: Vec<String> = seats
        .map(|seat| format!("{} {}", seat["status"], seat["member"]["external_id"]))
        .collect();
    seats.sort();
    seats
}

/// Every event that came, the newest first.
pub(crate) async fn told(world: &World) -> Vec<Value> {
    let listed = world.get("/api/inbox?limit=100").await.ok();
    let mut told = Vec::new();
    for delivery in listed["items"].as_array().unwrap() {
        let path = format!("/api/inbox/{}", delivery["webhook_id"].as_str().unwrap());
        told.push(world.get(&path).await.ok()["event"].clone());
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_had_from_claiming_it_until_it_is_taken_back() {
    let world = World::with(&[HERE]).await;
    let told = Receiver::start().await;
    let team = Team::bought(&world).await;
    told.subscribe(&world, json!({"events": ["access.*"]}))
        .await;
    assert_eq!(
        team.check(&world, "").await,
        json!([false, "never_granted"])
    );
    let product = format!("/api/entitlements/u_1/check?product={}", team.product);
    assert_eq!(world.get(&product).await.ok()["allowed"], true);

    let seat = team.invites(&world, "bob").await;
    assert_eq!(team.check(&world, "").await, json!([false, "pending"]));
    claims(&world, "bob").await;
    assert_eq!(team.check(&world, "").await, json!([true, "claimed"]));
    assert_eq!(
        team.check(&world, "&member=bob").await,
        json!([true, "claimed"])
    );
    assert_eq!(
        team.check(&world, "&member=jane").await,
        json!([false, "never_granted"])
    );
    let listed = world.get("/api/entitlements/u_1").await.ok();
    assert_eq!(listed["seats"], json!([team.product]));

    revoke(&world, &seat).await;
    assert_eq!(team.check(&world, "").await, json!([false, "revoked"]));
    assert_eq!(
        team.check(&world, "&member=bob").await,
        json!([false, "revoked"])
    );
    assert_eq!(seats(&world).await, ["\"revoked\" \"bob\""]);
    let nobodys = world.gateway.store().object("", "customer_seat", &seat);
    assert!(nobodys.await.unwrap().is_none());

    let why = world.get("/api/entitlements/u_1/why").await.ok();
    let reasons = why["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|one| one["kind"] == "seat").unwrap();
    assert_eq!(reason["source"], format!("seat:{seat}"));
    let events = reason["events"].as_array().unwrap().iter();
    let events: Vec<_> = events
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "customer_seat.assigned",
            "customer_seat.claimed",
            "customer_seat.revoked"
        ]
    );
    told.until_heard(&world, 2).await;
    let heard = told.took().into_iter().map(|one| one.json());
    let heard: Vec<Value> = heard
        .map(|told| json!([told["type"], told["data"]["kind"], told["data"]["target"]]))
        .collect();
    assert_eq!(
        heard,
        [
            json!(["access.granted", "seat", team.product]),
            json!(["access.revoked", "seat", team.product]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seat_taken_back_and_another_claimed_keeps_it() {
    let world = World::begin().await;
    let team = Team::bought(&world).await;
    let first = team.invites(&world, "bob").await;
    claims(&world, "bob").await;
    team.invites(&world, "eve").await;
    claims(&world, "eve").await;
    revoke(&world, &first).await;
    assert_eq!(team.check(&world, "").await, json!([true, "claimed"]));
    assert_eq!(
        team.check(&world, "&member=bob").await,
        json!([false, "revoked"])
    );
    // The seat that is free goes to somebody else.
    assert_eq!(team.invites(&world, "ann").await, first);
    assert_eq!(
        team.check(&world, "&member=ann").await,
        json!([false, "pending"])
    );
    claims(&world, "ann").await;
    assert_eq!(
        team.check(&world, "&member=ann").await,
        json!([true, "claimed"])
    );
    assert_eq!(
        team.check(&world, "&member=bob").await,
        json!([false, "never_granted"])
    );
    let claimed = ["\"claimed\" \"ann\"", "\"claimed\" \"eve\""];
    assert_eq!(seats(&world).await, claimed);
    // With what was bought every seat of it ends.
    let path = format!("/v1/subscriptions/{}", team.subscription);
    world.polar.raw(&path).method(Method::DELETE).await.unwrap();
    world.settle().await;
    assert_eq!(team.check(&world, "").await, json!([false, "revoked"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_ends_the_same_in_whatever_order_it_is_told() {
    let lived = World::begin().await;
    let team = Team::bought(&lived).await;
    let seat = team.invites(&lived, "bob").await;
    claims(&lived, "bob").await;
    revoke(&lived, &seat).await;
    assert_eq!(team.invites(&lived, "ann").await, seat);
    claims(&lived, "ann").await;
    revoke(&lived, &seat).await;
    let told = told(&lived).await;
    let revoked = |event: &&Value| event["type"] == "customer_seat.revoked";
    assert_eq!(told.iter().filter(revoked).count(), 2);

    let world = World::begin().await;
    // Newest first, and then all of it again.
    for (number, event) in told.iter().chain(told.iter().rev()).enumerate() {
        let id = format!("msg_{number}");
        Delivery::of(&world, &id, event).send(&world).await.ok();
        if number % 3 == 0 {
            world.projected().await;
        }
    }
    world.projected().await;
    assert_eq!(seats(&world).await, ["\"revoked\" \"ann\""]);
    assert_eq!(seats(&world).await, seats(&lived).await);
    assert_eq!(team.check(&world, "").await, json!([false, "revoked"]));
    let nobodys = world.gateway.store().object("", "customer_seat", &seat);
    assert!(nobodys.await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_told_of_a_seat_is_read_back() {
    let world = World::with(&[("POLARKIT_RECONCILE", "true")]).await;
    deliver(&world.polar, false).await;
    let team = Team::bought(&world).await;
    let seat = team.invites(&world, "bob").await;
    claims(&world, "bob").await;
    for (expected, what) in [
        (json!([true, "claimed"]), "claimed"),
        (json!([false, "revoked"]), "revoked"),
    ] {
        if what == "revoked" {
            revoke(&world, &seat).await;
        }
        world.clock.advance(SignedDuration::from_mins(5));
        let asked = world.post("/api/reconcile", json!({})).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        world
            .until("the seat is read", async || {
                world.clock.advance(SignedDuration::from_secs(5));
                team.check(&world, "").await == expected
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_asked_for_by_the_products_own_name() {
    let world = World::begin().await;
    let mut team = Team::bought(&world).await;
    team.invites(&world, "bob").await;
    claims(&world, "bob").await;
    let products = format!("team={}", team.product);
    let world = world.reset(&[("POLARKIT_PRODUCTS", &products)]).await;
    "team".clone_into(&mut team.product);
    assert_eq!(team.check(&world, "").await, json!([true, "claimed"]));
    for unclear in [
        "seat=other",
        "seat=team&product=team",
        "product=team&member=bob",
        "member=bob",
    ] {
        let path = format!("/api/entitlements/u_1/check?{unclear}");
        world.get(&path).await.refused(400, "invalid_request");
    }
}
