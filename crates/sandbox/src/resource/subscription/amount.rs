//! What a subscription costs per period, usage apart.

use jiff::Timestamp;

use super::Subscription;
use crate::resource::price::Price;
use crate::world::World;

impl Subscription {
    /// Its prices that are billed up front.
    pub(crate) fn static_prices<'w>(&self, world: &'w World) -> Vec<&'w Price> {
        self.prices
            .iter()
            .filter_map(|id| world.prices.find(*id))
            .filter(|price| price.is_static())
            .collect()
    }

    /// What a period costs before any discount.
    pub(crate) fn base_amount(&self, world: &World) -> i64 {
        self.static_prices(world)
            .into_iter()
            .map(|price| price.upfront(self.chosen_amount, self.seats))
            .fold(0, i64::saturating_add)
    }

    /// What the discount takes off `base` of a bill written at `at`.
    pub(crate) fn discount_on(&self, world: &World, base: i64, at: Timestamp) -> i64 {
        self.discount
            .and_then(|id| world.discounts.find(id))
            .filter(|discount| discount.lasts(self.discount_since, at))
            .map_or(0, |discount| discount.amount(base, &self.currency))
    }

    /// What the current period costs, discount taken off.
    pub(crate) fn amount(&self, world: &World) -> i64 {
        let base = self.base_amount(world);
        let discount = self
            .discount
            .and_then(|id| world.discounts.find(id))
            .filter(|discount| {
                // The bill of this period was the first with the discount, or it goes on.
                self.discount_since
                    .is_none_or(|since| since >= self.period_start)
                    || discount.lasts(self.discount_since, self.period_start)
            })
            .map_or(0, |discount| discount.amount(base, &self.currency));
        base - discount
    }
}
