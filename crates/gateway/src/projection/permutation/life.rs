//! A random life in the sandbox, recorded as its webhooks come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use polarkit::Polar;
use polarkit::model::{WebhookEventType, WebhookFormat};
use polarkit_model::Clock;
use polarkit_sandbox::{Options, Sandbox};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use serde_json::Value;

use super::living::{Life, text};
use crate::checkout::Purchase;
use crate::inbox::news::News;

/// Steps of one life.
const STEPS: u32 = 14;
/// How long a paid checkout is believed: so long that some are still when all is told, had nothing
/// better spoken for them.
const BELIEVED: SignedDuration = SignedDuration::from_hours(24 * 60);

/// What a life told, and what Polar states in its end.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) seed: u64,
    pub(super) bodies: Vec<Vec<u8>>,
    /// The subscriptions that are active, the grants that are granted and the seats that are claimed.
    pub(super) stated: BTreeSet<String>,
}

impl Recorded {
    /// What it told, read.
    pub(super) fn told(&self) -> impl Iterator<Item = News> {
        self.bodies.iter().map(|body| News::read(body).unwrap())
    }

    /// The checkouts that were paid, as a return page would have found them.
    pub(super) fn paid(&self) -> impl Iterator<Item = News> {
        let bodies = self.bodies.iter();
        let events = bodies.map(|body| serde_json::from_slice::<Value>(body).unwrap());
        events.filter_map(|event| {
            let data = &event["data"];
            (event["type"] == "checkout.updated" && data["status"] == "succeeded").then(|| {
                let at: Timestamp = text(data, "modified_at").parse().unwrap();
                let purchase = Purchase {
                    checkout: text(data, "id"),
                    customer: text(data, "customer_id"),
                    product: text(data, "product_id"),
                    recurring: data["product"]["is_recurring"] == true,
                    changed_at: at.as_microsecond(),
                    read_at: at.as_microsecond(),
                };
                News {
                    kind: String::new(),
                    objects: vec![purchase.object(BELIEVED)],
                    checkout: None,
                    checkout_is_over: false,
                }
            })
        })
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.bodies.iter().filter_map(|body| {
            let text = std::str::from_utf8(body).ok()?;
            text.strip_prefix(r#"{"type":""#)?.split('"').next()
        })
    }
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0)
    }
}

type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// Lives a life and records it.
pub(super) async fn lived(seed: u64) -> Recorded {
    drop(rustls::crypto::ring::default_provider().install_default());
    let stop = CancellationToken::new();
    let options = Options {
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        seed,
        clock: Arc::new(Still),
        public_url: None,
        data: None,
    };
    let sandbox = Sandbox::start(options, stop.clone()).await.unwrap();
    let polar = Polar::builder()
        .server(polarkit::Server::At(format!(
            "http://{}",
            sandbox.address()
        )))
        .token(sandbox.credentials().unwrap().access_token.as_str())
        .build()
        .unwrap();
    let heard = Heard::default();
    let tasks = TaskTracker::new();
    let address = receiver(&tasks, Arc::clone(&heard), stop.clone()).await;
    let events = WebhookEventType::KNOWN.to_vec();
    let endpoint = polar
        .webhooks()
        .create_endpoint(address, WebhookFormat::Raw, events);
    endpoint.await.unwrap();
    let mut life = Life::new(polar.clone(), sandbox.clone(), seed);
    life.open_shop().await;
    for step in 0..STEPS {
        life.step(step).await;
        sandbox.settle().await.unwrap();
    }
    let stated = stated(&polar, &life).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let bodies = heard.lock().unwrap().clone();
    Recorded {
        seed,
        bodies,
        stated,
    }
}

async fn receiver(tasks: &TaskTracker, heard: Heard, stop: CancellationToken) -> String {
    let take = async |State(heard): State<Heard>, body: Bytes| {
        heard.lock().unwrap().push(body.to_vec());
    };
    let app = Router::new().route("/", post(take)).with_state(heard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned());
    tasks.spawn(served.into_future());
    url
}

async fn stated(polar: &Polar, life: &Life) -> BTreeSet<String> {
    let mut stated = BTreeSet::new();
    for customer in life.list("/v1/customers/").await {
        let path = format!("/v1/customers/{}/state", text(&customer, "id"));
        let state = polar.raw(&path).await.unwrap();
        for (list, source) in [
            ("active_subscriptions", "subscription"),
            ("granted_benefits", "grant"),
        ] {
            let rows = state[list].as_array().unwrap().iter();
            stated.extend(rows.map(|row| format!("{source}:{}", text(row, "id"))));
        }
    }
    let seats = life.seats().await.into_iter();
    let claimed = seats.filter(|(bought, seat)| {
        // Money that went back takes no seat away at Polar, and ends what the order gives.
        bought["status"] != "refunded" && seat["status"] == "claimed"
    });
    stated.extend(claimed.map(|(_, seat)| format!("seat:{}", text(&seat, "id"))));
    stated
}
