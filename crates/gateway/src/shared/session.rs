//! Listening to the other nodes, and knowing whether one still hears them.
//!
//! Every so often a node sends itself a beat through Redis. What was announced before a beat was
//! sent has arrived when the beat has; while beats come back, memory may be believed longer.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis::Msg;
use redis::aio::PubSubStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::announcement::{Announcement, forget_everything};
use super::{Node, PROOF_LASTS};
use crate::gateway::Gateway;
use crate::problem::chain;
use crate::time::pause;

/// How often a node sends itself a beat.
const BEAT_EVERY: Duration = Duration::from_millis(250);
/// How long before Redis is tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often the others are told something at most: many changes are one announcement.
const SEND_EVERY: Duration = Duration::from_millis(10);

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("it cannot be used")]
    Redis(#[from] redis::RedisError),
    #[error("it closed the connection")]
    Closed,
    #[error("it does not answer")]
    Silent,
    #[error("told to stop")]
    Stop,
}

/// Keeps in touch with the other nodes until told to stop.
pub(crate) async fn run(gateway: Gateway, stop: CancellationToken) {
    let Some(node) = &gateway.shared.0 else {
        return;
    };
    gateway.metrics.redis_up(false);
    let mut told_of = false;
    while !stop.is_cancelled() {
        let mut was_up = false;
        let lost = session(&gateway, node, &stop, &mut was_up).await;
        node.link.close();
        match lost {
            Err(Lost::Stop) => break,
            Err(lost) if was_up || !told_of => {
                told_of = true;
                gateway.metrics.redis_lost();
                tracing::error!(
                    error = %chain(&lost),
                    "Redis is lost: this node's limits are its own, and it reads the store every second"
                );
            }
            Err(_) | Ok(()) => {}
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = pause(AGAIN_AFTER) => {}
        }
    }
}

/// One connection's life.
async fn session(
    gateway: &Gateway,
    node: &Node,
    stop: &CancellationToken,
    was_up: &mut bool,
) -> Result<(), Lost> {
    let link = &node.link;
    let own = link.key(&format!("beat:{}", node.name));
    let mut listening = link.connect().await?;
    let channels = [link.key("changes"), own.clone()];
    timeout(PROOF_LASTS, listening.subscribe(&channels))
        .await
        .map_err(|_elapsed| Lost::Silent)??;
    // Whatever was announced before was missed.
    forget_everything(gateway);
    let mut heard = listening.into_on_message();
    let mut beats = interval(BEAT_EVERY);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    let mut not_before = begun;
    loop {
        tokio::select! {
            () = stop.cancelled() => {
                send(node).await;
                return Err(Lost::Stop);
            }
            message = next(&mut heard) => {
                let message = message?;
                if message.get_channel_name() == own {
                    beaten(gateway, node, &message, was_up);
                } else {
                    let told = Announcement::read(message.get_payload_bytes());
                    if told.node != node.name {
                        told.heed(gateway).await;
                    }
                }
            }
            _ = beats.tick() => {
                if begun.elapsed() > PROOF_LASTS && !link.proved_within(PROOF_LASTS) {
                    return Err(Lost::Silent);
                }
                let beat = link.beat();
                let sent = async |redis: &mut redis::aio::MultiplexedConnection| {
                    redis::cmd("PUBLISH").arg(&own).arg(beat).query_async::<i64>(redis).await
                };
                // One that is lost is missed soon.
                let _sent = link.try_ask(sent).await;
            }
            () = waiting(node, not_before), if *was_up => {
                send(node).await;
                not_before = Instant::now() + SEND_EVERY;
            }
        }
    }
}

/// There is something to tell, and it is time to.
async fn waiting(node: &Node, not_before: Instant) {
    pause(not_before.saturating_duration_since(Instant::now())).await;
    node.outgoing.came.notified().await;
}

async fn next(heard: &mut PubSubStream) -> Result<Msg, Lost> {
    heard.next().await.ok_or(Lost::Closed)
}

/// This node's own beat came back.
fn beaten(gateway: &Gateway, node: &Node, message: &Msg, was_up: &mut bool) {
    let Ok(beat) = message.get_payload::<u64>() else {
        return;
    };
    node.link.prove(beat);
    if !node.outgoing.is_empty() {
        node.outgoing.came.notify_one();
    }
    if !*was_up {
        *was_up = true;
        gateway.metrics.redis_up(true);
        tracing::info!(
            "Redis is there: limits and what Polar answered are shared, changes announced"
        );
    }
}

/// Tells the others what waits to be told; it waits on where Redis does not take it.
async fn send(node: &Node) {
    if let Some(announcement) = node.outgoing.take()
        && !announcement.send(&node.name, &node.link).await
    {
        node.outgoing.put_back(announcement);
    }
}
