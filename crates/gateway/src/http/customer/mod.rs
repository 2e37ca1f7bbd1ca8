//! `GET /api/customers/{external_id}`: everything mirrored of one customer.

pub(super) mod resolve;

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::body::Reply;
use super::caller::Caller;
use crate::gateway::Gateway;
use crate::problem::{Code, Problem, Shape};

/// Objects told at once; the newest, where a customer has more.
const OBJECTS_MAX: i64 = 1_000;

/// A customer as mirrored.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Mirrored {
    external_customer_id: String,
    /// The customer, as Polar last told it.
    #[schema(value_type = Option<Object>)]
    customer: Option<Value>,
    #[schema(value_type = Vec<Object>)]
    subscriptions: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    orders: Vec<Value>,
    /// Benefit grants.
    #[schema(value_type = Vec<Object>)]
    grants: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    refunds: Vec<Value>,
    /// Each meter as last told, by the customer's state or by a read.
    #[schema(value_type = Vec<Object>)]
    meters: Vec<Value>,
    /// Licence keys: what was read of them and what their grants tell, the key itself masked.
    #[schema(value_type = Vec<Object>)]
    license_keys: Vec<Value>,
    /// The people of the customer.
    #[schema(value_type = Vec<Object>)]
    members: Vec<Value>,
    /// What they were given of what is sold by seats.
    #[schema(value_type = Vec<Object>)]
    seats: Vec<Value>,
}

/// Tells what is mirrored of a customer, in Polar's own shapes.
#[utoipa::path(
    get,
    path = "/api/customers/{external_id}",
    tag = "customers",
    params(("external_id" = String, Path, description = "The application's id of the customer")),
    responses(
        (status = 200, body = Mirrored),
        (status = 401, body = Shape),
        (status = 403, body = Shape),
        (status = 404, description = "Nothing was ever heard of them", body = Shape),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(external_id): Path<String>,
) -> Result<Reply<Mirrored>, Problem> {
    caller.must_act_for(&external_id, "customers:read")?;
    let unknown = || Problem::new(Code::NotFound, "Nothing was ever heard of this customer");
    let customer = gateway
        .store
        .customer_by_external_id(&external_id)
        .await?
        .ok_or_else(unknown)?;
    let mut by_kind: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in gateway
        .store
        .customer_objects(&customer, OBJECTS_MAX)
        .await?
    {
        let kind = object.kind.trim_end_matches("_unrecognized").to_owned();
        let body = serde_json::from_str(&object.body).map_err(|error| Problem::internal(&error))?;
        by_kind.entry(kind).or_default().push(body);
    }
    let mut take = |kind: &str| by_kind.remove(kind).unwrap_or_default();
    let grants = take("benefit_grant");
    let state = take("state").pop().unwrap_or_default();
    Ok(Reply(Mirrored {
        external_customer_id: external_id,
        customer: take("customer").pop(),
        subscriptions: once_each(take("subscription")),
        orders: once_each(take("order")),
        refunds: take("refund"),
        meters: meters(listed(&state, "active_meters"), take("customer_meter")),
        license_keys: license_keys(&grants, take("license_key")),
        members: take("member"),
        seats: take("customer_seat"),
        grants,
    }))
}

/// A state that was not understood stands beside the last that was: the newer, first, is told.
fn once_each(mut objects: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    objects.retain(|object| seen.insert(object.get("id").map(Value::to_string)));
    objects
}

fn listed(value: &Value, field: &str) -> Vec<Value> {
    value
        .get(field)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// Each meter once, as it was changed last.
fn meters(stated: Vec<Value>, read: Vec<Value>) -> Vec<Value> {
    let mut latest: BTreeMap<String, (Option<Timestamp>, Value)> = BTreeMap::new();
    for meter in stated.into_iter().chain(read) {
        let text = |field: &str| meter.get(field).and_then(Value::as_str);
        let changed_at = text("modified_at").or(text("created_at"));
        let changed_at = changed_at.and_then(|text| text.parse().ok());
        let id = text("meter_id").unwrap_or_default().to_owned();
        match latest.get(&id) {
            Some((known, _)) if *known > changed_at => {}
            _ => drop(latest.insert(id, (changed_at, meter))),
        }
    }
    latest.into_values().map(|(_, meter)| meter).collect()
}

/// Keys that were read, and those only a grant tells of; whether they are granted, the grant knows
/// first.
fn license_keys(grants: &[Value], read: Vec<Value>) -> Vec<Value> {
    let granted = grants.iter().filter_map(license_key);
    let mut keys: BTreeMap<String, Value> = granted.collect();
    for mut key in read {
        let id = key.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = id.to_owned();
        let is_granted = match keys.get(&id).and_then(|known| known.get("is_granted")) {
            Some(granted) => granted.clone(),
            None => json!(key.get("status").is_some_and(|status| status == "granted")),
        };
        if let Some(fields) = key.as_object_mut() {
            // The mirror holds none; should that change, it is still not for showing.
            drop(fields.remove("key"));
            drop(fields.insert("is_granted".to_owned(), is_granted));
        }
        drop(keys.insert(id, key));
    }
    keys.into_values().collect()
}

fn license_key(grant: &Value) -> Option<(String, Value)> {
    let properties = grant.get("properties")?;
    let id = properties.get("license_key_id")?;
    let key = json!({
        "id": id,
        "display_key": properties.get("display_key"),
        "benefit_id": grant.get("benefit_id"),
        "is_granted": grant.get("is_granted"),
    });
    Some((id.as_str()?.to_owned(), key))
}
