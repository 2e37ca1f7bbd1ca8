//! A price as the API shows it.

use serde_json::{Map, Value, json};

use super::{Price, PriceKind};
use crate::render;
use crate::resource::meter;
use crate::world::World;

/// The price in the shape of its kind.
pub(crate) fn render(world: &World, price: &Price) -> Value {
    let cycle = world
        .products
        .find(price.product)
        .and_then(|product| product.cycle);
    let mut shown = json!({
        "created_at": render::time(price.created_at),
        "modified_at": render::time_or_null(price.modified_at),
        "id": price.id,
        "source": if price.ad_hoc { "ad_hoc" } else { "catalog" },
        "amount_type": price.word(),
        "price_currency": price.currency,
        "tax_behavior": price.tax,
        "is_archived": price.archived,
        "product_id": price.product,
        // Deprecated, still sent.
        "type": if cycle.is_some() { "recurring" } else { "one_time" },
        "recurring_interval": cycle.map(|cycle| cycle.interval),
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.extend(own_fields(world, price));
    }
    shown
}

fn own_fields(world: &World, price: &Price) -> Map<String, Value> {
    let fields = match &price.kind {
        PriceKind::Fixed { amount } => json!({"price_amount": amount}),
        PriceKind::Custom {
            minimum,
            maximum,
            preset,
        } => {
            json!({"minimum_amount": minimum, "maximum_amount": maximum, "preset_amount": preset})
        }
        PriceKind::SeatBased { tiers } => json!({
            "seat_tiers": {
                "seat_tier_type": tiers.kind,
                "tiers": tiers.tiers,
                "minimum_seats": tiers.minimum(),
                "maximum_seats": tiers.maximum(),
            },
            // Deprecated, still sent.
            "price_per_seat": tiers.tiers.first().map(|tier| tier.price_per_seat),
        }),
        PriceKind::UnitBased {
            tiers,
            minimum,
            label,
        } => json!({
            "tiers": tiers.render(),
            "minimum_units": minimum,
            "maximum_units": tiers.maximum(),
            "unit_label": label,
        }),
        PriceKind::MeteredUnit {
            meter,
            unit_amount,
            cap,
        } => json!({
            "unit_amount": unit_amount.to_string(),
            "cap_amount": cap,
            "meter_id": meter,
            "meter": world.meters.find(*meter).map(|row| brief(&meter::render(world, row))),
        }),
    };
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What a price shows of its meter.
fn brief(meter: &Value) -> Value {
    let parts = ["id", "name", "unit", "custom_label", "custom_multiplier"];
    parts
        .into_iter()
        .map(|part| {
            (
                part.to_owned(),
                meter.get(part).cloned().unwrap_or_default(),
            )
        })
        .collect::<Map<_, _>>()
        .into()
}
