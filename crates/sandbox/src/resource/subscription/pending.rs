//! A change that waits for the next period.

use jiff::Timestamp;
use polarkit_model::Patch;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::edit::Edit;
use super::{Subscription, announce, plan};
use crate::billing::anchor_day;
use crate::failure::{Failure, Flaw};
use crate::resource::discount::Discount;
use crate::resource::price::Countable;
use crate::resource::product::Product;
use crate::resource::subscription_meter;
use crate::world::{Id, World};

/// A change of product, number or discount that waits. A later wish is added to what waits already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PendingUpdate {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    #[serde(default)]
    pub(crate) modified_at: Option<Timestamp>,
    /// The end of the period as it was when somebody last wished.
    #[serde(default)]
    pub(crate) applies_at: Option<Timestamp>,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) seats: Option<i64>,
    #[serde(default)]
    pub(crate) units: Option<i64>,
    /// The discount that comes with the product: another, or none.
    #[serde(default, skip_serializing_if = "Patch::is_absent")]
    pub(crate) discount: Patch<Id<Discount>>,
}

/// What a wish is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish {
    pub(super) product: Option<Id<Product>>,
    pub(super) seats: Option<i64>,
    pub(super) units: Option<i64>,
    pub(super) discount: Patch<Id<Discount>>,
}

impl Wish {
    /// So many seats or units.
    pub(super) fn number(countable: Countable, number: i64) -> Self {
        let mut wish = Self::default();
        match countable {
            Countable::Seats => wish.seats = Some(number),
            Countable::Units => wish.units = Some(number),
        }
        wish
    }
}

impl PendingUpdate {
    /// How many are wished for.
    pub(super) const fn number(&self, countable: Countable) -> Option<i64> {
        match countable {
            Countable::Seats => self.seats,
            Countable::Units => self.units,
        }
    }

    pub(super) const fn number_mut(&mut self, countable: Countable) -> &mut Option<i64> {
        match countable {
            Countable::Seats => &mut self.seats,
            Countable::Units => &mut self.units,
        }
    }
}

/// Lets a wish wait for the next period.
pub(super) fn wait(world: &mut World, edit: &mut Edit, wish: Wish) {
    let waiting = edit.row.pending_update.take();
    let id = waiting
        .as_ref()
        .map_or_else(|| world.chance.id(), |waiting| waiting.id);
    let known = waiting.as_ref();
    edit.row.pending_update = Some(PendingUpdate {
        id,
        created_at: known.map_or(edit.now, |waiting| waiting.created_at),
        modified_at: known.map(|_| edit.now),
        applies_at: Some(edit.row.period_end),
        product: wish.product.or_else(|| known?.product),
        seats: wish.seats.or_else(|| known?.seats),
        units: wish.units.or_else(|| known?.units),
        discount: match (wish.discount, known) {
            (Patch::Absent, Some(waiting)) => waiting.discount,
            (discount, _) => discount,
        },
    });
}

/// Takes back what waits, by request.
pub(crate) fn clear(world: &mut World, id: Id<Subscription>) -> Result<(), Failure> {
    let mut edit = Edit::of(world, id)?;
    if edit.row.pending_update.take().is_none() {
        let message = "This subscription has no pending update to clear.";
        let flaw = Flaw::field("pending_update", message, Value::Null);
        return Err(Failure::refused(flaw));
    }
    edit.note("update_cleared", json!({}));
    edit.commit(world)
}

/// The next period begins: what waited takes effect. True when it begins a period of its own.
pub(super) fn apply(world: &mut World, id: Id<Subscription>) -> bool {
    let Some(row) = world.subscriptions.find_mut(id) else {
        return false;
    };
    let Some(update) = row.pending_update.take() else {
        return false;
    };
    let before = row.clone();
    let Some(after) = updated(world, &before, &update) else {
        return false;
    };
    let (moved, new_period) = (update.product.is_some(), after.cycle != before.cycle);
    if let Some(row) = world.subscriptions.find_mut(id) {
        *row = after;
    }
    if moved {
        subscription_meter::attach(world, id);
        announce::sync_grants(world, id);
    }
    new_period
}

/// The row as the next period will find it.
pub(super) fn foreseen(world: &World, row: &Subscription) -> Subscription {
    let update = row.pending_update.as_ref();
    let updated = update.and_then(|update| updated(world, row, update));
    updated.unwrap_or_else(|| row.clone())
}

/// The row with the update in it. Nothing when the product has no price in its currency any more: then
/// things stay as they are.
fn updated(world: &World, before: &Subscription, update: &PendingUpdate) -> Option<Subscription> {
    let mut after = before.clone();
    after.seats = update.seats.or(before.seats);
    after.units = update.units.or(before.units);
    if let Some(id) = update.product {
        let product = world.products.find(id)?;
        after.product = id;
        after.prices = plan::prices_in(world, product, &before.currency);
        after.cycle = product.cycle.filter(|_| !after.prices.is_empty())?;
        after.meter_cycle = product.meter_cycle;
        after.anchor_day = anchor_day(before.period_start);
    }
    if after.cycle != before.cycle {
        after.start_period(before.period_end);
    }
    if let Some(discount) = update.discount.sent() {
        after.discount = discount;
        after.discount_since = None;
    }
    Some(after)
}
