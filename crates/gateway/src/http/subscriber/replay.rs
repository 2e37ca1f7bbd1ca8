//! Telling a subscriber again: by id, or all that fits.

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Reply};
use super::super::caller::Caller;
use super::{WRITE, found};
use crate::gateway::Gateway;
use crate::problem::{Problem, Shape};
use crate::subscriber::filter::Filter;
use crate::subscriber::replay::{self, States, Wanted};

/// Ids of one call.
const IDS_MAX: usize = 1_000;

/// What is to be told again: either ids, or a filter.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Replay {
    /// These events, whatever became of them.
    event_ids: Option<Vec<String>>,
    /// What became of them: `dead` (unless given), `delivered`, `missed` (happened before there was
    /// such a subscriber or filter).
    status: Option<Vec<String>>,
    /// Told at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Told before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Types, or beginnings of types followed by `*`.
    #[serde(default)]
    types: Vec<String>,
    /// Customers, by Polar's id or yours.
    #[serde(default)]
    customers: Vec<String>,
    /// `next` of the call before.
    after: Option<i64>,
}

/// How many were put at the end of the line.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SubscriberReplayed)]
pub(in crate::http) struct Replayed {
    queued: u64,
    /// When this was not all: give it as `after`.
    next: Option<i64>,
}

/// Tells events again, with the ids they had. They go to the end of the line.
#[utoipa::path(
    post,
    path = "/api/subscribers/{id}/replay",
    tag = "subscribers",
    params(("id" = String, Path, description = "The subscriber's id")),
    request_body = Replay,
    responses((status = 200, body = Replayed), (status = 400, body = Shape), (status = 401, body = Shape), (status = 403, body = Shape), (status = 404, body = Shape)),
    security(("bearer" = [])),
)]
pub(in crate::http) async fn start(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Replay>,
) -> Result<Reply<Replayed>, Problem> {
    caller.must_be_server(WRITE)?;
    let subscriber = found(&gateway, &id).await?;
    if let Some(ids) = &asked.event_ids {
        if ids.is_empty() || ids.len() > IDS_MAX {
            return Err(Problem::invalid("event_ids: 1 to 1000 of them"));
        }
        let queued = replay::by_id(&gateway, &id, ids).await?;
        return Ok(Reply(Replayed { queued, next: None }));
    }
    let done = replay::by_filter(&gateway, &subscriber, wanted(asked)?).await?;
    Ok(Reply(Replayed {
        queued: done.queued,
        next: done.next,
    }))
}

fn wanted(asked: Replay) -> Result<Wanted, Problem> {
    let status = asked.status.unwrap_or_else(|| vec!["dead".to_owned()]);
    let is = |word: &str| status.iter().any(|given| given == word);
    let known = ["dead", "delivered", "missed"];
    if status.is_empty() || !status.iter().all(|given| known.contains(&given.as_str())) {
        return Err(Problem::invalid(
            "status: a list of dead, delivered and missed",
        ));
    }
    let filter = Filter {
        events: asked.types,
        customers: asked.customers,
        products: Vec::new(),
    };
    let named = |fault: String| fault.replacen("events", "types", 1);
    filter
        .check()
        .map_err(|fault| Problem::invalid(named(fault.to_string())))?;
    let from = asked.from.map_or(i64::MIN, Timestamp::as_microsecond);
    let to = asked.to.map_or(i64::MAX, Timestamp::as_microsecond);
    if from >= to {
        return Err(Problem::invalid("to: must be later than from"));
    }
    Ok(Wanted {
        between: (from, to),
        after: asked.after.unwrap_or_default(),
        filter,
        states: States {
            dead: is("dead"),
            delivered: is("delivered"),
            missed: is("missed"),
        },
    })
}
