//! What Polar's validators ask of those who give a seat away, beside the shape.

use serde_json::{Map, Value};

/// How much may be noted on a seat.
const KEYS_MAX: usize = 10;
const BYTES_MAX: usize = 1024;

/// What is wrong with what is noted on a seat.
pub(super) fn too_much_to_note(notes: &Value) -> Option<&'static str> {
    if notes
        .as_object()
        .is_some_and(|notes| notes.len() > KEYS_MAX)
    {
        return Some("Metadata has 10 keys at most");
    }
    (notes.to_string().len() > BYTES_MAX).then_some("Metadata has 1 KB at most")
}

/// What contradicts itself in the purchase and the person that are named.
pub(super) fn conflict(sent: &Map<String, Value>) -> Option<&'static str> {
    let given = |fields: &[&str]| {
        let given = |field: &&&str| sent.get(**field).is_some_and(|value| !value.is_null());
        fields.iter().filter(given).count()
    };
    let purchases = given(&["subscription_id", "order_id", "checkout_id"]);
    let customers = given(&["external_customer_id", "customer_id"]);
    let members = given(&["external_member_id", "member_id"]);
    let emails = given(&["email"]);
    if purchases != 1 {
        Some("Exactly one purchase must be named")
    } else if customers + members + emails == 0 {
        Some("Somebody must be named")
    } else if (customers > 0 && members > 0) || members > 1 {
        Some("A person must be named in one way")
    } else if customers > 0 && customers + emails != 1 {
        Some("A customer must be named in one way")
    } else if given(&["member_id"]) + emails > 1 {
        Some("A member's id and an e-mail do not go together")
    } else {
        None
    }
}
