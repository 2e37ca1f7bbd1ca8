//! `GET /v1/events/names`: which events there are, and how many of each.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Audience, Event, Source, kinds};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::render;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// All events of one name and source.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) organization: Id<Organization>,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) source: Source,
    pub(super) occurrences: i64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
}

const SORTS: &SortKeys<Tally> = &[
    ("name", |_, row| SortKey::text(&row.name)),
    ("occurrences", |_, row| SortKey::Number(row.occurrences)),
    ("first_seen", |_, row| SortKey::Time(row.first_seen)),
    ("last_seen", |_, row| SortKey::Time(row.last_seen)),
];

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let rows = tally(world, call, |_| true)?;
    let rows = rows
        .iter()
        .filter(|row| call.query.finds("query", [row.name.as_str()]))
        .collect();
    Ok(list::page(world, call, rows, SORTS, render))
}

/// Counts the events that the call's filters and `also` let pass, by name and source.
pub(super) fn tally(
    world: &World,
    call: &Call,
    also: impl Fn(&Event) -> bool,
) -> Result<Vec<Tally>, Failure> {
    let organization = call.organization()?;
    let audience = Audience::read(world, call);
    let query = &call.query;
    let events = world
        .events
        .of(organization)
        .filter(|row| query.allows("organization_id", row.organization))
        .filter(|row| query.allows("source", row.source.word()))
        .filter(|row| audience.includes(row))
        .filter(|row| also(row));
    let mut tallies: IndexMap<(&str, Source), Tally> = IndexMap::new();
    for event in events {
        let tally = tallies
            .entry((&event.name, event.source))
            .or_insert_with(|| first(world, event));
        tally.occurrences += 1;
        tally.first_seen = tally.first_seen.min(event.timestamp);
        tally.last_seen = tally.last_seen.max(event.timestamp);
    }
    Ok(tallies.into_values().collect())
}

fn first(world: &World, event: &Event) -> Tally {
    let label = match event.source {
        Source::System => kinds::system_label(&event.name),
        Source::User => kinds::find(world, event.organization, &event.name)
            .map_or_else(|| event.name.clone(), |row| row.label.clone()),
    };
    Tally {
        organization: event.organization,
        name: event.name.clone(),
        label,
        source: event.source,
        occurrences: 0,
        first_seen: event.timestamp,
        last_seen: event.timestamp,
    }
}

fn render(_world: &World, tally: &Tally) -> Value {
    json!({
        "name": tally.name,
        "label": tally.label,
        "source": tally.source,
        "occurrences": tally.occurrences,
        "first_seen": render::time(tally.first_seen),
        "last_seen": render::time(tally.last_seen),
    })
}
