//! What Polar's own validators add to the schema, field by field. The facts cannot say these things:
//! each entry here was seen in an answer of the real server or is stated in its behaviour digest.

use std::borrow::Cow;
use std::sync::LazyLock;

use polarkit_spec::{Field, Kind, MapRule, ObjectRule, Shape, StringRule, UnionRule};
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::check::Check;
use super::{moment, subdivision, text};
use crate::billing;

const KEY_MAX: u64 = 40;
const METADATA_MAX: u64 = 50;
const SECRET_MIN: u64 = 32;

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

/// Shapes that the document shows in part only. Checkouts still take the two older ways to name what
/// is bought, and their branches go by the names of their validators.
pub(super) fn stand_in(name: &str) -> Option<&'static Shape> {
    static CHECKOUT: LazyLock<Option<Shape>> = LazyLock::new(checkout_create);
    (name == "CheckoutCreate")
        .then(|| CHECKOUT.as_ref())
        .flatten()
}

/// Fields that are accepted though the document hides them.
pub(super) fn hidden_fields(name: &str) -> &'static [Field] {
    static ENDPOINT: LazyLock<Vec<Field>> = LazyLock::new(|| {
        let rule = StringRule {
            min_length: Some(SECRET_MIN),
            ..StringRule::default()
        };
        vec![optional("secret", Kind::String(rule))]
    });
    match name {
        "WebhookEndpointCreate" | "WebhookEndpointUpdate" => &ENDPOINT,
        _ => &[],
    }
}

/// What was sent, with other spellings of field names put right.
pub(super) fn prepare<'v>(name: &str, sent: &'v Map<String, Value>) -> Cow<'v, Map<String, Value>> {
    let aliased = matches!(
        name,
        "CheckoutProductsCreate" | "" | "CustomerSessionCustomerExternalIDCreate"
    );
    match sent.get("customer_external_id") {
        Some(value) if aliased && !sent.contains_key("external_customer_id") => {
            let mut sent = sent.clone();
            sent.insert("external_customer_id".to_owned(), value.clone());
            Cow::Owned(sent)
        }
        _ => Cow::Borrowed(sent),
    }
}

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
        ("WebhookEndpointCreate" | "WebhookEndpointUpdate", "url") => receiver(check, shape, value),
        ("AddressInput", "country") => {
            let upper = value.as_str().map(|text| Value::from(text.to_uppercase()));
            check.value(shape, upper.as_ref().unwrap_or(value))
        }
        ("ProductPriceFixedCreate", "price_amount")
        | ("ProductPriceCustomCreate", "minimum_amount" | "maximum_amount" | "preset_amount") => {
            let amount = check.value(shape, value)?;
            price(check, before, amount)
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
    match name {
        "AddressInput" => match subdivision::put_right(kept) {
            Ok(()) => true,
            Err(problem) => {
                let message = format!("Value error, {problem}");
                check.flaw("value_error", message, value, Some(json!({"error": {}})));
                false
            }
        },
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

/// A map's key. Metadata, the only map with a bound, has short keys.
pub(super) fn key(check: &mut Check, rule: &MapRule, key: &str) {
    if rule.max_entries == Some(METADATA_MAX) {
        key_length(check, key);
    }
    if key.contains('\0') {
        check.flaw("value_error", text::NUL, &key.into(), None);
    }
}

/// The branch of a union that goes by something else than a field's value.
pub(super) fn unwritten_tag(name: &str, value: &Value) -> Option<(usize, &'static str)> {
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

/// An older form in its present words: a free price is a fixed one of nothing.
pub(super) fn modern(discriminator: &str, sent: &Map<String, Value>) -> Option<Value> {
    if discriminator != "amount_type" || sent.get(discriminator)? != "free" {
        return None;
    }
    let mut sent = sent.clone();
    sent.insert("amount_type".to_owned(), "fixed".into());
    sent.insert("price_amount".to_owned(), 0.into());
    Some(sent.into())
}

/// The Python enum a union's tags belong to.
pub(super) fn tag_class(union: &UnionRule, field: &str) -> Option<&'static str> {
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
pub(super) fn all_tags<'t>(field: &str, mut tags: Vec<&'t str>) -> Vec<&'t str> {
    if field == "amount_type" && !tags.is_empty() {
        tags.insert(tags.len() - 1, "unit_based");
    }
    tags
}

fn checkout_create() -> Option<Shape> {
    let Kind::Object(products) = &polarkit_spec::shape("CheckoutProductsCreate")?.kind else {
        return None;
    };
    let uuid = Kind::String(StringRule {
        format: Some("uuid4".to_owned()),
        ..StringRule::default()
    });
    let instead = |name: &str| {
        let mut rule: ObjectRule = products.clone();
        rule.fields.retain(|field| field.name != "products");
        rule.fields.push(Field {
            required: true,
            ..optional(name, uuid.clone())
        });
        Shape::of(Kind::Object(rule))
    };
    let branches = [
        (
            Shape::reference("CheckoutProductsCreate"),
            "CheckoutProductsCreate",
        ),
        (instead("product_id"), "CheckoutProductCreate"),
        (instead("product_price_id"), "CheckoutPriceCreate"),
    ];
    let branches = branches.into_iter().map(|(shape, class)| {
        let title = format!(
            "function-after[_validate_unit_constraints(), function-after[_validate_seat_constraints(), \
             function-after[is_complete_configuration(), {class}]]]"
        );
        Shape {
            title: Some(title),
            ..shape
        }
    });
    Some(Shape::of(Kind::Union(UnionRule {
        branches: branches.collect(),
        exclusive: false,
        discriminator: None,
        mapping: Vec::new(),
    })))
}

fn optional(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        required: false,
        shape: Shape {
            nullable: true,
            ..Shape::of(kind)
        },
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

/// Where webhooks go: https, or plain http to this machine or its own network.
fn receiver(check: &mut Check, shape: &Shape, value: &Value) -> Option<Value> {
    if let Some(Ok(url)) = value.as_str().map(Url::parse) {
        let fine = url.scheme() == "https" || (url.scheme() == "http" && is_near(&url));
        if !fine {
            text::refuse_scheme(check, "'https'", value);
            return None;
        }
    }
    check.value(shape, value)
}

/// True for hosts that only this machine or its network can mean. Polar refuses them all; a sandbox
/// would be of no use without them.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Some(Host::Domain(name)) => {
            let near = [".localhost", ".internal", ".local"];
            !name.contains('.') || near.iter().any(|end| name.ends_with(end))
        }
        None => false,
    }
}

fn price(check: &mut Check, before: &Map<String, Value>, amount: Value) -> Option<Value> {
    let Some(minor) = amount.as_i64() else {
        return Some(amount);
    };
    let currency = before
        .get("price_currency")
        .and_then(Value::as_str)
        .unwrap_or("usd");
    let least = billing::minimum(currency);
    if minor != 0 && minor < least {
        let least = billing::spoken(currency, least);
        let message = format!("Amount must be at least {least} or 0 for free pricing");
        check.flaw("minimum_price", message, &amount, None);
        return None;
    }
    if billing::is_above_maximum(currency, minor) {
        check.flaw(
            "maximum_price",
            "Amount is above the maximum of its currency",
            &amount,
            None,
        );
        return None;
    }
    Some(amount)
}
