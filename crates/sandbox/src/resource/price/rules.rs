//! Which prices a product may have, alone and together. Amounts and tiers are checked with the body's shape.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{PriceInput, PriceKind};
use crate::billing::TaxSetting;
use crate::failure::Flaw;
use crate::resource::meter;
use crate::resource::organization::{Features, Organization};
use crate::world::{Id, World};

/// Where the prices stand in the body, and what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) organization: Id<Organization>,
    /// Whether the product renews itself.
    pub(crate) recurring: bool,
    /// The steps to the list, after `body`.
    pub(crate) at: Vec<Value>,
}

/// One price of the list: what it is, and the facts that rules ask for.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Its number in the list.
    pub(crate) index: usize,
    pub(crate) currency: String,
    pub(crate) tax: Option<TaxSetting>,
    pub(crate) kind: PriceKind,
    /// It stands there for the first time.
    pub(crate) is_new: bool,
}

impl Listed {
    /// A price to be made.
    pub(crate) fn new(index: usize, price: &PriceInput) -> Self {
        Self {
            index,
            currency: price.currency.clone(),
            tax: price.tax,
            kind: price.kind(),
            is_new: true,
        }
    }
}

/// Everything that is wrong with the prices. What is wrong with one alone keeps it out of the rest.
pub(crate) fn flaws(world: &World, place: &Place, listed: &[Listed]) -> Vec<Flaw> {
    let Some(organization) = world.organizations.find(place.organization) else {
        return Vec::new();
    };
    let (mut flaws, mut sound) = (Vec::new(), Vec::new());
    for price in listed {
        match alone(world, place, &organization.features, price) {
            Some(flaw) => flaws.push(flaw),
            None => sound.push(price),
        }
    }
    if sound.is_empty() {
        let message = "At least one price is required.";
        flaws.push(flaw(place, "too_short", [], message));
    }
    let usual = organization.default_presentment_currency.as_str();
    flaws.extend(together(place, &sound, usual));
    flaws
}

/// What is wrong with one price, whatever stands beside it.
fn alone(world: &World, place: &Place, features: &Features, price: &Listed) -> Option<Flaw> {
    if !price.is_new {
        return None;
    }
    let here = |message| Some(flaw(place, "value_error", [price.index.into()], message));
    match price.kind {
        PriceKind::SeatBased { .. } if !features.seat_based_pricing_enabled => {
            here("Seat-based pricing is not enabled for this organization.")
        }
        PriceKind::UnitBased { .. } if !features.unit_based_pricing_enabled => {
            here("Unit-based pricing is not enabled for this organization.")
        }
        PriceKind::UnitBased { .. } if !place.recurring => {
            here("Unit-based pricing is not supported on one-time products.")
        }
        PriceKind::MeteredUnit { .. } if !place.recurring => {
            here("Metered pricing is not supported on one-time products.")
        }
        PriceKind::MeteredUnit { meter, .. } => {
            let at = [price.index.into(), "meter_id".into()];
            let known = meter::find(world, place.organization, meter).is_some();
            (!known).then(|| Flaw {
                input: meter.to_string().into(),
                ..flaw(place, "value_error", at, "Meter does not exist.")
            })
        }
        _ => None,
    }
}

/// Which kinds of price a currency has: fixed, by seat, by unit, chosen, and how many meters.
type Structure = (bool, bool, bool, bool, usize);

/// What is wrong with the prices together; `usual` is the currency that must be among theirs.
fn together(place: &Place, prices: &[&Listed], usual: &str) -> Vec<Flaw> {
    let mut by_currency: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for price in prices {
        by_currency.entry(&price.currency).or_default().push(price);
    }
    let mut flaws: Vec<_> = by_currency
        .values()
        .flat_map(|prices| in_currency(place, prices))
        .collect();
    let structures: BTreeSet<_> = by_currency.values().map(|list| structure(list)).collect();
    let here = |message| flaw(place, "value_error", [], message);
    if structures.len() > 1 {
        let message = "All price currencies must define the same set of price types.";
        flaws.push(here(message));
    }
    if !by_currency.contains_key(usual) {
        let message =
            "The organization's default presentment currency must be present in the prices.";
        flaws.push(here(message));
    }
    flaws
}

/// What is wrong with the prices of one currency.
fn in_currency(place: &Place, prices: &[&Listed]) -> Vec<Flaw> {
    let mut flaws: Vec<_> = combination(prices)
        .into_iter()
        .map(|message| flaw(place, "value_error", [], message))
        .collect();
    let mut meters = BTreeSet::new();
    for price in prices {
        if let PriceKind::MeteredUnit { meter, .. } = &price.kind
            && !meters.insert(meter)
        {
            let at = [price.index.into(), "meter_id".into()];
            flaws.push(Flaw {
                input: meter.to_string().into(),
                ..flaw(
                    place,
                    "value_error",
                    at,
                    "Meter is already used for another price.",
                )
            });
        }
    }
    if prices
        .windows(2)
        .any(|pair| tax(pair.first()) != tax(pair.last()))
    {
        let message = "All prices for the same currency must have the same tax behavior.";
        flaws.push(flaw(place, "value_error", [], message));
    }
    flaws
}

fn tax(price: Option<&&Listed>) -> Option<TaxSetting> {
    price.and_then(|price| price.tax)
}

fn count(prices: &[&Listed], wanted: fn(&PriceKind) -> bool) -> usize {
    prices.iter().filter(|price| wanted(&price.kind)).count()
}

/// How many prices are fixed, by seat, by unit, and chosen by the buyer.
fn counts(prices: &[&Listed]) -> (usize, usize, usize, usize) {
    (
        count(prices, |kind| matches!(kind, PriceKind::Fixed { .. })),
        count(prices, |kind| matches!(kind, PriceKind::SeatBased { .. })),
        count(prices, |kind| matches!(kind, PriceKind::UnitBased { .. })),
        count(prices, |kind| matches!(kind, PriceKind::Custom { .. })),
    )
}

fn combination(prices: &[&Listed]) -> Vec<&'static str> {
    let (fixed, seats, units, custom) = counts(prices);
    let rules = [
        (fixed > 1, "Only one fixed price is allowed."),
        (seats > 1, "Only one seat-based price is allowed."),
        (custom > 1, "Only one custom price is allowed."),
        (units > 1, "Only one unit-based price is allowed."),
        (
            seats > 0 && units > 0,
            "A seat-based price cannot be combined with a unit-based price.",
        ),
        (
            custom > 0 && fixed + seats + units > 0,
            "A custom price cannot be combined with a fixed, seat-based or unit-based price.",
        ),
    ];
    let broken = rules.into_iter().filter(|(broken, _)| *broken);
    broken.map(|(_, message)| message).collect()
}

fn structure(prices: &[&Listed]) -> Structure {
    let (fixed, seats, units, custom) = counts(prices);
    let meters: BTreeSet<_> = prices
        .iter()
        .filter_map(|price| match &price.kind {
            PriceKind::MeteredUnit { meter, .. } => Some(meter),
            _ => None,
        })
        .collect();
    (fixed > 0, seats > 0, units > 0, custom > 0, meters.len())
}

fn flaw<const N: usize>(
    place: &Place,
    kind: &'static str,
    at: [Value; N],
    message: &'static str,
) -> Flaw {
    let mut flaw = Flaw::body(kind, [], message, Value::Null);
    flaw.at.extend(place.at.iter().cloned().chain(at));
    flaw
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::price::SeatTiers;
    use crate::world::Chance;

    const FIXED: PriceKind = PriceKind::Fixed { amount: 500 };
    const CUSTOM: PriceKind = PriceKind::Custom {
        minimum: 50,
        maximum: None,
        preset: None,
    };

    fn seats() -> PriceKind {
        let tiers = serde_json::json!({"tiers": [{"min_seats": 1, "price_per_seat": 100}]});
        let tiers: SeatTiers = serde_json::from_value(tiers).unwrap();
        PriceKind::SeatBased { tiers }
    }

    /// Prices by currency, and what is said of them.
    type Case<'c> = (&'c [(&'c str, PriceKind)], &'c [&'c str]);

    fn said(prices: &[(&str, PriceKind)]) -> Vec<String> {
        let place = Place {
            organization: Chance::new(1).id(),
            recurring: true,
            at: vec!["prices".into()],
        };
        let listed: Vec<_> = prices
            .iter()
            .enumerate()
            .map(|(index, (currency, kind))| Listed {
                index,
                currency: (*currency).to_owned(),
                tax: None,
                kind: kind.clone(),
                is_new: true,
            })
            .collect();
        let flaws = together(&place, &listed.iter().collect::<Vec<_>>(), "usd");
        flaws.into_iter().map(|flaw| flaw.message).collect()
    }

    #[test]
    fn a_currency_has_one_price_of_each_kind_and_a_chosen_one_stands_alone() {
        let cases: [Case<'_>; 5] = [
            (&[("usd", FIXED), ("usd", seats())], &[]),
            (
                &[("usd", FIXED), ("usd", FIXED)],
                &["Only one fixed price is allowed."],
            ),
            (
                &[("usd", CUSTOM), ("usd", CUSTOM)],
                &["Only one custom price is allowed."],
            ),
            (
                &[("usd", seats()), ("usd", seats())],
                &["Only one seat-based price is allowed."],
            ),
            (
                &[("usd", FIXED), ("usd", CUSTOM)],
                &[
                    "A custom price cannot be combined with a fixed, seat-based or unit-based price.",
                ],
            ),
        ];
        for (prices, wanted) in cases {
            assert_eq!(said(prices), wanted, "{prices:?}");
        }
    }

    #[test]
    fn every_currency_has_the_same_structure_and_the_default_is_there() {
        assert!(said(&[("usd", FIXED), ("eur", FIXED)]).is_empty());
        assert_eq!(
            said(&[("usd", FIXED), ("eur", CUSTOM)]),
            ["All price currencies must define the same set of price types."]
        );
        assert_eq!(
            said(&[("eur", FIXED)]),
            ["The organization's default presentment currency must be present in the prices."]
        );
    }
}
