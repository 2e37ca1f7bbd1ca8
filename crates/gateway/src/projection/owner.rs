//! Whose a seat is when its news names nobody: whose it was before.
//!
//! Polar takes the customer off a seat that it takes back, and may take the member off as well. News
//! like that may come first, too: it waits under nobody for any that says whose the seat is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use polarkit_store::{Error, Object, Tx};

const SEAT: &str = "customer_seat";

/// Whose the seats are that some news tells of.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    by_seat: BTreeMap<String, String>,
    /// Seats that were nobody's so far.
    waiting: BTreeSet<String>,
}

impl Owners {
    /// Looks them up in what is known, and in what is told.
    ///
    /// While seats are told of, nobody else files any under nobody, so that of two that belong
    /// together the second sees the first.
    pub(crate) async fn find<'a>(
        tx: &mut Tx,
        told: impl Iterator<Item = &'a Object>,
    ) -> Result<Self, Error> {
        let seats: Vec<&Object> = told.filter(|object| object.kind == SEAT).collect();
        let mut owners = Self::default();
        if seats.is_empty() {
            return Ok(owners);
        }
        tx.lock_customers(&[String::new()].into()).await?;
        let ids: BTreeSet<&str> = seats.iter().map(|seat| seat.id.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        for (id, customer) in tx.owners_of(SEAT, &ids).await? {
            if customer.is_empty() {
                owners.waiting.insert(id);
            } else {
                owners.by_seat.insert(id, customer);
            }
        }
        for seat in seats.into_iter().filter(|seat| !seat.customer.is_empty()) {
            let (id, customer) = (seat.id.clone(), seat.customer.clone());
            owners.by_seat.insert(id, customer);
        }
        Ok(owners)
    }

    /// Polar's id of the customer whose this is; empty for nobody's, and for the catalogue.
    pub(crate) fn of<'a>(&'a self, object: &'a Object) -> &'a str {
        let seat = object.customer.is_empty() && object.kind == SEAT;
        let owner = self.by_seat.get(&object.id).filter(|_| seat);
        owner.unwrap_or(&object.customer)
    }

    /// The object under whose it is.
    pub(crate) fn file<'a>(&self, object: &'a Object) -> Cow<'a, Object> {
        let owner = self.of(object);
        if owner == object.customer {
            return Cow::Borrowed(object);
        }
        Cow::Owned(Object {
            customer: owner.to_owned(),
            ..object.clone()
        })
    }

    /// Files those that waited for it, once their owners are locked.
    pub(crate) async fn adopt(&self, tx: &mut Tx) -> Result<(), Error> {
        for id in &self.waiting {
            if let Some(owner) = self.by_seat.get(id) {
                tx.adopt(owner, SEAT, id).await?;
            }
        }
        Ok(())
    }
}
