//! A request under way that counts if it succeeds, and the use it comes to.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::MatchedPath;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request};
use jiff::Timestamp;
use polarkit::usage::Strategy;
use serde_json::{Map, Value, json};

use super::llm::Reader;
use super::request::{Sent, counted, with_usage};
use super::rules::{Kind, Rule, Side, object_key};
use crate::usage::Use;

/// Polar takes no longer text.
const TEXT_CHARS_MAX: usize = 500;

/// A request that counts if it succeeds.
#[derive(Debug)]
pub(super) struct Exchange {
    customer: String,
    pub(super) rule: Arc<Rule>,
    pub(super) is_head: bool,
    /// What the event calls the endpoint.
    endpoint: String,
    /// The object's key and media type, where one is stored or read.
    object: (Option<String>, Option<String>),
    began: Instant,
    /// What came of the request's body.
    sent: Sent,
    /// What the app itself tells.
    pub(super) report: Map<String, Value>,
}

/// What was seen of an answer.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bytes: u64,
    pub(super) llm: Option<Reader>,
}

impl Exchange {
    /// Looks at a request on its way in.
    pub(super) async fn begin(
        customer: String,
        rule: Arc<Rule>,
        request: Request<Body>,
    ) -> (Self, Request<Body>) {
        let mut exchange = Self {
            customer,
            is_head: request.method() == Method::HEAD,
            endpoint: endpoint(&rule, &request),
            object: object(&rule, &request),
            rule,
            began: Instant::now(),
            sent: Sent::default(),
            report: Map::new(),
        };
        let (mut head, mut body) = request.into_parts();
        if let Kind::Llm(llm) = &exchange.rule.kind {
            // What is compressed cannot be read.
            let plain = HeaderValue::from_static("identity");
            head.headers.insert(ACCEPT_ENCODING, plain);
            if llm.include_usage {
                body = with_usage(&mut head.headers, body).await;
            }
        }
        if exchange.measures(Side::Request) {
            (exchange.sent, body) = counted(body);
        }
        (exchange, Request::from_parts(head, body))
    }

    /// Whether this side's bytes are what is used.
    pub(super) fn measures(&self, side: Side) -> bool {
        match &self.rule.kind {
            Kind::Storage { of } | Kind::Stream { of } | Kind::S3 { of } => *of == side,
            Kind::Nothing | Kind::Request { .. } | Kind::DeltaTime | Kind::Llm(_) => false,
        }
    }

    /// What reads the answer, where it is one of a language model.
    pub(super) fn reader(&self, answer: &HeaderMap) -> Option<Reader> {
        matches!(self.rule.kind, Kind::Llm(_)).then(|| Reader::of(answer))
    }

    /// Whether an answer whose reader left is read on.
    pub(super) fn reads_on(&self) -> bool {
        matches!(&self.rule.kind, Kind::Llm(llm) if llm.read_on)
    }

    /// The use, now that the answer is over; none when a language model told nothing.
    pub(super) fn over(self, seen: &Seen, now: Timestamp) -> Option<Use> {
        let bytes = if self.measures(Side::Answer) {
            seen.bytes
        } else {
            self.sent.bytes()
        };
        let seconds = now.as_duration().as_secs_f64();
        let mut metadata = match &self.rule.kind {
            Kind::Nothing => return None,
            Kind::Request { tokens } => object_of(
                json!({"endpoint": self.endpoint, "tokens": tokens, "timestamp": seconds}),
            ),
            Kind::Storage { .. } => object_of(json!({"bytes": bytes, "timestamp": seconds})),
            Kind::Stream { .. } => Strategy::Stream { bytes }.metadata(),
            Kind::S3 { .. } => {
                let (key, content_type) = self.object;
                Strategy::S3 {
                    bytes,
                    bucket: None,
                    key,
                    content_type,
                }
                .metadata()
            }
            Kind::DeltaTime => Strategy::DeltaTime {
                elapsed: self.began.elapsed(),
            }
            .metadata(),
            Kind::Llm(llm) => {
                let mut usage = seen.llm.as_ref().and_then(Reader::usage)?;
                if let Some(vendor) = &llm.vendor {
                    usage.vendor.clone_from(vendor);
                }
                Strategy::from(usage).metadata()
            }
        };
        metadata.extend(self.rule.metadata.clone());
        metadata.extend(self.report);
        Some(Use {
            external_customer_id: Some(self.customer),
            customer_id: None,
            name: self.rule.event.clone(),
            metadata: Some(metadata),
            timestamp: Some(now),
            // Known before it is stored, so that storing it again counts once.
            id: Some(uuid::Uuid::new_v4().to_string()),
            parent_id: None,
            member_id: None,
            external_member_id: None,
        })
    }
}

/// The rule's pattern; for everything else the route an app's router found, or the path itself.
fn endpoint(rule: &Rule, request: &Request<Body>) -> String {
    let route = request.extensions().get::<MatchedPath>();
    let path = route.map_or(request.uri().path(), MatchedPath::as_str);
    let endpoint = rule.path.as_deref().unwrap_or(path);
    endpoint.chars().take(TEXT_CHARS_MAX).collect()
}

fn object(rule: &Rule, request: &Request<Body>) -> (Option<String>, Option<String>) {
    if !matches!(rule.kind, Kind::S3 { .. }) {
        return (None, None);
    }
    let told = |text: &str| {
        let kept: String = text.chars().take(TEXT_CHARS_MAX).collect();
        (!kept.trim().is_empty()).then_some(kept)
    };
    let media = request.headers().get(CONTENT_TYPE);
    let media = media.and_then(|media| media.to_str().ok());
    (
        told(&object_key(request.uri().path())),
        media.and_then(told),
    )
}

fn object_of(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
