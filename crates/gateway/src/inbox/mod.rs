//! The inbox: a webhook is verified and written down first, understood later.

mod head;
pub(crate) mod news;
pub(crate) mod receive;
pub(crate) mod sender;
pub(crate) mod sort;
pub(crate) mod worker;

use std::borrow::Cow;

use serde::Deserialize;

/// What one look at a verified body tells: its type and whom it is about.
///
/// Nothing here can fail: what cannot be read is kept all the same, and the projection says why.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    pub(crate) kind: String,
    pub(crate) customer: String,
}

impl Glance {
    pub(crate) fn at(body: &[u8]) -> Self {
        let Ok(seen) = serde_json::from_slice::<Seen<'_>>(body) else {
            return Self::default();
        };
        let data = seen.data.unwrap_or_default();
        let about_a_customer = seen.kind.starts_with("customer.");
        let customer = if about_a_customer {
            data.id
        } else if seen.kind.starts_with("customer_seat.") {
            data.customer_id.or_else(|| head::of_member(body))
        } else {
            data.customer_id
        };
        Self {
            kind: storable(seen.kind),
            customer: storable(customer.unwrap_or_default()),
        }
    }
}

/// No id or type is longer; an index of PostgreSQL's takes ten times as much and then refuses.
const TEXT_BYTES_MAX: usize = 255;

/// A NUL is legal in JSON and no text for PostgreSQL: such a delivery is stored about nobody, and
/// found unreadable later, not refused now.
fn storable(text: Cow<'_, str>) -> String {
    if text.contains('\0') || text.len() > TEXT_BYTES_MAX {
        String::new()
    } else {
        text.into_owned()
    }
}

#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<Subject<'a>>,
}

#[derive(Default, Deserialize)]
struct Subject<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    customer_id: Option<Cow<'a, str>>,
}
