//! Event types: every name that was sent, with a label of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::names::{Tally, tally};
use super::{Event, Source};
use crate::call::Call;
use crate::failure::Failure;
use crate::list::{self, SortKey, SortKeys};
use crate::render;
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// One row; made when a name is first sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventType {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) organization: Id<Organization>,
    pub(crate) name: String,
    pub(crate) label: String,
    /// A path into the metadata whose text takes the label's place.
    pub(crate) label_property_selector: Option<String>,
}

found_by!(EventType: name);

const SORTS: &SortKeys<Tally> = &[
    ("name", |_, row| SortKey::text(&row.name)),
    ("label", |_, row| SortKey::text(&row.label)),
    ("occurrences", |_, row| SortKey::Number(row.occurrences)),
    ("first_seen", |_, row| SortKey::Time(row.first_seen)),
    ("last_seen", |_, row| SortKey::Time(row.last_seen)),
];

/// `GET /v1/event-types/`
pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let parent = call.query.get("parent_id").and_then(Id::parse);
    let roots = call.query.flag("root_events") == Some(true);
    let rows = tally(world, call, |event| {
        (!roots || event.parent.is_none()) && (parent.is_none() || event.parent == parent)
    })?;
    let rows = rows
        .iter()
        .filter(|row| call.query.finds("query", [row.name.as_str(), &row.label]))
        .collect();
    Ok(list::page(world, call, rows, SORTS, render_tally))
}

/// `PATCH /v1/event-types/{id}`
pub(super) fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        label: String,
        label_property_selector: Option<String>,
    }
    let input: Input = call.input()?;
    let id = call.id("id")?;
    let organization = call.organization()?;
    let now = world.stamp();
    let row = world.event_types.get_mut(id)?;
    if row.organization != organization {
        return Err(Failure::not_found());
    }
    row.modified_at = Some(now);
    row.label = input.label;
    if call.sends("label_property_selector") {
        row.label_property_selector = input.label_property_selector;
    }
    Ok(render(row).into())
}

/// Makes the type of a name that is new.
pub(super) fn ensure(world: &mut World, organization: Id<Organization>, name: &str) {
    if find(world, organization, name).is_some() {
        return;
    }
    let id = world.chance.id();
    let created_at = world.stamp();
    let row = EventType {
        id,
        created_at,
        modified_at: None,
        organization,
        name: name.to_owned(),
        label: name.to_owned(),
        label_property_selector: None,
    };
    world.event_types.insert(id, row);
}

pub(super) fn find<'w>(
    world: &'w World,
    organization: Id<Organization>,
    name: &str,
) -> Option<&'w EventType> {
    world
        .event_types
        .of(name)
        .find(|row| row.organization == organization && row.name == name)
}

/// What people read instead of the name.
pub(super) fn label(world: &World, event: &Event) -> String {
    if event.source == Source::System {
        return system_label(&event.name);
    }
    let Some(row) = find(world, event.organization, &event.name) else {
        return event.name.clone();
    };
    row.label_property_selector
        .as_deref()
        .and_then(|path| {
            let mut keys = path.split('.');
            let first = event.metadata.get(keys.next()?)?;
            keys.try_fold(first, |inside, key| inside.get(key))
        })
        .and_then(Value::as_str)
        .map_or_else(|| row.label.clone(), str::to_owned)
}

/// `subscription.past_due` reads "Subscription Past Due".
pub(super) fn system_label(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    let words: Vec<_> = name.split(['.', '_']).map(capital).collect();
    words.join(" ")
}

fn render(row: &EventType) -> Value {
    json!({
        "created_at": render::time(row.created_at),
        "modified_at": render::time_or_null(row.modified_at),
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "label_property_selector": row.label_property_selector,
        "organization_id": row.organization,
    })
}

fn render_tally(world: &World, tally: &Tally) -> Value {
    let row = match tally.source {
        Source::User => find(world, tally.organization, &tally.name),
        Source::System => None,
    };
    json!({
        "id": row.map(|row| row.id),
        "created_at": render::time_or_null(row.map(|row| row.created_at)),
        "modified_at": render::time_or_null(row.and_then(|row| row.modified_at)),
        "name": tally.name,
        "label": tally.label,
        "label_property_selector": row.and_then(|row| row.label_property_selector.clone()),
        "organization_id": tally.organization,
        "source": tally.source,
        "occurrences": tally.occurrences,
        "first_seen": render::time(tally.first_seen),
        "last_seen": render::time(tally.last_seen),
    })
}

#[cfg(test)]
mod tests {
    use super::system_label;

    #[test]
    fn system_names_read_as_titles() {
        assert_eq!(system_label("meter.reset"), "Meter Reset");
        assert_eq!(
            system_label("subscription.past_due"),
            "Subscription Past Due"
        );
    }
}
