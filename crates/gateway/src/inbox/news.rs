//! What a webhook says, as objects for the mirror. Pure: bytes in, objects out.
//!
//! Only the fields that are used are read, so that a new one, a missing one or an unknown event
//! never stops anything.

use std::borrow::Cow;

use jiff::Timestamp;
use polarkit_model::CheckoutId;
use polarkit_store::{Object, Version};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::head::Head;
use crate::entitlement::essence;

/// One event, read.
#[derive(Debug)]
pub(crate) struct News {
    /// Its type.
    pub(crate) kind: String,
    /// What it tells of, each with the version it tells.
    pub(crate) objects: Vec<Object>,
    /// The checkout it tells of.
    pub(crate) checkout: Option<CheckoutId>,
    /// Whether it tells that no one can pay that checkout any more.
    pub(crate) checkout_is_over: bool,
}

/// Why an event can't be read; no retry will help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// The body is not the JSON of an event.
    #[error("the body is not an event")]
    Envelope(#[source] serde_json::Error),
    /// An object in it lacks what every object has.
    #[error("`{kind}` in the event cannot be read")]
    Object {
        /// Which.
        kind: &'static str,
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    timestamp: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The objects that come along inside others.
#[derive(Default, Deserialize)]
struct Nested<'a> {
    #[serde(borrow, default)]
    customer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    subscription: Option<&'a RawValue>,
    #[serde(borrow, default)]
    product: Option<&'a RawValue>,
    #[serde(borrow, default)]
    benefit: Option<&'a RawValue>,
}

/// What is used of a checkout.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Paying<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
}

/// Kinds whose objects are mirrored when they are what an event is about.
///
/// Any other event is kept in the inbox and passed on, and changes nothing here.
const MIRRORED: [&str; 11] = [
    "customer",
    "subscription",
    "order",
    "benefit_grant",
    "product",
    "benefit",
    "refund",
    "member",
    "customer_seat",
    "discount",
    "organization",
];

impl News {
    /// Reads an event.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(Unreadable::Envelope)?;
        let mut news = Self {
            kind: envelope.kind.into_owned(),
            ..Self::empty()
        };
        let noun = news.kind.split('.').next().unwrap_or_default().to_owned();
        let at = envelope.timestamp.as_microsecond();
        if news.kind == "customer.state_changed" {
            news.state(envelope.data, at)?;
        } else if let Some(kind) = MIRRORED.into_iter().find(|kind| *kind == noun) {
            news.object(kind, envelope.data, at)?;
        } else if noun == "checkout" {
            news.checkout(envelope.data);
        }
        Ok(news)
    }

    /// One object that was read, with the moment it was read at (µs of Polar's time).
    pub(crate) fn of_object(
        kind: &'static str,
        data: &RawValue,
        at: i64,
    ) -> Result<Self, Unreadable> {
        let mut news = Self::empty();
        news.add(kind, data, at)?;
        Ok(news)
    }

    /// The customer that comes along inside what was read of theirs.
    pub(crate) fn of_owner(body: &str, at: i64) -> Result<Self, Unreadable> {
        let nested: Nested<'_> = serde_json::from_str(body).unwrap_or_default();
        let mut news = Self::empty();
        news.inside("customer", nested.customer, at)?;
        Ok(news)
    }

    /// A customer's state that was read.
    pub(crate) fn of_state(data: &RawValue, at: i64) -> Result<Self, Unreadable> {
        let mut news = Self::empty();
        news.state(data, at)?;
        Ok(news)
    }

    fn empty() -> Self {
        Self {
            kind: String::new(),
            objects: Vec::new(),
            checkout: None,
            checkout_is_over: false,
        }
    }

    /// What can't be read of a checkout is no reason to stop.
    fn checkout(&mut self, data: &RawValue) {
        let seen: Paying<'_> = serde_json::from_str(data.get()).unwrap_or_default();
        self.checkout = seen.id.parse().ok();
        self.checkout_is_over = matches!(&*seen.status, "succeeded" | "expired" | "failed");
    }

    /// The object an event is about, with those inside it.
    fn object(&mut self, kind: &'static str, data: &RawValue, at: i64) -> Result<(), Unreadable> {
        self.add(kind, data, at)?;
        let nested: Nested<'_> = serde_json::from_str(data.get()).unwrap_or_default();
        self.inside("customer", nested.customer, at)?;
        self.inside("subscription", nested.subscription, at)?;
        self.inside("benefit", nested.benefit, at)?;
        if kind == "subscription" {
            // Orders carry a shortened product: without prices and benefits.
            self.inside("product", nested.product, at)?;
        }
        Ok(())
    }

    fn inside(
        &mut self,
        kind: &'static str,
        object: Option<&RawValue>,
        at: i64,
    ) -> Result<(), Unreadable> {
        match object {
            Some(object) if object.get() != "null" => self.add(kind, object, at).map(drop),
            _ => Ok(()),
        }
    }

    fn add(&mut self, kind: &'static str, raw: &RawValue, at: i64) -> Result<String, Unreadable> {
        let unreadable = |source| Unreadable::Object { kind, source };
        let head = Head::read(kind, raw.get()).map_err(unreadable)?;
        let recognised = essence::of(kind, raw.get()).map_err(unreadable)?;
        let (stored_as, essence) = match recognised {
            essence::Recognised::Essence(essence) => (kind.to_owned(), Some(essence)),
            essence::Recognised::Nothing => (kind.to_owned(), None),
            // Beside the last state that was understood, never over it.
            essence::Recognised::Newer => (format!("{kind}_unrecognized"), None),
        };
        let id = head.id.into_owned();
        let is_customer = kind == "customer";
        self.objects.push(Object {
            customer: if is_customer {
                id.clone()
            } else {
                head.customer_id.unwrap_or_default().into_owned()
            },
            kind: stored_as,
            id: id.clone(),
            version: Version {
                object_at: head.changed_at.as_microsecond(),
                envelope_at: at,
            },
            external_id: head
                .external_id
                .filter(|_| is_customer)
                .map(Cow::into_owned),
            essence,
            body: raw.get().to_owned(),
        });
        Ok(id)
    }

    /// The whole of a customer's access, as Polar saw it when it sent this.
    fn state(&mut self, data: &RawValue, at: i64) -> Result<(), Unreadable> {
        let id = self.add("customer", data, at)?;
        let essence = essence::of_state(data.get()).map_err(|source| Unreadable::Object {
            kind: "state",
            source,
        })?;
        self.objects.push(Object {
            customer: id.clone(),
            kind: "state".to_owned(),
            id,
            version: Version {
                object_at: at,
                envelope_at: at,
            },
            external_id: None,
            essence: Some(essence),
            body: data.get().to_owned(),
        });
        Ok(())
    }
}
