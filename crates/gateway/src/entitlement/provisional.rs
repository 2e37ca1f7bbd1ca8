//! Access before the news: Polar itself said that a checkout was paid, and what was bought with it
//! is still to be told. Pure.
//!
//! Such a checkout speaks for itself only as long as nothing better does: an order or a subscription
//! that names it, in whatever state, or a newer statement of the customer's whole state, which lists
//! what recurs. So a webhook always wins, whichever of them came first.

use std::collections::BTreeSet;

use jiff::Timestamp;
use polarkit_store::Essence;
use serde::{Deserialize, Serialize};

use super::derive::last_told;

/// What the mirror calls a paid checkout.
pub(crate) const KIND: &str = "checkout";
/// The reason of a row that is granted so.
pub(crate) const REASON: &str = "provisional";

/// A checkout that Polar says was paid, as far as it decides access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paid {
    pub(crate) product_id: String,
    /// A subscription comes of it, which the customer's state lists.
    pub(crate) recurring: bool,
    /// Until when it is believed on its own.
    pub(crate) until: Timestamp,
}

/// Where a purchase names its checkout.
#[derive(Deserialize)]
struct Bought {
    #[serde(default)]
    checkout_id: Option<String>,
}

/// The paid checkouts that still speak for themselves, by Polar's id.
pub(crate) fn standing(essences: &[Essence]) -> Result<Vec<(&Essence, Paid)>, serde_json::Error> {
    let paid: Vec<&Essence> = essences.iter().filter(|one| one.kind == KIND).collect();
    if paid.is_empty() {
        return Ok(Vec::new());
    }
    let bought = essences
        .iter()
        .filter(|one| matches!(one.kind.as_str(), "subscription" | "order"));
    let told: BTreeSet<String> = bought
        .filter_map(|one| {
            serde_json::from_str::<Bought>(&one.essence)
                .ok()?
                .checkout_id
        })
        .collect();
    let stated = essences.iter().find(|one| one.kind == "state");
    let mut standing = Vec::new();
    for one in paid {
        let paid: Paid = serde_json::from_str(&one.essence)?;
        let newer = stated.is_some_and(|state| last_told(state) > last_told(one));
        let better = told.contains(&one.id) || (paid.recurring && newer);
        if !better {
            standing.push((one, paid));
        }
    }
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entitlement::essence::told;

    #[test]
    fn a_checkout_speaks_until_anything_better_does() {
        let checkout = |recurring: bool| {
            let until = "2027-01-01T00:00:00Z";
            let paid = format!(r#"{{"product_id":"p","recurring":{recurring},"until":"{until}"}}"#);
            told(KIND, "c1", 5, &paid)
        };
        let named = r#"{"product_id":"p","status":"canceled","checkout_id":"c1"}"#;
        let other = r#"{"product_id":"p","status":"active","checkout_id":"c2"}"#;
        let refunded = r#"{"product_id":"p","status":"refunded","paid":true,"checkout_id":"c1"}"#;
        let cases: [(&str, bool, Option<Essence>, bool); 7] = [
            ("alone", true, None, true),
            (
                "its subscription",
                true,
                Some(told("subscription", "s", 1, named)),
                false,
            ),
            (
                "another's",
                true,
                Some(told("subscription", "s", 9, other)),
                true,
            ),
            (
                "its order",
                false,
                Some(told("order", "o", 1, refunded)),
                false,
            ),
            (
                "an older state",
                true,
                Some(told("state", "c", 5, "{}")),
                true,
            ),
            (
                "a newer state",
                true,
                Some(told("state", "c", 6, "{}")),
                false,
            ),
            (
                "a state lists no orders",
                false,
                Some(told("state", "c", 6, "{}")),
                true,
            ),
        ];
        for (what, recurring, beside, stands) in cases {
            let all: Vec<Essence> = beside.into_iter().chain([checkout(recurring)]).collect();
            assert_eq!(standing(&all).unwrap().len(), usize::from(stands), "{what}");
        }
    }
}
