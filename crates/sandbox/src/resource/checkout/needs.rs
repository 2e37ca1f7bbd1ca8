//! What a session asks of its buyer: money, a card, nothing.

use super::{Checkout, CheckoutStatus};
use crate::billing::Cycle;
use crate::resource::discount;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::world::World;

/// What must happen before the purchase can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Polar's own list of flags, as it stands on the wire"
)]
pub(crate) struct Needs {
    /// Nothing is ever paid for the product.
    pub(crate) free: bool,
    /// A discount could lower the price.
    pub(crate) discountable: bool,
    /// Money is due now.
    pub(crate) payment: bool,
    /// A card is kept for later.
    pub(crate) setup: bool,
}

impl Needs {
    /// The buyer must give a card.
    pub(crate) const fn form(self) -> bool {
        self.payment || self.setup
    }
}

impl Checkout {
    /// The selected product.
    pub(crate) fn product_row<'w>(&self, world: &'w World) -> Option<&'w Product> {
        world.products.find(self.product)
    }

    /// The selected product's prices in the session's currency.
    pub(crate) fn prices<'w>(&self, world: &'w World) -> Vec<&'w Price> {
        self.offers
            .iter()
            .filter(|offer| offer.product == self.product)
            .flat_map(|offer| &offer.prices)
            .filter_map(|id| world.prices.find(*id))
            .filter(|price| price.currency == self.currency)
            .collect()
    }

    /// The first of these prices that is paid up front, else the first, for fields from the time when there
    /// was one.
    pub(crate) fn price<'w>(&self, world: &'w World) -> Option<&'w Price> {
        let prices = self.prices(world);
        let upfront = prices.iter().find(|price| price.is_static());
        upfront.or(prices.first()).copied()
    }

    /// The trial the buyer gets: the session's own, else the product's.
    pub(crate) fn active_trial(&self, world: &World) -> Option<Cycle> {
        let product = self.product_row(world)?;
        if !self.allow_trial || product.cycle.is_none() {
            return None;
        }
        self.trial.or(product.trial)
    }

    /// What the session asks of its buyer.
    pub(crate) fn needs(&self, world: &World) -> Needs {
        let prices = self.prices(world);
        let recurring = self
            .product_row(world)
            .is_some_and(|row| row.cycle.is_some());
        let metered = prices.iter().any(|price| !price.is_static());
        let free = prices.iter().all(|price| price.is_free());
        let free_for_ever = self
            .discount
            .and_then(|id| world.discounts.find(id))
            .is_some_and(discount::Discount::is_all_forever);
        Needs {
            free,
            discountable: discount::is_applicable(prices.iter().copied()),
            payment: self.bill.total > 0 && self.active_trial(world).is_none(),
            setup: recurring && !free && !free_for_ever && (self.bill.amount != 0 || metered),
        }
    }

    /// True when the seller, the buyer's being a business, or the way they pay asks for more than a country.
    pub(crate) fn needs_whole_address(&self) -> bool {
        let by_method = self.payment_method_type.as_deref() == Some("upi");
        self.require_billing_address || self.buyer.is_business || by_method
    }

    /// True from the confirmation on.
    pub(crate) const fn is_confirmed(&self) -> bool {
        matches!(
            self.status,
            CheckoutStatus::Confirmed | CheckoutStatus::Succeeded
        )
    }
}
