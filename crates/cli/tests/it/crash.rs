//! kill -9 at any moment and at every commit: what was acknowledged is neither lost nor applied twice.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::load::{Ledger, Load, New};
use crate::patience::{eventually, pause};
use crate::process::Running;
use crate::receiver::Heard;
use crate::stage::{Stage, api, postgres};
use crate::tables::Tables;

/// Kills of one story, unless `POLARKIT_KILLS` says how many.
const KILLS: u64 = 20;
/// A random kill comes within this long of the first call.
const KILL_WITHIN_MS: u64 = 400;

/// Every point between two steps that belong together, and at which passage the process dies there:
/// some at the first, in the middle of everything that was left undone before.
const POINTS: [(&str, u32); 18] = [
    ("intake.inserted", 2),
    ("intake.committed", 1),
    ("projection.applied", 1),
    ("projection.committed", 2),
    ("delivery.leased", 1),
    ("delivery.sent", 3),
    ("delivery.settling", 1),
    ("delivery.settled", 1),
    ("usage.inserted", 2),
    ("usage.committed", 1),
    ("usage.bundling", 1),
    ("usage.bundled", 1),
    ("usage.leased", 1),
    ("usage.sent", 1),
    ("usage.settled", 1),
    ("idempotency.claimed", 2),
    ("checkout.made", 1),
    ("idempotency.saved", 1),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_double_nothing() {
    random_kills(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_double_nothing_on_postgresql() {
    random_kills(Stage::at(postgres().await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_commit_loses_nothing_and_doubles_nothing() {
    kills_at_commits(Stage::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_commit_loses_nothing_and_doubles_nothing_on_postgresql() {
    kills_at_commits(Stage::at(postgres().await).await).await;
}

async fn random_kills(stage: Stage) {
    let (kills, seed) = (number("POLARKIT_KILLS", KILLS), number("POLARKIT_SEED", 1));
    println!("{kills} kills by seed {seed}");
    let mut story = Story::begin(stage).await;
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    for _ in 0..kills {
        let gateway = story.start().await;
        let load = story.load(&gateway, New::Endless);
        pause(Duration::from_millis(chance.below(KILL_WITHIN_MS))).await;
        gateway.kill().await;
        load.end().await;
        story.ledger.repeat(5);
    }
    story.adds_up().await;
}

async fn kills_at_commits(stage: Stage) {
    let mut story = Story::begin(stage).await;
    for (point, passage) in POINTS {
        let at = format!("{point}:{passage}");
        story.stage.set("POLARKIT_CRASH_AT", &at);
        let gateway = story.start().await;
        let load = story.load(&gateway, New::Endless);
        let ended = gateway.ended().await;
        assert!(!ended.success(), "{at}");
        load.end().await;
        println!("died at {at}");
    }
    story.stage.set("POLARKIT_CRASH_AT", "");
    story.adds_up().await;
}

/// A gateway that dies again and again, and everybody who calls it or is told by it.
struct Story {
    stage: Stage,
    ledger: Ledger,
    heard: Heard,
    address: String,
    product: String,
    subscribed: bool,
}

impl Story {
    async fn begin(mut stage: Stage) -> Self {
        stage.set("POLARKIT_USAGE_ROLLUP", "rolled=sum(units)/1");
        let (heard, address) = Heard::listen().await;
        let products = stage.polar().raw("/v1/products/").await.unwrap();
        let product = products["items"][0]["id"].as_str().unwrap().to_owned();
        Self {
            stage,
            ledger: Ledger::default(),
            heard,
            address,
            product,
            subscribed: false,
        }
    }

    async fn start(&mut self) -> Running {
        if !self.stage.database_url.starts_with("sqlite:") && self.subscribed {
            // Other nodes wait until the dead one's leases are over.
            let tables = Tables::at(&self.stage.database_url).await;
            tables.leases_end().await;
            tables.close().await;
        }
        let gateway = self.stage.gateway().await;
        if !self.subscribed {
            let body = json!({"url": self.address});
            api(&gateway).post("/api/subscribers", body).await.ok();
            self.subscribed = true;
        }
        gateway
    }

    fn load(&self, gateway: &Running, new: New) -> Load {
        Load::begin(&self.ledger, gateway.gateway(), &self.product, new)
    }

    /// Everybody sends what is doubtful until it is taken; then all counts agree, to the one.
    async fn adds_up(mut self) {
        let gateway = self.start().await;
        self.load(&gateway, New::Nothing).done().await;
        assert!(self.ledger.is_certain());
        let tables = Tables::at(&self.stage.database_url).await;
        for waiting in [
            "inbox WHERE status = 'pending'",
            "usage WHERE state = 'pending'",
            "delivery WHERE status = 'pending'",
        ] {
            eventually(waiting, async || {
                (tables.count(waiting).await == 0).then_some(())
            })
            .await;
        }
        assert!(gateway.terminate().await.success());
        self.webhooks_add_up(&tables).await;
        self.usage_adds_up(&tables).await;
        tables.close().await;
    }

    async fn webhooks_add_up(&self, tables: &Tables) {
        let acknowledged = self.ledger.deliveries();
        assert!(acknowledged.len() > 20, "too few: {}", acknowledged.len());
        let done = tables.texts("SELECT webhook_id FROM inbox WHERE status = 'done'");
        assert_eq!(BTreeSet::from_iter(done.await), acknowledged);
        let inbox = tables.count("inbox").await;
        let orders = tables.count("mirror WHERE kind = 'order'").await;
        let granted = tables.count("entitlement WHERE granted").await;
        let all = acknowledged.len();
        assert_eq!((inbox, orders, granted), (all, all, all));
        // Of each order: that it was paid, and what it gives.
        let told = tables.texts("SELECT id FROM outbox").await;
        let told = BTreeSet::from_iter(told);
        assert_eq!(told.len(), 2 * all);
        let heard = self.heard.ids();
        let distinct: BTreeSet<String> = heard.keys().cloned().collect();
        assert_eq!(distinct, told);
        let came: usize = heard.values().sum();
        println!(
            "{all} webhooks acknowledged, {inbox} in the inbox, each projected once: {orders} orders, \
             {granted} entitlements; {} notices told, {came} webhooks sent for them",
            told.len()
        );
    }

    async fn usage_adds_up(&self, tables: &Tables) {
        let accepted = self.ledger.uses();
        let delivered = tables.texts("SELECT id FROM usage WHERE state = 'delivered'");
        let delivered = BTreeSet::from_iter(delivered.await);
        let rolled = self.ledger.rolled();
        let all: BTreeSet<String> = accepted.union(&rolled).cloned().collect();
        assert!(all.is_subset(&delivered), "what was acknowledged");
        let counted = self.stage.list("/v1/events/").await;
        // Those without ids of the shop's: what was not answered counts as the gateway has it.
        let units = |event: &Value| event["metadata"]["units"].as_u64();
        let units: u64 = counted.iter().filter_map(units).sum();
        let parts = delivered.difference(&accepted).count();
        assert_eq!(
            usize::try_from(units).unwrap(),
            parts,
            "each part counts once"
        );
        // Polar does not show the id it was given: the event itself says it once more.
        let id = |event: &Value| event["metadata"]["use"].as_str().map(str::to_owned);
        let ids: Vec<String> = counted.iter().filter_map(id).collect();
        assert_eq!(ids.len(), accepted.len(), "none counts twice");
        assert_eq!(BTreeSet::from_iter(ids), accepted);
        let checkouts = self.ledger.checkouts();
        let made: BTreeSet<&str> = checkouts.values().map(id_of).collect();
        assert_eq!(made.len(), checkouts.len());
        println!(
            "{} uses accepted, as many counted by Polar, and {parts} rolled up; {} checkouts, each the \
             answer to its key",
            accepted.len(),
            checkouts.len()
        );
    }
}

fn id_of(checkout: &Value) -> &str {
    checkout["checkout_id"].as_str().unwrap()
}

/// Chance that comes again by its seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a longer run is asked for in the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |text| text.parse().unwrap())
}
