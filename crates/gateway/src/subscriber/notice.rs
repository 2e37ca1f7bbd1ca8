//! What is told of a change. Pure: what came and what it changed in, notices out.
//!
//! Polar's own events are passed on byte for byte. Of an order that was paid there is one notice,
//! `order.paid`, whichever event told of it: Polar's own may be lost or come twice, and a receiver
//! that ships by it must hear it once.

use std::borrow::Cow;
use std::collections::BTreeMap;

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
pub(crate) fn of_access(
    about: About<'_>,
    before: &[Entitlement],
    after: &[Entitlement],
) -> Vec<Notice> {
    let (had, has) = (by_target(before), by_target(after));
    let mut notices = Vec::new();
    for (thing, now) in &has {
        let was = had.get(thing).is_some_and(|row| row.granted);
        if was != now.granted {
            let (name, kind) = if now.granted {
                ("access_granted", ACCESS_GRANTED)
            } else {
                ("access_revoked", ACCESS_REVOKED)
            };
            let id = format!("{name}:{}:{}:{}", about.customer, thing.1, now.changed_at);
            let source = Some(now.source.as_str());
            notices.push(access(id, kind, about, (now, &now.reason, source)));
        }
    }
    // A plan that was left has no row of its own any more: its subscription tells of another.
    let left = |thing: &(&str, &str)| !has.contains_key(thing);
    for (thing, was) in had.iter().filter(|(thing, was)| was.granted && left(thing)) {
        let (customer, changed_at) = (about.customer, was.changed_at);
        let id = format!("access_revoked:{customer}:{}:{changed_at}:left", thing.1);
        let why = (*was, "no_longer_stated", None);
        notices.push(access(id, ACCESS_REVOKED, about, why));
    }
    notices
}

fn access(
    id: String,
    kind: &'static str,
    about: About<'_>,
    (row, reason, source): (&Entitlement, &str, Option<&str>),
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
    let products: &[&str] = if row.kind == "product" {
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
