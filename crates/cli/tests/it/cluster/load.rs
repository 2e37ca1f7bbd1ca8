//! Load: lives told to the balancer, each delivery until it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::life::Life;
use super::{KEY, now};
use crate::delivery::Delivery;
use crate::patience::pause;

/// Lives told at once.
const SENDERS: usize = 6;
/// Before something that was not acknowledged is told again.
const AGAIN: Duration = Duration::from_millis(50);
/// Between two lives of a sender: the story is about failures, not about speed.
const BREATH: Duration = Duration::from_millis(30);

/// What was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    pub(crate) lives: Vec<(Life, Vec<Delivery>)>,
    /// Ids of usage events.
    pub(crate) usage: Vec<String>,
}

pub(crate) struct Load {
    over: Arc<AtomicBool>,
    senders: JoinSet<Acknowledged>,
    refused: Arc<AtomicU32>,
}

impl Load {
    pub(crate) fn begin(to: &str, with_usage: bool) -> Self {
        let mut load = Self {
            over: Arc::default(),
            senders: JoinSet::new(),
            refused: Arc::default(),
        };
        for _ in 0..SENDERS {
            let sender = Sender {
                client: client(),
                to: to.to_owned(),
                refused: Arc::clone(&load.refused),
            };
            let over = Arc::clone(&load.over);
            load.senders.spawn(async move {
                let mut acknowledged = Acknowledged::default();
                while !over.load(Ordering::Relaxed) {
                    sender.live(&mut acknowledged, with_usage).await;
                    pause(BREATH).await;
                }
                acknowledged
            });
        }
        load
    }

    /// Lets every life under way come to its end; how often something was not acknowledged, too.
    pub(crate) async fn end(self) -> (Acknowledged, u32) {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Acknowledged::default();
        for mut part in self.senders.join_all().await {
            all.lives.append(&mut part.lives);
            all.usage.append(&mut part.usage);
        }
        (all, self.refused.load(Ordering::Relaxed))
    }
}

struct Sender {
    client: Client,
    to: String,
    refused: Arc<AtomicU32>,
}

impl Sender {
    async fn live(&self, acknowledged: &mut Acknowledged, with_usage: bool) {
        let life = Life::new(now());
        let deliveries = life.deliveries();
        for delivery in &deliveries {
            while !self.is_taken(delivery.answer(&self.client, &self.to, now()).await) {
                pause(AGAIN).await;
            }
        }
        acknowledged.lives.push((life, deliveries));
        if with_usage {
            let id = Uuid::new_v4().to_string();
            let metadata = json!({"call": id});
            let event = json!({"external_customer_id": "user_1", "name": "call", "id": id, "metadata": metadata});
            let track = || self.client.post(format!("{}/api/usage/track", self.to));
            while !self.is_taken(track().bearer_auth(KEY).json(&event).send().await.ok()) {
                pause(AGAIN).await;
            }
            acknowledged.usage.push(id);
        }
    }

    /// A refusal says when to come back; a connection that breaks says nothing.
    fn is_taken(&self, answer: Option<Response>) -> bool {
        if let Some(answer) = answer {
            if answer.status().is_success() {
                return true;
            }
            assert_eq!(answer.status(), 503, "{answer:?}");
            assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        false
    }
}

/// Each call by a connection of its own, so that the balancer has something to balance.
#[expect(
    clippy::disallowed_methods,
    reason = "a client without a pool, and it sets its timeout"
)]
fn client() -> Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .timeout(Duration::from_secs(15))
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}
