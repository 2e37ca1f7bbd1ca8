//! Counting the calls of those who have a limit, before anything else is done for them.

use axum::extract::{FromRequestParts as _, OptionalFromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::SignedDuration;

use super::address::{Address, network};
use super::caller::{Caller, Proven, claimed};
use crate::gateway::Gateway;
use crate::limit::{Class, Limit, Standing, Who};
use crate::problem::{Code, Problem};

/// What the limit is, as draft-ietf-httpapi-ratelimit-headers has it.
pub(super) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How the caller stands.
pub(super) const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// Lets a call pass, or not. Whoever has no limit there passes untouched: nothing is looked up.
pub(super) async fn admit(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let class = class(request.method(), request.uri().path());
    let Some(limit) = gateway.config.limits.of(claimed(request.headers()), class) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let caller = match name(&mut parts, &gateway).await {
        Ok(caller) => caller,
        Err(refused) => return refused.into_response(),
    };
    let now = gateway.time.local();
    let taking = gateway.limiter.take(&gateway.shared, limit, &caller, now);
    let standing = taking.await;
    let mut response = if standing.taken {
        next.run(Request::from_parts(parts, body)).await
    } else {
        gateway.metrics.limited(limit);
        refusal(limit.who, &standing).into_response()
    };
    show(limit, &standing, response.headers_mut());
    response
}

/// What kind of route it is, by its path under `/api`. A route that is new is of some kind, too.
fn class(method: &Method, path: &str) -> Class {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let noun = path.trim_start_matches("/api/").split('/').next();
    match noun.unwrap_or_default() {
        "license" => Class::License,
        "inbox" | "dead-letters" | "reconcile" | "drift" | "subscribers" => Class::Admin,
        "checkout" if path.ends_with("/confirm") => Class::Confirm,
        _ if reads => Class::Read,
        "usage" => Class::Usage,
        _ => Class::Write,
    }
}

/// Who is counted. Whoever proves who they are here need not do so again.
async fn name(parts: &mut Parts, gateway: &Gateway) -> Result<String, Problem> {
    let caller =
        <Caller as OptionalFromRequestParts<Gateway>>::from_request_parts(parts, gateway).await?;
    let Some(caller) = caller else {
        let Address(address) = Address::from_request_parts(parts, gateway).await?;
        return Ok(network(address).to_string());
    };
    let name = caller.name();
    parts.extensions.insert(Proven(caller));
    Ok(name)
}

fn refusal(who: Who, standing: &Standing) -> Problem {
    let detail = match who {
        Who::Anonymous => "Too many requests from this address",
        Who::User => "Too many requests of this user",
        Who::Server => "Too many requests with this key",
    };
    Problem::new(Code::RateLimited, detail).retry_after(seconds(standing.next_in))
}

/// Whoever waits so long is sure to be admitted.
fn seconds(wait: SignedDuration) -> u64 {
    let whole = u64::try_from(wait.as_secs()).unwrap_or_default();
    whole + u64::from(wait.subsec_nanos() > 0)
}

fn show(limit: &Limit, standing: &Standing, headers: &mut HeaderMap) {
    let name = format!("\"{}-{}\"", limit.who.name(), limit.class.name());
    let policy = format!("{name};q={};w={}", limit.calls, limit.seconds);
    let next_in = seconds(standing.next_in);
    let standing = format!("{name};r={};t={next_in}", standing.left);
    for (header, value) in [(POLICY, policy), (STANDING, standing)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header, value);
        }
    }
}
