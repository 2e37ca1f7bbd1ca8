use serde_json::json;
use uuid::Uuid;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id<T>(number: u128) -> Id<T> {
    Id::new(Uuid::from_u128(number))
}

fn key() -> LicenseKey {
    LicenseKey {
        id: id(1),
        created_at: at("2026-01-01T00:00:00Z"),
        modified_at: None,
        organization: id(2),
        customer: id(3),
        member: None,
        benefit: id(4),
        key: "K".to_owned(),
        status: Status::Granted,
        limit_activations: Some(1),
        usage: 7,
        limit_usage: Some(10),
        validations: 0,
        last_validated_at: None,
        expires_at: Some(at("2026-02-01T00:00:00Z")),
        activations: vec![Activation {
            id: id(5),
            created_at: at("2026-01-01T00:00:00Z"),
            label: "one".to_owned(),
            meta: Map::new(),
            conditions: object(&json!({"major": 1})),
        }],
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn why(checked: &Result<(), Failure>) -> String {
    match checked {
        Ok(()) => "ok".to_owned(),
        Err(Failure::Named { status, detail, .. }) => format!("{status} {detail}"),
        Err(other) => panic!("{other:?}"),
    }
}

/// An activation of id 5 that wants `{"major": 1}`.
fn activated(conditions: &Value) -> Ask {
    Ask {
        activation_id: Some(id(5)),
        conditions: object(conditions),
        ..Ask::default()
    }
}

#[test]
fn the_first_check_that_fails_speaks() {
    let all_wrong = || Ask {
        activation_id: Some(id(9)),
        benefit_id: Some(id(9)),
        customer_id: Some(id(9)),
        increment_usage: Some(9),
        conditions: Map::new(),
    };
    let late = at("2026-02-01T00:00:00Z");
    let early = at("2026-01-31T23:59:59Z");
    let revoked = LicenseKey {
        status: Status::Revoked,
        ..key()
    };
    for (key, now, expected) in [
        (&revoked, late, "404 License key is no longer active."),
        (&key(), late, "404 License key has expired."),
        (&key(), early, "404 Not found"),
    ] {
        assert_eq!(why(&validate(key, &all_wrong(), now)), expected);
    }
}

#[test]
fn what_is_asked_beside_the_key_is_checked_in_order() {
    let good = || json!({"major": 1});
    let conditions = "404 License key does not match required conditions";
    let cases = [
        (activated(&json!({})), conditions),
        (activated(&json!({"major": 1, "more": 2})), conditions),
        (activated(&good()), "ok"),
        (
            Ask {
                benefit_id: Some(id(9)),
                customer_id: Some(id(9)),
                ..activated(&good())
            },
            "404 License key does not match given benefit.",
        ),
        (
            Ask {
                customer_id: Some(id(9)),
                increment_usage: Some(4),
                ..Ask::default()
            },
            "404 License key does not match given user.",
        ),
        (used(4), "400 License key only has 3 more usages."),
        (used(3), "ok"),
        (Ask::default(), "ok"),
    ];
    let early = at("2026-01-31T23:59:59Z");
    for (ask, expected) in cases {
        assert_eq!(why(&validate(&key(), &ask, early)), expected, "{ask:?}");
    }
}

fn used(units: i64) -> Ask {
    Ask {
        increment_usage: Some(units),
        ..Ask::default()
    }
}

#[test]
fn activation_needs_a_live_key_with_a_place_left() {
    let now = at("2026-01-15T00:00:00Z");
    let limit = |limit_activations| LicenseKey {
        limit_activations,
        ..key()
    };
    assert_eq!(why(&activate(&limit(Some(2)), now)), "ok");
    assert!(why(&activate(&limit(Some(1)), now)).ends_with("limit already reached"));
    assert!(why(&activate(&limit(None), now)).contains("does not support activations"));
    assert!(why(&activate(&key(), at("2027-01-01T00:00:00Z"))).ends_with("expired."));
    let disabled = LicenseKey {
        status: Status::Disabled,
        ..key()
    };
    assert!(why(&activate(&disabled, now)).starts_with("403 License key is no longer active."));
}
