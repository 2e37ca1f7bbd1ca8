//! The log of attempts, and sending a message once more.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::outbox::Attempt;
use super::{Endpoint, Message};
use crate::call::Call;
use crate::failure::Failure;
use crate::list;
use crate::render;
use crate::reply::Reply;
use crate::world::{Id, World, found_by};

/// Payloads are kept so long.
const RETENTION_H: i64 = 90 * 24;

/// One attempt that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: Id<Self>,
    pub(crate) message: Id<Message>,
    pub(crate) created_at: Timestamp,
    pub(crate) succeeded: bool,
    /// Absent when nothing answered.
    pub(crate) http_code: Option<u16>,
    /// What was answered, or why nothing was. Absent when the answer was empty.
    pub(crate) response: Option<String>,
}

found_by!(Delivery: message);

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows: Vec<_> = world
        .deliveries
        .iter()
        .rev()
        .filter_map(|row| {
            let message = world.messages.find(row.message)?;
            let endpoint = world.endpoints.find(message.endpoint)?;
            let mine = endpoint.organization == organization;
            (mine && wanted(call, row, message, endpoint)).then_some((row, message))
        })
        .collect();
    let now = world.now();
    Ok(list::paged(call, &rows, |(row, message)| {
        show(row, message, now)
    }))
}

/// Sends a message again, whatever became of it: same id, same body, new timestamp and signature.
pub(super) fn redeliver(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let message = world.messages.get(call.id("id")?)?;
    let endpoint = world.endpoints.get(message.endpoint)?;
    if endpoint.organization != organization {
        return Err(Failure::not_found());
    }
    let attempt = Attempt {
        message: message.id,
        endpoint: message.endpoint,
        redelivery: true,
        in_line: false,
    };
    let now = world.stamp();
    world.outbox.add(now, attempt);
    Ok(Value::Null.into())
}

fn wanted(call: &Call, row: &Delivery, message: &Message, endpoint: &Endpoint) -> bool {
    let query = &call.query;
    let class = row.http_code.map(|code| format!("{}xx", code / 100));
    let code = row.http_code.map(|code| code.to_string());
    let (id, event) = (row.id.to_string(), message.id.to_string());
    let texts = [
        id.as_str(),
        event.as_str(),
        code.as_deref().unwrap_or_default(),
    ];
    let of_deleted = endpoint.deleted && query.get("endpoint_id").is_some();
    !of_deleted
        && query.allows("endpoint_id", endpoint.id)
        && query.allows("event_type", &message.event)
        && query.allows_flag("succeeded", row.succeeded)
        && query.allows_some("http_code_class", class)
        && query
            .time("start_timestamp")
            .is_none_or(|start| row.created_at > start)
        && query
            .time("end_timestamp")
            .is_none_or(|end| row.created_at < end)
        && query.finds("query", texts)
}

/// Old payloads are put away.
pub(super) fn is_archived(message: &Message, now: Timestamp) -> bool {
    let end = message.created_at.saturating_add(RETENTION_H.hours());
    end.is_ok_and(|end| end < now)
}

fn show(row: &Delivery, message: &Message, now: Timestamp) -> Value {
    let archived = is_archived(message, now);
    json!({
        "created_at": render::time(row.created_at),
        "modified_at": null,
        "id": row.id,
        "succeeded": row.succeeded,
        "http_code": row.http_code,
        "response": row.response,
        "webhook_event": {
            "created_at": render::time(message.created_at),
            "modified_at": render::time_or_null(message.modified_at),
            "id": message.id,
            "last_http_code": message.last_http_code,
            "succeeded": message.succeeded,
            "skipped": message.skipped,
            "payload": (!archived).then_some(&message.body),
            "type": message.event,
            "is_archived": archived,
        },
    })
}
