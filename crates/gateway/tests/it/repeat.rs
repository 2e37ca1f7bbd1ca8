//! The same wish again: clicks that come twice, at once, on several nodes, after a crash.

use futures_util::future::join_all;
use jiff::SignedDuration;
use polarkit_model::Clock as _;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::answer::Answer;
use crate::polar;
use crate::shop::{pay, product};
use crate::world::{KEY, World, postgres, token};

/// Runs each story on both engines.
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(super::World::begin().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                let server = super::postgres().await;
                let world = super::World::with(&[("DATABASE_URL", &server)]).await;
                super::$story(world).await;
            })+
        }
    };
}

on_both!(
    the_same_wish_gets_the_same_open_checkout,
    many_clicks_at_once_open_one_checkout,
    what_is_over_is_never_given_again,
    a_key_is_answered_as_before_whatever_became_of_the_checkout,
);

async fn click(world: &World, ask: &Value) -> Answer {
    world.post("/api/checkout/create", ask.clone()).await
}

async fn click_at(world: &World, url: &str, ask: &Value) -> Answer {
    let call = world.client.post(format!("{url}/api/checkout/create"));
    let call = call.bearer_auth(KEY).json(ask).send().await;
    Answer::of(call.unwrap()).await
}

async fn with_key(world: &World, key: &str, ask: &Value) -> Answer {
    let call = world.request(Method::POST, "/api/checkout/create");
    let call = call
        .bearer_auth(KEY)
        .header("idempotency-key", key)
        .json(ask);
    Answer::of(call.send().await.unwrap()).await
}

fn id(answer: Answer) -> String {
    answer.ok()["checkout_id"].as_str().unwrap().to_owned()
}

/// How many checkouts there are at Polar.
async fn opened(world: &World) -> i64 {
    let all = world.polar.raw("/v1/checkouts/").await.unwrap();
    all["pagination"]["total_count"].as_i64().unwrap()
}

async fn wish(world: &World) -> Value {
    let book = product(&world.polar, "Handbook").await;
    json!({
        "product_id": book, "customer_external_id": "u_1", "customer_email": "jane@example.com",
        "metadata": {"b": 1, "a": "x"},
    })
}

async fn the_same_wish_gets_the_same_open_checkout(world: World) {
    let ask = wish(&world).await;
    let first = click(&world, &ask).await;
    assert!(!first.headers.contains_key("checkout-reused"));
    let first = first.ok();
    let again = click(&world, &ask).await;
    assert_eq!(again.headers["checkout-reused"], "true");
    assert_eq!(again.ok(), first);
    // Whoever calls, whatever the order and the case.
    let mut other = ask.clone();
    other["customer_email"] = json!("Jane@Example.com");
    other["metadata"] = json!({"a": "x", "b": 1});
    let user = token(&json!({"sub": "u_1", "exp": 1_800_000_600}));
    let call = world.request(Method::POST, "/api/checkout/create");
    let call = call.bearer_auth(user.expose_secret()).json(&other);
    assert_eq!(Answer::of(call.send().await.unwrap()).await.ok(), first);
    // Another wish is another checkout.
    for (field, value) in [
        ("product_id", json!(product(&world.polar, "Pro").await)),
        ("customer_external_id", json!("u_2")),
        ("customer_email", json!("june@example.com")),
        ("success_url", json!("https://shop.example/other")),
        ("metadata", json!({"b": 2, "a": "x"})),
        ("metadata", Value::Null),
    ] {
        let mut other = ask.clone();
        other[field] = value;
        let other = click(&world, &other).await;
        assert!(!other.headers.contains_key("checkout-reused"), "{field}");
    }
    // Two strangers never share one.
    let stranger = json!({"product_id": ask["product_id"]});
    let (one, two) = (
        click(&world, &stranger).await,
        click(&world, &stranger).await,
    );
    assert_ne!(id(one), id(two));
    // It outlives the process, and not its time.
    let world = world.restart().await;
    assert_eq!(click(&world, &ask).await.ok(), first);
    world.clock.advance(SignedDuration::from_secs(601));
    assert_ne!(click(&world, &ask).await.ok(), first);
    let world = world
        .reset(&[("POLARKIT_CHECKOUT_REUSE_SECONDS", "0")])
        .await;
    let (one, two) = (click(&world, &ask).await, click(&world, &ask).await);
    assert_ne!(id(one), id(two), "switched off");
}

async fn many_clicks_at_once_open_one_checkout(world: World) {
    let ask = wish(&world).await;
    let shared = world.gateway.store().is_shared();
    let node = if shared {
        Some(world.another().await)
    } else {
        None
    };
    let other = node.as_ref().map_or(&world.url, |node| &node.url);
    let clicks = (0..100).map(|n| {
        let (world, ask) = (&world, &ask);
        let url = if n % 2 == 0 { &world.url } else { other };
        async move {
            if n % 10 == 9 {
                with_key(world, &format!("k{n}"), ask).await
            } else {
                click_at(world, url, ask).await
            }
        }
    });
    let mut ids: Vec<String> = join_all(clicks).await.into_iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), opened(&world).await), (1, 1));
    if let Some(node) = node {
        node.stop().await;
    }
}

async fn what_is_over_is_never_given_again(world: World) {
    let day = [("POLARKIT_CHECKOUT_REUSE_SECONDS", "86400")];
    let world = world.reset(&day).await;
    let ask = wish(&world).await;
    let first = id(click(&world, &ask).await);
    // Told by webhook.
    pay(&world, &first, "pm_card_visa").await;
    let second = id(click(&world, &ask).await);
    assert_ne!(second, first);
    // Found at Polar, whose webhook never came.
    polar::deliver(&world.polar, false).await;
    pay(&world, &second, "pm_card_visa").await;
    let third = id(click(&world, &ask).await);
    assert!(![&first, &second].contains(&&third));
    assert_eq!(id(click(&world, &ask).await), third);
}

async fn a_key_is_answered_as_before_whatever_became_of_the_checkout(world: World) {
    let ask = wish(&world).await;
    let first = with_key(&world, "k1", &ask).await.ok();
    let other_key = with_key(&world, "k2", &ask).await;
    assert_eq!(other_key.headers["checkout-reused"], "true");
    assert_eq!(other_key.ok(), first, "another click, the same wish");
    pay(
        &world,
        first["checkout_id"].as_str().unwrap(),
        "pm_card_visa",
    )
    .await;
    let again = with_key(&world, "k1", &ask).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.ok(), first, "the same request is not done twice");
    assert_ne!(with_key(&world, "k3", &ask).await.ok(), first);
}

/// A process died between Polar's answer and its own note.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_died_blocks_nobody_for_long() {
    let server = postgres().await;
    let world = World::with(&[("DATABASE_URL", &server)]).await;
    let ask = wish(&world).await;
    let lost = id(click(&world, &ask).await);
    let pool = sqlx::PgPool::connect(&server).await.unwrap();
    let until = world.clock.now().as_microsecond() + 5_000_000;
    let forget = "UPDATE idempotency SET status = NULL, answer = NULL, held_until = $1";
    let rows = sqlx::query(forget).bind(until).execute(&pool).await;
    assert_eq!(rows.unwrap().rows_affected(), 1);
    pool.close().await;
    let (answer, ()) = tokio::join!(click(&world, &ask), async {
        world.clock.advance(SignedDuration::from_secs(6));
    });
    let next = id(answer);
    assert_ne!(next, lost);
    assert_eq!(id(click(&world, &ask).await), next);
}

/// A browser that clicks twice drops the first request; the checkout it began is the second one's.
#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_hangs_up_opens_no_second_checkout() {
    let world = World::begin().await;
    let gate = Gate::before(world.sandbox.address()).await;
    let world = world.reset(&[("POLAR_SERVER", &gate.url)]).await;
    let ask = wish(&world).await;
    gate.open.send_replace(false);
    let call = world.request(Method::POST, "/api/checkout/create");
    let call = call.bearer_auth(KEY).json(&ask);
    let call = call.timeout(std::time::Duration::from_millis(300));
    call.send().await.unwrap_err();
    let second = click(&world, &ask);
    let (second, ()) = tokio::join!(second, async {
        crate::world::pause(std::time::Duration::from_millis(100)).await;
        gate.open.send_replace(true);
    });
    assert!(second.status.is_success(), "{second:?}");
    assert_eq!(opened(&world).await, 1);
}

/// Lets requests to Polar through while it is open.
struct Gate {
    url: String,
    open: watch::Sender<bool>,
    tasks: TaskTracker,
}

impl Gate {
    async fn before(polar: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (open, tasks) = (watch::Sender::new(true), TaskTracker::new());
        let (gate, connections) = (open.subscribe(), tasks.clone());
        tasks.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(polar).await.unwrap();
                connections.spawn(Self::pass(near, far, gate.clone()));
            }
        });
        Self { url, open, tasks }
    }

    async fn pass(near: TcpStream, far: TcpStream, mut gate: watch::Receiver<bool>) {
        let ((mut asks, mut hears), (mut answers, mut told)) =
            (near.into_split(), far.into_split());
        let there = async {
            let mut chunk = vec![0; 65_536];
            while let Ok(length @ 1..) = asks.read(&mut chunk).await {
                if gate.wait_for(|open| *open).await.is_err()
                    || told.write_all(&chunk[..length]).await.is_err()
                {
                    break;
                }
            }
        };
        let back = tokio::io::copy(&mut answers, &mut hears);
        tokio::select! {
            () = there => {}
            _ = back => {}
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.tasks.close();
    }
}
