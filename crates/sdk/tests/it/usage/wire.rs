//! A way to Polar that fails as told, and takes note of what comes through.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use polarkit::{
    Clock, Polar, Retry, Server, SystemClock, Transport, TransportError,
    transport::{Body, Sending},
};
use serde_json::{Value, json};
use tokio::time::Instant;

/// What happens to one attempt.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It arrives and is answered.
    Arrives,
    /// Nobody is reached.
    Unreached,
    /// It arrives, and the answer is lost.
    AnswerLost,
    /// It is answered with this status, `Retry-After` and body.
    Answered(u16, Option<u64>, String),
    /// It hangs for so long, then arrives.
    Hangs(Duration),
}

/// One attempt as it was made.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) at: Instant,
    pub(crate) events: Vec<Value>,
}

/// Decides by the attempt's number, counted from 0, and its events.
type Decide = dyn Fn(u64, &[Value]) -> Fate + Send + Sync;

#[derive(Clone)]
pub(crate) struct Wire {
    decide: Arc<Decide>,
    count: Arc<AtomicU64>,
    attempts: Arc<Mutex<Vec<Attempt>>>,
    stored: Arc<Mutex<BTreeSet<String>>>,
    date: Option<&'static str>,
}

impl Wire {
    pub(crate) fn new(decide: impl Fn(u64, &[Value]) -> Fate + Send + Sync + 'static) -> Self {
        Self {
            decide: Arc::new(decide),
            count: Arc::default(),
            attempts: Arc::default(),
            stored: Arc::default(),
            date: None,
        }
    }

    /// Everything arrives.
    pub(crate) fn good() -> Self {
        Self::new(|_, _| Fate::Arrives)
    }

    /// The first so many attempts meet that fate, the others arrive.
    pub(crate) fn first(attempts: u64, fate: Fate) -> Self {
        Self::new(move |number, _| {
            if number < attempts {
                fate.clone()
            } else {
                Fate::Arrives
            }
        })
    }

    /// Answers carry this `Date`.
    pub(crate) fn dated(self, date: &'static str) -> Self {
        let date = Some(date);
        Self { date, ..self }
    }

    pub(crate) fn polar(&self) -> Polar {
        self.polar_by(Arc::new(SystemClock))
    }

    pub(crate) fn polar_by(&self, clock: Arc<dyn Clock>) -> Polar {
        Polar::builder()
            .clock(clock)
            .server(Server::At("http://polar.invalid".to_owned()))
            .token("polar_oat_x")
            .retry(Retry::never())
            .transport(self.clone())
            .build()
            .unwrap()
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap().clone()
    }

    /// The ids Polar has, each once.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        self.stored.lock().unwrap().clone()
    }

    fn store(&self, events: &[Value]) -> (u16, Option<u64>, String) {
        let mut stored = self.stored.lock().unwrap();
        let is_new = |event: &&Value| stored.insert(id(event));
        let inserted = events.iter().filter(is_new).count();
        let duplicates = events.len() - inserted;
        let answer = json!({"inserted": inserted, "duplicates": duplicates});
        (200, None, answer.to_string())
    }
}

impl Transport for Wire {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let events = body["events"].as_array().unwrap().clone();
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.attempts.lock().unwrap().push(Attempt {
            at: Instant::now(),
            events: events.clone(),
        });
        let fate = (self.decide)(number, &events);
        Box::pin(async move {
            let (status, retry_after, body) = match fate {
                Fate::Arrives => self.store(&events),
                Fate::Unreached => return Err(TransportError::Unreached("no route".into())),
                Fate::AnswerLost => {
                    self.store(&events);
                    return Err(TransportError::Broken("reset".into()));
                }
                Fate::Answered(status, retry_after, body) => (status, retry_after, body),
                Fate::Hangs(time) => {
                    pass(time).await;
                    self.store(&events)
                }
            };
            let mut response = http::Response::builder().status(status);
            if let Some(seconds) = retry_after {
                response = response.header("retry-after", seconds);
            }
            if let Some(date) = self.date {
                response = response.header("date", date);
            }
            Ok(response.body(Body::from(body)).unwrap())
        })
    }
}

/// Lets the paused clock run on.
#[expect(
    clippy::disallowed_methods,
    reason = "the clock is paused: nobody waits"
)]
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) fn id(event: &Value) -> String {
    event["external_id"].as_str().unwrap().to_owned()
}

/// Polar's refusal of the events at these places.
pub(crate) fn refusal(places: &[usize], field: &str) -> Fate {
    let flaws: Vec<_> = places
        .iter()
        .map(|place| {
            json!({"type": "value_error", "loc": ["body", "events", place, field],
                "msg": "Not found.", "input": null})
        })
        .collect();
    let body = json!({"error": "PolarRequestValidationError", "detail": flaws});
    Fate::Answered(422, None, body.to_string())
}
