//! kill -9 at any moment: what was acknowledged is neither lost nor applied twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use polarkit_store::Store;
use reqwest::Client;
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::delivery::{Delivery, SECRET};
use crate::http::{Api, client};
use crate::patience::{eventually, pause};
use crate::process::{Running, folder};

const KEY: &str = "pk_a_key_of_these_tests_alone";
const KILLS: usize = 20;
/// Deliveries under way at once, as many as Polar's workers would bring.
const SENDERS: usize = 8;
/// A kill comes within this long of the first delivery.
const KILL_WITHIN_MS: u128 = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_double_nothing() {
    let folder = folder();
    let sandbox = Running::start(&folder, &["sandbox", "--port", "0"], &[]).await;
    let client = client();
    let mut sent: BTreeMap<String, Delivery> = BTreeMap::new();
    let mut doubtful: Vec<Delivery> = Vec::new();
    for kill in 0..KILLS {
        let gateway = start_gateway(&folder, &sandbox).await;
        let moment = Uuid::new_v4().as_u128() % KILL_WITHIN_MS;
        let burst = Burst::begin((&client, gateway.gateway()), std::mem::take(&mut doubtful));
        pause(Duration::from_millis(u64::try_from(moment).unwrap())).await;
        gateway.kill().await;
        let (acknowledged, refused) = burst.end().await;
        println!(
            "kill {kill} after {moment} ms: {} acknowledged",
            acknowledged.len()
        );
        // As Polar would: what was not acknowledged comes again, and now and then what was.
        doubtful = refused;
        doubtful.extend(acknowledged.iter().take(5).cloned());
        sent.extend(
            acknowledged
                .into_iter()
                .map(|delivery| (delivery.id.clone(), delivery)),
        );
    }
    assert!(
        sent.len() > KILLS,
        "too few deliveries for a story: {}",
        sent.len()
    );
    let gateway = start_gateway(&folder, &sandbox).await;
    for delivery in sent.values() {
        access_is_live(&gateway, delivery).await;
    }
    assert!(gateway.terminate().await.success());
    everything_stands_once(&folder, &sent).await;
}

async fn access_is_live(gateway: &Running, delivery: &Delivery) {
    let api = Api::new(gateway.gateway(), Some(KEY));
    let path = format!("/api/customers/{}", delivery.customer);
    eventually(&format!("the order of {}", delivery.id), async || {
        let answer = api.get(&path).await;
        let orders = answer.body["orders"].as_array()?.len();
        assert!(orders <= 1, "an order was applied twice: {}", answer.body);
        (orders == 1).then_some(())
    })
    .await;
}

/// Looks into the database that the last process left.
async fn everything_stands_once(folder: &TempDir, sent: &BTreeMap<String, Delivery>) {
    let store = Store::open(&database(folder)).await.unwrap();
    let backlog = store.inbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.dead), (0, 0), "{backlog:?}");
    for (id, delivery) in sent {
        assert!(
            store.inbox_body(id).await.unwrap().is_some(),
            "{id} was acknowledged and is lost"
        );
        let customer = store
            .customer_by_external_id(&delivery.customer)
            .await
            .unwrap()
            .unwrap();
        let entitlements = store.entitlements(&customer).await.unwrap();
        assert_eq!(entitlements.len(), 1, "{entitlements:?}");
        assert!(entitlements[0].granted, "{entitlements:?}");
    }
    store.close().await;
}

/// Senders that go on until the gateway is gone.
struct Burst {
    over: Arc<AtomicBool>,
    senders: JoinSet<(Vec<Delivery>, Vec<Delivery>)>,
}

impl Burst {
    /// Sends `first`, then new deliveries without end.
    fn begin((client, gateway): (&Client, &str), mut first: Vec<Delivery>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let share = first.split_off(first.len() - first.len() / (SENDERS - sender));
            let to = (client.clone(), gateway.to_owned());
            senders.spawn(send(to, share, Arc::clone(&over)));
        }
        Self { over, senders }
    }

    /// What was acknowledged, and what was not.
    async fn end(self) -> (Vec<Delivery>, Vec<Delivery>) {
        self.over.store(true, Ordering::Relaxed);
        let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
        for (mut yes, mut no) in self.senders.join_all().await {
            acknowledged.append(&mut yes);
            refused.append(&mut no);
        }
        (acknowledged, refused)
    }
}

async fn send(
    (client, gateway): (Client, String),
    mut first: Vec<Delivery>,
    over: Arc<AtomicBool>,
) -> (Vec<Delivery>, Vec<Delivery>) {
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    while !over.load(Ordering::Relaxed) {
        let now = now();
        let delivery = first
            .pop()
            .unwrap_or_else(|| Delivery::of_a_paid_order(now));
        if delivery.send(&client, &gateway, now).await {
            acknowledged.push(delivery);
        } else {
            refused.push(delivery);
            break;
        }
    }
    refused.append(&mut first);
    (acknowledged, refused)
}

async fn start_gateway(folder: &TempDir, sandbox: &Running) -> Running {
    let env = [
        ("POLAR_ACCESS_TOKEN", "polar_oat_of_these_tests"),
        ("POLAR_WEBHOOK_SECRET", SECRET),
        (
            "POLAR_ORGANIZATION_ID",
            "00000000-0000-4000-8000-000000000000",
        ),
        ("POLAR_SERVER", sandbox.sandbox()),
        ("DATABASE_URL", &database(folder)),
        ("POLARKIT_API_KEYS", KEY),
        ("LOG_LEVEL", "error"),
    ];
    Running::start(folder, &["serve", "--port", "0"], &env).await
}

fn database(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("gateway.db").display())
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
