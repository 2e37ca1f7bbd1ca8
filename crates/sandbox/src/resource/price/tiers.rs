//! Prices by seat: the more seats, the cheaper each.

use serde::{Deserialize, Serialize};

use crate::render::plain;

/// The steps of a seat price, by rising number of seats, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeatTiers {
    #[serde(rename = "seat_tier_type", default)]
    pub(crate) kind: TierKind,
    pub(crate) tiers: Vec<Tier>,
}

/// How the steps are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TierKind {
    /// All seats at the rate of the step the number falls in.
    #[default]
    Volume,
    /// Each slice of seats at its own rate.
    Graduated,
}

plain!(TierKind);

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tier {
    pub(crate) min_seats: i64,
    pub(crate) max_seats: Option<i64>,
    pub(crate) price_per_seat: i64,
}

plain!(Tier);

impl SeatTiers {
    /// The fewest seats that can be bought.
    pub(crate) fn minimum(&self) -> i64 {
        self.tiers.first().map_or(1, |tier| tier.min_seats)
    }

    /// The most seats that can be bought; `None` without a limit.
    pub(crate) fn maximum(&self) -> Option<i64> {
        self.tiers.last().and_then(|tier| tier.max_seats)
    }

    /// What `seats` seats cost.
    pub(crate) fn amount(&self, seats: i64) -> i64 {
        match self.kind {
            TierKind::Volume => seats.saturating_mul(self.rate(seats)),
            TierKind::Graduated => self
                .tiers
                .iter()
                .map(|tier| {
                    let last = tier.max_seats.map_or(seats, |most| most.min(seats));
                    // The first step also pays for the seats below it.
                    let before = if tier.min_seats == self.minimum() {
                        0
                    } else {
                        tier.min_seats - 1
                    };
                    (last - before).max(0).saturating_mul(tier.price_per_seat)
                })
                .fold(0, i64::saturating_add),
        }
    }

    /// The same steps by rising number of seats.
    pub(crate) fn sorted(mut self) -> Self {
        self.tiers.sort_by_key(|tier| tier.min_seats);
        self
    }

    /// What is wrong with the steps, if anything. They are in order.
    pub(crate) fn flaw(&self) -> Option<String> {
        for pair in self.tiers.windows(2) {
            let [this, next] = pair else { continue };
            match this.max_seats {
                None => {
                    let message = "Only the last tier can have unlimited max_seats (None)";
                    return Some(message.to_owned());
                }
                Some(most) if most + 1 != next.min_seats => {
                    let from = next.min_seats;
                    return Some(format!(
                        "Gap or overlap between tiers: tier ending at {most} and tier starting at {from}"
                    ));
                }
                Some(_) => {}
            }
        }
        let (least, most) = (self.minimum(), self.maximum()?);
        (most < least)
            .then(|| format!("maximum_seats must be >= minimum_seats, got {most} < {least}"))
    }

    fn rate(&self, seats: i64) -> i64 {
        self.tiers
            .iter()
            .rfind(|tier| tier.min_seats <= seats)
            .or_else(|| self.tiers.first())
            .map_or(0, |tier| tier.price_per_seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(kind: TierKind) -> SeatTiers {
        let tier = |min_seats, max_seats, price_per_seat| Tier {
            min_seats,
            max_seats,
            price_per_seat,
        };
        SeatTiers {
            kind,
            tiers: vec![
                tier(1, Some(4), 1000),
                tier(5, Some(9), 800),
                tier(10, None, 500),
            ],
        }
    }

    #[test]
    fn volume_prices_every_seat_at_the_rate_of_the_whole_quantity() {
        let cases = [
            (1, 1000),
            (4, 4000),
            (5, 4000),
            (9, 7200),
            (10, 5000),
            (20, 10_000),
        ];
        for (seats, amount) in cases {
            assert_eq!(tiers(TierKind::Volume).amount(seats), amount, "{seats}");
        }
    }

    #[test]
    fn graduated_prices_each_slice_at_its_own_rate() {
        let cases = [
            (1, 1000),
            (4, 4000),
            (5, 4800),
            (9, 8000),
            (10, 8500),
            (20, 13_500),
        ];
        for (seats, amount) in cases {
            assert_eq!(tiers(TierKind::Graduated).amount(seats), amount, "{seats}");
        }
    }

    #[test]
    fn gaps_overlaps_and_early_endless_tiers_are_flaws() {
        let steps = |bounds: &[(i64, Option<i64>)]| SeatTiers {
            kind: TierKind::Volume,
            tiers: bounds
                .iter()
                .map(|(min_seats, max_seats)| Tier {
                    min_seats: *min_seats,
                    max_seats: *max_seats,
                    price_per_seat: 1,
                })
                .collect(),
        };
        assert!(steps(&[(1, Some(4)), (5, None)]).flaw().is_none());
        assert!(steps(&[(1, Some(4)), (6, None)]).flaw().is_some());
        assert!(steps(&[(1, Some(4)), (4, None)]).flaw().is_some());
        assert!(steps(&[(1, None), (5, None)]).flaw().is_some());
        assert!(steps(&[(5, Some(1))]).flaw().is_some());
    }
}
