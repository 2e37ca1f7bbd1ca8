//! Seats of which Polar takes off who sat there when it takes them back: they stay whose they were.

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::event::Delivery;
use crate::polar::deliver;
use crate::seat::{Team, claims, revoke, seats, told};
use crate::world::{World, client, postgres, spawn};

/// The seat as Polar may tell of it once it is taken back.
fn nobodys(seat: &mut Value) {
    if seat["status"] == "revoked" {
        for field in ["customer_id", "member_id", "member", "email"] {
            seat[field] = Value::Null;
        }
    }
}

/// What came of a seat that bob had and lost, the oldest first; in the end it is nobody's.
async fn lost() -> (Vec<Value>, Team, String) {
    let lived = World::begin().await;
    let team = Team::bought(&lived).await;
    let seat = team.invites(&lived, "bob").await;
    claims(&lived, "bob").await;
    revoke(&lived, &seat).await;
    let mut events = told(&lived).await;
    events.reverse();
    for event in &mut events {
        nobodys(&mut event["data"]);
    }
    let last = events
        .iter()
        .rfind(|one| one["type"] == "customer_seat.revoked");
    assert_eq!(last.unwrap()["data"]["member"], Value::Null);
    (events, team, seat)
}

async fn has_ended(world: &World, team: &Team, seat: &str) {
    assert_eq!(team.check(world, "").await, json!([false, "revoked"]));
    assert_eq!(seats(world).await, ["\"revoked\" null"]);
    let store = world.gateway.store();
    let nobodys = store.object("", "customer_seat", seat).await;
    assert!(nobodys.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_ends_although_its_end_names_nobody() {
    let (events, team, seat) = lost().await;
    let newest_first: Vec<Value> = events.iter().rev().cloned().collect();
    for (events, at_once) in [(&events, true), (&events, false), (&newest_first, false)] {
        let world = World::begin().await;
        for (number, event) in events.iter().enumerate() {
            let id = format!("msg_{number}");
            Delivery::of(&world, &id, event).send(&world).await.ok();
            if !at_once {
                world.projected().await;
            }
        }
        world.projected().await;
        has_ended(&world, &team, &seat).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_ends_although_its_end_came_first_and_names_nobody_on_postgresql() {
    let (events, team, seat) = lost().await;
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    for (number, event) in events.iter().rev().enumerate() {
        let id = format!("msg_{number}");
        Delivery::of(&world, &id, event).send(&world).await.ok();
        world.projected().await;
    }
    has_ended(&world, &team, &seat).await;
}

/// A Polar that lists such seats as nobody's.
async fn forgetful(polar: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(pass_on).with_state(polar);
    // Lives as long as the test's runtime.
    drop(spawn(async move { axum::serve(listener, app).await }));
    url
}

async fn pass_on(State(polar): State<String>, call: Request) -> (StatusCode, Bytes) {
    let (head, body) = call.into_parts();
    let rest = head.uri.path_and_query().unwrap().as_str();
    let mut headers = head.headers;
    headers.remove("host");
    let call = client().request(head.method, format!("{polar}{rest}"));
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer = call.headers(headers).body(body).send().await.unwrap();
    let status = answer.status();
    let mut json: Value = answer.json().await.unwrap();
    for seat in json["seats"].as_array_mut().into_iter().flatten() {
        nobodys(seat);
    }
    (status, json.to_string().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_read_back_as_nobodys_ends() {
    let world = World::with(&[("POLARKIT_RECONCILE", "true")]).await;
    let team = Team::bought(&world).await;
    let seat = team.invites(&world, "bob").await;
    claims(&world, "bob").await;
    assert_eq!(team.check(&world, "").await, json!([true, "claimed"]));
    let polar = forgetful(format!("http://{}", world.sandbox.address())).await;
    let world = world.restart_with(&[("POLAR_SERVER", &polar)]).await;
    deliver(&world.polar, false).await;
    revoke(&world, &seat).await;
    world.clock.advance(SignedDuration::from_mins(5));
    let asked = world.post("/api/reconcile", json!({})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    world
        .until("the end of the seat is read", async || {
            world.clock.advance(SignedDuration::from_secs(5));
            team.check(&world, "").await == json!([false, "revoked"])
        })
        .await;
    assert_eq!(seats(&world).await, ["\"revoked\" null"]);
}
