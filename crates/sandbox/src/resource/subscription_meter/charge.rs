//! Usage as money: consumed less credited, by the unit, up to the cap.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::prices;
use crate::resource::customer_meter::Window;
use crate::resource::meter::Meter;
use crate::resource::price::Price;
use crate::resource::subscription::Subscription;
use crate::world::{Id, World};

/// What one metered price comes to in the current period; a line of the next order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Charge {
    pub(crate) price: Id<Price>,
    pub(crate) meter: Id<Meter>,
    pub(crate) consumed: Decimal,
    pub(crate) credited: i64,
    /// Minor units.
    pub(crate) amount: i64,
    /// The text of the order's line.
    pub(crate) label: String,
}

impl Charge {
    /// True when nothing was used or credited: no line is written for it.
    pub(crate) const fn is_unused(&self) -> bool {
        self.consumed.is_zero() && self.credited == 0
    }
}

/// What each metered price of the subscription comes to by now. Usage that arrived before the end of a
/// trial is never billed, nor is what was billed already or made at a price that is gone.
pub(crate) fn charges(world: &World, subscription: Id<Subscription>) -> Vec<Charge> {
    let Some(row) = world.subscriptions.find(subscription) else {
        return Vec::new();
    };
    prices(world, row)
        .filter_map(|(price, meter, unit_amount, cap)| {
            let own = super::of(world, subscription).find(|own| own.meter == meter);
            let since = row.trial_end.max(own.and_then(|own| own.since));
            let window = Window::open(world, row.customer, meter)?.billed_since(since);
            let (consumed, credited) = (window.consumed(), window.credited());
            let units = consumed
                .saturating_sub(Decimal::from(credited))
                .max(Decimal::ZERO);
            let name = &world.meters.find(meter)?.name;
            let uncapped = cents(units, unit_amount);
            let amount = cap.map_or(uncapped, |cap| uncapped.min(cap));
            let mut label = format!(
                "{name} — ({} consumed units) × {}",
                units.normalize(),
                money(unit_amount, &row.currency),
            );
            if amount < uncapped {
                let cap = money(Decimal::from(amount), &row.currency);
                label = format!("{label} — Capped at {cap}");
            }
            Some(Charge {
                price,
                meter,
                consumed,
                credited,
                amount,
                label,
            })
        })
        .collect()
}

/// Half away from zero.
fn cents(units: Decimal, unit_amount: Decimal) -> i64 {
    units
        .saturating_mul(unit_amount)
        .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
        .to_i64()
        .unwrap_or(i64::MAX)
}

/// Minor units for people: `$0.20`, `0.005 eur`.
fn money(minor_units: Decimal, currency: &str) -> String {
    let major = (minor_units / Decimal::ONE_HUNDRED).normalize();
    let places = major.scale().max(2);
    let places = usize::try_from(places).unwrap_or(2);
    match currency {
        "usd" => format!("${major:.places$}"),
        other => format!("{major:.places$} {}", other.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_round_half_away_from_zero() {
        for (units, unit_amount, expected) in [
            ("3", "20", 60),
            ("1", "0.5", 1),
            ("1", "0.4", 0),
            ("2.5", "1", 3),
            ("1000000", "0.000001", 1),
        ] {
            let got = cents(decimal(units), decimal(unit_amount));
            assert_eq!(got, expected, "{units} × {unit_amount}");
        }
    }

    #[test]
    fn unit_amounts_keep_their_fractions_of_a_cent() {
        assert_eq!(money(decimal("20"), "usd"), "$0.20");
        assert_eq!(money(decimal("0.5"), "usd"), "$0.005");
        assert_eq!(money(decimal("1200"), "eur"), "12.00 EUR");
    }
}
