//! Whose figures, and of what.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::call::Call;
use crate::failure::Failure;
use crate::query::Query;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::event::{Event, Source, customer_of};
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::product::Product;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World};

/// The rows a report is about.
#[derive(Debug)]
pub(super) struct Scope<'w> {
    world: &'w World,
    organization: Id<Organization>,
    query: &'w Query,
    /// Read once: every period looks at all of it.
    pub(super) usage: Vec<Usage>,
}

/// A usage event, as far as metrics go.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) at: Timestamp,
    pub(super) customer: Option<Id<Customer>>,
    /// Minor units, to the fraction.
    pub(super) cost: Decimal,
}

impl<'w> Scope<'w> {
    /// What the call's filters leave of the caller's own.
    pub(super) fn read(world: &'w World, call: &'w Call) -> Result<Self, Failure> {
        let organization = call.organization()?;
        let usage = world
            .events
            .iter()
            .filter(|event| event.source == Source::User && event.organization == organization)
            .map(|event| Usage {
                at: event.timestamp,
                customer: customer_of(world, event).map(|customer| customer.id),
                cost: cost(event),
            })
            .filter(|usage| call.query.allows_some("customer_id", usage.customer))
            .collect();
        Ok(Self {
            world,
            organization,
            query: &call.query,
            usage,
        })
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = &'w Order> {
        self.world.orders.iter().filter(|row| {
            self.allows(row.organization, row.product, Some(row.customer)) && row.is_paid()
        })
    }

    pub(super) fn subscriptions(&self) -> impl Iterator<Item = &'w Subscription> {
        self.world
            .subscriptions
            .iter()
            .filter(|row| self.allows(row.organization, Some(row.product), Some(row.customer)))
    }

    pub(super) fn checkouts(&self) -> impl Iterator<Item = &'w Checkout> {
        self.world
            .checkouts
            .iter()
            .filter(|row| self.allows(row.organization, Some(row.product), row.customer))
    }

    fn allows(
        &self,
        organization: Id<Organization>,
        product: Option<Id<Product>>,
        customer: Option<Id<Customer>>,
    ) -> bool {
        self.organization == organization
            && self.query.allows("organization_id", organization)
            && self.query.allows_some("product_id", product)
            && self.query.allows_some("customer_id", customer)
            && self
                .query
                .allows("billing_type", self.billing_type(product))
    }

    fn billing_type(&self, product: Option<Id<Product>>) -> &'static str {
        let product = product.and_then(|id| self.world.products.find(id));
        match product.and_then(|product| product.cycle) {
            Some(_) => "recurring",
            None => "one_time",
        }
    }
}

fn cost(event: &Event) -> Decimal {
    event
        .metadata
        .get("_cost")
        .and_then(|cost| cost.get("amount"))
        .and_then(Value::as_str)
        .and_then(|amount| amount.parse().ok())
        .unwrap_or_default()
}
