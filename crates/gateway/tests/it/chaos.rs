//! Random lives on bad days: webhooks lost, doubled, reordered and forged, calls refused and cut off.
//! Once that is over, the gateway says what Polar says, of everything and everybody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use polarkit_sandbox::Sandbox;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::living::Life;
use crate::middle::{HOOK, Middle};
use crate::polar::{buy, list, patch, said, truth};
use crate::receiver::{HERE, Receiver};
use crate::world::{World, pause, postgres};

/// Lives of one story, unless `POLARKIT_LIVES` says how many.
const LIVES: u64 = 2;
/// What happens in one.
const STEPS: u32 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn after_any_disorder_the_gateway_says_what_polar_says() {
    for seed in seeds() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("chaos.db").display());
        lived(seed, &url).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_disorder_the_gateway_says_what_polar_says_on_postgresql() {
    for seed in seeds() {
        lived(seed, &postgres().await).await;
    }
}

async fn lived(seed: u64, database: &str) {
    let story = Story::begin(seed, database).await;
    let mut life = Life::new(story.world.polar.clone(), story.world.sandbox.clone(), seed);
    life.open_shop().await;
    story.middle.calm(false);
    let outage = u32::try_from(seed % 5).unwrap() + 4;
    let mut uses = 0;
    for step in 0..STEPS {
        story.middle.down((outage..outage + 3).contains(&step));
        life.step(step).await;
        uses += story.track(step).await;
        settle(&story.world.sandbox).await;
        story.middle.release(2).await;
        let minutes = i64::from(step % 3) * 4;
        story
            .world
            .clock
            .advance(SignedDuration::from_mins(minutes));
    }
    story.middle.down(false);
    story.middle.calm(true);
    story.middle.release(usize::MAX).await;
    story.heals(seed, uses).await;
    println!("seed {seed}: {:?}", story.middle.done());
    story.world.stop().await.unwrap();
}

struct Story {
    world: World,
    middle: Middle,
    told: Receiver,
    database: String,
}

impl Story {
    async fn begin(seed: u64, database: &str) -> Self {
        let world = World::with(&[HERE, ("DATABASE_URL", database)]).await;
        let polar = format!("http://{}", world.sandbox.address());
        let middle = Middle::between(&polar, &world.url, seed).await;
        for endpoint in list(&world.polar, "/v1/webhooks/endpoints").await {
            let path = format!(
                "/v1/webhooks/endpoints/{}",
                endpoint["id"].as_str().unwrap()
            );
            let url = format!("{}{HOOK}", middle.url);
            patch(&world.polar, &path, &json!({"url": url})).await;
        }
        let world = world
            .reset(&[
                ("POLAR_SERVER", &middle.url),
                ("POLARKIT_TELL_EXISTING", "true"),
                ("POLARKIT_RECONCILE", "true"),
                ("POLARKIT_RECONCILE_PER_MINUTE", "60000"),
                ("POLARKIT_WATCHDOG", "heal"),
            ])
            .await;
        let told = Receiver::start().await;
        let only = json!({"events": ["access.*"]});
        told.subscribe(&world, only).await;
        Self {
            world,
            middle,
            told,
            database: database.to_owned(),
        }
    }

    /// A use of somebody's; how many were accepted.
    async fn track(&self, step: u32) -> usize {
        let one =
            json!({"external_customer_id": "u_1", "name": "step", "metadata": {"step": step}});
        let answer = self.world.post("/api/usage/track", one).await;
        usize::from(answer.status == 202)
    }

    /// While time passes quietly, everything comes to agree.
    async fn heals(&self, seed: u64, uses: usize) {
        let day = SignedDuration::from_hours(25);
        self.world.clock.advance(day);
        let mut differs = Vec::new();
        for round in 0..400 {
            settle(&self.world.sandbox).await;
            differs = self.differences(uses).await;
            if differs.is_empty() {
                return;
            }
            let step = if round < 100 { 10 } else { 60 };
            self.world.clock.advance(SignedDuration::from_secs(step));
            pause(std::time::Duration::from_millis(50)).await;
        }
        let done = self.middle.done();
        let status = self.world.get("/api/reconcile").await.ok();
        panic!("seed {seed}: {differs:#?}\n{done:?}\n{status}");
    }

    async fn differences(&self, uses: usize) -> Vec<String> {
        let mut differs = Vec::new();
        let truth = truth(&self.world.polar).await;
        let said = said(&self.world, truth.keys()).await;
        for (customer, may) in &truth {
            if said[customer] != *may {
                differs.push(format!("{customer} may {may:?}, not {:?}", said[customer]));
            }
        }
        differs.extend(self.misbelieved(&said).await);
        for (kind, path, fields) in MIRRORED {
            let polars = self.listed(path, fields).await;
            let ours = self.mirrored(kind, fields).await;
            let sides = [
                ("only Polar has", &polars, &ours),
                ("only we have", &ours, &polars),
            ];
            for (side, these, those) in sides {
                differs.extend(
                    these
                        .difference(those)
                        .map(|row| format!("{side} {kind} {row}")),
                );
            }
        }
        let events = list(&self.world.polar, "/v1/events/").await;
        let counted = events
            .iter()
            .filter(|event| event["name"] == "step")
            .count();
        if counted != uses {
            differs.push(format!("{uses} uses were accepted, Polar counts {counted}"));
        }
        differs
    }

    /// What an application believes that is not so.
    async fn misbelieved(&self, said: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
        let mut differs = Vec::new();
        let believed = self.believed();
        for customer in list(&self.world.polar, "/v1/customers/").await {
            let name = customer["external_id"].as_str().unwrap_or_default();
            let Some(may) = said.get(name) else {
                continue;
            };
            let id = customer["id"].as_str().unwrap();
            let believed = believed.get(id).cloned().unwrap_or_default();
            if believed != *may {
                differs.push(format!("{name} {id} was told {believed:?}, not {may:?}"));
            }
        }
        differs
    }

    /// What an application believes who hears every notice once, in the order it came.
    fn believed(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut known = BTreeSet::new();
        let mut believed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for heard in self.told.took() {
            if !known.insert(heard.id().to_owned()) {
                continue;
            }
            let told = heard.json();
            let data = &told["data"];
            let customer = data["customer"]["id"].as_str().unwrap().to_owned();
            let may = believed.entry(customer).or_default();
            let target = data["target"].as_str().unwrap();
            let target = match data["kind"].as_str().unwrap() {
                "seat" => format!("seat of {target}"),
                _ => target.to_owned(),
            };
            if told["type"] == "access.granted" {
                may.insert(target);
            } else {
                may.remove(&target);
            }
        }
        believed
    }

    async fn listed(&self, path: &str, fields: &[&str]) -> BTreeSet<String> {
        let all = list(&self.world.polar, path).await;
        all.iter().map(|one| shown(one, fields)).collect()
    }

    async fn mirrored(&self, kind: &str, fields: &[&str]) -> BTreeSet<String> {
        let query = format!("SELECT body FROM mirror WHERE kind = '{kind}' AND gone_at IS NULL");
        let query = AssertSqlSafe(query);
        let bodies: Vec<String> = if self.database.starts_with("sqlite:") {
            let pool = sqlx::SqlitePool::connect(&self.database).await.unwrap();
            sqlx::query_scalar(query).fetch_all(&pool).await.unwrap()
        } else {
            let pool = sqlx::PgPool::connect(&self.database).await.unwrap();
            let bodies = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
            pool.close().await;
            bodies
        };
        let read = |body: &String| serde_json::from_str::<Value>(body).unwrap();
        let all: Vec<Value> = bodies.iter().map(read).collect();
        let there = all.iter().filter(|one| one["deleted_at"].is_null());
        there.map(|one| shown(one, fields)).collect()
    }
}

/// A purchase that is found in a list is told with the shop's own name of who bought, also where the
/// list of customers does not tell it.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_no_list_of_customers_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("chaos.db").display());
    let story = Story::begin(1, &url).await;
    story.middle.forbid("/v1/customers/");
    story.middle.down(true);
    let world = &story.world;
    buy(&world.polar, &world.sandbox, "Handbook", "u_1").await;
    world.clock.advance(SignedDuration::from_hours(25));
    world
        .until("access is told", async || {
            world.clock.advance(SignedDuration::from_secs(1));
            !story.told.took().is_empty()
        })
        .await;
    for heard in story.told.took() {
        let told = heard.json();
        assert_eq!(told["data"]["customer"]["external_id"], "u_1", "{told}");
    }
}

/// What is held against Polar's lists.
const MIRRORED: [(&str, &str, &[&str]); 6] = [
    ("product", "/v1/products/", &["id", "name", "is_archived"]),
    (
        "customer",
        "/v1/customers/",
        &["id", "external_id", "email"],
    ),
    (
        "subscription",
        "/v1/subscriptions/",
        &[
            "id",
            "status",
            "current_period_end",
            "cancel_at_period_end",
            "seats",
            "modified_at",
        ],
    ),
    (
        "order",
        "/v1/orders/",
        &[
            "id",
            "status",
            "paid",
            "total_amount",
            "refunded_amount",
            "modified_at",
        ],
    ),
    (
        "benefit_grant",
        "/v1/benefit-grants/",
        &["id", "is_granted", "is_revoked", "modified_at"],
    ),
    ("refund", "/v1/refunds/", &["id", "status", "amount"]),
];

fn shown(one: &Value, fields: &[&str]) -> String {
    let values: Vec<String> = fields.iter().map(|field| one[*field].to_string()).collect();
    values.join(" ")
}

/// Waits until the sandbox has nothing due; what is retried later stays.
async fn settle(sandbox: &Sandbox) {
    sandbox.settle().await.unwrap();
}

fn seeds() -> std::ops::Range<u64> {
    let first = number("POLARKIT_SEED", 1);
    first..first + number("POLARKIT_LIVES", LIVES)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a longer run is asked for in the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |text| text.parse().unwrap())
}
