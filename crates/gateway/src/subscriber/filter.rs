//! Which events a subscriber, or a reader of the stream, wants to hear of.

use serde::{Deserialize, Serialize};

/// Entries of one list.
pub(crate) const LIST_MAX: usize = 100;
/// Longest entry.
pub(crate) const ENTRY_BYTES_MAX: usize = 255;

/// Three lists; an event must be in all of them, and an empty list holds everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filter {
    /// Types, or the beginnings of types followed by `*`.
    pub(crate) events: Vec<String>,
    /// Ids of customers, Polar's or the application's.
    pub(crate) customers: Vec<String>,
    /// Polar's ids of products.
    pub(crate) products: Vec<String>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) kind: &'a str,
    pub(crate) customer: &'a str,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) products: &'a [String],
}

/// Which entry is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterFault {
    #[error(
        "events[{0}]: must be a type such as order.paid, the beginning of types such as \
         subscription.*, or * for all"
    )]
    Event(usize),
    #[error("{0}[{1}]: must be an id of 1 to 255 characters")]
    Id(&'static str, usize),
    #[error("{0}: has at most 100 entries")]
    Long(&'static str),
}

impl Filter {
    pub(crate) fn check(&self) -> Result<(), FilterFault> {
        if let Some(wrong) = self.events.iter().position(|one| !is_pattern(one)) {
            return Err(FilterFault::Event(wrong));
        }
        let lists = [
            ("events", &self.events),
            ("customers", &self.customers),
            ("products", &self.products),
        ];
        for (name, list) in lists {
            if list.len() > LIST_MAX {
                return Err(FilterFault::Long(name));
            }
            let fits =
                |id: &String| (1..=ENTRY_BYTES_MAX).contains(&id.len()) && !id.contains('\0');
            if let Some(wrong) = list.iter().position(|id| !fits(id)) {
                return Err(FilterFault::Id(name, wrong));
            }
        }
        Ok(())
    }

    pub(crate) fn admits(&self, subject: &Subject<'_>) -> bool {
        let ids = [Some(subject.customer), subject.external_id];
        let customer = |wanted: &String| ids.contains(&Some(wanted.as_str()));
        (self.events.is_empty() || self.events.iter().any(|one| fits(one, subject.kind)))
            && (self.customers.is_empty() || self.customers.iter().any(customer))
            && (self.products.is_empty()
                || self
                    .products
                    .iter()
                    .any(|one| subject.products.contains(one)))
    }
}

fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => kind.starts_with(beginning),
        None => pattern == kind,
    }
}

/// A star anywhere but at the end would never match, and be found out much later.
fn is_pattern(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    !text.is_empty() && text.len() <= ENTRY_BYTES_MAX && name.chars().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], bool);

    #[test]
    fn an_event_must_be_in_every_list_that_is_not_empty() {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect();
        let products: Vec<String> = list(&["p1", "p2"]);
        let subject = Subject {
            kind: "subscription.active",
            customer: "c",
            external_id: Some("u_1"),
            products: &products,
        };
        let cases: [Case<'_>; 11] = [
            (&[], &[], &[], true),
            (&["*"], &[], &[], true),
            (&["subscription.*"], &[], &[], true),
            (&["sub*"], &["c"], &["p2"], true),
            (&["order.*", "subscription.active"], &["u_1"], &[], true),
            (&["subscription"], &[], &[], false),
            (&["subscription.activex*"], &[], &[], false),
            (&["order.*"], &[], &[], false),
            (&[], &["d"], &[], false),
            (&[], &[], &["p3"], false),
            (&["*"], &["c"], &["p3"], false),
        ];
        for (events, customers, products, expected) in cases {
            let filter = Filter {
                events: list(events),
                customers: list(customers),
                products: list(products),
            };
            assert_eq!(filter.admits(&subject), expected, "{filter:?}");
        }
    }
}
