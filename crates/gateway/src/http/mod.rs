//! The gateway's HTTP face: routes, and what holds for all of them.

mod address;
pub(crate) mod body;
pub(crate) mod caller;
mod checkout;
mod contract;
mod customer;
mod dead_letter;
mod docs;
mod entitlement;
pub(crate) mod health;
mod inbox;
mod lease;
pub(crate) mod license;
mod limit;
mod portal;
mod reconcile;
pub(crate) mod request_id;
mod reservation;
mod stream;
mod subscriber;
mod usage;
mod webhook;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

use self::contract::Contract;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem};

/// Longest body of any route but these two.
const BODY_BYTES_MAX: usize = 2 << 20;
/// Longest body of usage; the webhook's bounds itself.
const USAGE_BYTES_MAX: usize = 8 << 20;
/// Longest a request may take, its body included: slow senders are cut.
const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Every route of the gateway, to serve or to nest in another application.
///
/// Paths are written out: a nested router would take every path apart and put it together again.
pub fn router(gateway: Gateway) -> Router {
    let pages = api()
        .merge(subscribers())
        .route_layer(from_fn_with_state(gateway.clone(), limit::admit))
        .route("/", get(health::greet))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(docs::metrics))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    open_to_pages(pages, &gateway.config)
        // No page delivers webhooks, and they bound their body themselves.
        .route("/webhook/polar", post(webhook::take).fallback(not_so))
        .layer(from_fn_with_state(gateway.clone(), observe))
        .with_state(gateway)
}

/// What an application calls.
fn api() -> Router<Gateway> {
    Router::new()
        .route("/api/checkout/create", post(checkout::create))
        .route(
            "/api/checkout/{checkout_id}/details",
            get(checkout::details),
        )
        .route(
            "/api/checkout/{checkout_id}/confirm",
            post(checkout::confirm::ask),
        )
        .route("/api/customer-portal/session", post(portal::open))
        .route("/api/license/validate", post(license::validate))
        .route("/api/license/activate", post(license::activate))
        .route("/api/license/deactivate", post(license::deactivate))
        .route("/api/license/lease", post(lease::give))
        .route("/api/license/pool", post(lease::pool))
        .route("/api/license/keys", get(lease::keys))
        .route("/api/license/revocations", get(lease::revocations))
        .route("/api/entitlements/{external_id}", get(entitlement::list))
        .route(
            "/api/entitlements/{external_id}/check",
            get(entitlement::check::check),
        )
        .route(
            "/api/entitlements/{external_id}/why",
            get(entitlement::why::why),
        )
        .route(
            "/api/customers/resolve",
            post(customer::resolve::find_or_create),
        )
        .route("/api/customers/{external_id}", get(customer::show))
        .route(
            "/api/usage/track",
            post(usage::track).layer(DefaultBodyLimit::max(USAGE_BYTES_MAX)),
        )
        .route("/api/usage/balance/{external_id}", get(usage::balance))
        .route("/api/usage/reserve", post(reservation::reserve))
        .route("/api/usage/commit", post(reservation::commit))
        .route("/api/usage/release", post(reservation::release))
        .route("/api/inbox", get(inbox::list))
        .route("/api/inbox/replay", post(inbox::replay::many))
        .route("/api/inbox/{webhook_id}", get(inbox::letter::show))
        .route("/api/inbox/{webhook_id}/replay", post(inbox::replay::one))
        .route(
            "/api/reconcile",
            get(reconcile::status).post(reconcile::start),
        )
        .route("/api/drift", get(reconcile::drift))
        .route("/api/dead-letters", get(dead_letter::list))
        .route("/api/dead-letters/{id}/replay", post(dead_letter::revive))
        .route("/api/events/stream", get(stream::read))
}

/// Everything about those who are told what happens.
fn subscribers() -> Router<Gateway> {
    let one: MethodRouter<Gateway> = get(subscriber::show)
        .patch(subscriber::change::update)
        .delete(subscriber::delete);
    let all = get(subscriber::list).post(subscriber::change::create);
    Router::new()
        .route("/api/subscribers", all)
        .route("/api/subscribers/{id}", one)
        .route(
            "/api/subscribers/{id}/enable",
            post(subscriber::change::enable),
        )
        .route(
            "/api/subscribers/{id}/disable",
            post(subscriber::change::disable),
        )
        .route(
            "/api/subscribers/{id}/secret/rotate",
            post(subscriber::secret::rotate),
        )
        .route("/api/subscribers/{id}/test", post(subscriber::trial::send))
        .route(
            "/api/subscribers/{id}/deliveries",
            get(subscriber::delivery::list),
        )
        .route(
            "/api/subscribers/{id}/replay",
            post(subscriber::replay::start),
        )
}

/// The gateway's contract, as OpenAPI.
pub fn openapi() -> utoipa::openapi::OpenApi {
    use utoipa::OpenApi as _;
    Contract::openapi()
}

/// What holds for every request, in one layer, because each costs: it has an id, a bound on its
/// time, an answer even where we have a bug, and it is counted. Browsers don't guess types.
async fn observe(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request_id::of(&request);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let served = request_id::within(&id, tokio::time::timeout(REQUEST_MAX, answer)).await;
    let mut response = match served {
        Ok(Ok(response)) => response,
        Ok(Err(cause)) => request_id::within(&id, async move { panicked(&*cause) }).await,
        Err(_elapsed) => {
            let slow = Problem::new(Code::TooSlow, "The request took too long");
            request_id::within(&id, async { slow.into_response() }).await
        }
    };
    request_id::show(&id, &mut response);
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let seconds = started.elapsed().as_secs_f64();
    gateway
        .metrics
        .request(route, response.status().as_u16(), seconds);
    response
}

/// Pages of the origins configuration names may call, without cookies; by default none, and then
/// nothing is said of origins at all.
fn open_to_pages(routes: Router<Gateway>, config: &Config) -> Router<Gateway> {
    if config.cors_origins.is_empty() {
        return routes;
    }
    let origins = config
        .cors_origins
        .iter()
        .filter_map(|origin| origin.parse().ok());
    let cors = CorsLayer::new()
        .allow_origin(origins.collect::<Vec<HeaderValue>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([RETRY_AFTER, limit::POLICY, limit::STANDING]);
    routes.layer(cors)
}

async fn nowhere() -> Problem {
    Problem::new(Code::NotFound, "There is no such route")
}

async fn not_so() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This route takes another method")
}

/// A bug of ours. What it says may hold a caller's data: it goes to the log only.
fn panicked(cause: &(dyn Any + Send)) -> Response {
    let text = cause.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(cause = %text, "a request panicked");
    Problem::new(
        Code::Internal,
        "Something failed here; the log has it by the request id",
    )
    .into_response()
}
