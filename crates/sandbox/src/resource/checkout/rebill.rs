//! Bringing a session's sums up to date.

use super::Checkout;
use crate::billing::{Bill, TaxLocation};
use crate::resource::order;
use crate::resource::price::Quantity;
use crate::world::World;

impl Checkout {
    /// How much is ordered.
    pub(super) const fn quantity(&self) -> Quantity {
        Quantity {
            chosen: self.chosen_amount,
            seats: self.seats,
            units: self.units,
        }
    }

    /// Works the bill and the trial's end out again, as of now.
    pub(super) fn rebill(&mut self, world: &World) {
        let prices = self.prices(world);
        let amount = prices
            .iter()
            .map(|price| price.costs(self.quantity()))
            .fold(0, i64::saturating_add);
        let discount = self
            .discount
            .and_then(|id| world.discounts.find(id))
            .map_or(0, |discount| discount.amount(amount, &self.currency));
        let address = self.buyer.billing_address.as_ref();
        let location = TaxLocation::of(address, self.buyer.tax_id.is_some());
        let price = self.price(world).map(|price| price.id);
        let setting = order::tax_setting(world, self.organization, price);
        self.bill = Bill::untaxed(amount, discount);
        self.trial_end = self
            .active_trial(world)
            .map(|trial| trial.from(world.now()));
        if self.needs(world).form() {
            self.bill = Bill::new(amount, discount, location, setting);
            if location.is_none() {
                self.bill.tax = None;
            }
        }
    }

    /// Where nobody pays, nothing that only a payment asks for is kept.
    pub(super) fn forget_what_is_not_asked(&mut self, world: &World) {
        if self.needs(world).form() {
            return;
        }
        self.payment_method_type = None;
        if !self.require_billing_address {
            self.buyer.is_business = false;
            self.buyer.tax_id = None;
            self.buyer.billing_name = None;
        }
    }
}
