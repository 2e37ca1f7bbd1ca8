//! What may still be spent of an account, never more than there is.
//!
//! Whoever asks holds the account, so that no other reservation changes meanwhile, on any node. A use
//! that is committed leaves its reservation and becomes an event in one transaction, so it is
//! subtracted as the one or as the other. An event is subtracted until a figure of Polar's surely
//! counts it: one made later than Polar's answer to the event, by a margin for slow figures and
//! unlike clocks. A figure of between sending and answering may count the event or not, and then it
//! is subtracted: for some seconds less may look left than there is, never more. The event is not
//! held while it moves on, and need not be: it is looked at once, and before and after its delivery
//! the answer is the same by the figure that is held. A newer figure that comes meanwhile serves the
//! next.

use jiff::Timestamp;
use polarkit_store::{Account, Tx};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::usage::balance::{number, total, weigh};
use crate::usage::meter::Meter;

/// Reservations one customer's meter may hold at once: they are summed while others wait.
const HELD_MAX: usize = 10_000;
/// Events weighed at once, for the same reason.
const UNCOUNTED_MAX: usize = 20_000;

/// What an account comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    polar: Decimal,
    pending: Decimal,
    reserved: Decimal,
    as_of: Timestamp,
}

/// The same as it is told.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Told {
    /// What may still be reserved: Polar's figure less what waits and what is reserved.
    #[schema(value_type = f64)]
    balance: serde_json::Number,
    /// What Polar says is left.
    #[schema(value_type = f64)]
    polar_balance: serde_json::Number,
    /// Used, accepted here, and perhaps not yet in Polar's figure.
    #[schema(value_type = f64)]
    pending_units: serde_json::Number,
    /// Set aside, this reservation among them.
    #[schema(value_type = f64)]
    reserved_units: serde_json::Number,
    /// When Polar's figure was made.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    age_seconds: i64,
}

impl Left {
    /// Of an account that is held, whose expired reservations are written down as such.
    pub(super) async fn of(
        gateway: &Gateway,
        tx: &mut Tx,
        account: &Account,
        meter: &Meter,
    ) -> Result<Self, Problem> {
        let held = tx.held_of(account, bound(HELD_MAX)).await?;
        if held.len() > HELD_MAX {
            return Err(crowded("Too many reservations of this meter are held"));
        }
        let margin = gateway.config.server.meter_margin().as_micros();
        let margin = i64::try_from(margin).unwrap_or(i64::MAX);
        let counted_until = account.as_of.saturating_sub(margin);
        let events = tx
            .usage_not_surely_counted(&account.customer, counted_until, bound(UNCOUNTED_MAX))
            .await?;
        if events.len() > UNCOUNTED_MAX {
            return Err(crowded(
                "Too much usage of this customer waits to be counted",
            ));
        }
        // What cannot be added up is spent.
        Ok(Self {
            polar: account.balance.parse().unwrap_or(Decimal::MIN),
            pending: weigh(meter, &events).unwrap_or(Decimal::MAX),
            reserved: total(&held).unwrap_or(Decimal::MAX),
            as_of: Timestamp::from_microsecond(account.as_of).unwrap_or(Timestamp::MIN),
        })
    }

    pub(super) fn units(&self) -> Decimal {
        self.polar
            .saturating_sub(self.pending)
            .saturating_sub(self.reserved)
    }

    /// After so many more were set aside.
    pub(super) fn less(self, units: Decimal) -> Self {
        Self {
            reserved: self.reserved.saturating_add(units),
            ..self
        }
    }

    pub(super) fn told(&self, gateway: &Gateway) -> Told {
        let age = gateway.time.now().duration_since(self.as_of);
        Told {
            balance: number(self.units()),
            polar_balance: number(self.polar),
            pending_units: number(self.pending),
            reserved_units: number(self.reserved),
            as_of: self.as_of,
            age_seconds: age.as_secs().max(0),
        }
    }
}

/// One more than may be, to notice.
fn bound(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1)
}

fn crowded(what: &'static str) -> Problem {
    Problem::new(Code::Overloaded, what).retry_after(5)
}
