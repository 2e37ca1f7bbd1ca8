//! The sums of an order.

use super::{Order, OrderStatus};
use crate::billing::{Behavior, share_to_even};

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

    /// The net amount that can still be given back. What the customer's balance paid is not.
    pub(crate) fn refundable_amount(&self) -> i64 {
        (self.net_amount() + self.applied_balance - self.refunded_amount).max(0)
    }

    /// The tax that can still be given back.
    pub(crate) fn refundable_tax(&self) -> i64 {
        (self.tax_amount - self.refunded_tax).max(0)
    }

    /// What goes back when `amount` is asked for: an amount and its tax. Twice rounded, as Polar does it:
    /// first the tax for the payment processor, then both from what the processor was told.
    pub(crate) fn split_refund(&self, amount: i64) -> (i64, i64) {
        let (left, left_tax) = (self.refundable_amount(), self.refundable_tax());
        if amount == left {
            return (left, left_tax);
        }
        if self.tax_amount == 0 {
            return (amount, 0);
        }
        let tax = share_to_even(amount, self.tax_amount, self.net_amount()).min(left_tax);
        self.split_total(amount + tax)
    }

    /// What goes back when `total` does: an amount and its tax.
    pub(crate) fn split_total(&self, total: i64) -> (i64, i64) {
        let (left, left_tax) = (self.refundable_amount(), self.refundable_tax());
        if total == left + left_tax {
            return (left, left_tax);
        }
        if self.tax_amount == 0 {
            return (total, 0);
        }
        let tax = share_to_even(total, self.tax_amount, self.total_amount());
        let tax = tax.abs().min(left_tax);
        (total - tax, tax)
    }

    /// Notes that so much went back, or, below nothing, that it came again.
    pub(crate) fn note_refund(&mut self, amount: i64, tax: i64) {
        self.refunded_amount += amount;
        self.refunded_tax += tax;
        self.status = if self.refunded_amount == 0 {
            OrderStatus::Paid
        } else if self.refundable_amount() == 0 {
            OrderStatus::Refunded
        } else {
            OrderStatus::PartiallyRefunded
        };
    }

    /// True once money came, even if some of it went back.
    pub(crate) const fn is_paid(&self) -> bool {
        matches!(
            self.status,
            OrderStatus::Paid | OrderStatus::Refunded | OrderStatus::PartiallyRefunded
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// An order of one line.
    fn order(amount: i64, tax: i64, behavior: Behavior) -> Order {
        let id = "00000000-0000-4000-8000-000000000001";
        let time = "2026-01-01T00:00:00Z";
        let order = json!({
            "id": id, "organization": id, "customer": id, "created_at": time, "status": "paid",
            "reason": "purchase", "currency": "usd", "discount_amount": 0, "tax_amount": tax,
            "tax_behavior": behavior, "applied_balance": 0, "refunded_amount": 0, "refunded_tax": 0,
            "invoice_number": "X-0001", "invoice_generated": false, "failures": 0,
            "benefits_revoked": false, "metadata": {}, "custom_field_data": {},
            "items": [{"id": id, "created_at": time, "label": "Line", "amount": amount, "proration": false}],
        });
        serde_json::from_value(order).unwrap()
    }

    #[test]
    fn the_last_of_it_takes_the_rest_of_the_tax_along() {
        let mut order = order(1000, 190, Behavior::Exclusive);
        assert_eq!(order.split_refund(333), (333, 63));
        order.note_refund(333, 63);
        assert_eq!(order.status, OrderStatus::PartiallyRefunded);
        assert_eq!(order.split_refund(667), (667, 127));
        order.note_refund(667, 127);
        assert_eq!(order.status, OrderStatus::Refunded);
        assert_eq!((order.refundable_amount(), order.refundable_tax()), (0, 0));
    }

    proptest! {
        #[test]
        fn refunds_never_give_back_more_than_was_paid(
            amount in 1..1_000_000_i64,
            rate in 0..3000_i64,
            inclusive: bool,
            parts in proptest::collection::vec(1..=100_i64, 1..12),
        ) {
            let behavior = if inclusive { Behavior::Inclusive } else { Behavior::Exclusive };
            let mut order = order(amount, amount * rate / 10_000, behavior);
            let (mut given, mut tax_given) = (0, 0);
            for part in parts {
                if order.status == OrderStatus::Refunded {
                    break;
                }
                let asked = (order.refundable_amount() * part / 100).max(1);
                let (back, tax) = order.split_refund(asked);
                prop_assert!(tax >= 0 && back >= 0);
                order.note_refund(back, tax);
                given += back;
                tax_given += tax;
            }
            prop_assert!(given + tax_given <= order.total_amount());
            prop_assert!(tax_given <= order.tax_amount);
            prop_assert_eq!((order.refunded_amount, order.refunded_tax), (given, tax_given));
        }
    }
}
