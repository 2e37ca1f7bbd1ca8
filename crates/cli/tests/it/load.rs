//! Polar, the shop and their calls: what was sent, what was acknowledged, and sending on until it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::delivery::Delivery;
use crate::http::client;
use crate::patience::pause;
use crate::stage::{KEY, now};

/// Deliveries under way at once, as many as Polar's workers would bring.
const SENDERS: usize = 6;
/// How long each of them rests after one was taken: subscribers must come after, in the end.
const REST: Duration = Duration::from_millis(150);
/// Events of a batch.
const BATCH: usize = 7;

/// What was sent so far; shared by whoever sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    /// Answered with success.
    deliveries: BTreeMap<String, Delivery>,
    uses: BTreeSet<String>,
    /// Of uses that may go as one: ids the gateway gave them.
    rolled: BTreeSet<String>,
    /// The answer under each Idempotency-Key.
    checkouts: BTreeMap<String, Value>,
    /// Sent and not answered: Polar and the shop will send it again.
    doubtful: Doubtful,
}

#[derive(Debug, Default)]
struct Doubtful {
    deliveries: Vec<Delivery>,
    uses: Vec<String>,
    checkouts: Vec<String>,
}

/// How much is new in what one load sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum New {
    /// Goes on until nobody answers any more.
    Endless,
    /// Only what is doubtful is sent again.
    Nothing,
}

/// How one of the shop's servers tells of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    One,
    List,
    Lines,
}

/// Senders under way.
pub(crate) struct Load {
    over: Arc<AtomicBool>,
    senders: TaskTracker,
}

/// Who sends, and where to.
#[derive(Clone)]
struct Sender {
    ledger: Ledger,
    client: Client,
    gateway: String,
    product: String,
    over: Arc<AtomicBool>,
    new: New,
}

impl Load {
    /// Begins to send; checkouts are of `product`.
    pub(crate) fn begin(ledger: &Ledger, gateway: &str, product: &str, new: New) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let sender = Sender {
            ledger: ledger.clone(),
            client: client(),
            gateway: gateway.to_owned(),
            product: product.to_owned(),
            over: Arc::clone(&over),
            new,
        };
        let senders = TaskTracker::new();
        for _ in 0..SENDERS {
            senders.spawn(sender.clone().deliver());
        }
        for tells in [Tells::One, Tells::List, Tells::Lines] {
            senders.spawn(sender.clone().track(tells));
        }
        senders.spawn(sender.clone().track_alike());
        senders.spawn(sender.check_out());
        senders.close();
        Self { over, senders }
    }

    /// Waits until everybody has stopped: told to, or because nobody answers.
    pub(crate) async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.senders.wait().await;
    }

    /// Waits until everybody is done.
    pub(crate) async fn done(self) {
        self.senders.wait().await;
    }
}

impl Ledger {
    fn with<T>(&self, work: impl FnOnce(&mut Entries) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }

    pub(crate) fn deliveries(&self) -> BTreeSet<String> {
        self.with(|all| all.deliveries.keys().cloned().collect())
    }

    pub(crate) fn uses(&self) -> BTreeSet<String> {
        self.with(|all| all.uses.clone())
    }

    pub(crate) fn rolled(&self) -> BTreeSet<String> {
        self.with(|all| all.rolled.clone())
    }

    pub(crate) fn checkouts(&self) -> BTreeMap<String, Value> {
        self.with(|all| all.checkouts.clone())
    }

    /// Nothing was left without an answer.
    pub(crate) fn is_certain(&self) -> bool {
        self.with(|all| {
            let doubtful = &all.doubtful;
            doubtful.deliveries.is_empty()
                && doubtful.uses.is_empty()
                && doubtful.checkouts.is_empty()
        })
    }

    /// Now and then Polar delivers again what was acknowledged.
    pub(crate) fn repeat(&self, count: usize) {
        self.with(|all| {
            let again = all.deliveries.values().take(count).cloned();
            all.doubtful.deliveries.extend(again);
        });
    }
}

impl Sender {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn is_new(&self) -> bool {
        self.new == New::Endless
    }

    async fn deliver(self) {
        while self.goes_on() {
            let doubtful = self.ledger.with(|all| all.doubtful.deliveries.pop());
            let fresh = || self.is_new().then(|| Delivery::of_a_paid_order(now()));
            let Some(delivery) = doubtful.or_else(fresh) else {
                return;
            };
            let taken = delivery.send(&self.client, &self.gateway, now()).await;
            self.ledger.with(|all| {
                if taken {
                    all.deliveries.insert(delivery.id.clone(), delivery);
                } else {
                    all.doubtful.deliveries.push(delivery);
                }
            });
            if !taken {
                return;
            }
            if self.is_new() {
                pause(REST).await;
            }
        }
    }

    async fn track(self, tells: Tells) {
        while self.goes_on() {
            let ids = self.uses(if tells == Tells::One { 1 } else { BATCH });
            if ids.is_empty() {
                return;
            }
            let taken = self.tell(&ids, tells).await;
            self.ledger.with(|all| {
                if taken {
                    all.uses.extend(ids);
                } else {
                    all.doubtful.uses.extend(ids);
                }
            });
            if !taken {
                return;
            }
        }
    }

    /// What is doubtful, or else new.
    fn uses(&self, most: usize) -> Vec<String> {
        let doubtful = self.ledger.with(|all| {
            let uses = &mut all.doubtful.uses;
            uses.split_off(uses.len().saturating_sub(most))
        });
        if doubtful.is_empty() && self.is_new() {
            return (0..most)
                .map(|_| format!("use_{}", Uuid::new_v4()))
                .collect();
        }
        doubtful
    }

    async fn tell(&self, ids: &[String], tells: Tells) -> bool {
        let mut events = ids.iter().map(|id| {
            json!({"external_customer_id": "u", "name": "call", "id": id, "metadata": {"use": id}})
        });
        let call = self.post("/api/usage/track");
        let call = match tells {
            Tells::One => call.json(&events.next_back()),
            Tells::List => call.json(&json!({"events": events.collect::<Vec<_>>()})),
            Tells::Lines => {
                let lines: Vec<String> = events.map(|event| event.to_string()).collect();
                call.header("content-type", "application/x-ndjson")
                    .body(lines.join("\n"))
            }
        };
        let answer = call.send().await;
        answer.is_ok_and(|answer| {
            assert_eq!(answer.status(), 202);
            true
        })
    }

    /// Uses that differ in nothing, and have no ids of the shop's: what is not answered may count or
    /// not, and is not sent again.
    async fn track_alike(self) {
        while self.goes_on() && self.is_new() {
            let one =
                json!({"external_customer_id": "u", "name": "rolled", "metadata": {"units": 1}});
            let batch = json!({"events": vec![one; BATCH]});
            let Ok(answer) = self.post("/api/usage/track").json(&batch).send().await else {
                return;
            };
            assert_eq!(answer.status(), 202);
            let Ok(answer) = answer.json::<Value>().await else {
                return;
            };
            let ids = answer["ids"].as_array().unwrap().iter();
            let ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
            self.ledger.with(|all| all.rolled.extend(ids));
            pause(REST).await;
        }
    }

    /// A checkout and its repetition under the same key: always the same answer.
    async fn check_out(self) {
        while self.goes_on() {
            let doubtful = self.ledger.with(|all| all.doubtful.checkouts.pop());
            let fresh = || self.is_new().then(|| format!("key_{}", Uuid::new_v4()));
            let Some(key) = doubtful.or_else(fresh) else {
                return;
            };
            for _ in 0..2 {
                let Some(answer) = self.buy(&key).await else {
                    self.ledger.with(|all| all.doubtful.checkouts.push(key));
                    return;
                };
                let known = self.ledger.with(|all| {
                    let known = all.checkouts.entry(key.clone());
                    known.or_insert_with(|| answer.clone()).clone()
                });
                assert_eq!(known, answer, "one key, one answer");
            }
        }
    }

    async fn buy(&self, key: &str) -> Option<Value> {
        let ask = json!({"product_id": self.product});
        let call = self.post("/api/checkout/create").json(&ask);
        let answer = call.header("idempotency-key", key).send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.gateway);
        self.client.post(url).bearer_auth(KEY)
    }
}
