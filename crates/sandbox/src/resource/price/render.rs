//! A price as the API shows it.

use super::{Price, PriceKind};
use crate::render::{Json, object};
use crate::resource::meter;
use crate::world::World;

/// The price in the shape of its kind.
pub(crate) fn render(world: &World, price: &Price) -> Json {
    let cycle = world
        .products
        .find(price.product)
        .and_then(|product| product.cycle);
    object!({
        ..own_fields(world, price),
        "created_at": price.created_at,
        "modified_at": price.modified_at,
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
    })
}

fn own_fields(world: &World, price: &Price) -> Json {
    match &price.kind {
        PriceKind::Fixed { amount } => object!({"price_amount": amount}),
        PriceKind::Custom {
            minimum,
            maximum,
            preset,
        } => {
            object!({"minimum_amount": minimum, "maximum_amount": maximum, "preset_amount": preset})
        }
        PriceKind::SeatBased { tiers } => object!({
            "seat_tiers": object!({
                "seat_tier_type": tiers.kind,
                "tiers": tiers.tiers,
                "minimum_seats": tiers.minimum(),
                "maximum_seats": tiers.maximum(),
            }),
            // Deprecated, still sent.
            "price_per_seat": tiers.tiers.first().map(|tier| tier.price_per_seat),
        }),
        PriceKind::UnitBased {
            tiers,
            minimum,
            label,
        } => object!({
            "tiers": tiers.render(),
            "minimum_units": minimum,
            "maximum_units": tiers.maximum(),
            "unit_label": label,
        }),
        PriceKind::MeteredUnit {
            meter,
            unit_amount,
            cap,
        } => object!({
            "unit_amount": unit_amount.to_string(),
            "cap_amount": cap,
            "meter_id": meter,
            "meter": world.meters.find(*meter).map(meter::render_brief),
        }),
    }
}
