//! One update of a subscription: drafted on a copy of its row, then written with all that follows from it,
//! or not at all.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::announce::{self, Standing};
use super::proration::Line;
use super::{
    Subscription, SubscriptionStatus, begin, bill, cycle, discount, end, metering, number,
};
use crate::failure::Failure;
use crate::resource::discount::Discount;
use crate::resource::order::{self, OrderItem};
use crate::resource::subscription_meter;
use crate::world::{Id, World};

/// What an update asks to be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Billing {
    /// Nothing yet: its lines wait for the next bill.
    Later,
    /// Its lines, and those that wait already.
    Now,
    /// A new period.
    NextPeriod,
}

/// An update under way.
pub(super) struct Edit {
    before: Subscription,
    /// The row as it is to be.
    pub(super) row: Subscription,
    pub(super) now: Timestamp,
    /// What it costs and gives back.
    pub(super) lines: Vec<Line>,
    pub(super) billing: Billing,
    /// A discount that was not there before is used up once.
    pub(super) redeemed: Option<Id<Discount>>,
    /// The product is another one: its meters and benefits take over.
    pub(super) moved: bool,
    /// Seats where there were none: the buyer sits down at once.
    pub(super) first_seats: bool,
    /// It turned out to change nothing.
    pub(super) idle: bool,
    said: Map<String, Value>,
    noted: Vec<(&'static str, Value)>,
}

impl Edit {
    /// Begins an update of the subscription as it stands.
    pub(super) fn of(world: &mut World, id: Id<Subscription>) -> Result<Self, Failure> {
        let now = world.stamp();
        let row = world.subscriptions.get(id)?;
        Ok(Self {
            before: row.clone(),
            row: row.clone(),
            now,
            lines: Vec::new(),
            billing: Billing::Later,
            redeemed: None,
            moved: false,
            first_seats: false,
            idle: false,
            said: Map::new(),
            noted: Vec::new(),
        })
    }

    /// The row as it was.
    pub(super) const fn before(&self) -> &Subscription {
        &self.before
    }

    /// Notes a field for the `subscription.updated` of the events list.
    pub(super) fn say(&mut self, field: &str, value: impl Into<Value>) {
        self.said.insert(field.to_owned(), value.into());
    }

    /// Notes `subscription.<name>` for the events list.
    pub(super) fn note(&mut self, name: &'static str, metadata: Value) {
        self.noted.push((name, metadata));
    }

    /// Writes the row and lets everything follow. When a bill of it cannot be charged, nothing changes.
    pub(super) fn commit(mut self, world: &mut World) -> Result<(), Failure> {
        if self.billing == Billing::Now {
            bill::refuse_unpayable(world, &self.row, &self.lines)?;
        }
        let id = self.row.id;
        // Usage is billed before what it was used with is gone.
        if self.moved && self.before.status != SubscriptionStatus::Trialing || !self.row.is_alive()
        {
            metering::settle(world, id);
        }
        let standing = Standing::of(&self.before);
        let waiting: Vec<OrderItem> = std::mem::take(&mut self.lines)
            .into_iter()
            .map(|line| order::item(world, line.label, line.amount, true, Some(line.price)))
            .collect();
        self.row.pending_items.extend(waiting);
        let (ended, rescheduled) = (
            self.before.is_alive() && !self.row.is_alive(),
            self.row.next_end() != self.before.next_end(),
        );
        if self.row != self.before {
            self.row.modified_at = Some(self.now);
        }
        *world.subscriptions.get_mut(id)? = self.row;
        if let Some(used) = self.redeemed {
            discount::redeem(world, id, used);
        }
        if self.moved {
            subscription_meter::attach(world, id);
        }
        if rescheduled {
            begin::plan_cycle(world, id);
        }
        for (name, metadata) in self.noted {
            announce::record_as(world, id, name, metadata);
        }
        if self.first_seats {
            number::seat_the_buyer(world, id);
        }
        match self.billing {
            Billing::Later => {}
            Billing::Now => bill::invoice(world, id),
            Billing::NextPeriod => cycle::turn(world, id),
        }
        announce::record_update(world, id, self.said);
        if ended {
            announce::empty_seats(world, id);
        }
        if !self.idle {
            announce::tell(world, id, standing);
        }
        if ended {
            end::follow(world, id);
        } else if self.moved {
            announce::sync_grants(world, id);
        }
        Ok(())
    }
}
