//! A meter: a rule that counts events.

mod aggregation;
mod create;
mod filter;
mod get;
mod list;
mod quantities;
mod update;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use aggregation::Aggregation;
pub(crate) use filter::Filter;

use crate::call::Handler;
use crate::render::{Json, object};
use crate::resource::event::Event;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("meters:list", list::handle),
    ("meters:create", create::handle),
    ("meters:get", get::handle),
    ("meters:update", update::handle),
    ("meters:quantities", quantities::handle),
];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meter {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) organization: Id<Organization>,
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) filter: Filter,
    pub(crate) aggregation: Aggregation,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) archived_at: Option<Timestamp>,
}

found_by!(Meter: organization);

/// How quantities are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "unit", rename_all = "snake_case")]
pub(crate) enum Unit {
    Scalar,
    Token,
    Custom {
        custom_label: String,
        custom_multiplier: Option<i64>,
    },
}

impl Unit {
    /// Its word, and what a custom one is called and multiplied by.
    fn parts(&self) -> (&'static str, Option<&str>, Option<i64>) {
        match self {
            Self::Scalar => ("scalar", None, None),
            Self::Token => ("token", None, None),
            Self::Custom {
                custom_label,
                custom_multiplier,
            } => ("custom", Some(custom_label), *custom_multiplier),
        }
    }
}

impl Meter {
    /// True when the event is one of those counted.
    pub(crate) fn counts(&self, event: &Event) -> bool {
        event.organization == self.organization
            && self.filter.matches(event)
            && self.aggregation.takes(event)
    }

    /// The quantity of these events.
    pub(crate) fn quantity<'e>(&self, events: impl IntoIterator<Item = &'e Event>) -> Decimal {
        self.aggregation.of(events)
    }
}

/// The organization's meter of that id, archived or not.
pub(crate) fn find(world: &World, organization: Id<Organization>, id: Id<Meter>) -> Option<&Meter> {
    world
        .meters
        .find(id)
        .filter(|meter| meter.organization == organization)
}

/// The meter as the API shows it.
pub(crate) fn render(_world: &World, meter: &Meter) -> Json {
    object!({
        ..render_brief(meter),
        "metadata": meter.metadata,
        "created_at": meter.created_at,
        "modified_at": meter.modified_at,
        "filter": meter.filter,
        "aggregation": meter.aggregation,
        "organization_id": meter.organization,
        "archived_at": meter.archived_at,
    })
}

/// The meter inside a price.
pub(crate) fn render_brief(meter: &Meter) -> Json {
    let (unit, label, multiplier) = meter.unit.parts();
    object!({
        "id": meter.id,
        "name": meter.name,
        "unit": unit,
        "custom_label": label,
        "custom_multiplier": multiplier,
    })
}

/// The meter as the portal shows it.
pub(crate) fn render_public(meter: &Meter) -> Json {
    object!({
        "created_at": meter.created_at,
        "modified_at": meter.modified_at,
        "id": meter.id,
        "name": meter.name,
    })
}
