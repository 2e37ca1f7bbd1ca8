//! What a product costs: fixed, chosen by the buyer, by seat, or by use.

mod input;
mod render;
mod rules;
mod tiers;
mod units;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::billing::TaxSetting;
use crate::resource::meter::Meter;
use crate::resource::product::Product;
use crate::world::{Id, found_by};

pub(crate) use input::PriceInput;
pub(crate) use render::render;
pub(crate) use rules::{Listed, Place, flaws};
pub(crate) use tiers::SeatTiers;
pub(crate) use units::UnitTiers;

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
    /// By a number of units, billed up front.
    UnitBased {
        tiers: UnitTiers,
        /// The fewest that can be bought; one unless said otherwise.
        minimum: Option<i64>,
        /// What a unit is called, by language and plural form.
        label: Option<Value>,
    },
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
            PriceKind::UnitBased { tiers, .. } => tiers.is_free(),
            PriceKind::Custom { .. } | PriceKind::MeteredUnit { .. } => false,
        }
    }

    /// What is billed up front for this much of it.
    pub(crate) fn costs(&self, quantity: Quantity) -> i64 {
        match &self.kind {
            PriceKind::Fixed { amount } => *amount,
            PriceKind::Custom {
                minimum, preset, ..
            } => quantity.chosen.or(*preset).unwrap_or(*minimum),
            PriceKind::SeatBased { tiers } => {
                tiers.amount(quantity.seats.unwrap_or_else(|| tiers.minimum()))
            }
            PriceKind::UnitBased { tiers, minimum, .. } => {
                tiers.amount(quantity.units.unwrap_or(minimum.unwrap_or(1)))
            }
            PriceKind::MeteredUnit { .. } => 0,
        }
    }

    /// How many of something can be bought at this price; none when it is not sold by number.
    pub(crate) fn bounds(&self) -> Option<(Countable, Bounds)> {
        match &self.kind {
            PriceKind::SeatBased { tiers } => {
                let bounds = Bounds {
                    least: tiers.minimum(),
                    most: tiers.maximum(),
                };
                Some((Countable::Seats, bounds))
            }
            PriceKind::UnitBased { tiers, minimum, .. } => {
                let bounds = Bounds {
                    least: minimum.unwrap_or(1).max(1),
                    most: tiers.maximum(),
                };
                Some((Countable::Units, bounds))
            }
            PriceKind::Fixed { .. } | PriceKind::Custom { .. } | PriceKind::MeteredUnit { .. } => {
                None
            }
        }
    }

    /// The line on a bill for this price of the product called `name`.
    pub(crate) fn label(&self, name: &str, quantity: Quantity) -> String {
        match self.numbered(quantity) {
            Some(number) => format!("{name} ({number} {})", self.noun(number)),
            None => name.to_owned(),
        }
    }

    /// How many there are of what it is sold by.
    pub(crate) fn numbered(&self, quantity: Quantity) -> Option<i64> {
        match self.kind {
            PriceKind::SeatBased { .. } => quantity.seats,
            PriceKind::UnitBased { .. } => quantity.units,
            PriceKind::Fixed { .. } | PriceKind::Custom { .. } | PriceKind::MeteredUnit { .. } => {
                None
            }
        }
    }

    /// What so many of them are called.
    pub(crate) fn noun(&self, number: i64) -> String {
        match &self.kind {
            PriceKind::UnitBased { label, .. } => units::noun(label.as_ref(), number),
            _ if number == 1 => "seat".to_owned(),
            _ => "seats".to_owned(),
        }
    }

    /// The seat tiers, when it is a seat price.
    pub(crate) const fn tiers(&self) -> Option<&SeatTiers> {
        match &self.kind {
            PriceKind::SeatBased { tiers } => Some(tiers),
            PriceKind::Fixed { .. }
            | PriceKind::Custom { .. }
            | PriceKind::UnitBased { .. }
            | PriceKind::MeteredUnit { .. } => None,
        }
    }

    /// Polar's word for the kind.
    pub(crate) const fn word(&self) -> &'static str {
        match self.kind {
            PriceKind::Fixed { .. } => "fixed",
            PriceKind::Custom { .. } => "custom",
            PriceKind::SeatBased { .. } => "seat_based",
            PriceKind::UnitBased { .. } => "unit_based",
            PriceKind::MeteredUnit { .. } => "metered_unit",
        }
    }
}

/// How much is bought, for prices that ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// What the buyer wants to pay.
    pub(crate) chosen: Option<i64>,
    pub(crate) seats: Option<i64>,
    pub(crate) units: Option<i64>,
}

/// What is sold by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Countable {
    Seats,
    Units,
}

impl Countable {
    /// Polar's word for it, which names fields too.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Units => "units",
        }
    }

    /// Polar's word for it, as names of refusals have it.
    pub(crate) const fn capital(self) -> &'static str {
        match self {
            Self::Seats => "Seats",
            Self::Units => "Units",
        }
    }

    /// Polar's word for prices by it.
    pub(crate) const fn pricing(self) -> &'static str {
        match self {
            Self::Seats => "seat-based",
            Self::Units => "unit-based",
        }
    }
}

/// How many can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) least: i64,
    pub(crate) most: Option<i64>,
}

impl Bounds {
    /// True when so many can be bought.
    pub(crate) fn hold(self, number: i64) -> bool {
        number >= self.least && self.most.is_none_or(|most| number <= most)
    }

    /// The narrower of these and a session's own.
    pub(crate) fn within(self, least: Option<i64>, most: Option<i64>) -> Self {
        let most = match (self.most, most) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        Self {
            least: self.least.max(least.unwrap_or(self.least)),
            most,
        }
    }
}
