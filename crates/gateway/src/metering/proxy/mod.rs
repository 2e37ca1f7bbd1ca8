//! The metering proxy: stands before an app of any language and counts what its customers use.

mod customer;
mod headers;
mod patience;
mod tunnel;
mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::Method;
use tokio_util::sync::CancellationToken;

use self::tunnel::Tunnels;
pub(crate) use self::upstream::Unusable;
use self::upstream::Upstream;
use super::Counting;
use crate::config::Metering;
use crate::gateway::Gateway;
use crate::http::request_id;
use crate::problem::{Code, Problem};

/// Everything a request on its way through needs.
#[derive(Debug, Clone)]
struct Proxy(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    gateway: Gateway,
    settings: Metering,
    counting: Counting,
    upstream: Upstream,
    tunnels: Tunnels,
}

/// Passes everything on to the app; its tunnels end when told to stop.
pub(crate) fn router(
    gateway: Gateway,
    settings: Metering,
    stop: CancellationToken,
) -> Result<Router, Unusable> {
    let parts = Parts {
        counting: Counting {
            gateway: gateway.clone(),
            rules: Arc::new(settings.rules.clone()),
            report: settings.report_header.clone(),
        },
        upstream: Upstream::new(&settings)?,
        tunnels: Tunnels::new(stop),
        gateway,
        settings,
    };
    let proxy = Proxy(Arc::new(parts));
    Ok(Router::new().fallback(answer).with_state(proxy))
}

/// What holds for every request: it has an id, which the app is told, and it is counted for the
/// operator.
async fn answer(
    State(proxy): State<Proxy>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let id = request_id::of(&request);
    let passed = async { pass(&proxy.0, peer, request).await };
    let passed = request_id::within(&id, async {
        passed.await.unwrap_or_else(|refusal| {
            let mut answer = refusal.into_response();
            request_id::show(&id, &mut answer);
            answer
        })
    });
    let response = passed.await;
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    proxy.0.gateway.metrics.request("meter", status, seconds);
    response
}

async fn pass(proxy: &Parts, peer: SocketAddr, mut request: Request) -> Result<Response, Problem> {
    if request.method() == Method::CONNECT {
        let detail = "This stands before one app and opens no tunnels to others";
        return Err(Problem::new(Code::MethodNotAllowed, detail));
    }
    let trusted = proxy.trusts(peer);
    let customer = proxy.customer(request.headers(), trusted);
    if customer.is_none() && proxy.settings.require_customer {
        let detail = "Send a token that says who you are";
        return Err(Problem::new(Code::Unauthenticated, detail));
    }
    proxy.strip_customer(request.headers_mut(), trusted);
    let tunnel = proxy.tunnels.asked_by(&mut request)?;
    let (exchange, mut request) = proxy.counting.begin(customer, request).await;
    headers::to_app(request.headers_mut(), peer.ip(), trusted, tunnel.as_ref());
    let mut answer = proxy.upstream.send(request).await?;
    let opened = tunnel.and_then(|tunnel| proxy.tunnels.open(tunnel, &mut answer));
    headers::to_client(answer.headers_mut(), opened.as_ref());
    Ok(proxy.counting.answered(exchange, answer).await)
}
