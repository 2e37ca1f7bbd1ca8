//! How many seats or units are ordered, within the price's steps and the session's own bounds.

use super::Checkout;
use crate::failure::{Failure, Flaw};
use crate::resource::price::{Bounds, Countable, Price};
use crate::world::World;

const COUNTABLES: [Countable; 2] = [Countable::Seats, Countable::Units];

impl Checkout {
    /// How many of them can be bought of the selected product; none when it is not sold by them.
    fn bounds(&self, world: &World, wanted: Countable) -> Option<Bounds> {
        self.prices(world)
            .into_iter()
            .filter_map(Price::bounds)
            .find_map(|(countable, bounds)| (countable == wanted).then_some(bounds))
    }

    /// The session's own bounds.
    const fn own_bounds(&self, countable: Countable) -> (Option<i64>, Option<i64>) {
        match countable {
            Countable::Seats => (self.min_seats, self.max_seats),
            Countable::Units => (self.min_units, self.max_units),
        }
    }

    const fn number_mut(&mut self, countable: Countable) -> &mut Option<i64> {
        match countable {
            Countable::Seats => &mut self.seats,
            Countable::Units => &mut self.units,
        }
    }
}

/// The session's own bounds, which must lie within those of the price.
pub(super) fn check_bounds(world: &World, checkout: &Checkout) -> Result<(), Failure> {
    for countable in COUNTABLES {
        let (least, most) = checkout.own_bounds(countable);
        let flaws = bounds_flaws(countable, least, most, checkout.bounds(world, countable));
        if !flaws.is_empty() {
            return Err(Failure::Refused(flaws));
        }
    }
    Ok(())
}

fn bounds_flaws(
    countable: Countable,
    least: Option<i64>,
    most: Option<i64>,
    sold: Option<Bounds>,
) -> Vec<Flaw> {
    let word = countable.word();
    let named = [("min", least), ("max", most)];
    let Some(sold) = sold else {
        let flaw = |(side, bound): (&str, Option<i64>)| {
            let (field, pricing) = (format!("{side}_{word}"), countable.pricing());
            let message = format!("{field} can only be set for {pricing} pricing.");
            Some(Flaw::field(&field, message, bound?))
        };
        return named.into_iter().filter_map(flaw).collect();
    };
    if let Some(least) = least.filter(|least| *least < sold.least) {
        let field = format!("min_{word}");
        let message = format!("{field} must be at least {}.", sold.least);
        return vec![Flaw::body(
            "greater_than_equal",
            [field.into()],
            message,
            least,
        )];
    }
    if let (Some(most), Some(bound)) = (most, sold.most)
        && most > bound
    {
        let field = format!("max_{word}");
        let message = format!("{field} must be at most {bound}.");
        return vec![Flaw::body("less_than_equal", [field.into()], message, most)];
    }
    Vec::new()
}

/// Orders the wanted numbers, or the fewest there can be, of what the product is sold by; none of the rest.
/// `own` when the session's own bounds count.
pub(super) fn begin(
    world: &World,
    checkout: &mut Checkout,
    (seats, units): (Option<i64>, Option<i64>),
    own: bool,
) -> Result<(), Failure> {
    for (countable, wanted) in COUNTABLES.into_iter().zip([seats, units]) {
        *checkout.number_mut(countable) = None;
        let Some(sold) = checkout.bounds(world, countable) else {
            continue;
        };
        let (least, most) = checkout.own_bounds(countable);
        let (bounds, usual) = if own {
            (sold.within(least, most), least.unwrap_or(sold.least))
        } else {
            (sold, sold.least)
        };
        let number = wanted.unwrap_or(usual);
        check(countable, number, bounds)?;
        *checkout.number_mut(countable) = Some(number);
    }
    Ok(())
}

/// Orders exactly so many, as a link has it, if so many can still be bought; else the fewest.
pub(super) fn lock(
    world: &World,
    checkout: &mut Checkout,
    seats: Option<i64>,
    units: Option<i64>,
) -> Result<(), Failure> {
    let fits = |countable, number: &i64| {
        let sold = checkout.bounds(world, countable);
        sold.is_some_and(|sold| sold.hold(*number))
    };
    let seats = seats.filter(|number| fits(Countable::Seats, number));
    let units = units.filter(|number| fits(Countable::Units, number));
    (checkout.min_seats, checkout.max_seats) = (seats, seats);
    (checkout.min_units, checkout.max_units) = (units, units);
    begin(world, checkout, (seats, units), true)
}

/// Orders another number.
pub(super) fn order(
    world: &World,
    checkout: &mut Checkout,
    seats: Option<i64>,
    units: Option<i64>,
) -> Result<(), Failure> {
    for (countable, wanted) in COUNTABLES.into_iter().zip([seats, units]) {
        let Some(wanted) = wanted else { continue };
        let Some(sold) = checkout.bounds(world, countable) else {
            return Err(Failure::refused(not_sold(countable, wanted)));
        };
        let (least, most) = checkout.own_bounds(countable);
        check(countable, wanted, sold.within(least, most))?;
        *checkout.number_mut(countable) = Some(wanted);
    }
    Ok(())
}

fn not_sold(countable: Countable, wanted: i64) -> Flaw {
    let (word, pricing) = (countable.word(), countable.pricing());
    let named = countable.capital();
    let message = format!("{named} can only be set for {pricing} pricing.");
    Flaw::field(word, message, wanted)
}

fn check(countable: Countable, number: i64, bounds: Bounds) -> Result<(), Failure> {
    let word = countable.word();
    let (kind, message) = match bounds.most {
        _ if number < bounds.least => (
            "greater_than_equal",
            format!("Minimum {} {word} required.", bounds.least),
        ),
        Some(most) if number > most => {
            ("less_than_equal", format!("Maximum {most} {word} allowed."))
        }
        _ => return Ok(()),
    };
    let flaw = Flaw::body(kind, [word.into()], message, number);
    Err(Failure::refused(flaw))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLD: Bounds = Bounds {
        least: 2,
        most: Some(10),
    };

    #[test]
    fn own_bounds_lie_within_the_price_s() {
        let say = |least, most, sold| {
            let flaws = bounds_flaws(Countable::Seats, least, most, sold);
            flaws
                .into_iter()
                .map(|flaw| flaw.message)
                .collect::<Vec<_>>()
        };
        assert!(say(Some(2), Some(10), Some(SOLD)).is_empty());
        assert_eq!(
            say(Some(1), None, Some(SOLD)),
            ["min_seats must be at least 2."]
        );
        assert_eq!(
            say(None, Some(11), Some(SOLD)),
            ["max_seats must be at most 10."]
        );
        assert_eq!(
            say(Some(1), Some(2), None),
            [
                "min_seats can only be set for seat-based pricing.",
                "max_seats can only be set for seat-based pricing."
            ]
        );
    }

    #[test]
    fn an_ordered_number_lies_within_both() {
        let narrow = SOLD.within(Some(3), Some(8));
        let cases = [
            (SOLD, 2, None),
            (SOLD, 1, Some("Minimum 2 units required.")),
            (SOLD, 11, Some("Maximum 10 units allowed.")),
            (narrow, 2, Some("Minimum 3 units required.")),
            (narrow, 9, Some("Maximum 8 units allowed.")),
            (narrow, 8, None),
        ];
        for (bounds, number, wanted) in cases {
            let said = match check(Countable::Units, number, bounds) {
                Err(Failure::Refused(flaws)) => flaws.first().map(|flaw| flaw.message.clone()),
                _ => None,
            };
            assert_eq!(said.as_deref(), wanted, "{number} of {bounds:?}");
        }
    }
}
