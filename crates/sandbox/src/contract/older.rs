//! What Polar still accepts though the document no longer, or not yet, says so.

use std::borrow::Cow;
use std::sync::LazyLock;

use polarkit_spec::{
    Additional, Field, IntegerRule, Kind, ListRule, NumberRule, ObjectRule, Shape, StringRule,
    UnionRule,
};
use serde_json::{Map, Value};

const SECRET_MIN: u64 = 32;

/// A price by a number of units, which the document does not describe.
const UNIT_BASED: &str = "ProductPriceUnitBasedCreate";

/// Shapes that the document shows in part only. Checkouts still take the two older ways to name what
/// is bought, and their branches go by the names of their validators.
pub(super) fn stand_in(name: &str) -> Option<&'static Shape> {
    static CHECKOUT: LazyLock<Option<Shape>> = LazyLock::new(checkout_create);
    static UNITS: LazyLock<Shape> = LazyLock::new(unit_based_price);
    static UPDATE: LazyLock<Option<Shape>> = LazyLock::new(subscription_update);
    static SETTINGS: LazyLock<Option<Shape>> = LazyLock::new(subscription_settings);
    match name {
        "CheckoutCreate" => CHECKOUT.as_ref(),
        UNIT_BASED => Some(&UNITS),
        "SubscriptionUpdate" => UPDATE.as_ref(),
        "OrganizationSubscriptionSettings" => SETTINGS.as_ref(),
        _ => None,
    }
}

/// The branch of a tagged union that the document does not know yet.
pub(super) fn branch(discriminator: &str, tag: &str) -> Option<Shape> {
    (discriminator == "amount_type" && tag == "unit_based").then(|| Shape::reference(UNIT_BASED))
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
    static UNITS: LazyLock<Vec<Field>> = LazyLock::new(|| vec![units("units")]);
    static SESSION: LazyLock<Vec<Field>> =
        LazyLock::new(|| ["units", "min_units", "max_units"].map(units).to_vec());
    match name {
        "WebhookEndpointCreate" | "WebhookEndpointUpdate" => &ENDPOINT,
        "CheckoutProductsCreate" => &SESSION,
        "CheckoutUpdate"
        | "CheckoutUpdatePublic"
        | "CheckoutConfirmStripe"
        | "CheckoutLinkCreateProducts"
        | "CheckoutLinkCreateProduct"
        | "CheckoutLinkCreateProductPrice"
        | "CheckoutLinkUpdate" => &UNITS,
        _ => &[],
    }
}

/// What was sent, with other spellings of field names put right.
pub(super) fn prepare<'v>(name: &str, sent: &'v Map<String, Value>) -> Cow<'v, Map<String, Value>> {
    let aliased = matches!(
        name,
        "CheckoutProductsCreate" | "" | "CustomerSessionCustomerExternalIDCreate"
    );
    if name.starts_with("CustomField") && name.ends_with("Properties") {
        // What was left empty in a form was not set.
        let is_set = |value: &Value| !value.is_null() && value != "";
        let set = sent.iter().filter(|(_, value)| is_set(value));
        return Cow::Owned(
            set.map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        );
    }
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
        rule.fields
            .extend(hidden_fields("CheckoutProductsCreate").iter().cloned());
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

/// Another number of units is asked for as another number of seats is.
fn subscription_update() -> Option<Shape> {
    let Kind::Union(update) = &polarkit_spec::shape("SubscriptionUpdate")?.kind else {
        return None;
    };
    let Kind::Object(seats) = &polarkit_spec::shape("SubscriptionUpdateSeats")?.kind else {
        return None;
    };
    let mut units: ObjectRule = seats.clone();
    for field in &mut units.fields {
        if field.name == "seats" {
            "units".clone_into(&mut field.name);
        }
    }
    let mut update: UnionRule = update.clone();
    let is_seats = |branch: &Shape| matches!(&branch.kind, Kind::Reference(name) if name == "SubscriptionUpdateSeats");
    let after = update.branches.iter().position(is_seats)? + 1;
    let branch = Shape {
        title: Some("SubscriptionUpdateUnits".to_owned()),
        ..Shape::of(Kind::Object(units))
    };
    update.branches.insert(after, branch);
    Some(Shape::of(Kind::Union(update)))
}

/// Organizations to which Polar opened it may start the period anew with every change.
fn subscription_settings() -> Option<Shape> {
    let mut settings = polarkit_spec::shape("OrganizationSubscriptionSettings")?.clone();
    if let Kind::Object(rule) = &mut settings.kind {
        let mut fields = rule.fields.iter_mut();
        let field = fields.find(|field| field.name == "proration_behavior")?;
        if let Kind::Enum(words) = &mut field.shape.kind {
            words.push("reset".into());
        }
    }
    Some(settings)
}

fn unit_based_price() -> Shape {
    let whole = |least| {
        Kind::Integer(IntegerRule {
            minimum: Some(least),
            ..IntegerRule::default()
        })
    };
    let required = |name: &str, shape: Shape| Field::new(name, true, shape);
    let object = |fields| {
        let additional = Additional::Unsaid;
        Shape::of(Kind::Object(ObjectRule { fields, additional }))
    };
    // A decimal: a number, or a text with one.
    let decimal = Kind::Union(UnionRule {
        branches: vec![
            Shape::of(Kind::Number(NumberRule {
                minimum: Some(0.0),
                ..NumberRule::default()
            })),
            Shape::of(Kind::String(StringRule {
                pattern: Some("decimal".to_owned()),
                ..StringRule::default()
            })),
        ],
        exclusive: false,
        discriminator: None,
        mapping: Vec::new(),
    });
    let tier = object(vec![
        optional("bound", whole(1)),
        required("unit_amount", Shape::of(decimal)),
    ]);
    let tiers = Kind::List(Box::new(ListRule {
        items: tier,
        min_items: Some(1),
        max_items: None,
        unique: false,
    }));
    let kinds = Kind::Enum(vec!["volume".to_owned(), "graduated".to_owned()]);
    let tiers = object(vec![
        required("type", Shape::of(kinds)),
        required("tiers", Shape::of(tiers)),
    ]);
    object(vec![
        required(
            "amount_type",
            Shape::of(Kind::Constant("unit_based".into())),
        ),
        Field::new(
            "price_currency",
            false,
            Shape::reference("PresentmentCurrency"),
        ),
        optional(
            "tax_behavior",
            Kind::Reference("TaxBehaviorOption".to_owned()),
        ),
        required("tiers", tiers),
        optional("minimum_units", whole(1)),
        optional("unit_label", Kind::Any),
    ])
}

fn units(name: &str) -> Field {
    let rule = IntegerRule {
        minimum: Some(1),
        maximum: Some(i64::from(i32::MAX)),
        ..IntegerRule::default()
    };
    optional(name, Kind::Integer(rule))
}

fn optional(name: &str, kind: Kind) -> Field {
    let shape = Shape {
        nullable: true,
        ..Shape::of(kind)
    };
    Field::new(name, false, shape)
}
