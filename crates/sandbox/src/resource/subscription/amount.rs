//! What a subscription costs per period, usage apart.

use super::Subscription;
use crate::resource::payment_method::PaymentMethod;
use crate::resource::price::{Price, Quantity};
use crate::world::{Id, World};

impl Subscription {
    /// Its prices that are billed up front.
    pub(crate) fn static_prices<'w>(&self, world: &'w World) -> Vec<&'w Price> {
        self.prices
            .iter()
            .filter_map(|id| world.prices.find(*id))
            .filter(|price| price.is_static())
            .collect()
    }

    /// How much it is for.
    pub(crate) const fn quantity(&self) -> Quantity {
        Quantity {
            chosen: self.chosen_amount,
            seats: self.seats,
            units: self.units,
        }
    }

    /// What a period costs before any discount.
    pub(crate) fn base_amount(&self, world: &World) -> i64 {
        self.static_prices(world)
            .into_iter()
            .map(|price| price.costs(self.quantity()))
            .fold(0, i64::saturating_add)
    }

    /// What the discount takes off `base` in this period. One that has run its time is gone.
    pub(super) fn discount_on(&self, world: &World, base: i64) -> i64 {
        self.discount
            .and_then(|id| world.discounts.find(id))
            .map_or(0, |discount| discount.amount(base, &self.currency))
    }

    /// What the discount will take off `base` in the next period.
    pub(super) fn discount_next(&self, world: &World, base: i64) -> i64 {
        self.discount
            .and_then(|id| world.discounts.find(id))
            .filter(|discount| {
                let since = self.discount_since.unwrap_or(self.period_end);
                discount.lasts(since, self.period_end)
            })
            .map_or(0, |discount| discount.amount(base, &self.currency))
    }

    /// What the current period costs, discount taken off.
    pub(crate) fn amount(&self, world: &World) -> i64 {
        let base = self.base_amount(world);
        base - self.discount_on(world, base)
    }

    /// The card its bills are charged to: its own, else its customer's default.
    pub(crate) fn card<'w>(&self, world: &'w World) -> Option<&'w PaymentMethod> {
        let customer = world.customers.find(self.customer)?;
        on_file(
            world,
            self.payment_method.or(customer.default_payment_method)?,
        )
    }

    /// The card that it was bought with, or was given since.
    pub(crate) fn own_card<'w>(&self, world: &'w World) -> Option<&'w PaymentMethod> {
        on_file(world, self.payment_method?)
    }
}

fn on_file(world: &World, id: Id<PaymentMethod>) -> Option<&PaymentMethod> {
    let method = world.payment_methods.find(id)?;
    method.deleted_at.is_none().then_some(method)
}
