//! Three gateways over one PostgreSQL and one Redis behind a balancer, and nothing of it is safe:
//! under load any node is killed, PostgreSQL loses its power, Redis its memory, its life or its voice.

mod balancer;
mod life;
mod load;
mod receiver;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use polarkit_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::balancer::Balancer;
use self::life::Life;
use self::load::{Acknowledged, Load};
use self::receiver::{Heard, Receiver};
use self::server::{Postgres, Redis};
use crate::delivery::SECRET;
use crate::http::Api;
use crate::patience::pause;
use crate::process::{Running, folder};

const KEY: &str = "pk_a_key_of_these_tests_alone";
const NODES: usize = 3;
/// How long things are broken, unless `POLARKIT_CLUSTER_SECONDS` says otherwise.
const SECONDS: u64 = 8;
/// What a node that was killed was telling is told by another when its lease ends: half a minute.
const SETTLED_WITHIN: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_nothing_acknowledged_is_lost_and_every_effect_comes_once() {
    let long = variable("POLARKIT_CLUSTER_SECONDS");
    let seed = variable("POLARKIT_CLUSTER_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("POLARKIT_CLUSTER_SEED={seed}");
    let mut cluster = Cluster::start(seed).await;
    let receivers = [Receiver::start(0).await, Receiver::start(25).await];
    for receiver in &receivers {
        let ask = json!({"url": receiver.url});
        cluster.api().post("/api/subscribers", ask).await.ok();
    }
    // Usage that a killed node was sending is sent by another after two minutes only.
    let load = Load::begin(&cluster.balancer.url, long.is_some());
    let end = Instant::now() + Duration::from_secs(long.unwrap_or(SECONDS));
    while Instant::now() < end {
        cluster.breaks().await;
    }
    let (acknowledged, refused) = load.end().await;
    println!(
        "{:?}; not acknowledged at first: {refused}",
        cluster.happened
    );
    let settled = Instant::now();
    cluster.settles().await;
    println!("settled after {:?}", settled.elapsed());
    everything_is_kept(&cluster, &acknowledged).await;
    for receiver in &receivers {
        everything_was_told(receiver, &acknowledged);
    }
    all_usage_is_counted(&cluster, &acknowledged).await;
    for node in cluster.nodes {
        assert!(node.terminate().await.success());
    }
}

struct Cluster {
    nodes: Vec<Running>,
    balancer: Balancer,
    redis: Redis,
    postgres: Postgres,
    sandbox: Running,
    settings: Vec<(&'static str, String)>,
    random: fastrand::Rng,
    happened: BTreeMap<&'static str, u32>,
    folder: TempDir,
}

impl Cluster {
    async fn start(seed: u64) -> Self {
        let folder = folder();
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let sandbox = Running::start(&folder, &["sandbox", "--port", "0"], &[]).await;
        let polar = Api::new(sandbox.sandbox(), None);
        let credentials = polar.get("/sandbox/credentials").await.ok();
        let of = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let settings = vec![
            ("POLAR_ACCESS_TOKEN", of("access_token")),
            ("POLAR_WEBHOOK_SECRET", SECRET.to_owned()),
            ("POLAR_ORGANIZATION_ID", of("organization_id")),
            ("POLAR_SERVER", sandbox.sandbox().to_owned()),
            ("DATABASE_URL", postgres.url.clone()),
            ("REDIS_URL", redis.url.clone()),
            ("POLARKIT_API_KEYS", KEY.to_owned()),
            ("POLARKIT_SUBSCRIBER_NETWORKS", "127.0.0.0/8".to_owned()),
            ("POLARKIT_SUBSCRIBER_TIMEOUT_SECONDS", "2".to_owned()),
            // Customers of this story are not the sandbox's.
            ("POLARKIT_RECONCILE", "false".to_owned()),
            ("POLARKIT_WATCHDOG", "off".to_owned()),
            ("LOG_LEVEL", "error".to_owned()),
        ];
        let mut cluster = Self {
            nodes: Vec::new(),
            balancer: Balancer::start().await,
            redis,
            postgres,
            sandbox,
            settings,
            random: fastrand::Rng::with_seed(seed),
            happened: BTreeMap::new(),
            folder,
        };
        // All at once, on a database without tables.
        let started = tokio::join!(cluster.node(), cluster.node(), cluster.node());
        cluster.nodes = vec![started.0, started.1, started.2];
        cluster.balance();
        cluster
    }

    async fn node(&self) -> Running {
        let settings = self.settings.iter();
        let env: Vec<_> = settings
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Running::start(&self.folder, &["serve", "--port", "0"], &env).await
    }

    fn balance(&self) {
        let address = |node: &Running| node.gateway().trim_start_matches("http://").parse();
        let addresses = self.nodes.iter().map(|node| address(node).unwrap());
        self.balancer.to(addresses.collect());
    }

    fn api(&self) -> Api {
        Api::new(&self.balancer.url, Some(KEY))
    }

    /// One thing after another, and a while in between.
    async fn breaks(&mut self) {
        let what = match self.random.u32(0..100) {
            0..50 => {
                let node = self.nodes.swap_remove(self.random.usize(0..NODES));
                node.kill().await;
                self.balance_later().await;
                self.nodes.push(self.node().await);
                self.balance();
                "nodes killed"
            }
            50..70 => {
                self.postgres.restart();
                "PostgreSQL restarted"
            }
            70..80 => {
                self.redis.flush();
                "Redis emptied"
            }
            80..90 => {
                self.redis.replace();
                "Redis killed"
            }
            _ => {
                self.redis.freeze(true);
                let frozen = self.random.u64(50..1_500);
                pause(Duration::from_millis(frozen)).await;
                self.redis.freeze(false);
                "Redis frozen"
            }
        };
        *self.happened.entry(what).or_default() += 1;
        let quiet = self.random.u64(0..700);
        pause(Duration::from_millis(quiet)).await;
    }

    /// The balancer finds out by itself at first.
    async fn balance_later(&mut self) {
        let unnoticed = self.random.u64(0..500);
        pause(Duration::from_millis(unnoticed)).await;
        self.balance();
    }

    /// Waits until nothing waits any more.
    async fn settles(&self) {
        let began = Instant::now();
        loop {
            let metrics = self.api().get("/metrics").await;
            let metrics = metrics.body.as_str().unwrap_or_default().to_owned();
            let waits = ["polarkit_inbox_pending", "polarkit_usage_pending"];
            let waits = waits.into_iter().chain(["polarkit_subscriber_pending"]);
            let waiting: Vec<&str> = metrics
                .lines()
                .filter(|line| waits.clone().any(|name| line.starts_with(name)))
                .filter(|line| !line.ends_with(" 0"))
                .collect();
            if !metrics.is_empty() && waiting.is_empty() {
                return;
            }
            assert!(began.elapsed() < SETTLED_WITHIN, "{waiting:?}");
            pause(Duration::from_millis(200)).await;
        }
    }
}

async fn everything_is_kept(cluster: &Cluster, acknowledged: &Acknowledged) {
    assert!(acknowledged.lives.len() > 10, "too few for a story");
    let store = Store::open(&cluster.postgres.url).await.unwrap();
    let backlog = store.inbox_backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.dead), (0, 0), "{backlog:?}");
    for (life, deliveries) in &acknowledged.lives {
        for delivery in deliveries {
            let kept = store.inbox_body(&delivery.id).await.unwrap();
            assert!(
                kept.is_some(),
                "{} was acknowledged and is lost",
                delivery.id
            );
        }
        let order = store.object(&life.customer, "order", &life.order).await;
        let order: Value = serde_json::from_str(&order.unwrap().unwrap().body).unwrap();
        assert_eq!(order["metadata"]["step"], life.last_step());
        let entitled = store.entitlements(&life.customer).await.unwrap();
        assert_eq!(entitled.len(), 1, "{entitled:?}");
        assert_eq!(entitled[0].granted, !life.is_refunded, "{entitled:?}");
    }
    store.close().await;
}

/// Each effect once by its id, and each customer's in their order.
fn everything_was_told(receiver: &Receiver, acknowledged: &Acknowledged) {
    let (heard, again) = receiver.once();
    let mut by_customer: BTreeMap<&str, Vec<&Heard>> = BTreeMap::new();
    for one in &heard {
        by_customer.entry(&one.customer).or_default().push(one);
    }
    for (life, deliveries) in &acknowledged.lives {
        let heard = by_customer.remove(life.customer.as_str());
        in_order(life, deliveries, &heard.unwrap_or_default());
    }
    assert!(by_customer.is_empty(), "of nobody: {by_customer:?}");
    let deliveries = acknowledged.lives.iter().map(|(_, all)| all.len());
    println!(
        "{} customers, {} webhooks, {} effects told once, {again} of them again",
        acknowledged.lives.len(),
        deliveries.sum::<usize>(),
        heard.len(),
    );
}

fn in_order(life: &Life, deliveries: &[crate::delivery::Delivery], heard: &[&Heard]) {
    // Of a payment one notice tells, by a name of its own; every other webhook is passed on.
    let paid = format!("order_paid:{}", life.order);
    let expected = deliveries
        .iter()
        .enumerate()
        .map(|(step, delivery)| match step {
            1 => paid.as_str(),
            _ => delivery.id.as_str(),
        });
    let expected: Vec<&str> = expected.collect();
    let of_access = |one: &&&Heard| one.kind.starts_with("access.");
    let told: Vec<&str> = heard
        .iter()
        .filter(|one| !of_access(one))
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(told, expected, "{life:?}: {heard:?}");
    let access: Vec<&str> = heard
        .iter()
        .filter(of_access)
        .map(|one| one.kind.as_str())
        .collect();
    // Paid and paid back in one look is no access at all.
    let possible: &[&[&str]] = if life.is_refunded {
        &[&["access.granted", "access.revoked"], &[]]
    } else {
        &[&["access.granted"]]
    };
    assert!(possible.contains(&access.as_slice()), "{life:?}: {heard:?}");
}

/// Polar has each event once that was acknowledged, and no other.
async fn all_usage_is_counted(cluster: &Cluster, acknowledged: &Acknowledged) {
    let token = &cluster.settings[0].1;
    let polar = Api::new(cluster.sandbox.sandbox(), Some(token));
    let mut counted = BTreeSet::new();
    for page in 1.. {
        let path = format!("/v1/events/?limit=100&page={page}");
        let answer = polar.get(&path).await.ok();
        let items = answer["items"].as_array().unwrap();
        // It lists every event there is, without the ids they were sent with.
        for event in items.iter().filter(|event| event["name"] == "call") {
            let id = event["metadata"]["call"].as_str().unwrap().to_owned();
            assert!(counted.insert(id), "counted twice: {event}");
        }
        if items.is_empty() {
            break;
        }
    }
    let sent: BTreeSet<String> = acknowledged.usage.iter().cloned().collect();
    assert_eq!(counted, sent);
    println!("{} usage events counted once", counted.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says how long, and which story"
)]
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "real processes live in real time"
)]
fn now() -> Timestamp {
    Timestamp::now()
}
