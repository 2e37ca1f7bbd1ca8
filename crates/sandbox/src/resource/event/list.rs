//! `GET /v1/events/`

use serde_json::{Value, json};

use super::{Audience, Event, customer_of, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::list::{Picked, SortKey, SortKeys};
use crate::reply::Reply;
use crate::resource::meter::{self, Filter};
use crate::resource::organization::Organization;
use crate::world::{Id, World};

const SORTS: &SortKeys<Event> = &[("timestamp", |_, row| SortKey::Time(row.timestamp))];

/// What a call may say of a page; anything else is a filter.
const PAGING: &[&str] = &["page", "limit", "sorting", "cursor_pagination"];

/// How far below an event a list may reach.
const DEPTH_MAX: i64 = 5;

/// The shortest text that is searched for.
const QUERY_MIN: usize = 3;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let query = &call.query;
    check_search(call)?;
    let also = world.events.is_in_order().then_some("timestamp");
    if query.asks_for_nothing_but(PAGING) {
        let rows = world.events.of(organization);
        let picked = Picked::of(world, call, rows, SORTS, also);
        return Ok(told(world, call, &picked));
    }
    let filters = filters(world, call, organization)?;
    let audience = Audience::read(world, call);
    let start = query.time("start_timestamp");
    let end = query.time("end_timestamp");
    let rows: Vec<_> = world
        .events
        .of(organization)
        .filter(|row| query.allows("organization_id", row.organization))
        .filter(|row| query.allows("name", &row.name))
        .filter(|row| query.allows("source", row.source.word()))
        .filter(|row| audience.includes(row))
        .filter(|row| start.is_none_or(|start| row.timestamp >= start))
        .filter(|row| end.is_none_or(|end| row.timestamp <= end))
        .filter(|row| filters.iter().all(|filter| filter.matches(row)))
        .filter(|row| query.allows_metadata(&row.metadata))
        .filter(|row| is_below(world, call, row))
        .filter(|row| speaks_of(world, call, row))
        .collect();
    let picked = Picked::of(world, call, rows.into_iter(), SORTS, also);
    Ok(told(world, call, &picked))
}

fn told(world: &World, call: &Call, picked: &Picked<'_, Event>) -> Reply {
    match call.query.flag("cursor_pagination") {
        Some(true) => picked.told_by_cursor(world, call, render),
        Some(false) | None => picked.told(world, call, render),
    }
}

/// A search must name the organization it searches, and be long enough to mean something.
fn check_search(call: &Call) -> Result<(), Failure> {
    let Some(text) = call.query.get("query") else {
        return Ok(());
    };
    let (kind, message) = if call.query.get("organization_id").is_none() {
        ("value_error", "A query needs an organization_id beside it.")
    } else if text.chars().count() < QUERY_MIN {
        ("query", "A query needs three characters or more.")
    } else {
        return Ok(());
    };
    Err(Failure::Malformed(vec![Flaw {
        kind,
        at: vec!["query".into(), "query".into()],
        message: message.to_owned(),
        input: text.into(),
        context: None,
    }]))
}

/// The filters that are written out, and those of the meter that is named.
fn filters(
    world: &World,
    call: &Call,
    organization: Id<Organization>,
) -> Result<Vec<Filter>, Failure> {
    let at = |field: &str, kind, message: String, input: &str| {
        Failure::refused(Flaw {
            kind,
            at: vec!["query".into(), field.into()],
            message,
            input: input.into(),
            context: None,
        })
    };
    let mut filters = Vec::new();
    if let Some(text) = call.query.get("filter") {
        let filter = serde_json::from_str(text).map_err(|error| {
            at(
                "filter",
                "value_error",
                format!("Invalid filter: {error}"),
                text,
            )
        })?;
        filters.push(filter);
    }
    if let Some(text) = call.query.get("meter_id") {
        let meter = Id::parse(text)
            .and_then(|id| meter::find(world, organization, id))
            .ok_or_else(|| at("meter_id", "meter_id", "Meter not found.".to_owned(), text))?;
        filters.push(meter.filter.clone());
    }
    Ok(filters)
}

/// Depth 0 is the roots, or the children of `parent_id`. Without either, every event.
fn is_below(world: &World, call: &Call, event: &Event) -> bool {
    let parent = call.query.get("parent_id").and_then(Id::parse);
    let depth = call.query.number("depth");
    if parent.is_none() && depth.is_none() {
        return true;
    }
    let mut above = event.parent;
    for _ in 0..=depth.unwrap_or(0).clamp(0, DEPTH_MAX) {
        if above == parent {
            return true;
        }
        above = above
            .and_then(|id| world.events.find(id))
            .and_then(|event| event.parent);
    }
    false
}

/// The search text may stand in the name, the customer or the metadata.
fn speaks_of(world: &World, call: &Call, event: &Event) -> bool {
    if call.query.get("query").is_none() {
        return true;
    }
    let customer = customer_of(world, event).map(|c| json!([c.name, c.email, c.external_id]));
    let metadata = Value::Object(event.metadata.clone()).to_string();
    let customer = customer.unwrap_or_default().to_string();
    let texts = [event.name.as_str(), metadata.as_str(), customer.as_str()];
    call.query.finds("query", texts)
}
