//! Making and changing subscribers: who may, what is refused, what is shown.

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::receiver::{HERE, Receiver, ask, shown, until_settled};
use crate::world::{World, token};

async fn refused(world: &World, body: Value, expected: &str) {
    let answer = world.post("/api/subscribers", body.clone()).await;
    let detail = answer.refused(400, "invalid_request");
    assert!(detail.contains(expected), "{body}: {detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_refused_with_what_to_do() {
    let world = World::with(&[HERE]).await;
    let long = format!("http://127.0.0.1/{}", "x".repeat(2_048));
    for (url, expected) in [
        ("shop.example/hook", "must be an https address"),
        ("ftp://127.0.0.1/", "must be an https address"),
        ("http://a:b@127.0.0.1/", "must not hold a user name"),
        (&long, "has at most"),
        ("https://no-such-host.invalid/", "the host's name"),
        ("https://10.0.0.1/", "points into a private"),
        ("https://169.254.169.254/", "points into a private"),
        ("https://[::1]/", "points into a private"),
        ("https://[::ffff:10.0.0.1]/", "points into a private"),
        ("https://0x0a000001/", "points into a private"),
        ("http://8.8.8.8/", "plain http is for networks in"),
    ] {
        refused(&world, json!({"url": url}), &format!("url: {expected}")).await;
    }
    let all = world.get("/api/subscribers").await.ok();
    assert_eq!(all, json!({"items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_is_refused_with_what_to_do() {
    let world = World::with(&[HERE]).await;
    refused(&world, json!({}), "missing field `url`").await;
    refused(&world, json!({"url": 1}), "url: ").await;
    for (field, value, expected) in [
        ("events", json!(["*.paid"]), "events[0]: must be a type"),
        ("events", json!(["ok", ""]), "events[1]: must be a type"),
        ("customers", json!([""]), "customers[0]: must be an id"),
        (
            "products",
            json!(vec!["x"; 101]),
            "products: has at most 100",
        ),
        ("secret", json!("whsec_c2hvcnQ="), "secret: must be whsec_"),
        ("secret", json!("hunter2"), "secret: must be whsec_"),
        (
            "description",
            json!("x".repeat(1_001)),
            "description: has at most",
        ),
        ("evnets", json!([]), "unknown field `evnets`"),
    ] {
        let body = json!({"url": "http://127.0.0.1:9/", field: value});
        refused(&world, body, expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_shown_changed_and_taken_away() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let given = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let wish = json!({"description": "the shop", "customers": ["u_1"], "secret": given});
    let made = receiver.subscribe(&world, wish).await;
    assert_eq!(made["secret"], given);
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(shown(&world, &made).await, expected);
    assert_eq!(expected["events"], json!(["*"]));
    assert_eq!(expected["breaker"]["state"], "closed");
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/subscribers/{id}");
    let change = async |body: Value| {
        let call = world.request(Method::PATCH, &path);
        let call = call.bearer_auth(crate::world::KEY).json(&body);
        Answer::of(call.send().await.unwrap()).await
    };
    let changed = change(json!({"events": ["order.*"], "enabled": false}))
        .await
        .ok();
    assert_eq!(changed["events"], json!(["order.*"]));
    assert_eq!(changed["customers"], json!(["u_1"]), "the rest stays");
    assert_eq!(changed["disabled_reason"], "by request");
    change(json!({"url": "https://192.168.0.1/"}))
        .await
        .refused(400, "invalid_request");
    change(json!({"secret": given}))
        .await
        .refused(400, "invalid_request");
    let again = json!({"secret": given});
    let answer = world.post(&format!("{path}/secret/rotate"), again).await;
    assert!(
        answer
            .refused(400, "invalid_request")
            .contains("in use already")
    );
    let bad = json!({"status": ["pending"]});
    let answer = world.post(&format!("{path}/replay"), bad).await;
    assert!(
        answer
            .refused(400, "invalid_request")
            .starts_with("status:")
    );
    let answer = world.get(&format!("{path}/deliveries?status=lost")).await;
    assert!(
        answer
            .refused(400, "invalid_request")
            .starts_with("status:")
    );
    assert_eq!(ask(&world, Method::DELETE, &made, "").await.status, 204);
    for (method, rest) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::POST, "/enable"),
        (Method::POST, "/disable"),
        (Method::POST, "/test"),
        (Method::POST, "/secret/rotate"),
        (Method::GET, "/deliveries"),
    ] {
        ask(&world, method, &made, rest)
            .await
            .refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_with_the_scope_may() {
    let world = World::with(&[HERE]).await;
    let store = world.gateway.store();
    let scopes = ["subscribers:read"];
    let reader = polarkit_gateway::keys::create(store, "reader", &scopes, world.clock.now());
    let reader = reader.await.unwrap();
    let reader = reader.key.expose_secret().to_owned();
    let soon = world.clock.now().as_second() + 60;
    let user = token(&json!({"sub": "u_1", "exp": soon}));
    let user = user.expose_secret().to_owned();
    let as_whom = async |bearer: &str, method: Method| {
        let call = world.request(method, "/api/subscribers");
        let call = call
            .bearer_auth(bearer)
            .json(&json!({"url": "http://127.0.0.1:9/"}));
        Answer::of(call.send().await.unwrap()).await
    };
    as_whom(&reader, Method::GET).await.ok();
    as_whom(&reader, Method::POST)
        .await
        .refused(403, "forbidden");
    as_whom(&user, Method::GET).await.refused(403, "forbidden");
    as_whom(&user, Method::POST).await.refused(403, "forbidden");
    let call = world.request(Method::GET, "/api/subscribers").send();
    Answer::of(call.await.unwrap())
        .await
        .refused(401, "unauthenticated");
}

/// What was allowed when it was made may not be any more: the name, or the list, changed.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_looked_at_again_when_it_is_connected_to() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    let by_name = world
        .post("/api/subscribers", json!({"url": by_name}))
        .await
        .ok();
    let by_number = receiver.subscribe(&world, json!({})).await;
    for made in [&by_name, &by_number] {
        let tried = ask(&world, Method::POST, made, "/test").await.ok();
        assert_eq!(tried["delivered"], true, "{tried}");
    }
    let world = world
        .restart_with(&[("POLARKIT_SUBSCRIBER_NETWORKS", "10.0.0.0/8")])
        .await;
    for made in [&by_name, &by_number] {
        let tried = ask(&world, Method::POST, made, "/test").await.ok();
        assert_eq!(tried["error"], "the address is not allowed", "{tried}");
    }
    assert_eq!(receiver.heard().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_it_is_disabled_waits() {
    let world = World::with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = receiver.subscribe(&world, json!({"enabled": false})).await;
    let order = crate::event::order("pending", false, 4);
    crate::event::deliver(&world, &[crate::event::event("order.created", 4, order)]).await;
    assert_eq!(shown(&world, &made).await["pending"], 1);
    world.clock.advance(SignedDuration::from_hours(1));
    assert!(receiver.heard().is_empty());
    ask(&world, Method::POST, &made, "/enable").await.ok();
    until_settled(&world, &made).await;
    assert_eq!(receiver.kinds(), ["order.created"]);
}
