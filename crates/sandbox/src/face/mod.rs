//! Polar's HTTP face: one pipeline that every call under `/v1` goes through, in Polar's own order of checks.

mod answer;
mod bearer;
mod body;
mod cors;
mod route;
mod stream;
mod undocumented;
mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, DATE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};

use self::route::{Found, Route};
use crate::call::Caller;
use crate::contract;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::reply::Reply;

pub(crate) use self::answer::{failure, framework, json};
pub(crate) use self::route::Routes;

const OLD_ROOT: &str = "/api/v1/";
const OLD_ROOT_NOTICE: &str = "The API root moved: use /v1 instead of /api/v1.";
const CUSTOM_CHECKOUTS: &str = "/v1/checkouts/custom";

/// Answers any request that is neither a page's nor the control face's.
pub(crate) async fn serve(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(failure) = body::check_length(&parts.method, &parts.headers) {
        return answer::failure(failure);
    }
    let Some(version) = version::asked(&parts.headers) else {
        return framework(404, "Not Found");
    };
    let mut response = if let Some(response) = cors::preflight(&parts.method, &parts.headers) {
        response
    } else {
        let response = answer(&engine, &parts, body).await;
        dress(&parts, response)
    };
    answer::set(
        &mut response,
        HeaderName::from_static(version::HEADER),
        version,
    );
    response
}

/// Dates every answer, pages and health too, by the world's clock: it tells callers the time.
pub(crate) async fn date(
    State(engine): State<Arc<Engine>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let now = jiff::fmt::rfc2822::DateTimePrinter::new();
    if let Ok(date) = now.timestamp_to_rfc9110_string(&engine.now()) {
        answer::set(&mut response, DATE, &date);
    }
    response
}

/// The headers every answer carries.
fn dress(parts: &Parts, mut response: Response) -> Response {
    let headers = response.headers();
    if !headers.contains_key(CACHE_CONTROL) {
        answer::set(&mut response, CACHE_CONTROL, "private, no-store");
    }
    answer::set(
        &mut response,
        HeaderName::from_static("x-polar-sandbox"),
        "1",
    );
    if parts.uri.path().starts_with(OLD_ROOT) {
        let name = HeaderName::from_static("x-polar-deprecation-notice");
        answer::set(&mut response, name, OLD_ROOT_NOTICE);
    }
    if parts.headers.contains_key(ORIGIN) {
        cors::expose(response.headers_mut());
    }
    response
}

async fn answer(engine: &Engine, parts: &Parts, body: axum::body::Body) -> Response {
    let bearer = match engine.read(|world| bearer::bearer(world, &parts.headers)) {
        Ok(bearer) => bearer,
        Err(failure) => return answer::failure(failure),
    };
    let (route, path) = match follow(engine, parts) {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let operation = route.operation;
    let done = async {
        let caller = bearer::admit(operation, bearer)?;
        let body = body::read(body).await?;
        let sent = contract::Sent {
            path,
            query: parts.uri.query().unwrap_or_default(),
            body: &body,
            is_json: body::is_json(&parts.headers),
        };
        run(engine, route, caller, sent)
    };
    let response = match done.await {
        Ok(done) => answer::reply(engine, operation, done),
        Err(failure) => answer::failure(failure),
    };
    tracing::debug!(
        operation = operation.id,
        status = response.status().as_u16()
    );
    response
}

fn follow<'e>(
    engine: &'e Engine,
    parts: &Parts,
) -> Result<(&'e Route, BTreeMap<String, String>), Box<Response>> {
    let path = plain_path(parts.uri.path());
    match engine.routes().find(&parts.method, &path) {
        Found::Operation(route, parameters) => Ok((route, parameters)),
        Found::WrongMethod(others) => {
            let mut response = framework(405, "Method Not Allowed");
            let others: BTreeSet<_> = others.iter().map(|method| method.as_str()).collect();
            let others: Vec<_> = others.into_iter().collect();
            answer::set(&mut response, ALLOW, &others.join(", "));
            if parts.method == Method::HEAD {
                *response.body_mut() = axum::body::Body::empty();
            }
            Err(Box::new(response))
        }
        Found::Elsewhere => Err(Box::new(elsewhere(parts))),
        Found::Nowhere => Err(Box::new(framework(404, "Not Found"))),
    }
}

fn run(
    engine: &Engine,
    route: &Route,
    caller: Caller,
    sent: contract::Sent<'_>,
) -> Result<Reply, Failure> {
    let operation = route.operation;
    let call = contract::read(operation, caller, sent, engine.now())?;
    contract::refuse_own_organization(operation, &call)?;
    let Some(handler) = route.handler else {
        let detail = format!("{} is not part of this sandbox yet.", operation.id);
        return Err(Failure::named(501, "NotImplemented", detail));
    };
    let done = catch_unwind(AssertUnwindSafe(|| {
        engine.call(operation.method, |world| handler(world, &call))
    }));
    done.unwrap_or_else(|_| {
        tracing::error!(
            operation = operation.id,
            "an operation broke off: this is a bug of the sandbox"
        );
        Err(Failure::Broken)
    })
}

/// The path without its escapes, its old root and its undocumented alias.
fn plain_path(raw: &str) -> String {
    let path = contract::decode_path(raw);
    let path = match path.strip_prefix(OLD_ROOT) {
        Some(rest) => format!("/v1/{rest}"),
        None => path,
    };
    match path.strip_prefix(CUSTOM_CHECKOUTS) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/v1/checkouts{rest}"),
        Some(_) | None => path,
    }
}

/// To the same path with or without its last slash.
fn elsewhere(parts: &Parts) -> Response {
    let raw = parts.uri.path();
    let path = raw
        .strip_suffix('/')
        .map_or_else(|| format!("{raw}/"), str::to_owned);
    let host = host(&parts.headers);
    let query = parts.uri.query().map(|query| format!("?{query}"));
    let query = query.unwrap_or_default();
    answer::redirect(&format!("http://{host}{path}{query}"))
}

fn host(headers: &HeaderMap) -> &str {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    host.unwrap_or("localhost")
}
