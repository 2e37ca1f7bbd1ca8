//! Whether what is mirrored of a customer contradicts itself: an object says one thing, a newer
//! statement of the customer's whole state another. Something on the way was lost, or is late.

use std::collections::BTreeSet;

use polarkit_store::Essence;
use serde::de::DeserializeOwned;

use crate::entitlement::derive::last_told;
use crate::entitlement::essence::{Grant, Seat, State, Subscription};
use crate::entitlement::provisional;

/// Why a customer is in doubt, in a word; `None` when all that is known fits together.
pub(crate) fn of(essences: &[Essence]) -> Option<&'static str> {
    let state = essences.iter().find(|one| one.kind == "state");
    let stated: Option<State> = state.and_then(read);
    let newer = |own: &Essence| state.is_some_and(|state| last_told(state) > last_told(own));
    let listed: BTreeSet<&str> = stated
        .iter()
        .flat_map(|state| &state.active_subscriptions)
        .map(|active| active.id.as_str())
        .collect();
    let granted: BTreeSet<&str> = stated
        .iter()
        .flat_map(|state| &state.granted_benefits)
        .map(|grant| grant.id.as_str())
        .collect();
    let of_kind = |kind: &'static str| essences.iter().filter(move |one| one.kind == kind);
    for own in of_kind("subscription") {
        let active = read::<Subscription>(own).map(|own| own.is_active());
        match (active, newer(own), listed.contains(own.id.as_str())) {
            (Some(true), true, false) => return Some("subscription_not_in_state"),
            (Some(false), true, true) => return Some("subscription_active_in_state_alone"),
            _ => {}
        }
    }
    let known: BTreeSet<&str> = of_kind("subscription").map(|own| own.id.as_str()).collect();
    for own in of_kind("benefit_grant") {
        let Some(grant) = read::<Grant>(own) else {
            continue;
        };
        let alive = grant.is_granted && !grant.is_revoked;
        match (alive, newer(own), granted.contains(own.id.as_str())) {
            (true, true, false) => return Some("grant_not_in_state"),
            (false, true, true) => return Some("grant_in_state_alone"),
            _ => {}
        }
        let subscription = grant.subscription_id.as_deref();
        if alive && subscription.is_some_and(|id| !known.contains(id) && !listed.contains(id)) {
            return Some("grant_of_unknown_subscription");
        }
    }
    let orders: BTreeSet<&str> = of_kind("order").map(|own| own.id.as_str()).collect();
    for seat in of_kind("customer_seat").filter_map(read::<Seat>) {
        let alive = seat.is_claimed();
        let told = match (&seat.subscription_id, &seat.order_id) {
            (Some(id), _) => known.contains(&**id) || listed.contains(&**id),
            (None, Some(id)) => orders.contains(&**id),
            (None, None) => true,
        };
        if alive && !told {
            return Some("seat_of_unknown_purchase");
        }
    }
    if is_purchase_missing(essences) {
        return Some("purchase_not_told");
    }
    None
}

/// Whether a checkout was paid lately, and nothing tells what was bought.
fn is_purchase_missing(essences: &[Essence]) -> bool {
    let newest = essences.iter().map(last_told).max().unwrap_or_default();
    let standing = provisional::standing(essences).unwrap_or_default();
    standing
        .iter()
        .any(|(_, paid)| paid.until.as_microsecond() > newest)
}

/// What can't be read contradicts nothing.
fn read<T: DeserializeOwned>(essence: &Essence) -> Option<T> {
    serde_json::from_str(&essence.essence).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entitlement::essence::told;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn a_newer_state_that_says_otherwise_is_a_contradiction() {
        let active = r#"{"product_id":"p","status":"active"}"#;
        let over = r#"{"product_id":"p","status":"canceled"}"#;
        let granted = r#"{"benefit_id":"b","is_granted":true,"subscription_id":"s"}"#;
        let revoked = r#"{"benefit_id":"b","is_granted":false,"is_revoked":true}"#;
        let seat = r#"{"status":"claimed","subscription_id":"s","member":{"id":"m"}}"#;
        let nothing = "{}";
        let sub_listed =
            r#"{"active_subscriptions":[{"id":"s","product_id":"p","status":"active"}]}"#;
        let grant_listed = r#"{"granted_benefits":[{"id":"g","benefit_id":"b"}]}"#;
        let cases: [(&[Essence], Option<&str>); 11] = [
            (&[told("subscription", "s", 5, active)], None),
            (
                &[
                    told("subscription", "s", 5, active),
                    told("state", "c", 4, nothing),
                ],
                None,
            ),
            (
                &[
                    told("subscription", "s", 5, active),
                    told("state", "c", 6, nothing),
                ],
                Some("subscription_not_in_state"),
            ),
            (
                &[
                    told("subscription", "s", 5, over),
                    told("state", "c", 6, sub_listed),
                ],
                Some("subscription_active_in_state_alone"),
            ),
            (
                &[
                    told("subscription", "s", 5, active),
                    told("state", "c", 6, sub_listed),
                ],
                None,
            ),
            (
                &[told("benefit_grant", "g", 5, granted)],
                Some("grant_of_unknown_subscription"),
            ),
            (
                &[
                    told("benefit_grant", "g", 5, granted),
                    told("subscription", "s", 5, active),
                ],
                None,
            ),
            (
                &[
                    told("benefit_grant", "g", 5, revoked),
                    told("state", "c", 6, grant_listed),
                ],
                Some("grant_in_state_alone"),
            ),
            (
                &[
                    told("benefit_grant", "g", 5, revoked),
                    told("state", "c", 6, nothing),
                ],
                None,
            ),
            (
                &[told("customer_seat", "t", 5, seat)],
                Some("seat_of_unknown_purchase"),
            ),
            (
                &[
                    told("customer_seat", "t", 5, seat),
                    told("subscription", "s", 5, active),
                ],
                None,
            ),
        ];
        for (essences, expected) in cases {
            assert_eq!(of(essences), expected, "{essences:?}");
        }
    }
}
