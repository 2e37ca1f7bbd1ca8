//! What banks make of refunds, and what Polar's staff forbids.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{change, read};
use crate::engine::Engine;
use crate::resource::order::Order;
use crate::resource::refund::{self, RefundStatus};
use crate::world::Id;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    status: RefundStatus,
}

/// `POST /sandbox/refunds/{id}` `{"status": "failed"}`.
pub(super) async fn settle(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Word { status } = match read(&body, r#"{"status":"failed"}"#) {
        Ok(word) => word,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id| {
        refund::settle(world, id, status)?;
        Ok(refund::render(world, world.refunds.get(id)?).value())
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    blocked: bool,
}

/// `POST /sandbox/orders/{id}/refunds` `{"blocked": true}`.
pub(super) async fn block(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let Block { blocked } = match read(&body, r#"{"blocked":true}"#) {
        Ok(block) => block,
        Err(refusal) => return *refusal,
    };
    change(&engine, &id, |world, id: Id<Order>| {
        world.orders.get_mut(id)?.refunds_blocked = blocked;
        Ok(json!({"blocked": blocked}))
    })
}
