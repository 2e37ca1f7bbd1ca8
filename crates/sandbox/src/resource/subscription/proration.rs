//! Proration: what the rest of a period is worth, given back at the old prices and charged at the new ones.

use jiff::Timestamp;

use super::Subscription;
use super::label::{price_label, span};
use super::number::sold_by;
use crate::resource::discount::Discount;
use crate::resource::price::{Countable, Price, PriceKind};
use crate::resource::product::Product;
use crate::world::{Id, World};

/// The part of a period that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    left: i128,
    whole: i128,
}

impl Rest {
    /// What is left at `now` of the period from `start` to `end`; nothing once it is over.
    fn of(start: Timestamp, end: Timestamp, now: Timestamp) -> Self {
        let micros = |from: Timestamp| end.duration_since(from).as_micros();
        Self {
            left: micros(now).max(0),
            whole: micros(start).max(1),
        }
    }

    /// Its part of `amount`, halves to the even neighbour.
    fn rounded(self, amount: i64) -> i64 {
        let share = i128::from(amount) * self.left;
        let (down, over) = (share.div_euclid(self.whole), share.rem_euclid(self.whole));
        let up = match (2 * over).cmp(&self.whole) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => down.rem_euclid(2) == 1,
            std::cmp::Ordering::Greater => true,
        };
        i64::try_from(down + i128::from(up)).unwrap_or_default()
    }

    /// Its part of `amount`, what is behind the point cut off.
    fn truncated(self, amount: i64) -> i64 {
        let share = i128::from(amount) * self.left / self.whole;
        i64::try_from(share).unwrap_or_default()
    }
}

/// One price and what a period of it costs, discount taken off.
type Priced = (Id<Price>, i64);

/// A line of a bill, before it has a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) label: String,
    /// Negative when it gives back.
    pub(super) amount: i64,
    pub(super) price: Id<Price>,
}

/// What changing from `old` to `new` prices costs: each old price given back for what is left, each new
/// one charged for what it still covers.
fn swap(old: &[Priced], left: Rest, new: &[Priced], covers: Rest) -> (Vec<Priced>, Vec<Priced>) {
    let share = |prices: &[Priced], rest: Rest| {
        let shares = prices
            .iter()
            .map(|(price, amount)| (*price, rest.rounded(*amount)));
        shares.collect()
    };
    (share(old, left), share(new, covers))
}

/// A change of product or of number: which prices there were, which there will be, and for how long.
pub(super) struct Swap<'s> {
    pub(super) before: &'s Subscription,
    pub(super) after: &'s Subscription,
    pub(super) now: Timestamp,
    /// A new period begins, and nothing of the old one is given back.
    pub(super) reset: bool,
}

impl Swap<'_> {
    /// Its lines: first what is given back, then what is charged.
    pub(super) fn lines(&self, world: &World) -> Vec<Line> {
        let (before, after) = (self.before, self.after);
        let left = Rest::of(before.period_start, before.period_end, self.now);
        let covers = Rest::of(after.period_start, after.period_end, self.now);
        let given = if self.reset {
            Vec::new()
        } else {
            priced(world, before)
        };
        let (back, charged) = swap(&given, left, &priced(world, after), covers);
        let back = back.into_iter().map(|(price, amount)| Line {
            label: format!(
                "Remaining time on {} — {}",
                price_label(world, before.product, price, after.quantity()),
                span(self.now, before.period_end)
            ),
            amount: -amount,
            price,
        });
        let charged = charged.into_iter().map(|(price, amount)| Line {
            label: format!(
                "{} — {}",
                price_label(world, after.product, price, after.quantity()),
                span(self.now, after.period_end)
            ),
            amount,
            price,
        });
        back.chain(charged).collect()
    }

    /// The line of a change of how many there are; none when it comes to nothing. When a new period begins,
    /// all of the new ones are charged for it.
    pub(super) fn number_line(&self, world: &World, countable: Countable) -> Option<Line> {
        let (before, after) = (self.before, self.after);
        let (price, _) = sold_by(world, &before.prices, countable)?;
        let cost = |row: &Subscription| quantity_cost(world, row, price);
        let amount = if self.reset {
            cost(after)
        } else {
            let rest = Rest::of(before.period_start, before.period_end, self.now);
            rest.truncated(cost(after) - cost(before))
        };
        let number = |row: &Subscription| row.number(countable).unwrap_or(1);
        let (old, new) = (number(before), number(after));
        let change = match countable {
            Countable::Seats => format!("{old} → {new} seats"),
            Countable::Units => format!("{old} {} → {new} {}", price.noun(old), price.noun(new)),
        };
        let name = product_name(world, before.product);
        let what = format!("{name} ({change}) — {}", span(self.now, after.period_end));
        let label = if amount < 0 {
            format!("Remaining time on {what}")
        } else {
            what
        };
        (amount != 0).then_some(Line {
            label,
            amount,
            price: price.id,
        })
    }
}

/// What `row` costs for a period at a price by number: a discount is shared with the fixed price beside it.
fn quantity_cost(world: &World, row: &Subscription, price: &Price) -> i64 {
    let cost = price.costs(row.quantity());
    let fixed = static_prices(world, row).find_map(|price| match price.kind {
        PriceKind::Fixed { amount } => Some(amount),
        _ => None,
    });
    let amounts: Vec<_> = fixed.into_iter().chain([cost]).collect();
    let off = discount_of(world, row).map_or(0, |discount| {
        let shares = discount.shares(&amounts, &row.currency);
        shares.last().copied().unwrap_or_default()
    });
    cost - off
}

/// The prices of a subscription that a change splits by time: fixed ones and those by number, free ones
/// left out.
fn priced(world: &World, row: &Subscription) -> Vec<Priced> {
    let base: Vec<_> = static_prices(world, row)
        .filter(|price| !price.is_free() && !matches!(price.kind, PriceKind::Custom { .. }))
        .map(|price| (price.id, price.costs(row.quantity())))
        .collect();
    let amounts: Vec<_> = base.iter().map(|(_, amount)| *amount).collect();
    let off = discount_of(world, row).map_or_else(
        || vec![0; amounts.len()],
        |discount| discount.shares(&amounts, &row.currency),
    );
    base.into_iter()
        .zip(off)
        .map(|((price, amount), off)| (price, amount - off))
        .collect()
}

fn static_prices<'w>(
    world: &'w World,
    row: &'w Subscription,
) -> impl Iterator<Item = &'w Price> + 'w {
    let known = row.prices.iter().filter_map(|id| world.prices.find(*id));
    known.filter(|price| price.is_static())
}

fn discount_of<'w>(world: &'w World, row: &Subscription) -> Option<&'w Discount> {
    row.discount.and_then(|id| world.discounts.find(id))
}

fn product_name(world: &World, id: Id<Product>) -> &str {
    world.products.find(id).map_or("", |row| row.name.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::world::Chance;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rest(left: i128, whole: i128) -> Rest {
        Rest { left, whole }
    }

    #[test]
    fn what_is_left_is_counted_in_time_and_never_negative() {
        let (start, end) = (at("2026-01-01T00:00:00Z"), at("2026-01-31T00:00:00Z"));
        for (now, amount) in [
            ("2026-01-01T00:00:00Z", 3000),
            ("2026-01-16T00:00:00Z", 1500),
            ("2026-01-30T12:00:00Z", 50),
            ("2026-01-31T00:00:00Z", 0),
            ("2026-02-01T00:00:00Z", 0),
        ] {
            assert_eq!(Rest::of(start, end, at(now)).rounded(3000), amount, "{now}");
        }
    }

    #[test]
    fn halves_go_to_the_even_neighbour_and_seats_lose_their_fraction() {
        for (amount, left, whole, rounded, truncated) in [
            (5, 1, 2, 2, 2),
            (7, 1, 2, 4, 3),
            (-5, 1, 2, -2, -2),
            (-7, 1, 2, -4, -3),
            (10, 1, 3, 3, 3),
            (20, 1, 3, 7, 6),
            (-20, 1, 3, -7, -6),
        ] {
            let rest = rest(left, whole);
            let got = (rest.rounded(amount), rest.truncated(amount));
            assert_eq!(got, (rounded, truncated), "{amount} × {left}/{whole}");
        }
    }

    /// One change of plan: the new prices, and how much of the period is over by then, in millionths.
    fn changes() -> impl Strategy<Value = Vec<(Vec<i64>, i128)>> {
        let plan = prop::collection::vec(0..1_000_000i64, 0..3);
        prop::collection::vec((plan, 0..=1_000_000i128), 1..12)
    }

    fn sum(prices: &[Priced]) -> i64 {
        prices.iter().map(|(_, amount)| amount).sum()
    }

    proptest! {
        /// Whatever is changed whenever: what is charged less what is given back is the difference of
        /// the prices for the time that is left, but for one minor unit for each entry.
        #[test]
        fn credits_and_charges_balance_over_any_sequence(mut changes in changes()) {
            changes.sort_by_key(|(_, over)| *over);
            let mut chance = Chance::new(1);
            let (mut current, mut paid, mut due, mut entries) = (Vec::new(), 0i128, 0i128, 0i128);
            for (plan, over) in changes {
                let plan: Vec<Priced> = plan.iter().map(|amount| (chance.id(), *amount)).collect();
                let left = rest(1_000_000 - over, 1_000_000);
                let (back, charged) = swap(&current, left, &plan, left);
                paid += i128::from(sum(&charged) - sum(&back));
                due += i128::from(sum(&plan) - sum(&current)) * left.left;
                entries += i128::try_from(back.len() + charged.len()).unwrap();
                current = plan;
            }
            prop_assert!((paid * 1_000_000 - due).abs() <= entries * 1_000_000);
        }

        /// Who changes and changes back in the same instant pays nothing.
        #[test]
        fn there_and_back_at_once_costs_nothing(
            (one, other) in (0..1_000_000i64, 0..1_000_000i64), over in 0..=1_000_000i128,
        ) {
            let mut chance = Chance::new(1);
            let (one, other) = ([(chance.id(), one)], [(chance.id(), other)]);
            let left = rest(1_000_000 - over, 1_000_000);
            let paid = |(back, charged): (Vec<Priced>, Vec<Priced>)| sum(&charged) - sum(&back);
            prop_assert_eq!(paid(swap(&one, left, &other, left)) + paid(swap(&other, left, &one, left)), 0);
            let (more, less) = (other[0].1 - one[0].1, one[0].1 - other[0].1);
            prop_assert_eq!(left.truncated(more) + left.truncated(less), 0);
        }
    }
}
