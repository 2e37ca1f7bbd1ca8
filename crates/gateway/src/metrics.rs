//! What an operator watches, in Prometheus' words.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use metrics::{Counter, Histogram, counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use polarkit_store::{Backlog, DeliveryBacklog, Reading, UsageBacklog};

use crate::limit::Limit;
use crate::subscriber::breaker::Breaker;

/// One gateway's figures; several gateways in one process keep theirs apart.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    /// By route.
    answers: RwLock<HashMap<String, Vec<Answers>>>,
    last_delivery: AtomicI64,
    delivery_age: AtomicI64,
}

/// The figures of one route's answers of one status.
struct Answers {
    status: u16,
    count: Counter,
    seconds: Histogram,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            recorder: PrometheusBuilder::new().build_recorder(),
            answers: RwLock::default(),
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

    /// Usage events were accepted after the period had ended in which they were used.
    pub(crate) fn usage_late(&self, events: usize) {
        let events = u64::try_from(events).unwrap_or_default();
        self.with(|| counter!("polarkit_usage_late_total").increment(events));
    }

    /// A request that should count was `counted`, is written down only after its answer (`late`),
    /// is `lost`, or told nothing that can be counted (`unread`).
    pub(crate) fn metered(&self, outcome: &'static str) {
        self.with(|| counter!("polarkit_metered_total", "outcome" => outcome).increment(1));
    }

    /// Reservations moved on: `held`, or `refused` for lack of units; then `committed`, `released` or
    /// `expired`.
    pub(crate) fn reservations(&self, outcome: &'static str, count: u64) {
        self.with(|| {
            counter!("polarkit_reservations_total", "outcome" => outcome).increment(count);
        });
    }

    /// Somebody asked about a licence: how it stands, and who says so; `nobody` where none can tell.
    pub(crate) fn license(&self, state: &'static str, source: &'static str) {
        self.with(|| {
            counter!("polarkit_license_validations_total", "state" => state, "source" => source)
                .increment(1);
        });
    }

    /// A checkout was `created`, or an open one `reused`.
    pub(crate) fn checkout(&self, outcome: &'static str) {
        self.with(|| counter!("polarkit_checkouts_total", "outcome" => outcome).increment(1));
    }

    /// Somebody was over their limit.
    pub(crate) fn limited(&self, limit: &Limit) {
        let labels = [("caller", limit.who.name()), ("routes", limit.class.name())];
        self.with(|| counter!("polarkit_limited_total", &labels).increment(1));
    }

    /// Reading back made a request.
    pub(crate) fn reconcile_request(&self) {
        self.with(|| counter!("polarkit_reconcile_requests_total").increment(1));
    }

    /// Reading back found that the mirror had drifted.
    pub(crate) fn drift(&self, kind: &str, what: &str) {
        let labels = [("kind", kind.to_owned()), ("what", what.to_owned())];
        self.with(|| counter!("polarkit_drift_total", &labels).increment(1));
    }

    /// Polar made changes that no webhook told of.
    pub(crate) fn untold(&self, changes: u64) {
        self.with(|| counter!("polarkit_untold_changes_total").increment(changes));
    }

    /// Whether Polar delivers to this gateway's endpoint.
    pub(crate) fn endpoint(&self, well: bool) {
        let value = if well { 1.0 } else { 0.0 };
        self.with(|| gauge!("polarkit_webhook_endpoint_well").set(value));
    }

    /// The endpoint was switched on again.
    pub(crate) fn switched_on(&self) {
        self.with(|| counter!("polarkit_webhook_endpoint_switched_on_total").increment(1));
    }

    /// Deliveries were asked for again.
    pub(crate) fn redelivered(&self, deliveries: u64) {
        self.with(|| counter!("polarkit_redeliveries_total").increment(deliveries));
    }

    /// As of how long ago each list is mirrored, and how many customers are in doubt.
    pub(crate) fn reconciled(&self, readings: &[Reading], doubts: i64, now: Timestamp) {
        self.with(|| {
            set("polarkit_doubts", doubts);
            for reading in readings {
                let complete = reading.complete_at.map(Timestamp::from_microsecond);
                if let Some(Ok(complete)) = complete {
                    let age = now.duration_since(complete).as_secs_f64().max(0.0);
                    let list = reading.kind.clone();
                    gauge!("polarkit_reconcile_age_seconds", "list" => list).set(age);
                }
            }
        });
    }

    /// Whether Redis is there.
    pub(crate) fn redis_up(&self, up: bool) {
        let value = if up { 1.0 } else { 0.0 };
        self.with(|| gauge!("polarkit_redis_up").set(value));
    }

    /// Redis was lost, or could not be reached from the start.
    pub(crate) fn redis_lost(&self) {
        self.redis_up(false);
        self.with(|| counter!("polarkit_redis_lost_total").increment(1));
    }

    /// A delivery to a subscriber was tried: `delivered`, `failed`, `dead`.
    pub(crate) fn told(&self, result: &'static str) {
        self.with(|| {
            counter!("polarkit_subscriber_deliveries_total", "result" => result).increment(1);
        });
    }

    /// A reader of the stream took nothing for too long.
    pub(crate) fn reader_cut(&self) {
        self.with(|| counter!("polarkit_stream_cut_total").increment(1));
    }

    /// A request was answered. Its figures are looked up by name once, not with each request.
    pub(crate) fn request(&self, route: &str, status: u16, seconds: f64) {
        let record = |answers: &Answers| {
            answers.count.increment(1);
            answers.seconds.record(seconds);
        };
        let known = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        let of_route = known.get(route).into_iter().flatten();
        if let Some(answers) = of_route.into_iter().find(|one| one.status == status) {
            return record(answers);
        }
        drop(known);
        let answers = self.answers_of(route, status);
        record(&answers);
        let mut known = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        // As many as there are routes, and statuses they answer.
        known.entry(route.to_owned()).or_default().push(answers);
    }

    fn answers_of(&self, route: &str, status: u16) -> Answers {
        let labels = [("route", route.to_owned()), ("status", status.to_string())];
        with_local_recorder(&self.recorder, || Answers {
            status,
            count: counter!("polarkit_http_requests_total", &labels),
            seconds: histogram!("polarkit_http_request_seconds", &labels),
        })
    }

    /// Everything as Prometheus reads it.
    pub(crate) fn render(&self, seen: &Seen<'_>, now: Timestamp) -> String {
        let (inbox, usage) = (seen.inbox, seen.usage);
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
            set_usage(usage);
            gauge!("polarkit_usage_oldest_seconds").set(age(usage.oldest));
            set(
                "polarkit_delivery_age_seconds",
                self.delivery_age.load(Ordering::Relaxed),
            );
            set("polarkit_stream_readers", seen.readers);
            set("polarkit_reservations_held", seen.reservations);
            for line in seen.lines {
                set_line(line, age(line.backlog.oldest));
            }
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

/// What is looked up for the figures.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) inbox: &'a Backlog,
    pub(crate) usage: &'a UsageBacklog,
    pub(crate) lines: &'a [Line],
    pub(crate) readers: i64,
    pub(crate) reservations: i64,
}

/// One subscriber's line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) backlog: DeliveryBacklog,
    pub(crate) breaker: Breaker,
    pub(crate) enabled: bool,
}

/// Where all usage is: accepted = delivered + pending + dead, as the store has it, so that restarts
/// change nothing.
fn set_usage(usage: &UsageBacklog) {
    for (state, events) in [
        ("accepted", usage.accepted),
        ("delivered", usage.delivered),
        ("duplicate", usage.duplicates),
        ("rolled_up", usage.rolled_up),
    ] {
        let events = u64::try_from(events).unwrap_or_default();
        counter!("polarkit_usage_events_total", "state" => state).absolute(events);
    }
    set("polarkit_usage_pending", usage.pending);
    set("polarkit_usage_dead", usage.dead);
    set("polarkit_usage_later", usage.later);
}

fn set_line(line: &Line, age: f64) {
    let of = |name: &'static str, value: f64| {
        gauge!(name, "subscriber" => line.backlog.subscriber.clone()).set(value);
    };
    of("polarkit_subscriber_pending", number(line.backlog.pending));
    of("polarkit_subscriber_dead", number(line.backlog.dead));
    of("polarkit_subscriber_oldest_seconds", age);
    of("polarkit_subscriber_enabled", number(line.enabled.into()));
    for state in [Breaker::Closed, Breaker::Open, Breaker::HalfOpen] {
        let labels = [
            ("subscriber", line.backlog.subscriber.clone()),
            ("state", state.name().to_owned()),
        ];
        let is = number((state == line.breaker).into());
        gauge!("polarkit_subscriber_breaker", &labels).set(is);
    }
}

fn number(count: i64) -> f64 {
    let bounded = count.clamp(i32::MIN.into(), i32::MAX.into());
    f64::from(i32::try_from(bounded).unwrap_or_default())
}

fn set(name: &'static str, count: i64) {
    gauge!(name).set(number(count));
}
