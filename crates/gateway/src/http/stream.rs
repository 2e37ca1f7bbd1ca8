//! `GET /api/events/stream`: what happens, pushed as server-sent events.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::body::Search;
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};
use crate::subscriber::filter::Filter;
use crate::subscriber::stream::Reader;

/// Who may read everyone's events.
const READ: &str = "events:read";

/// Which events.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Types, or beginnings of types followed by `*`, separated by commas; everything when left out.
    types: Option<String>,
    /// Only what concerns this customer, by your id.
    external_customer_id: Option<String>,
    /// Only what concerns these products, by Polar's ids, separated by commas.
    products: Option<String>,
}

/// Streams what happens from now on, or from after `Last-Event-ID`. A server sees everything, a
/// user what concerns themselves.
#[utoipa::path(
    get,
    path = "/api/events/stream",
    tag = "subscribers",
    params(Which, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses(
        (status = 200, description = "Events, until the connection ends", body = String, content_type = "text/event-stream"),
        (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape),
        (status = 404, description = "What came after that id is no longer kept", body = Shape),
        (status = 503, description = "Too many readers", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read(
    State(gateway): State<Gateway>,
    caller: Caller,
    headers: HeaderMap,
    Search(which): Search<Which>,
) -> Result<Response, Problem> {
    let only = match (&caller, which.external_customer_id) {
        (Caller::User(subject), None) => Some(subject.clone()),
        (_, Some(external_id)) => {
            caller.must_act_for(&external_id, READ)?;
            Some(external_id)
        }
        (Caller::Server(_), None) => {
            caller.must_be_server(READ)?;
            None
        }
    };
    let filter = Filter {
        events: split(which.types.as_deref()),
        customers: Vec::new(),
        products: split(which.products.as_deref()),
    };
    filter.check().map_err(|fault| {
        let fault = fault.to_string().replacen("events", "types", 1);
        Problem::invalid(fault)
    })?;
    let reader = Reader {
        after: start(&gateway, &headers).await?,
        filter,
        only,
    };
    let frames = gateway.readers.admit(&gateway, reader).ok_or_else(|| {
        Problem::new(Code::Overloaded, "Too many readers; try another node").retry_after(5)
    })?;
    let mut response = Response::new(Body::new(frames));
    let own = response.headers_mut();
    own.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies gather answers into blocks unless told not to.
    own.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The position to go on from: what stands before the slash of an event's id.
async fn start(gateway: &Gateway, headers: &HeaderMap) -> Result<i64, Problem> {
    let line = gateway.store.told_line().await?;
    let Some(given) = headers.get("last-event-id") else {
        return Ok(line.last);
    };
    if given.is_empty() {
        return Ok(line.last);
    }
    let text = given.to_str().ok();
    let position = text.and_then(|text| text.split('/').next()?.trim().parse().ok());
    let known = position.filter(|position| (0..=line.last).contains(position));
    let Some(position) = known else {
        let wrong = "Last-Event-ID: is no id of this stream; leave it out to begin with what comes";
        return Err(Problem::invalid(wrong));
    };
    if position < line.forgotten {
        let gone = "Last-Event-ID: what came after it is no longer kept; leave it out, and read \
                    afresh what you need";
        return Err(Problem::new(Code::NotFound, gone));
    }
    Ok(position)
}

fn split(list: Option<&str>) -> Vec<String> {
    let items = list.unwrap_or_default().split(',').map(str::trim);
    items
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}
