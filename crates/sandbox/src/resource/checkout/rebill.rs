//! Bringing a session's sums up to date.

use super::Checkout;
use crate::billing::Bill;
use crate::resource::order;
use crate::world::World;

impl Checkout {
    /// Works the bill and the trial's end out again, as of now.
    pub(super) fn rebill(&mut self, world: &World) {
        let prices = self.prices(world);
        let amount = prices
            .iter()
            .map(|price| price.upfront(self.chosen_amount, self.seats))
            .fold(0, i64::saturating_add);
        let discount = self
            .discount
            .and_then(|id| world.discounts.find(id))
            .map_or(0, |discount| discount.amount(amount, &self.currency));
        let address = self.buyer.billing_address.as_ref();
        let country = address.map(|address| address.country.as_str());
        let price = prices.first().map(|price| price.id);
        let setting = order::tax_setting(world, self.organization, price);
        self.bill = Bill::new(amount, discount, country, setting);
        self.trial_end = self
            .active_trial(world)
            .map(|trial| trial.from(world.now()));
    }
}
