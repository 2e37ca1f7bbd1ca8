//! Usage counted in passing: every request of a known customer that succeeds, by rules, in a proxy
//! before an app of any language or in a layer around one in Rust.
//!
//! [`Counting`] is both: what a request may count as is decided before it goes in, what it counts
//! as when its answer is over. An answer's end waits until its use is written down.

pub(crate) mod afterwards;
mod answer;
mod exchange;
mod layer;
mod llm;
pub(crate) mod proxy;
mod record;
mod report;
mod request;
mod rules;

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderName, Request, Response};

use self::answer::{CountedAnswer, nothing_follows};
use self::exchange::Exchange;
pub use self::layer::{CountUsage, UsageLayer};
pub use self::rules::{Rules, RulesFault, RulesFaults};
use crate::gateway::Gateway;

/// What an answer says was used, unless another header is chosen.
pub(crate) const REPORT: HeaderName = HeaderName::from_static("x-polar-usage");
/// No customer's id is longer.
const CUSTOMER_CHARS_MAX: usize = 255;

/// What counts, and where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    gateway: Gateway,
    rules: Arc<Rules>,
    /// The header in which an app tells what was used.
    report: HeaderName,
}

impl Counting {
    /// What a request will count as if it succeeds. A language model is asked for an answer that
    /// can be read here.
    async fn begin(
        &self,
        customer: Option<String>,
        request: Request<Body>,
    ) -> (Option<Exchange>, Request<Body>) {
        let is_one = |id: &String| (1..=CUSTOMER_CHARS_MAX).contains(&id.trim().chars().count());
        let Some(customer) = customer.filter(is_one) else {
            return (None, request);
        };
        let Some(rule) = self.rules.rule_of(&request) else {
            return (None, request);
        };
        let (exchange, request) = Exchange::begin(customer, rule, request).await;
        (Some(exchange), request)
    }

    /// The answer, on its way to be counted if it is a success. What the app tells in it is for us
    /// alone.
    async fn answered(
        &self,
        exchange: Option<Exchange>,
        mut answer: Response<Body>,
    ) -> Response<Body> {
        let report = report::take(answer.headers_mut(), &self.report);
        let Some(mut exchange) = exchange.filter(|one| one.rule.counts(answer.status())) else {
            return answer;
        };
        exchange.report = report;
        let bodiless = nothing_follows(exchange.is_head, &answer);
        let counted = CountedAnswer::new(self.gateway.clone(), exchange, &mut answer);
        if bodiless {
            counted.settled().await;
            return answer;
        }
        answer.map(|_taken| Body::new(counted))
    }
}
