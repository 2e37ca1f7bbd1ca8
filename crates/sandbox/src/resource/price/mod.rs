//! What a product costs: fixed, chosen by the buyer, by seat, or by use.

mod input;
mod render;
mod rules;
mod tiers;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::billing::TaxSetting;
use crate::resource::meter::Meter;
use crate::resource::product::Product;
use crate::world::{Id, found_by};

pub(crate) use input::PriceInput;
pub(crate) use render::render;
pub(crate) use rules::{Place, check};
pub(crate) use tiers::SeatTiers;

/// One price of a product in one currency. Prices never change: they are archived and replaced.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Price {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) product: Id<Product>,
    /// Made for one checkout only, not part of the catalogue.
    pub(crate) ad_hoc: bool,
    pub(crate) archived: bool,
    pub(crate) currency: String,
    /// `None`: as the organization does it.
    pub(crate) tax: Option<TaxSetting>,
    pub(crate) kind: PriceKind,
}

found_by!(Price:);

/// How the price is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "amount_type", rename_all = "snake_case")]
pub(crate) enum PriceKind {
    /// Always the same.
    Fixed { amount: i64 },
    /// What the buyer wants to pay, within bounds.
    Custom {
        minimum: i64,
        maximum: Option<i64>,
        preset: Option<i64>,
    },
    /// By the number of seats.
    SeatBased { tiers: SeatTiers },
    /// By what a meter counts, billed afterwards.
    MeteredUnit {
        meter: Id<Meter>,
        /// Minor units for one unit of the meter.
        unit_amount: Decimal,
        cap: Option<i64>,
    },
}

impl Price {
    /// True when it is billed up front: everything but usage.
    pub(crate) const fn is_static(&self) -> bool {
        !matches!(self.kind, PriceKind::MeteredUnit { .. })
    }

    /// True when nobody pays anything, whatever they order.
    pub(crate) fn is_free(&self) -> bool {
        match &self.kind {
            PriceKind::Fixed { amount } => *amount == 0,
            PriceKind::SeatBased { tiers } => {
                tiers.tiers.iter().all(|tier| tier.price_per_seat == 0)
            }
            PriceKind::Custom { .. } | PriceKind::MeteredUnit { .. } => false,
        }
    }

    /// What is billed up front: `chosen` counts for prices the buyer chooses, `seats` for seat prices.
    pub(crate) fn upfront(&self, chosen: Option<i64>, seats: Option<i64>) -> i64 {
        match &self.kind {
            PriceKind::Fixed { amount } => *amount,
            PriceKind::Custom {
                minimum, preset, ..
            } => chosen.or(*preset).unwrap_or(*minimum),
            PriceKind::SeatBased { tiers } => {
                tiers.amount(seats.unwrap_or_else(|| tiers.minimum()))
            }
            PriceKind::MeteredUnit { .. } => 0,
        }
    }

    /// The seat tiers, when it is a seat price.
    pub(crate) const fn tiers(&self) -> Option<&SeatTiers> {
        match &self.kind {
            PriceKind::SeatBased { tiers } => Some(tiers),
            PriceKind::Fixed { .. } | PriceKind::Custom { .. } | PriceKind::MeteredUnit { .. } => {
                None
            }
        }
    }

    /// Polar's word for the kind.
    pub(crate) const fn word(&self) -> &'static str {
        match self.kind {
            PriceKind::Fixed { .. } => "fixed",
            PriceKind::Custom { .. } => "custom",
            PriceKind::SeatBased { .. } => "seat_based",
            PriceKind::MeteredUnit { .. } => "metered_unit",
        }
    }
}
