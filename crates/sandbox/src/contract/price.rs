//! What Polar's validators ask of prices beside their shape.

use serde_json::{Map, Value, json};

use super::check::Check;
use crate::billing::{self, Cycle, Interval};
use crate::resource::price::SeatTiers;

/// An amount that its currency allows: nothing, or something between its bounds.
pub(super) fn amount(
    check: &mut Check,
    before: &Map<String, Value>,
    amount: Value,
) -> Option<Value> {
    let Some(minor) = amount.as_i64() else {
        return Some(amount);
    };
    let currency = before.get("price_currency").and_then(Value::as_str);
    let currency = currency.unwrap_or("usd");
    let (least, most) = (billing::minimum(currency), billing::maximum(currency));
    let (kind, message) = if minor != 0 && minor < least {
        let least = billing::spoken(currency, least);
        let message = format!("Amount must be at least {least} or 0 for free pricing");
        ("minimum_price", message)
    } else if minor > most {
        let most = billing::spoken(currency, most);
        ("maximum_price", format!("Amount must be at most {most}"))
    } else {
        return Some(amount);
    };
    check.flaw(kind, message, &amount, None);
    None
}

/// What is wrong with the steps of a seat price.
pub(super) fn seat_tiers(read: &Value) -> Option<String> {
    let tiers: SeatTiers = serde_json::from_value(json!({"tiers": read})).ok()?;
    tiers.sorted().flaw()
}

/// What is wrong with a product's meter cycle.
pub(super) fn meter_interval(sent: &Map<String, Value>) -> Option<&'static str> {
    let cycle = |interval: &str, count: &str| {
        let interval: Interval = serde_json::from_value(sent.get(interval)?.clone()).ok()?;
        let count = sent.get(count).and_then(Value::as_i64).unwrap_or(1);
        Some(Cycle { interval, count })
    };
    let billed = cycle("recurring_interval", "recurring_interval_count")?;
    let metered = cycle("meter_interval", "meter_interval_count")?;
    (!metered.divides(billed)).then_some(
        "The meter interval must evenly divide the billing interval, \
         so the meter cycle re-aligns with the billing cycle at every renewal.",
    )
}

/// What is wrong with the steps of a unit price.
pub(super) fn units(sent: &Map<String, Value>) -> Option<String> {
    let tiers = sent.get("tiers")?.get("tiers")?.as_array()?;
    for tier in tiers {
        let rate = tier.get("unit_amount").and_then(Value::as_str)?;
        if rate.contains('.') {
            return Some(format!(
                "Unit tier rates must be in smallest currency unit, got {rate}"
            ));
        }
    }
    let endless = tiers
        .iter()
        .any(|tier| tier.get("bound").is_none_or(Value::is_null));
    let bounds = tiers.iter().filter_map(|tier| tier.get("bound")?.as_i64());
    let last = bounds.max().filter(|_| !endless)?;
    let least = sent.get("minimum_units").and_then(Value::as_i64)?;
    (least > last).then(|| {
        format!("minimum_units must not exceed the last tier's bound, got {least} > {last}")
    })
}
