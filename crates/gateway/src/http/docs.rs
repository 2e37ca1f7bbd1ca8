//! `GET /openapi.json`, `GET /docs` and `GET /metrics`: for those who hold a key.

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use polarkit_store::DeliveryBacklog;
use utoipa::OpenApi as _;

use super::Contract;
use super::body::json;
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::metrics::{Line, Seen};
use crate::problem::Problem;
use crate::subscriber::breaker::Breaker;

/// The contract, as OpenAPI.
pub(super) async fn openapi(caller: Caller) -> Result<Response, Problem> {
    caller.must_be_server("docs:read")?;
    let text = Contract::openapi()
        .to_json()
        .map_err(|error| Problem::internal(&error))?;
    Ok(json(text))
}

/// The contract, as a page: no scripts, nothing loaded from elsewhere.
pub(super) async fn page(caller: Caller) -> Result<Response, Problem> {
    caller.must_be_server("docs:read")?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(render())).into_response())
}

/// What Prometheus reads.
pub(super) async fn metrics(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.must_be_server("metrics:read")?;
    let inbox = gateway.store.inbox_backlog().await?;
    let now = gateway.time.local();
    let usage = gateway.store.usage_backlog(now.as_microsecond()).await?;
    let readings = gateway.store.readings().await?;
    let doubts = gateway.store.doubts().await?;
    let polars = gateway.time.now();
    gateway.metrics.reconciled(&readings, doubts, polars);
    let lines = lines(&gateway).await?;
    let reservations = gateway.store.reservations_held(now.as_microsecond());
    let reservations = reservations.await?;
    let seen = Seen {
        inbox: &inbox,
        usage: &usage,
        lines: &lines,
        readers: i64::try_from(gateway.readers.count()).unwrap_or(i64::MAX),
        reservations,
    };
    let text = gateway.metrics.render(&seen, now);
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// Every subscriber's line, also those in which nothing waits.
async fn lines(gateway: &Gateway) -> Result<Vec<Line>, Problem> {
    let backlogs = gateway.store.delivery_backlog().await?;
    let now = gateway.time.local();
    let all = gateway.store.subscribers().await?.into_iter().map(|one| {
        let own = backlogs.iter().find(|own| own.subscriber == one.id);
        Line {
            breaker: Breaker::of(&one.standing, now),
            enabled: one.enabled,
            backlog: own.cloned().unwrap_or_else(|| DeliveryBacklog {
                subscriber: one.id.clone(),
                ..DeliveryBacklog::default()
            }),
        }
    });
    Ok(all.collect())
}

fn render() -> String {
    let contract = serde_json::to_value(Contract::openapi()).unwrap_or_default();
    let paths = contract.get("paths").and_then(serde_json::Value::as_object);
    let mut rows = String::new();
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let text = |field| operation.get(field).and_then(serde_json::Value::as_str);
            let summary = text("summary").unwrap_or_default();
            let method = method.to_uppercase();
            rows.extend([
                "<tr><td><code>",
                &method,
                "</code></td><td><code>",
                &escaped(path),
                "</code></td><td>",
                &escaped(summary),
                "</td></tr>\n",
            ]);
        }
    }
    include_str!("docs.html").replace("<!-- rows -->", &rows)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
