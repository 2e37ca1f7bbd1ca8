//! A dashboard: the metrics a seller wants to see together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::render::{Json, object};
use crate::reply::Reply;
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("metrics:list_dashboards", list),
    ("metrics:create_dashboard", create),
    ("metrics:get_dashboard", get),
    ("metrics:update_dashboard", update),
    ("metrics:delete_dashboard", delete),
];

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dashboard {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) name: String,
    /// Slugs, as they were sent: Polar asks of none whether it exists.
    pub(crate) metrics: Vec<String>,
}

found_by!(Dashboard: organization);

/// `GET /v1/metrics/dashboards`: all of them, not in pages.
fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let rows = world.dashboards.of(organization);
    let asked = rows.filter(|row| call.query.allows("organization_id", row.organization));
    let shown: Vec<_> = asked.map(render).collect();
    Ok(Json::from(shown).into())
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(default)]
    metrics: Vec<String>,
}

/// `POST /v1/metrics/dashboards`
fn create(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let organization = call.organization()?;
    let new: New = call.input()?;
    let id = world.chance.id();
    let row = Dashboard {
        id,
        organization,
        created_at: world.stamp(),
        modified_at: None,
        name: new.name,
        metrics: new.metrics,
    };
    let shown = render(&row);
    world.dashboards.insert(id, row);
    Ok(shown.into())
}

/// `GET /v1/metrics/dashboards/{id}`
fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    Ok(render(own(world, call)?).into())
}

/// Nulls leave a field as it is.
#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    metrics: Option<Vec<String>>,
}

/// `PATCH /v1/metrics/dashboards/{id}`
fn update(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let change: Change = call.input()?;
    let id = own(world, call)?.id;
    let now = world.stamp();
    let row = world.dashboards.get_mut(id)?;
    row.modified_at = Some(now);
    row.name = change.name.unwrap_or_else(|| row.name.clone());
    row.metrics = change.metrics.unwrap_or_else(|| row.metrics.clone());
    Ok(render(row).into())
}

/// `DELETE /v1/metrics/dashboards/{id}`
fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let id = own(world, call)?.id;
    world.dashboards.remove(id);
    Ok(Reply::Empty)
}

/// The dashboard in the path, if it is the caller's.
fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Dashboard, Failure> {
    let organization = call.organization()?;
    let row = world.dashboards.get(call.id("id")?)?;
    if row.organization != organization {
        return Err(Failure::not_found());
    }
    Ok(row)
}

fn render(row: &Dashboard) -> Json {
    object!({
        "created_at": row.created_at,
        "modified_at": row.modified_at,
        "id": row.id,
        "name": row.name,
        "metrics": row.metrics,
        "organization_id": row.organization,
    })
}
