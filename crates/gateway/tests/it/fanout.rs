//! What happened reaches those who want to hear of it: once, in order, signed, as long as it takes.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::response::IntoResponse as _;
use http::StatusCode;
use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::event::{CUSTOMER, Delivery, ORDER, PRODUCT, deliver, event, order, subscription};
use crate::receiver::{HERE, Heard, Receiver, ask, shown, until_settled};
use crate::world::World;

/// The event of another customer.
fn of(customer: &str, kind: &str, at: i64) -> Value {
    let mut data = order("pending", false, at);
    data["id"] = json!(uuid::Uuid::new_v4().to_string());
    data["customer_id"] = json!(customer);
    data["customer"]["id"] = json!(customer);
    data["customer"]["external_id"] = json!(format!("ext-{customer}"));
    data["step"] = json!(at);
    event(kind, at, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn polars_own_events_are_passed_on_byte_for_byte_and_signed() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let secret = made["secret"].as_str().unwrap();
    let told = r#"{"type": "moon.landed",  "timestamp": "2027-01-15T08:00:00Z",
        "data": {"id": "x", "created_at": "2027-01-15T08:00:00Z", "amount": 1.50, "amount2": 1e2,
        "text": "\u00e9 \/ é", "customer_id": "c", "a": 1, "a": 2}, "api_version": "2027-01"}"#;
    let sent = Delivery::raw(&world, "polars-own-id", told.as_bytes().to_vec());
    sent.send(&world).await.ok();
    receiver.until_heard(&world, 1).await;
    let heard = receiver.heard().remove(0);
    assert_eq!(heard.body, told.as_bytes());
    assert_eq!(heard.id(), "polars-own-id");
    assert!(heard.is_signed(secret, world.clock.now()));
    assert_eq!(heard.headers["content-type"], "application/json");
    until_settled(&world, &made).await;
    let log = ask(&world, Method::GET, &made, "/deliveries").await.ok();
    let delivery = &log["items"][0];
    assert_eq!(delivery["status"], "delivered");
    assert_eq!(delivery["attempts"][0]["status"], 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_with_the_customer_and_what_led_there() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let wish = json!({"events": ["access.*", "order.paid"]});
    receiver.subscribe(&world, wish).await;
    let paid = event("order.paid", 4, order("paid", true, 4));
    Delivery::of(&world, "the-cause", &paid)
        .send(&world)
        .await
        .ok();
    receiver.until_heard(&world, 2).await;
    deliver(
        &world,
        &[event("order.refunded", 7, order("refunded", true, 7))],
    )
    .await;
    receiver.until_heard(&world, 3).await;
    assert_eq!(
        receiver.kinds(),
        ["order.paid", "access.granted", "access.revoked"]
    );
    let heard = receiver.heard();
    let told = heard[0].json();
    assert_eq!(heard[0].id(), format!("order_paid:{ORDER}"));
    assert_eq!(told["data"], paid["data"], "Polar's own object");
    assert_eq!(
        told["customer"],
        json!({"id": CUSTOMER, "external_id": "u_1"})
    );
    assert_eq!(told["events"], json!(["the-cause"]));
    let told = heard[1].json();
    assert_eq!(told["data"]["customer"]["external_id"], "u_1");
    assert_eq!(told["data"]["kind"], "product");
    assert_eq!(told["data"]["target"], PRODUCT);
    assert_eq!(told["data"]["source"], format!("order:{ORDER}"));
    assert_eq!(told["data"]["events"], json!(["the-cause"]));
    assert_eq!(heard[2].json()["data"]["reason"], "refunded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_is_told_once_whichever_event_tells_of_it() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver
        .subscribe(&world, json!({"events": ["order.*"]}))
        .await;
    for (kind, at) in [
        ("order.updated", 5),
        ("order.paid", 4),
        ("order.paid", 4),
        ("order.updated", 6),
    ] {
        deliver(&world, &[event(kind, at, order("paid", true, at))]).await;
    }
    until_settled(&world, &made).await;
    assert_eq!(
        receiver.kinds(),
        ["order.updated", "order.paid", "order.updated"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_hears_what_it_asked_for() {
    let world = World::with(&[HERE]).await;
    let cases = [
        (
            json!({"events": ["subscription.*"]}),
            vec!["subscription.active"],
        ),
        (
            json!({"events": ["access.granted"]}),
            vec!["access.granted"],
        ),
        (
            json!({"customers": ["u_1"], "events": ["subscription.active", "order.created"]}),
            vec!["subscription.active"],
        ),
        (
            json!({"customers": ["other"], "events": ["order.created", "subscription.*"]}),
            vec!["order.created"],
        ),
        (
            json!({"products": [PRODUCT], "events": ["a*"]}),
            vec!["access.granted"],
        ),
        (json!({"products": ["another"]}), vec![]),
    ];
    let mut subscribed = Vec::new();
    for (wish, expected) in cases {
        let receiver = Receiver::start().await;
        let made = receiver.subscribe(&world, wish.clone()).await;
        subscribed.push((receiver, made, wish, expected));
    }
    deliver(
        &world,
        &[
            event("subscription.active", 6, subscription("active", 6)),
            of("other", "order.created", 7),
        ],
    )
    .await;
    for (receiver, made, wish, expected) in subscribed {
        until_settled(&world, &made).await;
        assert_eq!(receiver.kinds(), expected, "{wish}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_secrets_sign_until_the_overlap_is_over() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let rotated = ask(&world, Method::POST, &made, "/secret/rotate")
        .await
        .ok();
    let (old, new) = (&made["secret"], &rotated["secret"]);
    let (old, new) = (old.as_str().unwrap(), new.as_str().unwrap());
    assert_ne!(old, new);
    deliver(&world, &[of("a", "order.created", 1)]).await;
    receiver.until_heard(&world, 1).await;
    let heard = receiver.heard().remove(0);
    let now = world.clock.now();
    assert!(heard.is_signed(old, now) && heard.is_signed(new, now));
    world.clock.advance(SignedDuration::from_hours(24));
    deliver(&world, &[of("a", "order.created", 2)]).await;
    receiver.until_heard(&world, 2).await;
    let heard = receiver.heard().remove(1);
    let now = world.clock.now();
    assert!(!heard.is_signed(old, now) && heard.is_signed(new, now));
    let text = shown(&world, &made).await.to_string();
    assert!(!text.contains("whsec_"), "shown when made, and never again");
}

/// A customer's next event waits for the one before, and nobody else's does.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_holds_back_its_own_customer_alone() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer(|heard| {
        let down = heard.json()["data"]["customer_id"] == "anna";
        let down = down.then_some(StatusCode::BAD_GATEWAY);
        down.unwrap_or(StatusCode::OK).into_response()
    });
    let story = [
        of("anna", "order.created", 1),
        of("anna", "order.updated", 2),
        of("ben", "order.created", 3),
        of("ben", "order.updated", 4),
    ];
    deliver(&world, &story).await;
    receiver.until_heard(&world, 3).await;
    assert_eq!(
        receiver.kinds(),
        ["order.created", "order.updated"],
        "ben's"
    );
    world
        .until("hers alone wait", async || {
            shown(&world, &made).await["pending"] == 2
        })
        .await;
    receiver.answer_all(200);
    world.clock.advance(SignedDuration::from_secs(6));
    until_settled(&world, &made).await;
    let steps = receiver.took().into_iter();
    let steps: Vec<Value> = steps
        .map(|one| one.json()["data"]["step"].clone())
        .collect();
    assert_eq!(steps, [3, 4, 1, 2]);
    let log = ask(&world, Method::GET, &made, "/deliveries?customer_id=anna").await;
    let log = log.ok();
    let first = &log["items"][1];
    assert_eq!(
        (&first["tries"], &first["status"]),
        (&json!(2), &json!("delivered"))
    );
    assert_eq!(first["attempts"][1]["status"], 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_keeps_failing_is_left_in_peace_and_then_probed() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer_all(500);
    for n in 0..5 {
        deliver(&world, &[of(&format!("c{n}"), "order.created", n)]).await;
        receiver
            .until_heard(&world, usize::try_from(n).unwrap() + 1)
            .await;
    }
    world
        .until("the breaker is open", async || {
            shown(&world, &made).await["breaker"]["state"] == "open"
        })
        .await;
    deliver(&world, &[of("c6", "order.created", 6)]).await;
    world.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(receiver.heard().len(), 5, "nothing while it rests");
    world.clock.advance(SignedDuration::from_secs(21));
    receiver.until_heard(&world, 6).await;
    world
        .until("one probe, and rest again", async || {
            shown(&world, &made).await["breaker"]["state"] == "open"
        })
        .await;
    assert_eq!(receiver.heard().len(), 6);
    let text = world.get("/metrics").await.ok();
    let id = made["id"].as_str().unwrap();
    let line = format!(r#"polarkit_subscriber_breaker{{subscriber="{id}",state="open"}} 1"#);
    assert!(text.as_str().unwrap().contains(&line), "{text}");
    receiver.answer_all(204);
    world.clock.advance(SignedDuration::from_secs(61));
    until_settled(&world, &made).await;
    assert_eq!(receiver.took().len(), 6, "the well again get all at once");
    assert_eq!(shown(&world, &made).await["breaker"]["state"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_time_gets_it() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer(|_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]).into_response());
    deliver(&world, &[of("a", "order.created", 1)]).await;
    receiver.until_heard(&world, 1).await;
    world
        .until("it rests", async || {
            shown(&world, &made).await["breaker"]["rest_until"].is_string()
        })
        .await;
    receiver.answer_all(200);
    world.clock.advance(SignedDuration::from_mins(59));
    deliver(&world, &[of("b", "order.created", 2)]).await;
    assert_eq!(receiver.heard().len(), 1);
    world.clock.advance(SignedDuration::from_mins(1));
    until_settled(&world, &made).await;
    assert_eq!(receiver.took().len(), 2);
}

/// However large a number it says: a day is waited, no more and no less.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_ages_gets_a_day() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let ages = [("retry-after", "99999999999999999999999")];
    receiver.answer(move |_| (StatusCode::SERVICE_UNAVAILABLE, ages).into_response());
    deliver(&world, &[of("a", "order.created", 1)]).await;
    receiver.until_heard(&world, 1).await;
    world
        .until("it rests", async || {
            shown(&world, &made).await["breaker"]["rest_until"].is_string()
        })
        .await;
    receiver.answer_all(200);
    world.clock.advance(SignedDuration::from_mins(24 * 60 - 1));
    deliver(&world, &[of("b", "order.created", 2)]).await;
    assert_eq!(receiver.heard().len(), 1);
    world.clock.advance(SignedDuration::from_mins(1));
    until_settled(&world, &made).await;
    assert_eq!(receiver.took().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_disabled_and_loses_nothing() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer_all(410);
    deliver(&world, &[of("a", "order.created", 1)]).await;
    world
        .until("it is disabled", async || {
            shown(&world, &made).await["enabled"] == false
        })
        .await;
    let reason = shown(&world, &made).await["disabled_reason"].clone();
    assert_eq!(reason, "the receiver answered 410 Gone");
    deliver(&world, &[of("a", "order.updated", 2)]).await;
    receiver.answer_all(200);
    world.clock.advance(SignedDuration::from_hours(1));
    ask(&world, Method::POST, &made, "/enable").await.ok();
    until_settled(&world, &made).await;
    assert_eq!(receiver.kinds(), ["order.created", "order.updated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_days_it_is_a_dead_letter_that_can_be_told_again() {
    let world = World::with(&[HERE, ("POLARKIT_SUBSCRIBER_RETRY_DAYS", "2")]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    receiver.answer_all(503);
    let first = of("a", "order.created", 1);
    Delivery::of(&world, "first", &first)
        .send(&world)
        .await
        .ok();
    receiver.until_heard(&world, 1).await;
    deliver(&world, &[of("a", "order.updated", 2)]).await;
    world.clock.advance(SignedDuration::from_hours(47));
    receiver.until_heard(&world, 2).await;
    world.clock.advance(SignedDuration::from_hours(7));
    receiver.until_heard(&world, 3).await;
    receiver.answer_all(200);
    world
        .until("the next had its turn", async || {
            // Slowly: a lease that ends while its holder is at it makes a second delivery.
            world.clock.advance(SignedDuration::from_millis(300));
            receiver.kinds().contains(&"order.updated".to_owned())
        })
        .await;
    let dead = world.get("/api/dead-letters").await.ok();
    let dead = &dead["deliveries"][0];
    assert_eq!(
        (&dead["event_id"], &dead["error"]),
        (&json!("first"), &json!("HTTP 503"))
    );
    world
        .post("/api/dead-letters/first/replay", json!({}))
        .await
        .ok();
    until_settled(&world, &made).await;
    let took = receiver.took();
    let told_again = took.iter().map(Heard::id).next_back();
    assert_eq!(told_again, Some("first"), "with the id it always had");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_can_be_told_again_by_filter() {
    let world = World::with(&[HERE]).await;
    let story = [
        of("a", "order.created", 1),
        of("b", "order.updated", 2),
        of("b", "order.created", 3),
    ];
    deliver(&world, &story).await;
    let receiver = Receiver::start().await;
    let wish = json!({"events": ["order.*"]});
    let made = receiver.subscribe(&world, wish).await;
    let path = format!("/api/subscribers/{}/replay", made["id"].as_str().unwrap());
    let replay = async |asked: Value, queued: u64| {
        let before = receiver.took().len();
        let answer = world.post(&path, asked.clone()).await.ok();
        assert_eq!(answer, json!({"queued": queued, "next": null}), "{asked}");
        until_settled(&world, &made).await;
        assert_eq!(
            receiver.took().len() - before,
            usize::try_from(queued).unwrap()
        );
    };
    replay(json!({}), 0).await;
    replay(json!({"status": ["missed"], "types": ["order.cr*"]}), 2).await;
    replay(json!({"status": ["missed"]}), 1).await;
    replay(json!({"status": ["delivered"], "customers": ["ext-b"]}), 2).await;
    let now = world.clock.now();
    let later = now.checked_add(SignedDuration::from_secs(1)).unwrap();
    replay(json!({"status": ["delivered"], "from": later}), 0).await;
    replay(
        json!({"status": ["delivered"], "from": now, "to": later}),
        3,
    )
    .await;
    let id = receiver.took()[0].id().to_owned();
    replay(json!({"event_ids": [id, "unknown"]}), 1).await;
    let mut times = HashMap::new();
    for heard in receiver.took() {
        *times.entry(heard.id().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 3, "the same ids each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_delivers_once_and_tells_what_came_back() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver
        .subscribe(&world, json!({"events": ["nothing"]}))
        .await;
    let tried = ask(&world, Method::POST, &made, "/test").await.ok();
    assert_eq!(
        (&tried["delivered"], &tried["status"]),
        (&json!(true), &json!(200))
    );
    let heard = receiver.heard().remove(0);
    assert_eq!(heard.kind(), "subscriber.test");
    assert!(heard.is_signed(made["secret"].as_str().unwrap(), world.clock.now()));
    receiver.answer(|_| (StatusCode::IM_A_TEAPOT, "short and stout").into_response());
    let tried = ask(&world, Method::POST, &made, "/test").await.ok();
    assert_eq!(tried["error"], "HTTP 418");
    assert_eq!(tried["response"], "short and stout");
    assert_eq!(shown(&world, &made).await["breaker"]["failures"], 0);
}

/// What a receiver does wrong costs no more than its own deliveries.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_bounded_and_redirects_are_not_followed() {
    let timeout = ("POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS", "1");
    let world = World::with(&[HERE, timeout]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let elsewhere = Receiver::start().await;
    let to = elsewhere.url.clone();
    receiver.answer(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", to.as_str())]).into_response()
    });
    let tried = ask(&world, Method::POST, &made, "/test").await.ok();
    assert_eq!(tried["error"], "HTTP 307: redirects are not followed");
    assert!(elsewhere.heard().is_empty());
    receiver.answer(|_| (StatusCode::OK, "x".repeat(5 << 20)).into_response());
    let tried = ask(&world, Method::POST, &made, "/test").await.ok();
    assert_eq!(tried["response"].as_str().unwrap().len(), 1_024);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let made = world
        .post("/api/subscribers", json!({"url": url}))
        .await
        .ok();
    let tried = ask(&world, Method::POST, &made, "/test").await.ok();
    assert_eq!(tried["error"], "no answer in time");
}

/// A gateway that stops while a receiver thinks tells it again afterwards, by the same id.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_at_a_restart_is_told_again() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({})).await;
    let answers = Mutex::new([StatusCode::SERVICE_UNAVAILABLE].into_iter());
    receiver.answer(move |_| {
        let status = answers.lock().unwrap().next().unwrap_or(StatusCode::OK);
        status.into_response()
    });
    deliver(&world, &[of("a", "order.created", 1)]).await;
    receiver.until_heard(&world, 1).await;
    let world = world.restart().await;
    world.clock.advance(SignedDuration::from_secs(6));
    until_settled(&world, &made).await;
    let heard = receiver.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(
        (heard[0].id(), &heard[0].body),
        (heard[1].id(), &heard[1].body)
    );
}
