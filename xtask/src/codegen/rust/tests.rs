//! Golden output: small facts, and the Rust they become.

use polarkit_spec::{Facts, Kind};
use serde_json::{Value, json};

use super::{Overrides, format, model, plan::Plan, sdk, ty::Ty};

const OVERRIDES: &str = r#"
[versions]
served = []
default = ""
why = ""

[unions]
"Order.discount" = "AppliedDiscount"

[secrets]
fields = ["token"]
places = []

[ids]
fields = { customer_id = "CustomerId" }
paths = { orders = "OrderId" }
shapes = [{ id = "OrderId", shapes = ["Order"] }]

[sentences]
"orders:find" = "Finds an order."

[groups]
orders = "Sales."

[docs]
Order = "A sale."
"#;

#[test]
fn an_object_is_read_leniently_and_an_open_enum_keeps_new_words() {
    insta::assert_snapshot!(model_file("orders.rs", &shapes(), &operations()));
}

#[test]
fn a_tagged_union_gains_an_unrecognized_arm() {
    let shapes = json!({
        "Price": {"kind": {"union": {"discriminator": "amount_type", "exclusive": true,
            "mapping": [["fixed", "PriceFixed"], ["free", "PriceFree"], ["gratis", "PriceFree"]],
            "branches": [{"kind": {"reference": "PriceFixed"}}, {"kind": {"reference": "PriceFree"}}]}}},
        "PriceFixed": object(&json!([
            field("amount_type", true, &json!({"kind": {"constant": "fixed"}})),
            field("price_amount", true, &json!({"kind": {"integer": {"minimum": 50}}})),
        ])),
        "PriceFree": object(&json!([field("amount_type", true, &json!({"kind": {"constant": "free"}}))])),
    });
    let operations = json!([operation(
        "prices:get",
        "GET /v1/prices/",
        &json!([]),
        None,
        "Price"
    )]);
    insta::assert_snapshot!(model_file("prices.rs", &shapes, &operations));
}

#[test]
fn an_operation_takes_what_it_requires_as_parameters_and_the_rest_as_methods() {
    insta::assert_snapshot!(sdk_file("orders.rs", &shapes(), &operations()));
}

#[test]
fn a_method_that_every_operation_has_already_stops_the_generator() {
    let flag = json!([{"name": "stream", "in": "query", "required": false,
        "shape": {"kind": "boolean"}}]);
    let find = operation("orders:find", "GET /v1/orders/", &flag, None, "Order");
    let facts = facts(&shapes(), &json!([find]));
    let overrides = toml::from_str(OVERRIDES).unwrap();
    let plan = Plan::new(&facts, &overrides).unwrap();
    let error = sdk::files(&plan).unwrap_err();
    let told = format!("{error:#}");
    assert!(
        told.contains("orders:find") && told.contains("`stream`"),
        "{told}"
    );
}

#[test]
fn an_id_in_the_query_is_an_id_of_what_is_listed() {
    let uuid = json!({"kind": {"string": {"format": "uuid4"}}});
    let ids = json!([{"name": "id", "in": "query", "required": false, "shape": {"nullable": true,
        "kind": {"union": {"branches": [uuid, {"kind": {"list": {"items": uuid}}}]}}}}]);
    let find = operation("orders:find", "GET /v1/orders/", &ids, None, "Order");
    let file = sdk_file("orders.rs", &shapes(), &json!([find]));
    assert!(file.contains("pub fn id(mut self, id: OrderId)"), "{file}");
}

#[test]
fn a_union_nobody_named_stops_the_generator() {
    let shapes = json!({
        "A": object(&json!([field("either", true, &json!({"kind": {"union": {"branches":
            [{"kind": {"reference": "A"}}, {"kind": {"reference": "B"}}]}}}))])),
        "B": object(&json!([])),
    });
    let facts = facts(
        &shapes,
        &json!([operation("as:get", "GET /v1/as/", &json!([]), None, "A")]),
    );
    let overrides =
        toml::from_str(&OVERRIDES.replace("\"Order.discount\" = \"AppliedDiscount\"", "")).unwrap();
    let error = Plan::new(&facts, &overrides).err().unwrap();
    assert!(
        format!("{error:#}").contains("name this union in overrides.toml"),
        "{error:#}"
    );
}

#[test]
fn the_same_facts_give_the_same_text() {
    assert_eq!(
        model_file("orders.rs", &shapes(), &operations()),
        model_file("orders.rs", &shapes(), &operations())
    );
}

fn model_file(name: &str, shapes: &Value, operations: &Value) -> String {
    let facts = facts(shapes, operations);
    let overrides = toml::from_str(OVERRIDES).unwrap();
    pick(name, emitted(&facts, &overrides, model::files))
}

fn sdk_file(name: &str, shapes: &Value, operations: &Value) -> String {
    let facts = facts(shapes, operations);
    let overrides = toml::from_str(OVERRIDES).unwrap();
    pick(name, emitted(&facts, &overrides, sdk::files))
}

type Files = Vec<(String, String)>;

fn emitted(
    facts: &Facts,
    overrides: &Overrides,
    emit: fn(&Plan<'_>) -> anyhow::Result<Files>,
) -> Files {
    emit(&Plan::new(facts, overrides).unwrap()).unwrap()
}

fn pick(name: &str, files: Files) -> String {
    let (_, text) = files.into_iter().find(|(file, _)| file == name).unwrap();
    format::rust(&text).unwrap()
}

fn facts(shapes: &Value, operations: &Value) -> Facts {
    let mut all = self::shapes();
    all.as_object_mut()
        .unwrap()
        .extend(shapes.as_object().unwrap().clone());
    let facts = json!({
        "document_version": "", "versions": [], "default_version": "",
        "operations": operations, "events": [], "shapes": all,
    });
    Facts::from_json(&facts.to_string()).unwrap()
}

fn shapes() -> Value {
    let text = json!({"kind": {"string": {}}});
    let nullable = json!({"kind": {"string": {"max_length": 3}}, "nullable": true});
    json!({
        "Order": object(&json!([
            field("id", true, &json!({"kind": {"string": {"format": "uuid4"}}})),
            field("customer_id", true, &json!({"kind": {"string": {"format": "uuid4"}}})),
            field("status", true, &json!({"kind": {"reference": "OrderStatus"}})),
            field("net_amount", true, &json!({"kind": {"integer": {}}})),
            field("type", true, &text),
            field("notes", true, &json!({"kind": {"list": {"items": text}}})),
            field("token", false, &nullable),
            field("discount", true, &json!({"nullable": true, "kind": {"union": {"branches": [
                {"kind": {"reference": "DiscountOnce"}}, {"kind": {"reference": "DiscountRepeat"}}]}}})),
        ])),
        "OrderStatus": {"kind": {"enum": ["paid", "partially_refunded", "-paid"]}},
        "DiscountOnce": object(&json!([field("duration", true, &text)])),
        "DiscountRepeat": object(&json!([
            field("duration", true, &text),
            field("duration_in_months", true, &json!({"kind": {"integer": {"minimum": 1}}})),
        ])),
        "OrderCreate": object(&json!([
            field("customer_id", true, &json!({"kind": {"string": {"format": "uuid4"}}})),
            field("metadata", false, &json!({"kind": {"map": {"values": {"kind": "any"}}}})),
        ])),
        "OrderUpdate": object(&json!([field("billing_name", false, &nullable)])),
    })
}

fn operations() -> Value {
    let id = json!([{"name": "id", "in": "path", "required": true,
        "shape": {"kind": {"string": {"format": "uuid4"}}}}]);
    let filter = json!([{"name": "status", "in": "query", "required": false, "shape": {
        "nullable": true, "kind": {"union": {"branches": [{"kind": {"reference": "OrderStatus"}},
            {"kind": {"list": {"items": {"kind": {"reference": "OrderStatus"}}}}}]}}}}]);
    json!([
        operation("orders:find", "GET /v1/orders/", &filter, None, "Order"),
        operation(
            "orders:create",
            "POST /v1/orders/",
            &json!([]),
            Some("OrderCreate"),
            "Order"
        ),
        operation(
            "orders:update",
            "PATCH /v1/orders/{id}",
            &id,
            Some("OrderUpdate"),
            "Order"
        ),
    ])
}

fn operation(
    id: &str,
    route: &str,
    parameters: &Value,
    body: Option<&str>,
    success: &str,
) -> Value {
    let (tag, name) = id.split_once(':').unwrap();
    let (method, path) = route.split_once(' ').unwrap();
    let body = body.map(|name| {
        json!({"content_type": "application/json", "required": true,
            "shape": {"kind": {"reference": name}}})
    });
    json!({
        "id": id, "method": method, "path": path, "tag": tag, "group": tag,
        "name": name, "auth": ["oat"], "scopes": [format!("{tag}:write")],
        "parameters": parameters, "body": body,
        "success": {"status": 200, "content_type": "application/json",
            "shape": {"kind": {"reference": success}}},
    })
}

fn object(fields: &Value) -> Value {
    json!({"kind": {"object": {"fields": fields}}})
}

fn field(name: &str, required: bool, shape: &Value) -> Value {
    json!({"name": name, "required": required, "shape": shape})
}

/// Every place of JSON without a type is one where a user has no help. The arms for what is newer
/// than us aside, these are all: metadata of every kind, what a licence is bound to, and the notes of
/// payment processors.
#[test]
fn places_without_a_type_are_listed() {
    let overrides = toml::from_str(include_str!("../../../../spec/overrides.toml")).unwrap();
    let facts = polarkit_spec::facts();
    let plan = Plan::new(facts, &overrides).unwrap();
    let (mut own, mut other) = (0, Vec::new());
    for planned in plan.items.values() {
        let Kind::Object(object) = planned.item.kind else {
            continue;
        };
        let parts = plan.parts(&planned.item).unwrap();
        for (field, _) in object
            .fields
            .iter()
            .zip(parts)
            .filter(|(_, ty)| is_free(ty))
        {
            match field.name.as_str() {
                "metadata" | "custom_field_data" => own += 1,
                name => other.push(format!("{}.{name}", planned.item.name)),
            }
        }
    }
    for operation in &facts.operations {
        let answer = plan.success(operation).unwrap();
        assert!(!answer.is_some_and(|ty| is_free(&ty)), "{}", operation.id);
    }
    insta::assert_snapshot!(format!(
        "metadata and custom field data: {own}\n{}",
        other.join("\n")
    ));
}

fn is_free(ty: &Ty<'_>) -> bool {
    match ty {
        Ty::Plain(name) => matches!(*name, "Value" | "FreeForm"),
        Ty::List(of) | Ty::Map(of) | Ty::Page(of) => is_free(of),
        Ty::Pair(one, two) => is_free(one) || is_free(two),
        _ => false,
    }
}
