//! What differs, in a few words: names of fields, never their values. Pure.

use std::collections::BTreeSet;

use polarkit_store::{Drift, Entitlement};
use serde_json::{Map, Value};

/// Fields named at most.
const FIELDS_MAX: usize = 20;
/// Fields that hold other objects, which are compared on their own, or change with every change.
const PASSED_OVER: [&str; 8] = [
    "modified_at",
    "customer",
    "product",
    "benefit",
    "subscription",
    "discount",
    "member",
    "meters",
];

/// A difference that was put right when it was found.
pub(super) fn found(
    (customer, kind, object): (&str, &str, &str),
    what: &str,
    fields: String,
    now: i64,
) -> Drift {
    Drift {
        id: uuid::Uuid::new_v4().to_string(),
        found_at: now,
        customer: customer.to_owned(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        what: what.to_owned(),
        fields,
        healed_at: Some(now),
    }
}

/// The fields both have, with other values.
pub(super) fn fields(before: Option<&str>, after: &str) -> String {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let Some(before) = before.map(read) else {
        return String::new();
    };
    let after = read(after);
    let differing = before.iter().filter(|(name, value)| {
        let other = after.get(*name);
        other.is_some_and(|other| other != *value) && !PASSED_OVER.contains(&name.as_str())
    });
    let names: Vec<&str> = differing
        .map(|(name, _)| name.as_str())
        .take(FIELDS_MAX)
        .collect();
    names.join(",")
}

/// What is granted as a whole, and was not, or no longer is.
pub(super) fn access(before: &[Entitlement], after: &[Entitlement]) -> String {
    let granted = |rows: &[Entitlement]| -> BTreeSet<String> {
        let alive = rows.iter().filter(|row| row.granted);
        alive
            .map(|row| format!("{}:{}", row.kind, row.target))
            .collect()
    };
    let (had, has) = (granted(before), granted(after));
    let gained = has.difference(&had).map(|thing| format!("+{thing}"));
    let lost = had.difference(&has).map(|thing| format!("-{thing}"));
    let all: Vec<String> = gained.chain(lost).take(FIELDS_MAX).collect();
    all.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_and_their_values_are_not() {
        let before = r#"{"status":"active","modified_at":"1","email":"a@b.c","old":1}"#;
        let after = r#"{"status":"canceled","modified_at":"2","email":"x@y.z","new":1}"#;
        assert_eq!(fields(Some(before), after), "status,email");
        assert_eq!(fields(None, after), "");
        assert_eq!(fields(Some(before), before), "");
    }
}
