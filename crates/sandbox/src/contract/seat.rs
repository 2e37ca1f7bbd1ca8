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
        return Some("Metadata cannot have more than 10 keys");
    }
    (notes.to_string().len() > BYTES_MAX).then_some("Metadata size cannot exceed 1KB")
}

/// What contradicts itself in the purchase and the person that are named. In the portal (`by_checkout`) a
/// purchase may be named by its checkout, too.
pub(super) fn conflict(sent: &Map<String, Value>, by_checkout: bool) -> Option<&'static str> {
    let given = |fields: &[&str]| {
        let given = |field: &&&str| sent.get(**field).is_some_and(|value| !value.is_null());
        fields.iter().filter(given).count()
    };
    let purchases = given(&["subscription_id", "order_id", "checkout_id"]);
    let customers = given(&["external_customer_id", "customer_id"]);
    let members = given(&["external_member_id", "member_id"]);
    let emails = given(&["email"]);
    if purchases != 1 && by_checkout {
        Some("Exactly one of subscription_id, order_id, or checkout_id must be provided")
    } else if purchases != 1 {
        Some("Exactly one of subscription_id or order_id must be provided")
    } else if customers + members + emails == 0 {
        Some(
            "At least one of email, external_customer_id, customer_id, external_member_id, or member_id must be provided",
        )
    } else if customers > 0 && members > 0 {
        Some("Cannot combine external_customer_id/customer_id with external_member_id/member_id")
    } else if members > 1 {
        Some("Cannot provide both external_member_id and member_id")
    } else if customers > 0 && customers + emails != 1 {
        Some("Exactly one of email, external_customer_id, or customer_id must be provided")
    } else if given(&["member_id"]) + emails > 1 {
        Some("Cannot combine member_id with email")
    } else {
        None
    }
}
