//! What is told of a change. Pure: what came and what it changed in, notices out.
//!
//! Polar's own events are passed on byte for byte. Of an order that was paid there is one notice,
//! `order.paid`, whichever event told of it: Polar's own may be lost or come twice, and a receiver
//! that ships by it must hear it once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polarkit_store::{Entitlement, Notice, Object, Waiting};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::inbox::news::News;

/// The type under which a paid order is told.
pub(crate) const ORDER_PAID: &str = "order.paid";
pub(crate) const ACCESS_GRANTED: &str = "access.granted";
pub(crate) const ACCESS_REVOKED: &str = "access.revoked";
/// Events named as the cause of a change; more of one customer's in one batch are left out.
const LED_MAX: usize = 20;

/// The customer a change is about, by both names, and the webhooks that led to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) customer: &'a str,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) led: &'a [String],
    /// No other change has this number.
    pub(crate) change: i64,
}

#[derive(Serialize)]
struct Envelope<'a, D: Serialize> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: D,
}

#[derive(Serialize)]
struct Paid<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: &'a RawValue,
    customer: Customer<'a>,
    events: &'a [String],
}

#[derive(Serialize)]
struct Customer<'a> {
    id: &'a str,
    external_id: Option<&'a str>,
}

/// A change of access, as it is told.
#[derive(Serialize)]
struct Access<'a> {
    customer: Customer<'a>,
    kind: &'a str,
    target: &'a str,
    reason: &'a str,
    source: Option<&'a str>,
    events: &'a [String],
}

/// Polar's own event. That an order was paid is told by [`of_paid_order`] alone.
pub(crate) fn of_mail(mail: &Waiting, news: &News) -> Option<Notice> {
    (news.kind != ORDER_PAID).then(|| Notice {
        id: mail.webhook_id.clone(),
        customer: mail.customer.clone(),
        kind: news.kind.clone(),
        products: list(&products(&mail.body)),
        body: None,
        to: Vec::new(),
    })
}

/// Whether an order is paid, and the money did not go back: who hears of it only now must not ship
/// it then.
pub(crate) fn is_paid_order(object: &Object) -> bool {
    // Of one with a newer word in it, too, that is mirrored beside the others.
    matches!(object.kind.as_str(), "order" | "order_unrecognized") && {
        let seen: Payment<'_> = serde_json::from_str(&object.body).unwrap_or_default();
        seen.paid && seen.status.is_none_or(|status| status != "refunded")
    }
}

/// Whether an order's text says that it was paid.
pub(crate) fn shows_paid(body: &str) -> bool {
    serde_json::from_str::<Payment<'_>>(body).is_ok_and(|seen| seen.paid)
}

/// That this order was paid.
pub(crate) fn of_paid_order(
    order: &Object,
    external_id: Option<&str>,
    led: &[String],
) -> Option<Notice> {
    let paid = Paid {
        r#type: ORDER_PAID,
        timestamp: instant(order.version.envelope_at),
        data: serde_json::from_str(&order.body).ok()?,
        customer: Customer {
            id: &order.customer,
            external_id,
        },
        events: led,
    };
    let naming: Naming<'_> = serde_json::from_str(&order.body).unwrap_or_default();
    Some(Notice {
        id: format!("order_paid:{}", order.id),
        customer: order.customer.clone(),
        kind: ORDER_PAID.to_owned(),
        products: list(&named(naming, false)),
        body: Some(bytes(&paid)),
        to: Vec::new(),
    })
}

/// What changed of one customer's access, by what is granted as a whole.
///
/// A notice is named after the change: what was granted, revoked and granted again, in whatever way
/// it came about, is told each time. A change and its notices commit together, so none is told twice.
pub(crate) fn of_access(
    about: About<'_>,
    before: &[Entitlement],
    after: &[Entitlement],
) -> Vec<Notice> {
    let (had, has) = (by_target(before), by_target(after));
    let things: BTreeSet<_> = had.keys().chain(has.keys()).copied().collect();
    let mut notices = Vec::new();
    for thing in things {
        let was = had.get(&thing).copied().filter(|row| row.granted);
        let now = has.get(&thing).copied();
        let (kind, why) = match (was, now) {
            (None, Some(now)) if now.granted => (ACCESS_GRANTED, because(now)),
            (Some(_), Some(now)) if !now.granted => (ACCESS_REVOKED, because(now)),
            // A plan that was left has no row of its own any more: its subscription tells of
            // another.
            (Some(was), None) => (ACCESS_REVOKED, (was, "no_longer_stated", None)),
            _ => continue,
        };
        let (name, (of, target)) = (kind.replace('.', "_"), thing);
        // A product and a seat of it have one target.
        let id = format!("{name}:{}:{of}:{target}:{}", about.customer, about.change);
        notices.push(access(id, kind, about, why));
    }
    notices
}

/// The row that tells of a change, its reason and its source.
type Why<'a> = (&'a Entitlement, &'a str, Option<&'a str>);

fn because(row: &Entitlement) -> Why<'_> {
    (row, &row.reason, Some(&row.source))
}

fn access(
    id: String,
    kind: &'static str,
    about: About<'_>,
    (row, reason, source): Why<'_>,
) -> Notice {
    let led = about.led.get(..LED_MAX).unwrap_or(about.led);
    let told = Envelope {
        r#type: kind,
        timestamp: instant(row.changed_at),
        data: Access {
            customer: Customer {
                id: about.customer,
                external_id: about.external_id,
            },
            kind: &row.kind,
            target: &row.target,
            reason,
            source,
            events: led,
        },
    };
    let products: &[&str] = if matches!(&*row.kind, "product" | "seat") {
        &[&row.target]
    } else {
        &[]
    };
    Notice {
        id,
        customer: about.customer.to_owned(),
        kind: kind.to_owned(),
        products: list(products),
        body: Some(bytes(&told)),
        to: Vec::new(),
    }
}

/// For each thing, the row that decides: one that grants, where there is one.
fn by_target(rows: &[Entitlement]) -> BTreeMap<(&str, &str), &Entitlement> {
    let mut deciding: BTreeMap<_, &Entitlement> = BTreeMap::new();
    for row in rows {
        let slot = deciding
            .entry((row.kind.as_str(), row.target.as_str()))
            .or_insert(row);
        if (row.granted, row.changed_at) > (slot.granted, slot.changed_at) {
            *slot = row;
        }
    }
    deciding
}

/// What an order says of its payment.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payment<'a> {
    paid: bool,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
}

/// Where an event names products.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Seen<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: Naming<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Naming<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    product_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    product: Option<Named<'a>>,
    #[serde(borrow)]
    subscription: Option<Of<'a>>,
    #[serde(borrow)]
    products: Option<Vec<Named<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Of<'a> {
    #[serde(borrow)]
    product_id: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// Polar's ids of the products an event names; none when it can't be read.
fn products(body: &[u8]) -> Vec<String> {
    let Seen { kind, data } = serde_json::from_slice(body).unwrap_or_default();
    named(data, kind.starts_with("product."))
}

fn named(data: Naming<'_>, is_product: bool) -> Vec<String> {
    let own = data.id.filter(|_| is_product);
    let offered = data.products.unwrap_or_default().into_iter();
    let all = [own, data.product_id]
        .into_iter()
        .chain([data.product.and_then(|product| product.id)])
        .chain([data.subscription.and_then(|one| one.product_id)])
        .chain(offered.map(|product| product.id));
    let mut ids: Vec<String> = all.flatten().map(Cow::into_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn list<T: Serialize>(ids: &[T]) -> String {
    // A list of texts always has a JSON form.
    serde_json::to_string(ids).unwrap_or_default()
}

fn bytes(told: &impl Serialize) -> Vec<u8> {
    // A struct of texts and of JSON that was read always has a JSON form.
    serde_json::to_vec(told).unwrap_or_default()
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(source: &str, granted: bool, changed_at: i64) -> Entitlement {
        Entitlement {
            source: source.to_owned(),
            kind: "product".to_owned(),
            target: "p".to_owned(),
            granted,
            reason: String::new(),
            detail: String::new(),
            changed_at,
            expires_at: None,
            events: String::new(),
        }
    }

    #[test]
    fn every_change_of_access_has_a_name_of_its_own() {
        // The end was told by a statement that a later one takes back: the row is as it was.
        let told = [
            vec![],
            vec![row("order:a", true, 5)],
            vec![row("order:a", false, 9)],
            vec![row("order:a", true, 5)],
            vec![row("order:a", false, 9)],
        ];
        let changes = told.windows(2).zip(1..).flat_map(|(pair, change)| {
            let about = About {
                customer: "c",
                external_id: None,
                led: &[],
                change,
            };
            of_access(about, &pair[0], &pair[1])
        });
        let notices: Vec<Notice> = changes.collect();
        let kinds: Vec<&str> = notices.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, [ACCESS_GRANTED, ACCESS_REVOKED].repeat(2));
        let names: BTreeSet<&str> = notices.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(names.len(), notices.len(), "{names:?}");
    }
}
