//! The sums of an order.

use super::{Order, OrderStatus};
use crate::billing::Behavior;

impl Order {
    /// All lines, before discount and tax.
    pub(crate) fn subtotal_amount(&self) -> i64 {
        self.items
            .iter()
            .map(|item| item.amount)
            .fold(0, i64::saturating_add)
    }

    /// Without discount and tax.
    pub(crate) fn net_amount(&self) -> i64 {
        let base = self.subtotal_amount() - self.discount_amount;
        match self.tax_behavior {
            Some(Behavior::Inclusive) => base - self.tax_amount,
            Some(Behavior::Exclusive) | None => base,
        }
    }

    /// What it comes to.
    pub(crate) fn total_amount(&self) -> i64 {
        self.net_amount() + self.tax_amount
    }

    /// What is left to charge once the customer's balance was used.
    pub(crate) fn due_amount(&self) -> i64 {
        (self.total_amount() + self.applied_balance).max(0)
    }

    /// The net amount that can still be given back.
    pub(crate) fn refundable_amount(&self) -> i64 {
        self.net_amount() - self.refunded_amount
    }

    /// The tax that can still be given back.
    pub(crate) const fn refundable_tax(&self) -> i64 {
        self.tax_amount - self.refunded_tax
    }

    /// True once money came, even if some of it went back.
    pub(crate) const fn is_paid(&self) -> bool {
        matches!(
            self.status,
            OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::PartiallyRefunded
        )
    }
}
