//! What Polar still accepts though the document no longer, or not yet, says so.

use std::borrow::Cow;
use std::sync::LazyLock;

use polarkit_spec::{Field, Kind, ObjectRule, Shape, StringRule, UnionRule};
use serde_json::{Map, Value};

const SECRET_MIN: u64 = 32;

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
    let shape = Shape {
        nullable: true,
        ..Shape::of(kind)
    };
    Field::new(name, false, shape)
}
