//! `GET /v1/subscriptions/{id}/charge-preview`: the next bill as it stands now.

use serde_json::{Value, json};

use super::{Subscription, SubscriptionStatus, get, pending};
use crate::billing::{Bill, TaxLocation};
use crate::call::Call;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::resource::{order, subscription_meter};
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let row = get::own(world, call)?;
    charge_preview(world, row)
}

/// What the next bill comes to. There is none for what is over, or rests without an end.
pub(crate) fn charge_preview(world: &World, row: &Subscription) -> Result<Reply, Failure> {
    let resumes = row.status == SubscriptionStatus::Paused && row.resumes_at.is_some();
    if !row.is_active() && !resumes {
        return Err(Failure::not_found());
    }
    let row = &pending::foreseen(world, row);
    let base = if row.cancel_at_period_end || row.ends_at.is_some() {
        0
    } else {
        row.base_amount(world)
    };
    let metered = subscription_meter::of(world, row.id)
        .map(|meter| meter.amount)
        .fold(0, i64::saturating_add);
    let proration = row
        .pending_items
        .iter()
        .map(|item| item.amount)
        .fold(0, i64::saturating_add);
    let charged = base.saturating_add(metered);
    let discount = row.discount_next(world, charged);
    let subtotal = charged.saturating_add(proration);
    let prorations: Vec<_> = row
        .pending_items
        .iter()
        .map(|item| json!({"label": item.label, "amount": item.amount}))
        .collect();
    let mut shown = Sums::of(world, row, subtotal, discount)?.render();
    let more = json!({
        "base_amount": base,
        "metered_amount": metered,
        "proration_amount": proration,
        "prorations": prorations,
        "subtotal_amount": subtotal,
    });
    crate::render::merge(&mut shown, more);
    Ok(shown.into())
}

/// What a bill comes to once tax and the customer's balance are in it.
pub(super) struct Sums {
    bill: Bill,
    /// Negative when credit lowers what is due.
    applied: i64,
}

impl Sums {
    /// The sums of a bill of `amount` less `discount`, if it were written now.
    pub(super) fn of(
        world: &World,
        row: &Subscription,
        amount: i64,
        discount: i64,
    ) -> Result<Self, Failure> {
        let customer = world.customers.get(row.customer)?;
        let address = customer.billing_address.as_ref();
        let location = TaxLocation::of(address, customer.tax_id.is_some());
        let setting = order::tax_setting(world, row.organization, row.prices.first().copied());
        let bill = Bill::new(amount, discount, location, setting);
        let balances = &customer.balances;
        let balance = balances.get(&row.currency).copied().unwrap_or_default();
        let applied = order::applied_balance(bill.total, balance);
        Ok(Self { bill, applied })
    }

    /// What has to be paid.
    pub(super) fn due(&self) -> i64 {
        self.bill.total.saturating_add(self.applied).max(0)
    }

    fn render(&self) -> Value {
        json!({
            "discount_amount": self.bill.discount,
            "net_amount": self.bill.net,
            "tax_amount": self.bill.tax.unwrap_or_default(),
            "total_amount": self.bill.total,
            "applied_balance_amount": self.applied,
            "due_amount": self.due(),
        })
    }
}
