//! What Polar's own validators add to the schema, field by field. The facts cannot say these things:
//! each entry here was seen in an answer of the real server or is stated in its behaviour digest.

use std::collections::HashSet;
use std::fmt::Display;

use polarkit_spec::{Kind, MapRule, Shape, StringRule};
use serde_json::{Map, Value, json};

use super::check::Check;
use super::{discount, moment, price, receiver, seat, subdivision, text};

const KEY_MAX: u64 = 40;
const METADATA_MAX: u64 = 50;

/// Shapes whose trial is an interval and a count, or nothing.
const TRIALS: &[&str] = &[
    "CheckoutLinkCreateProduct",
    "CheckoutLinkCreateProductPrice",
    "CheckoutLinkCreateProducts",
    "CheckoutLinkUpdate",
    "CheckoutProductsCreate",
    "CheckoutUpdate",
    "ProductCreateRecurring",
    "ProductUpdate",
];

/// Optional texts where nothing but blanks means null.
const BLANK_IS_NULL: &[&str] = &[
    "name",
    "customer_name",
    "billing_name",
    "customer_billing_name",
    "external_id",
    "tax_id",
    "customer_tax_id",
    "description",
    "code",
    "discount_code",
    "label",
    "line1",
    "line2",
    "postal_code",
    "city",
    "state",
];

/// One field: what is special about it, then its shape.
pub(super) fn field(
    check: &mut Check,
    (owner, name): (&str, &str),
    shape: &Shape,
    value: &Value,
    before: &Map<String, Value>,
) -> Option<Value> {
    let blank = value.as_str().is_some_and(|text| text.trim().is_empty());
    if blank && shape.nullable && BLANK_IS_NULL.contains(&name) {
        return Some(Value::Null);
    }
    match (owner, name) {
        ("ProductCreateOneTime" | "ProductCreateRecurring" | "ProductUpdate", "name") => {
            product_name(check, shape, value)
        }
        ("EventCreateCustomer" | "EventCreateExternalCustomer", "timestamp") => past(check, value),
        ("SubscriptionUpdateBillingPeriod", "current_billing_period_end")
        | ("SubscriptionPause" | "CustomerSubscriptionPause", "resumes_at")
            if !value.is_null() || !shape.nullable =>
        {
            moment::future(check, value)
        }
        ("SubscriptionUpdateBase", "trial_end") if !value.is_null() => trial_end(check, value),
        ("WebhookEndpointCreate" | "WebhookEndpointUpdate", "url") => {
            receiver::check(check, shape, value)
        }
        ("CheckoutProductsCreate", "products") => {
            let read = check.value(shape, value)?;
            let twice = has_twice(&read).then_some("Product IDs must be unique.");
            agrees(check, twice, value).then_some(read)
        }
        ("SeatAssign" | "CustomerSeatAssign", "metadata") => {
            let read = check.value(shape, value)?;
            let problem = seat::too_much_to_note(&read);
            agrees(check, problem, value).then_some(read)
        }
        ("DiscountFixedCreate" | "DiscountPercentageCreate" | "DiscountUpdate", "code") => {
            let read = check.value(shape, value)?;
            match read.as_str() {
                Some(text) => discount::code(check, text, value),
                None => Some(read),
            }
        }
        ("AddressInput", "country") => {
            let upper = value.as_str().map(|text| Value::from(text.to_uppercase()));
            check.value(shape, upper.as_ref().unwrap_or(value))
        }
        ("ProductPriceFixedCreate", "price_amount")
        | ("ProductPriceCustomCreate", "minimum_amount" | "maximum_amount" | "preset_amount") => {
            let amount = check.value(shape, value)?;
            price::amount(check, before, amount)
        }
        ("ProductPriceSeatTiers-Input", "tiers") => {
            let read = check.value(shape, value)?;
            agrees(check, price::seat_tiers(&read), value).then_some(read)
        }
        _ => check.value(shape, value),
    }
}

/// What must hold of an object as a whole.
pub(super) fn whole(
    check: &mut Check,
    name: &str,
    kept: &mut Map<String, Value>,
    value: &Value,
) -> bool {
    if TRIALS.contains(&name) && has_half_a_trial(kept) {
        let message = "Both trial_interval and trial_interval_count must be set together.";
        check.flaw("missing", message, value, None);
        return false;
    }
    match name {
        "CheckoutProductsCreate" => {
            let problem = conflict(kept, "seats").or_else(|| conflict(kept, "units"));
            agrees(check, problem, value)
        }
        "DiscountFixedCreate" | "DiscountPercentageCreate" | "DiscountUpdate" => {
            agrees(check, discount::conflict(name, kept), value)
        }
        "SeatAssign" => agrees(check, seat::conflict(kept, false), value),
        "CustomerSeatAssign" => agrees(check, seat::conflict(kept, true), value),
        "CustomerTeamCreate" => agrees(check, nobody_to_write_to(kept), value),
        "ProductCreateRecurring" => agrees(check, price::meter_interval(kept), value),
        "CustomFieldNumberProperties" | "CustomFieldDateProperties" => bounds(check, kept, value),
        "ProductPriceUnitBasedCreate" => agrees(check, price::units(kept), value),
        "BenefitLicenseKeyExpirationProperties" => agrees(check, too_long_a_life(kept), value),
        "AddressInput" => {
            let problem = subdivision::put_right(kept).err();
            agrees(check, problem, value)
        }
        "EventMetadataInput" => {
            let before = check.flaws.len();
            for word in kept.keys() {
                check.at(word.as_str(), |check| {
                    check.at("[key]", |check| key_length(check, word));
                });
            }
            before == check.flaws.len()
                && check.size("Dictionary", kept.len(), (None, Some(METADATA_MAX)), value)
        }
        _ => true,
    }
}

/// True unless there is a problem, which is noted.
fn agrees(check: &mut Check, problem: Option<impl Display>, value: &Value) -> bool {
    let Some(problem) = problem else {
        return true;
    };
    let message = format!("Value error, {problem}");
    check.flaw("value_error", message, value, Some(json!({"error": {}})));
    false
}

/// True when something is on the list twice.
fn has_twice(list: &Value) -> bool {
    let mut seen = HashSet::new();
    let items = list.as_array().into_iter().flatten();
    !items
        .filter_map(Value::as_str)
        .all(|item| seen.insert(item))
}

/// What is wrong with the lifetime of a licence key.
fn too_long_a_life(sent: &Map<String, Value>) -> Option<&'static str> {
    let most = match sent.get("timeframe").and_then(Value::as_str) {
        Some("year") => 457,
        Some("month") => 1200,
        _ => 36_500,
    };
    let ttl = sent.get("ttl").and_then(Value::as_i64);
    (ttl > Some(most)).then_some("The ttl is too long for its timeframe")
}

fn has_half_a_trial(sent: &Map<String, Value>) -> bool {
    let has = |field| sent.get(field).is_some_and(|value| !value.is_null());
    has("trial_interval") != has("trial_interval_count")
}

/// What contradicts itself in a session's number of seats or units.
fn conflict(sent: &Map<String, Value>, what: &str) -> Option<String> {
    let number = |field: &str| sent.get(field).and_then(Value::as_i64);
    let (least, most) = (format!("min_{what}"), format!("max_{what}"));
    let above = |low: &str, high: &str| {
        let pair = number(low).zip(number(high));
        pair.is_some_and(|(low, high)| low > high)
    };
    if above(&least, &most) {
        Some(format!("{least} must be less than or equal to {most}"))
    } else if above(&least, what) {
        Some(format!("{what} must be greater than or equal to {least}"))
    } else if above(what, &most) {
        Some(format!("{what} must be less than or equal to {most}"))
    } else {
        None
    }
}

/// A question's answers have a least that is not above the most.
fn bounds(check: &mut Check, sent: &Map<String, Value>, value: &Value) -> bool {
    let number = |field: &str| sent.get(field).and_then(Value::as_i64);
    let crossed = number("ge")
        .zip(number("le"))
        .is_some_and(|(ge, le)| ge > le);
    let problem = crossed.then_some(
        "Greater than or equal (ge) must be less than or equal to Less than or equal (le)",
    );
    let input = value.get("le").cloned().unwrap_or_default();
    check.at("le", |check| agrees(check, problem, &input))
}

/// A map's key. Metadata, the only map with a bound, has short keys.
pub(super) fn key(check: &mut Check, rule: &MapRule, key: &str) {
    if rule.max_entries == Some(METADATA_MAX) {
        key_length(check, key);
    }
    if key.contains('\0') {
        check.flaw("value_error", text::NUL, &key.into(), None);
    }
}

fn key_length(check: &mut Check, key: &str) {
    let rule = StringRule {
        min_length: Some(1),
        max_length: Some(KEY_MAX),
        ..StringRule::default()
    };
    text::string(check, &rule, &key.into());
}

/// Blanks around a product's name are cut off before it is measured, in generic words.
fn product_name(check: &mut Check, shape: &Shape, value: &Value) -> Option<Value> {
    let (Some(text), Kind::String(rule)) = (value.as_str(), &shape.kind) else {
        return check.value(shape, value);
    };
    let name = text.trim();
    let bounds = (rule.min_length, rule.max_length);
    let sized = check.size("Value", name.chars().count(), bounds, value);
    sized.then(|| text::string(check, &StringRule::default(), &name.into()))?
}

fn past(check: &mut Check, value: &Value) -> Option<Value> {
    let moment = moment::aware(check, value)?;
    if moment > check.now {
        let message = "Value error, Timestamp must be in the past.";
        check.flaw("value_error", message, value, Some(json!({"error": {}})));
        return None;
    }
    Some(crate::render::time(moment))
}

/// A moment to come, or the word `now`; both branches say why when it is neither.
fn trial_end(check: &mut Check, value: &Value) -> Option<Value> {
    if value == "now" {
        return Some(value.clone());
    }
    let read = check.at("datetime", |check| moment::future(check, value));
    if read.is_none() {
        check.at("literal['now']", |check| {
            let expected = Some(json!({"expected": "'now'"}));
            check.flaw("literal_error", "Input should be 'now'", value, expected);
        });
    }
    read
}

/// What is missing when a team has no address of its own.
fn nobody_to_write_to(sent: &Map<String, Value>) -> Option<&'static str> {
    let given = |field| {
        sent.get(field)
            .is_some_and(|value: &Value| !value.is_null())
    };
    (!given("email") && !given("owner")).then_some(
        "An owner with an email address is required when creating a team customer without an email.",
    )
}
