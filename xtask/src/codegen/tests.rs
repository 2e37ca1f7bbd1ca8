//! Golden facts: a small document, and what is kept of it.

use serde_json::{Value, json};

use super::{facts, openapi::Document, pretty};

const OVERRIDES: &str = r#"
[versions]
served = ["2026-04"]
default = "2026-04"
why = "for the test"

[events."order.moved"]
data = "Order"
why = "newer than the document"

[fields.api_version]
shape_prefix = "Webhook"
shape_suffix = "Payload"
why = "newer than the document"
"#;

#[test]
fn constraints_order_and_names_are_kept_and_prose_is_not() {
    insta::assert_snapshot!(gather(&document()).unwrap());
}

#[test]
fn a_keyword_we_have_not_met_stops_the_generator() {
    let mut document = document();
    document["components"]["schemas"]["Order"]["properties"]["id"]["multipleOf"] = json!(5);
    let error = gather(&document).unwrap_err();
    assert!(error.contains("multipleOf"), "{error}");
}

#[test]
fn a_reference_that_leads_elsewhere_stops_the_generator() {
    let mut document = document();
    document["components"]["schemas"]["Order"]["properties"]["id"] = json!({"$ref": "other.json"});
    let error = gather(&document).unwrap_err();
    assert!(error.contains("leads elsewhere"), "{error}");
}

#[test]
fn an_override_the_document_caught_up_with_is_refused() {
    let mut document = document();
    document["components"]["schemas"]["WebhookOrderPayload"]["properties"]["api_version"] =
        json!({"type": "string"});
    let error = gather(&document).unwrap_err();
    assert!(error.contains("drop it from overrides.toml"), "{error}");
}

fn gather(document: &Value) -> Result<String, String> {
    let overrides: super::Overrides = toml::from_str(OVERRIDES).unwrap();
    let text = document.to_string();
    let document: Document = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let facts = facts::gather(document).and_then(|facts| overrides.complete(facts));
    let facts = facts.map_err(|error| format!("{error:#}"))?;
    Ok(pretty::print(&serde_json::to_value(&facts).unwrap()))
}

fn document() -> Value {
    let order = json!({"$ref": "#/components/schemas/Order"});
    let answer = json!({"200": {"description": "prose", "content": {"application/json": {"schema": order}}},
        "202": {"description": "prose"},
        "404": {"content": {"application/json": {"schema": order}}}});
    json!({
        "info": {"version": "2026-10"},
        "paths": {"/v1/orders/{id}": {"get": {
            "operationId": "orders:get", "summary": "prose", "tags": ["orders", "public"],
            "security": [{"oat": ["orders:read"]}],
            "parameters": [
                {"name": "id", "in": "path", "required": true, "description": "prose",
                 "schema": {"type": "string", "format": "uuid4", "title": "Id"}},
                {"name": "metadata", "in": "query", "required": false, "style": "deepObject",
                 "schema": {"type": "object", "additionalProperties": {"type": "string"}}},
            ],
            "responses": answer, "x-polar-allowed-subjects": ["Organization"],
            "x-speakeasy-group": "orders", "x-speakeasy-name-override": "get",
            "x-codeSamples": [{"source": "prose"}],
        }}},
        "webhooks": {"order.paid": {"post": {"operationId": "x", "requestBody": {"required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookOrderPayload"}}}},
            "responses": {"200": {}}}}},
        "components": {"schemas": {
            "Order": {"type": "object", "title": "Order", "description": "prose", "required": ["id", "amount"],
                "additionalProperties": false,
                "properties": {
                    "id": {"type": "string", "format": "uuid4", "title": "Id", "examples": ["prose"]},
                    "amount": {"type": "integer", "minimum": 50.0, "exclusiveMaximum": 100.0, "default": 50},
                    "name": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a"}, {"type": "null"}],
                        "default": null, "deprecated": true},
                    "either": {"oneOf": [{"$ref": "#/components/schemas/Order"}, {"$ref": "#/components/schemas/Paid"}],
                        "discriminator": {"propertyName": "type", "mapping": {"paid": "#/components/schemas/Paid"}}},
                    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "minItems": 2, "maxItems": 2},
                    "tags": {"type": "array", "items": {"enum": ["a", "b"], "type": "string"}, "uniqueItems": true, "maxItems": 5},
                    "metadata": {"type": "object", "maxProperties": 50, "propertyNames": {"maxLength": 40, "type": "string"},
                        "additionalProperties": {"type": "number", "exclusiveMinimum": 0.5}},
                }},
            "Paid": {"type": "object", "properties": {"type": {"const": "paid", "type": "string"}}},
            "WebhookOrderPayload": {"type": "object", "required": ["data"], "properties": {"data": order}},
        }},
    })
}

/// A clone has the facts but not the document they came from.
#[test]
fn the_committed_facts_are_what_reading_and_writing_them_gives() {
    let facts = serde_json::to_value(polarkit_spec::facts()).unwrap();
    assert!(pretty::print(&facts) == include_str!("../../../spec/facts.json"));
}
