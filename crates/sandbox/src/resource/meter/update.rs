//! `PATCH /v1/meters/{id}`

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::create::has_counted;
use super::{Aggregation, Filter, Meter, Unit, get, render};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::reply::Reply;
use crate::resource::benefit::Kind;
use crate::resource::customer_meter;
use crate::resource::price::PriceKind;
use crate::world::{Id, World};

/// Nulls leave a field as it is.
#[derive(Deserialize)]
struct Input {
    name: Option<String>,
    filter: Option<Filter>,
    aggregation: Option<Aggregation>,
    metadata: Option<Map<String, Value>>,
    is_archived: Option<bool>,
}

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let input: Input = call.input()?;
    let meter = get::own(world, call)?;
    let (id, was_archived) = (meter.id, meter.archived_at.is_some());
    refuse_redefinition(world, call, meter)?;
    let unit = checked_unit(call, &meter.unit)?;
    if input.is_archived == Some(true) {
        refuse_if_in_use(world, meter)?;
    }
    let now = world.stamp();
    let row = world.meters.get_mut(id)?;
    row.modified_at = Some(now);
    row.unit = unit;
    row.name = input.name.unwrap_or_else(|| row.name.clone());
    row.filter = input.filter.unwrap_or_else(|| row.filter.clone());
    row.aggregation = input.aggregation.unwrap_or_else(|| row.aggregation.clone());
    row.metadata = input.metadata.unwrap_or_else(|| row.metadata.clone());
    row.archived_at = archived(row.archived_at, input.is_archived, now);
    if was_archived && input.is_archived == Some(false) {
        customer_meter::measure_everybody(world, id);
    }
    Ok(render(world, world.meters.get(id)?).into())
}

fn archived(before: Option<Timestamp>, wanted: Option<bool>, now: Timestamp) -> Option<Timestamp> {
    match wanted {
        None => before,
        Some(true) => Some(now),
        Some(false) => None,
    }
}

/// What has counted events keeps its definition.
fn refuse_redefinition(world: &World, call: &Call, meter: &Meter) -> Result<(), Failure> {
    let flaws: Vec<_> = ["filter", "aggregation"]
        .into_iter()
        .filter(|field| call.sends(field))
        .map(|field| {
            Flaw::body(
                "forbidden",
                [field.into()],
                "This field can't be updated because the meter is already aggregating events.",
                call.body.get(field).cloned().unwrap_or_default(),
            )
        })
        .collect();
    if flaws.is_empty() || !has_counted(world, meter) {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

fn refuse_if_in_use(world: &World, meter: &Meter) -> Result<(), Failure> {
    let message = if priced(world, meter.id) {
        "Cannot archive meter that is still attached to active products"
    } else if credited(world, meter.id) {
        "Cannot archive meter that is still referenced by active benefits"
    } else {
        return Ok(());
    };
    Err(Failure::refused(Flaw::field("is_archived", message, true)))
}

fn priced(world: &World, meter: Id<Meter>) -> bool {
    world.prices.iter().any(|price| {
        let meters = matches!(price.kind, PriceKind::MeteredUnit { meter: id, .. } if id == meter);
        let product = world.products.find(price.product);
        meters && !price.archived && product.is_some_and(|product| !product.archived)
    })
}

fn credited(world: &World, meter: Id<Meter>) -> bool {
    world.benefits.iter().any(|benefit| {
        !benefit.deleted
            && matches!(benefit.kind, Kind::MeterCredit { meter_id, .. } if meter_id == meter)
    })
}

/// The unit that the body leads to from `before`: a label goes with `custom`, and only with it.
pub(super) fn checked_unit(call: &Call, before: &Unit) -> Result<Unit, Failure> {
    if !["unit", "custom_label", "custom_multiplier"]
        .iter()
        .any(|field| call.sends(field))
    {
        return Ok(before.clone());
    }
    let (old_word, old_label, old_multiplier) = match before {
        Unit::Scalar => ("scalar", None, None),
        Unit::Token => ("token", None, None),
        Unit::Custom {
            custom_label,
            custom_multiplier,
        } => ("custom", Some(custom_label.as_str()), *custom_multiplier),
    };
    let sent = |field| call.body.get(field).filter(|value| !value.is_null());
    let word = sent("unit").and_then(Value::as_str).unwrap_or(old_word);
    let label = sent("custom_label").and_then(Value::as_str);
    let multiplier = sent("custom_multiplier").and_then(Value::as_i64);
    match word {
        "custom" => match label.or(old_label) {
            Some(label) => Ok(Unit::Custom {
                custom_label: label.to_owned(),
                custom_multiplier: multiplier.or(old_multiplier),
            }),
            None => Err(unit_flaw(
                call,
                "custom_label is required when unit is custom",
            )),
        },
        _ if label.is_some() || multiplier.is_some() => Err(unit_flaw(
            call,
            "custom_label and custom_multiplier can only be set when unit is custom",
        )),
        "token" => Ok(Unit::Token),
        _ => Ok(Unit::Scalar),
    }
}

fn unit_flaw(call: &Call, message: &str) -> Failure {
    Failure::Malformed(vec![Flaw {
        context: Some(json!({"error": {}})),
        ..Flaw::body(
            "value_error",
            [],
            format!("Value error, {message}"),
            call.body.clone(),
        )
    }])
}
