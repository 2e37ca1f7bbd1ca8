//! The stream of events: live, resumed, narrowed, one's own.

use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::{Method, RequestBuilder, Response};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::answer::Answer;
use crate::event::{Delivery, deliver, event, order, subscription};
use crate::world::{KEY, World, token};

/// One event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Came {
    id: String,
    kind: String,
    data: Value,
}

/// A reader of the stream.
struct Reading {
    response: Response,
    text: String,
}

impl Reading {
    async fn of(call: RequestBuilder) -> Self {
        let response = call.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let text = String::new();
        let mut reading = Self { response, text };
        let first = reading.block().await;
        assert!(first.starts_with("retry: "), "{first}");
        reading
    }

    /// What stands before the next empty line.
    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return block;
            }
            let chunk = self.response.chunk().await.unwrap();
            let chunk = chunk.expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next(&mut self) -> Came {
        let block = self.block().await;
        let field = |name: &str| {
            let lines = block.lines();
            let own = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            own.collect::<Vec<_>>().join("\n")
        };
        Came {
            id: field("id"),
            kind: field("event"),
            data: serde_json::from_str(&field("data")).unwrap(),
        }
    }
}

fn stream(world: &World, query: &str) -> RequestBuilder {
    let path = format!("/api/events/stream{query}");
    world.request(Method::GET, &path).bearer_auth(KEY)
}

fn created(at: i64) -> Value {
    event("order.created", at, order("pending", false, at))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_pushed_and_a_reader_that_comes_back_misses_nothing() {
    let world = World::begin().await;
    deliver(&world, &[created(1)]).await;
    let mut reading = Reading::of(stream(&world, "")).await;
    let second = event("order.updated", 2, order("pending", false, 2));
    let pretty = serde_json::to_string_pretty(&second).unwrap();
    let own = Delivery::raw(&world, "my-id", pretty.into_bytes());
    own.send(&world).await.ok();
    let came = reading.next().await;
    assert_eq!((came.kind.as_str(), &came.data), ("order.updated", &second));
    assert!(came.id.ends_with("/my-id"), "{came:?}");
    drop(reading);
    deliver(
        &world,
        &[event("subscription.active", 6, subscription("active", 6))],
    )
    .await;
    let back = stream(&world, "").header("last-event-id", &came.id);
    let mut reading = Reading::of(back).await;
    assert_eq!(reading.next().await.kind, "subscription.active");
    let granted = reading.next().await;
    assert_eq!(granted.kind, "access.granted");
    assert_eq!(granted.data["data"]["customer"]["external_id"], "u_1");
    let from_the_start = stream(&world, "?types=order.*").header("last-event-id", "0");
    let mut reading = Reading::of(from_the_start).await;
    assert_eq!(reading.next().await.kind, "order.created");
    assert_eq!(reading.next().await, came);
    world.stop().await.unwrap();
}

/// Types are Polar's to choose; one that breaks lines breaks no frame, and its own data says it whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_of_several_lines_is_one_event() {
    let world = World::begin().await;
    let mut reading = Reading::of(stream(&world, "")).await;
    let kind = "order.odd\n\ndata: forged\r\nid: 9/forged\r";
    let odd = event(kind, 1, order("pending", false, 1));
    deliver(&world, &[odd.clone(), created(2)]).await;
    let came = reading.next().await;
    assert_eq!(came.data, odd);
    let shown = "order.odd\u{fffd}\u{fffd}data: forged\u{fffd}\u{fffd}id: 9/forged\u{fffd}";
    assert_eq!(came.kind, shown);
    assert!(came.id.starts_with("1/"), "{came:?}");
    assert_eq!(reading.next().await.kind, "order.created");
    world.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_their_own_alone() {
    let world = World::begin().await;
    let soon = world.clock.now().as_second() + 60;
    let user = token(&json!({"sub": "u_1", "exp": soon}));
    let as_user = |query: &str| {
        let path = format!("/api/events/stream{query}");
        let call = world.request(Method::GET, &path);
        call.bearer_auth(user.expose_secret())
    };
    let refused = Answer::of(as_user("?external_customer_id=u_2").send().await.unwrap()).await;
    refused.refused(403, "forbidden");
    let mut reading = Reading::of(as_user("")).await;
    let mut other = order("pending", false, 1);
    other["id"] = json!("another");
    other["customer_id"] = json!("someone");
    other["customer"]["id"] = json!("someone");
    other["customer"]["external_id"] = json!("u_2");
    deliver(&world, &[event("order.created", 1, other), created(2)]).await;
    let came = reading.next().await;
    assert_eq!(came.data["data"]["customer"]["external_id"], "u_1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_cannot_be_gone_on_from_is_refused() {
    let days = ("POLARKIT_EVENTS_DAYS", "1");
    let world = World::with(&[days]).await;
    deliver(&world, &[created(1)]).await;
    for (id, status, code) in [
        ("soon", 400, "invalid_request"),
        ("99/x", 400, "invalid_request"),
        ("-1", 400, "invalid_request"),
        ("é", 400, "invalid_request"),
    ] {
        let call = stream(&world, "").header("last-event-id", id);
        let answer = Answer::of(call.send().await.unwrap()).await;
        assert!(answer.refused(status, code).starts_with("Last-Event-ID"));
    }
    world.clock.advance(SignedDuration::from_hours(25));
    let world = world.restart().await; // which throws away what is old
    world
        .until("it is forgotten", async || {
            let call = stream(&world, "").header("last-event-id", "0");
            call.send().await.unwrap().status() == 404
        })
        .await;
    let answer = stream(&world, "?types=a*b").send().await.unwrap();
    let answer = Answer::of(answer).await;
    assert!(
        answer
            .refused(400, "invalid_request")
            .starts_with("types[0]:")
    );
    let answer = world
        .request(Method::GET, "/api/events/stream")
        .send()
        .await
        .unwrap();
    Answer::of(answer).await.refused(401, "unauthenticated");
}

/// A reader that stops reading holds a few events of memory, and not for long.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_takes_nothing_is_cut() {
    let world = World::begin().await;
    let address = world.url.trim_start_matches("http://");
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let ask = format!(
        "GET /api/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n"
    );
    socket.write_all(ask.as_bytes()).await.unwrap();
    let metric = async |line: &str| {
        let text = world.get("/metrics").await.ok();
        text.as_str().unwrap().lines().any(|one| one == line)
    };
    let reads = async || metric("polarkit_stream_readers 1").await;
    world.until("it reads", reads).await;
    for n in 0..24 {
        let mut big = order("pending", false, n);
        big["metadata"] = json!({"x": "x".repeat(1_000_000)});
        deliver(&world, &[event("order.updated", n, big)]).await;
    }
    let cut = async || metric("polarkit_stream_cut_total 1").await;
    world.until("it is cut", cut).await;
    assert!(metric("polarkit_stream_readers 0").await);
}
