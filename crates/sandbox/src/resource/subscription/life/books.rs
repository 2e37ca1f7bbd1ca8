//! The books of one customer, looked at after every step: what holds for money whatever happens.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::Subscription;
use crate::resource::order::{BillingReason, Order, OrderStatus};
use crate::resource::payment::PaymentStatus;
use crate::world::{Id, World};

#[derive(Default)]
pub(super) struct Books {
    /// What the customer's balance cannot be explained with: changes with void orders alone.
    unexplained: i64,
    void: BTreeSet<Id<Order>>,
    billed: BTreeSet<Id<Order>>,
    /// The beginning of the last period that was billed.
    period: Option<Timestamp>,
}

impl Books {
    pub(super) fn look(&mut self, world: &World, row: &Subscription) -> Result<(), TestCaseError> {
        for order in world.orders.of(row.id) {
            adds_up(world, order)?;
            self.bills_periods_once(order, row)?;
        }
        self.balances(world, row)
    }

    /// No period is billed twice, and none before the one before it.
    fn bills_periods_once(
        &mut self,
        order: &Order,
        row: &Subscription,
    ) -> Result<(), TestCaseError> {
        let cycle = order.reason == BillingReason::SubscriptionCycle;
        if cycle && self.billed.insert(order.id) {
            let before = self.period.replace(row.period_start);
            prop_assert!(before.is_none_or(|start| start < row.period_start));
        }
        Ok(())
    }

    /// What was given back is what bills used and what is left: every change of the balance is the difference
    /// between what was billed and what was charged for it.
    fn balances(&mut self, world: &World, row: &Subscription) -> Result<(), TestCaseError> {
        let customer = world.customers.get(row.customer).unwrap();
        prop_assert!(
            customer
                .balances
                .keys()
                .all(|currency| *currency == row.currency)
        );
        let mut unexplained = customer
            .balances
            .get(&row.currency)
            .copied()
            .unwrap_or_default();
        let (mut least, mut most) = (self.unexplained, self.unexplained);
        for order in world.orders.of(row.id) {
            match order.status {
                OrderStatus::Pending => unexplained -= order.applied_balance,
                OrderStatus::Void => {
                    // Debt that it would have paid is forgiven; credit as high as what was due may go with it.
                    if self.void.insert(order.id) {
                        let forgiven = order.applied_balance.max(0);
                        (least, most) = (least + forgiven - order.due_amount(), most + forgiven);
                    }
                }
                _ => unexplained += order.total_amount() - charged(world, order),
            }
        }
        prop_assert!(
            (least..=most).contains(&unexplained),
            "{unexplained} instead of {least} to {most}"
        );
        self.unexplained = unexplained;
        Ok(())
    }
}

/// What the bank gave for an order.
pub(super) fn charged(world: &World, order: &Order) -> i64 {
    let payments = world.payments.of(order.id);
    let succeeded = payments.filter(|row| row.status == PaymentStatus::Succeeded);
    succeeded.map(|row| row.amount).sum()
}

/// Lines, discount and tax come to the total, in one currency, and nothing is charged twice.
fn adds_up(world: &World, order: &Order) -> Result<(), TestCaseError> {
    let of = |proration: bool| -> i64 {
        let items = order
            .items
            .iter()
            .filter(|item| item.proration == proration);
        items.map(|item| item.amount).sum()
    };
    let (usual, prorated) = (of(false), of(true));
    prop_assert!(
        (0..=usual.max(0)).contains(&order.discount_amount),
        "{order:?}"
    );
    let paid_for = usual + prorated - order.discount_amount;
    let tax_on_top = order.total_amount() - paid_for;
    prop_assert!(
        tax_on_top == 0 || tax_on_top == order.tax_amount,
        "{order:?}"
    );
    prop_assert!(
        order.tax_amount.signum() * paid_for.signum() >= 0,
        "{order:?}"
    );
    prop_assert_eq!(&order.currency, "usd");
    prop_assert!(charged(world, order) <= order.due_amount(), "{order:?}");
    Ok(())
}
