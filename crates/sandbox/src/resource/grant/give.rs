//! What each kind of benefit does when it is granted, renewed or revoked.

use serde_json::{Map, Value, json};

use super::{Grant, GrantScope, connect};
use crate::render;
use crate::resource::benefit::Kind;
use crate::resource::customer_meter::{self, last_reset};
use crate::resource::downloadable;
use crate::resource::file::File;
use crate::resource::license_key::{self, LicenseKey};
use crate::resource::meter::Meter;
use crate::world::{Id, World};

/// Gives it, or says what the customer has to do first.
pub(super) fn grant(world: &mut World, id: Id<Grant>) -> Result<Map<String, Value>, String> {
    let Some((grant, kind)) = look(world, id) else {
        return Ok(Map::new());
    };
    match kind {
        Kind::LicenseKeys(terms) => {
            // Keys of a subscription live as long as it does.
            let expires = match grant.scope {
                GrantScope::Order(_) => terms.expires,
                GrantScope::Subscription(_) => None,
            };
            let key = license_key::grant(world, &grant, &terms, expires);
            Ok(key.map(|key| noted_key(world, key)).unwrap_or_default())
        }
        Kind::MeterCredit {
            units,
            rollover,
            meter_id,
        } => Ok(credit(world, &grant, meter_id, units, rollover)),
        Kind::Downloadables { .. } => {
            let files: Vec<_> = kind.active_files().collect();
            Ok(downloads(world, &grant, &files))
        }
        Kind::Discord { .. } | Kind::GithubRepository { .. } | Kind::SlackSharedChannel { .. } => {
            connect::noted(world, &grant.properties, &kind).ok_or_else(|| missing(&kind))
        }
        Kind::Custom { .. } | Kind::FeatureFlag {} => Ok(Map::new()),
    }
}

/// Renews it for the next period; only credits have something to renew.
pub(super) fn cycle(world: &mut World, id: Id<Grant>) -> Map<String, Value> {
    let Some((grant, kind)) = look(world, id) else {
        return Map::new();
    };
    let Kind::MeterCredit {
        units,
        rollover,
        meter_id,
    } = kind
    else {
        return grant.properties;
    };
    // Billing has begun a new period already when the subscription pays for the meter.
    let credited_at = grant
        .properties
        .get("last_credited_at")
        .and_then(Value::as_str)
        .and_then(|at| at.parse().ok());
    let reset_at = last_reset(world, grant.customer, meter_id);
    if reset_at.is_none() || reset_at < credited_at {
        customer_meter::restart(world, grant.customer, meter_id);
    }
    credit(world, &grant, meter_id, units, rollover)
}

/// Takes back what it gave.
pub(super) fn revoke(world: &mut World, id: Id<Grant>) -> Map<String, Value> {
    let Some((grant, kind)) = look(world, id) else {
        return Map::new();
    };
    match kind {
        Kind::LicenseKeys(_) => {
            if let Some(key) = key_of(&grant) {
                license_key::revoke(world, key);
            }
            grant.properties
        }
        Kind::MeterCredit {
            units,
            rollover,
            meter_id,
        } => {
            let last = grant.properties.get("last_credited_units");
            let credited = last.and_then(Value::as_i64).unwrap_or(units);
            if others(world, &grant) || !grant.properties.contains_key("last_credited_meter_id") {
                return grant.properties;
            }
            credit(world, &grant, meter_id, -credited, rollover)
        }
        Kind::Downloadables { .. } => {
            downloadable::take_back(world, &grant);
            Map::new()
        }
        Kind::Custom { .. }
        | Kind::FeatureFlag {}
        | Kind::Discord { .. }
        | Kind::GithubRepository { .. }
        | Kind::SlackSharedChannel { .. } => grant.properties,
    }
}

/// Gives the files there are now in the place of those there were.
fn downloads(world: &mut World, grant: &Grant, files: &[Id<File>]) -> Map<String, Value> {
    downloadable::take_back(world, grant);
    if files.is_empty() {
        return Map::new();
    }
    let given = downloadable::give(world, grant, files);
    object(json!({"files": given}))
}

/// The licence key a grant points at.
pub(crate) fn key_of(grant: &Grant) -> Option<Id<LicenseKey>> {
    let id = grant.properties.get("license_key_id")?;
    Id::parse(id.as_str()?)
}

/// True when another purchase gives the customer the same benefit.
fn others(world: &World, grant: &Grant) -> bool {
    world
        .grants
        .of(grant.customer)
        .any(|row| row.id != grant.id && row.benefit == grant.benefit && row.is_granted())
}

fn look(world: &World, id: Id<Grant>) -> Option<(Grant, Kind)> {
    let grant = world.grants.find(id)?.clone();
    let kind = world.benefits.find(grant.benefit)?.kind.clone();
    Some((grant, kind))
}

fn credit(
    world: &mut World,
    grant: &Grant,
    meter: Id<Meter>,
    units: i64,
    rollover: bool,
) -> Map<String, Value> {
    customer_meter::credit(world, grant.customer, meter, units, rollover);
    let at = world.stamp();
    object(json!({
        "last_credited_meter_id": meter,
        "last_credited_units": units,
        "last_credited_at": render::time(at),
    }))
}

fn noted_key(world: &World, key: Id<LicenseKey>) -> Map<String, Value> {
    let display_key = world.license_keys.find(key).map(LicenseKey::display_key);
    object(json!({"license_key_id": key, "display_key": display_key}))
}

/// What the customer has to do first.
fn missing(kind: &Kind) -> String {
    match kind {
        Kind::Discord { .. } => "The customer needs to connect their Discord account",
        Kind::GithubRepository { .. } => "The customer needs to connect their GitHub account",
        _ => "The customer needs to say whom to invite.",
    }
    .to_owned()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
