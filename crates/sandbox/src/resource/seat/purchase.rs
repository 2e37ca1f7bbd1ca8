//! The purchase that seats belong to.

use crate::call::Call;
use crate::failure::Failure;
use crate::resource::checkout::Checkout;
use crate::resource::customer::Customer;
use crate::resource::grant::GrantScope;
use crate::resource::order::OrderStatus;
use crate::resource::organization::Organization;
use crate::resource::product::Product;
use crate::world::{Id, World};

/// A subscription or an order, as far as seats go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purchase {
    pub(crate) scope: GrantScope,
    pub(crate) organization: Id<Organization>,
    pub(crate) customer: Id<Customer>,
    pub(super) product: Option<Id<Product>>,
    pub(super) seats: i64,
    pub(super) is_unpaid: bool,
}

impl Purchase {
    /// The purchase behind a scope.
    pub(crate) fn find(world: &World, scope: GrantScope) -> Option<Self> {
        Some(match scope {
            GrantScope::Subscription(id) => {
                let row = world.subscriptions.find(id)?;
                Self {
                    scope,
                    organization: row.organization,
                    customer: row.customer,
                    product: Some(row.product),
                    seats: row.seats.unwrap_or(0),
                    is_unpaid: false,
                }
            }
            GrantScope::Order(id) => {
                let row = world.orders.find(id)?;
                Self {
                    scope,
                    organization: row.organization,
                    customer: row.customer,
                    product: row.product,
                    seats: row.seats.unwrap_or(0),
                    is_unpaid: row.status == OrderStatus::Pending,
                }
            }
        })
    }

    /// The purchase that the call names, in its query or its body, if `mine` accepts it.
    pub(crate) fn named(
        world: &World,
        call: &Call,
        mine: impl Fn(&Self) -> bool,
    ) -> Result<Self, Failure> {
        let sent = |field| {
            let body = call.body.get(field).and_then(|value| value.as_str());
            body.or_else(|| call.query.get(field))
        };
        let (scope, missing) = if let Some(text) = sent("checkout_id") {
            let missing = "No subscription or order found for this checkout";
            (Self::of_checkout(world, text), missing)
        } else if let Some(text) = sent("subscription_id") {
            let scope = Id::parse(text).map(GrantScope::Subscription);
            (scope, "Subscription not found")
        } else if let Some(text) = sent("order_id") {
            (Id::parse(text).map(GrantScope::Order), "Order not found")
        } else {
            let detail = "Either subscription_id or order_id must be provided";
            return Err(Failure::named(400, "BadRequest", detail));
        };
        scope
            .and_then(|scope| Self::find(world, scope))
            .filter(mine)
            .ok_or_else(|| Failure::named(404, "ResourceNotFound", missing))
    }

    /// What a checkout led to.
    fn of_checkout(world: &World, text: &str) -> Option<GrantScope> {
        let checkout = Id::<Checkout>::parse(text)?;
        if let Some(row) = world.subscriptions.of(checkout).first() {
            return Some(GrantScope::Subscription(row.id));
        }
        let order = world.orders.of(checkout).first()?;
        Some(GrantScope::Order(order.id))
    }

    /// The id of the subscription or order.
    pub(super) fn id(&self) -> String {
        match self.scope {
            GrantScope::Subscription(id) => id.to_string(),
            GrantScope::Order(id) => id.to_string(),
        }
    }

    /// How many seats are left.
    pub(super) fn available(&self, world: &World) -> i64 {
        self.seats
            .saturating_sub(super::taken(world, self.scope))
            .max(0)
    }
}
