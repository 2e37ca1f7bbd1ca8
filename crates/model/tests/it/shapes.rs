//! What Polar sends, with fields and words missing, renamed and new.

use polarkit_model::{
    AnyProductPrice, Benefit, BenefitGrantProperties, BenefitGrantWebhook, Customer, Discount,
    Meter, MeterAggregation, Money, OrderStatus, Product, ProductPrice, ProductPriceFixed,
    ProductPriceFixedCreate, SubscriptionUpdate, SubscriptionUpdateBase, TrialEnd,
    read::{self, Read, ReadError},
    webhook::{Event, Payload},
};
use serde_json::{Value, json};

const ID: &str = "11111111-1111-4111-8111-111111111111";
const TIME: &str = "2026-01-01T00:00:00Z";

fn read<T: Read>(value: &Value) -> Result<T, ReadError> {
    read::from_slice(value.to_string().as_bytes())
}

fn customer() -> Value {
    json!({"id": ID, "created_at": TIME, "type": "individual", "organization_id": ID})
}

fn price(extra: &Value) -> Value {
    let mut price = json!({
        "id": ID, "created_at": TIME, "source": "catalog", "amount_type": "fixed",
        "price_currency": "usd", "price_amount": 1000, "product_id": ID, "tax_behavior": null,
    });
    price
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    price
}

#[test]
fn fields_polar_dropped_read_as_nothing() {
    let Customer::Individual(customer) = read(&customer()).unwrap() else {
        panic!("individual")
    };
    assert_eq!(
        (customer.email.as_str(), customer.email_verified),
        ("", false)
    );
    assert!(customer.metadata.is_empty() && customer.modified_at.is_none());
}

#[test]
fn ids_and_amounts_are_never_made_up() {
    let mut without = price(&json!({}));
    without.as_object_mut().unwrap().remove("price_amount");
    let error = read::<ProductPriceFixed>(&without).unwrap_err();
    assert_eq!(
        (error.path().as_str(), error.problem()),
        ("price_amount", "missing")
    );
    let kept = read::<ProductPrice>(&without).unwrap();
    assert_eq!(kept, ProductPrice::Unrecognized(without));
}

#[test]
fn fields_polar_added_are_passed_over() {
    let price = read::<ProductPrice>(&price(&json!({"mood": "good"}))).unwrap();
    assert!(matches!(price, ProductPrice::Fixed(price) if price.price_amount == 1000));
}

#[test]
fn a_branch_newer_than_us_is_kept_whole() {
    let unit = price(&json!({"amount_type": "unit_based", "unit_amount": "5"}));
    let price = read::<ProductPrice>(&unit).unwrap();
    assert_eq!(price, ProductPrice::Unrecognized(unit.clone()));
    assert_eq!(serde_json::to_value(price).unwrap(), unit);
}

#[test]
fn a_word_newer_than_us_is_kept_and_written_back() {
    let status: OrderStatus = serde_json::from_str("\"disputed\"").unwrap();
    assert_eq!(status, OrderStatus::Unrecognized("disputed".to_owned()));
    assert_eq!(serde_json::to_string(&status).unwrap(), "\"disputed\"");
    assert!(OrderStatus::KNOWN.contains(&OrderStatus::Paid));
}

#[test]
fn a_legacy_price_is_told_from_a_current_one() {
    let current = read::<AnyProductPrice>(&price(&json!({"type": "recurring"}))).unwrap();
    assert!(matches!(current, AnyProductPrice::ProductPrice(_)));
    let legacy = json!({"type": "recurring", "legacy": true, "recurring_interval": "month"});
    let legacy = read::<AnyProductPrice>(&price(&legacy)).unwrap();
    assert!(matches!(
        legacy,
        AnyProductPrice::LegacyRecurringProductPrice(_)
    ));
}

#[test]
fn a_discount_is_told_by_the_fields_it_has() {
    let once = json!({
        "id": ID, "created_at": TIME, "organization_id": ID, "duration": "once", "type": "percentage",
        "basis_points": 1000, "name": "Ten", "redemptions_count": 0, "products": [],
    });
    let mut repeat = once.clone();
    repeat["duration"] = json!("repeating");
    repeat["duration_in_months"] = json!(3);
    assert!(matches!(
        read(&once).unwrap(),
        Discount::PercentageOnceForever(_)
    ));
    assert!(matches!(
        read(&repeat).unwrap(),
        Discount::PercentageRepeat(_)
    ));
}

#[test]
fn grants_that_look_alike_are_told_by_their_benefit() {
    let grant = |kind: &str| {
        json!({
            "id": ID, "created_at": TIME, "is_granted": true, "is_revoked": false,
            "customer_id": ID, "benefit_id": ID, "customer": customer(), "properties": {},
            "benefit": {"id": ID, "created_at": TIME, "type": kind, "organization_id": ID,
                "properties": {}, "visibility": "public"},
        })
    };
    assert!(matches!(
        read(&grant("custom")).unwrap(),
        BenefitGrantWebhook::Custom(_)
    ));
    assert!(matches!(
        read(&grant("feature_flag")).unwrap(),
        BenefitGrantWebhook::FeatureFlag(_)
    ));
    assert!(matches!(
        read(&grant("hologram")).unwrap(),
        BenefitGrantWebhook::Unrecognized(_)
    ));
}

#[test]
fn properties_that_say_nothing_are_nobodys() {
    let nothing = read::<BenefitGrantProperties>(&json!({})).unwrap();
    assert_eq!(nothing, BenefitGrantProperties::Unrecognized(json!({})));
}

#[test]
fn several_words_can_mean_one_branch() {
    let meter = json!({
        "id": ID, "created_at": TIME, "name": "Tokens", "organization_id": ID, "unit": "scalar",
        "filter": {"conjunction": "and", "clauses": [
            {"property": "name", "operator": "eq", "value": "llm"},
            {"conjunction": "or", "clauses": []},
        ]},
        "aggregation": {"func": "max", "property": "tokens"},
    });
    let meter = read::<Meter>(&meter).unwrap();
    assert!(matches!(meter.aggregation, MeterAggregation::Property(_)));
    assert_eq!(meter.filter.clauses.len(), 2);
}

#[test]
fn a_problem_deep_inside_is_named_by_its_path() {
    let product = json!({
        "id": ID, "created_at": TIME, "name": "Pro", "organization_id": ID, "visibility": "public",
        "medias": [{"id": ID, "created_at": TIME, "organization_id": ID, "size": "big"}],
    });
    let error = read::<Product>(&product).unwrap_err();
    assert_eq!(error.path(), "medias[0].size");
}

#[test]
fn what_was_read_can_be_written_and_read_again() {
    let benefit = json!({"id": ID, "created_at": TIME, "modified_at": null, "type": "custom",
        "description": "Thanks", "selectable": true, "deletable": true, "is_deleted": false,
        "organization_id": ID, "metadata": {"a": 1}, "visibility": "public",
        "properties": {"note": "hi"}});
    let read_once = read::<Benefit>(&benefit).unwrap();
    let written = serde_json::to_value(&read_once).unwrap();
    assert_eq!(written["type"], "custom");
    assert_eq!(
        serde_json::from_value::<Benefit>(written).unwrap(),
        read_once
    );
}

#[test]
fn an_event_is_read_by_its_type() {
    let delivery =
        |kind: &str, data: &Value| json!({"type": kind, "timestamp": TIME, "data": data});
    let known = read::<Payload>(&delivery("customer.created", &customer())).unwrap();
    assert!(matches!(&known.event, Event::CustomerCreated(_)));
    assert_eq!(
        (known.event.kind(), known.api_version),
        ("customer.created", None)
    );

    let error = read::<Payload>(&delivery("order.paid", &json!([]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an object, found a list at `data`"
    );
    let error = read::<Payload>(&delivery("order.paid", &json!({"id": "x"}))).unwrap_err();
    assert_eq!(error.path(), "data.id");
}

#[test]
fn a_body_is_written_with_its_tag_and_only_what_was_set() {
    let price = ProductPriceFixedCreate::new(500);
    assert_eq!(
        serde_json::to_value(price).unwrap(),
        json!({"amount_type": "fixed", "price_amount": 500})
    );
    let update: SubscriptionUpdate = SubscriptionUpdateBase::new()
        .trial_end(TrialEnd::Now)
        .into();
    assert_eq!(
        serde_json::to_value(update).unwrap(),
        json!({"trial_end": "now"})
    );
}

#[test]
fn an_amount_carries_its_currency() {
    let price = read::<ProductPriceFixed>(&price(&json!({"price_currency": "jpy"}))).unwrap();
    assert_eq!(price.price(), Money::new(1_000, "jpy"));
    assert_eq!(price.price().to_string(), "1000 JPY");
}
