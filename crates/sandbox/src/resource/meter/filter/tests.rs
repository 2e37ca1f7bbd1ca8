use serde_json::{Value, json};

use super::Filter;
use crate::resource::event::Event;

fn event() -> Event {
    Event::sample(
        "llm",
        json!({"model": "gpt", "tokens": 10, "ratio": 1.5, "ok": true, "_llm": {"vendor": "v"}, "a.b": 1}),
    )
}

fn clause(property: &str, operator: &str, value: &Value) -> Value {
    json!({"property": property, "operator": operator, "value": value})
}

fn passes(conjunction: &str, clauses: &Value) -> bool {
    let filter: Filter =
        serde_json::from_value(json!({"conjunction": conjunction, "clauses": clauses})).unwrap();
    filter.matches(&event())
}

#[test]
fn each_operator_compares_as_the_property_has_it() {
    for (property, operator, value, expected) in [
        ("name", "eq", json!("llm"), true),
        ("name", "ne", json!("llm"), false),
        ("name", "eq", json!(1), false),
        ("source", "eq", json!("user"), true),
        ("timestamp", "gt", json!(0), true),
        ("timestamp", "gt", json!("0"), false),
        ("model", "eq", json!("gpt"), true),
        ("model", "like", json!("p"), true),
        ("model", "like", json!("P"), false),
        ("model", "not_like", json!("p"), false),
        ("model", "gt", json!("a"), true),
        ("tokens", "eq", json!(10), true),
        ("tokens", "gt", json!(9), true),
        ("tokens", "gte", json!(10), true),
        ("tokens", "lt", json!(10), false),
        ("tokens", "lte", json!(10), true),
        ("tokens", "eq", json!("10"), false),
        ("tokens", "like", json!("1"), true),
        ("ratio", "gt", json!(1), true),
        ("ok", "eq", json!(true), true),
        ("ok", "ne", json!(true), false),
        ("ok", "eq", json!("true"), false),
        ("_llm.vendor", "eq", json!("v"), true),
        ("metadata.tokens", "eq", json!(10), true),
        ("a.b", "eq", json!(1), true),
        ("missing", "ne", json!("x"), false),
        ("missing", "not_like", json!("x"), false),
        ("_llm", "eq", json!("v"), false),
    ] {
        let got = passes("and", &json!([clause(property, operator, &value)]));
        assert_eq!(got, expected, "{property} {operator} {value}");
    }
}

#[test]
fn no_clause_means_every_event() {
    assert!(passes("and", &json!([])));
    assert!(passes("or", &json!([])));
}

#[test]
fn clauses_are_joined_and_nested() {
    let yes = clause("name", "eq", &json!("llm"));
    let no = clause("name", "eq", &json!("x"));
    assert!(!passes("and", &json!([yes, no])));
    assert!(passes("or", &json!([no, yes])));
    let inner = json!({"conjunction": "and", "clauses": [yes, clause("tokens", "gt", &json!(5))]});
    assert!(passes("or", &json!([no, inner])));
}
