//! What an operator watches, in Prometheus' words.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use polarkit_store::{Backlog, UsageBacklog};

/// One gateway's figures; several gateways in one process keep theirs apart.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    last_delivery: AtomicI64,
    delivery_age: AtomicI64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            recorder: PrometheusBuilder::new().build_recorder(),
            last_delivery: AtomicI64::new(0),
            delivery_age: AtomicI64::new(0),
        }
    }

    /// A delivery was answered.
    pub(crate) fn delivery(&self, outcome: &'static str) {
        self.with(|| counter!("polarkit_deliveries_total", "outcome" => outcome).increment(1));
    }

    /// A delivery was taken.
    pub(crate) fn last_delivery(&self, at: Timestamp) {
        self.last_delivery
            .store(at.as_microsecond(), Ordering::Relaxed);
    }

    /// A delivery was signed so many seconds ago, by this host's clock; more than a few, or less
    /// than none, is a clock that is wrong.
    pub(crate) fn delivery_age(&self, seconds: i64) {
        self.delivery_age.store(seconds, Ordering::Relaxed);
    }

    /// A stored webhook was projected, or given up.
    pub(crate) fn webhook(&self, kind: &str, outcome: &'static str) {
        let kind = kind.to_owned();
        self.with(|| {
            counter!("polarkit_webhooks_total", "type" => kind, "outcome" => outcome).increment(1);
        });
    }

    /// Usage events moved on: `accepted`, `delivered`, `dead`. What was accepted and is neither
    /// delivered nor dead waits; nothing else exists.
    pub(crate) fn usage(&self, state: &'static str, events: usize) {
        let events = u64::try_from(events).unwrap_or_default();
        self.with(|| counter!("polarkit_usage_events_total", "state" => state).increment(events));
    }

    /// A request was answered.
    pub(crate) fn request(&self, route: String, status: u16, seconds: f64) {
        self.with(|| {
            let labels = [("route", route), ("status", status.to_string())];
            counter!("polarkit_http_requests_total", &labels).increment(1);
            histogram!("polarkit_http_request_seconds", &labels).record(seconds);
        });
    }

    /// Everything as Prometheus reads it.
    pub(crate) fn render(&self, inbox: &Backlog, usage: &UsageBacklog, now: Timestamp) -> String {
        let age = |since: Option<i64>| {
            let since = since.and_then(|micros| Timestamp::from_microsecond(micros).ok());
            since.map_or(0.0, |since| {
                now.duration_since(since).as_secs_f64().max(0.0)
            })
        };
        self.with(|| {
            set("polarkit_inbox_pending", inbox.pending);
            set("polarkit_inbox_dead", inbox.dead);
            gauge!("polarkit_inbox_oldest_seconds").set(age(inbox.oldest));
            set("polarkit_usage_pending", usage.pending);
            set("polarkit_usage_dead", usage.dead);
            gauge!("polarkit_usage_oldest_seconds").set(age(usage.oldest));
            set(
                "polarkit_delivery_age_seconds",
                self.delivery_age.load(Ordering::Relaxed),
            );
            let last = self.last_delivery.load(Ordering::Relaxed);
            gauge!("polarkit_last_delivery_seconds").set(age((last > 0).then_some(last)));
        });
        let handle = self.recorder.handle();
        handle.run_upkeep();
        handle.render()
    }

    /// Gathers what was recorded, so that it does not pile up while nobody reads it.
    pub(crate) fn upkeep(&self) {
        self.recorder.handle().run_upkeep();
    }

    fn with(&self, record: impl FnOnce()) {
        with_local_recorder(&self.recorder, record);
    }
}

fn set(name: &'static str, count: i64) {
    let bounded = count.clamp(i32::MIN.into(), i32::MAX.into());
    gauge!(name).set(f64::from(i32::try_from(bounded).unwrap_or_default()));
}
