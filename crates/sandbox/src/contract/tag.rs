//! Tags of unions: those that no field spells out, and the way Python shows them.

use polarkit_spec::UnionRule;
use serde_json::Value;

/// The branch of a union that goes by something else than a field's value.
pub(super) fn unwritten(name: &str, value: &Value) -> Option<(usize, &'static str)> {
    match name {
        "ProductCreate" => {
            let interval = value
                .get("recurring_interval")
                .filter(|interval| !interval.is_null());
            Some(interval.map_or((1, "one_time"), |_| (0, "recurring")))
        }
        "CustomerCreate" => {
            let is_team = value.get("type").is_some_and(|kind| kind == "team");
            Some(if is_team {
                (1, "team")
            } else {
                (0, "individual")
            })
        }
        _ => None,
    }
}

/// The Python enum a union's tags belong to.
pub(super) fn class(union: &UnionRule, field: &str) -> Option<&'static str> {
    let has = |tag| union.mapping.iter().any(|(known, _)| known == tag);
    match field {
        "amount_type" => Some("ProductPriceAmountType"),
        "type" | "benefit_type" if has("license_keys") => Some("BenefitType"),
        "type" if has("percentage") => Some("DiscountType"),
        "type" if has("checkbox") => Some("CustomFieldType"),
        "func" => Some("AggregationFunction"),
        _ => None,
    }
}

/// The tags as the server lists them: it knows one kind of price that the document does not.
pub(super) fn all<'t>(field: &str, mut tags: Vec<&'t str>) -> Vec<&'t str> {
    if field == "amount_type" && !tags.is_empty() {
        tags.insert(tags.len() - 1, "unit_based");
    }
    tags
}
