//! Which prices a product may have, alone and together.

use serde_json::Value;

use super::{PriceInput, PriceKind};
use crate::billing;
use crate::failure::{Failure, Flaw};
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// Where the prices stand in the body, and what they are for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) organization: Id<Organization>,
    /// Whether the product renews itself.
    pub(crate) recurring: bool,
    /// The name of the union's branch in the place of a schema error; none in updates.
    pub(crate) branch: Option<&'static str>,
}

/// A list's prices with their place in it, so that errors can point at them.
pub(crate) type Listed<'a> = (usize, &'a PriceInput);

/// Refuses prices that break a rule. `kept` are prices of the product that stay beside the new ones.
pub(crate) fn check(
    world: &World,
    place: Place,
    listed: &[Listed<'_>],
    kept: &[(String, PriceKind)],
) -> Result<(), Failure> {
    let amounts: Vec<_> = listed
        .iter()
        .flat_map(|(index, price)| amount_flaws(place, *index, price))
        .collect();
    if !amounts.is_empty() {
        return Err(Failure::Malformed(amounts));
    }
    let mut flaws: Vec<_> = listed
        .iter()
        .filter_map(|(index, price)| usage_flaw(world, place, *index, price))
        .collect();
    let all: Vec<_> = listed
        .iter()
        .map(|(_, price)| (price.currency.clone(), price.kind()))
        .chain(kept.iter().cloned())
        .collect();
    if flaws.is_empty() {
        let default = world.organizations.find(place.organization);
        let default = default.map_or("usd", |row| row.default_presentment_currency.as_str());
        let wrong = composition_flaw(&all, default).or_else(|| tax_flaw(listed));
        flaws.extend(wrong.map(|message| Flaw::field("prices", message, Value::Null)));
    }
    if flaws.is_empty() {
        return Ok(());
    }
    Err(Failure::Refused(flaws))
}

/// What is wrong with the amounts of one price. Polar finds these while it reads the body.
fn amount_flaws(place: Place, index: usize, price: &PriceInput) -> Vec<Flaw> {
    let currency = price.currency.as_str();
    let at = |kind: &str, field: &str| -> Vec<Value> {
        std::iter::once(Value::from("body"))
            .chain(place.branch.map(Value::from))
            .chain([
                Value::from("prices"),
                index.into(),
                kind.into(),
                field.into(),
            ])
            .collect()
    };
    let amount = |kind: &str, field: &str, amount: i64| {
        let (problem, message) = if amount != 0 && amount < billing::minimum(currency) {
            let least = billing::spoken(currency, billing::minimum(currency));
            (
                "minimum_price",
                format!("Amount must be at least {least} or 0 for free pricing"),
            )
        } else if billing::is_above_maximum(currency, amount) {
            let most = billing::spoken(currency, billing::MAXIMUM);
            ("maximum_price", format!("Amount must be at most {most}"))
        } else {
            return None;
        };
        Some(Flaw {
            kind: problem,
            at: at(kind, field),
            message,
            input: amount.into(),
            context: None,
        })
    };
    match price.kind() {
        PriceKind::Fixed { amount: fixed } => {
            amount("fixed", "price_amount", fixed).into_iter().collect()
        }
        PriceKind::Custom {
            minimum,
            maximum,
            preset,
        } => [
            ("minimum_amount", Some(minimum)),
            ("maximum_amount", maximum),
            ("preset_amount", preset),
        ]
        .into_iter()
        .filter_map(|(field, value)| amount("custom", field, value?))
        .collect(),
        PriceKind::SeatBased { tiers } => tiers
            .flaw()
            .map(|message| Flaw {
                kind: "value_error",
                at: at("seat_based", "seat_tiers"),
                message: format!("Value error, {message}"),
                input: Value::Null,
                context: None,
            })
            .into_iter()
            .collect(),
        PriceKind::MeteredUnit { .. } => Vec::new(),
    }
}

fn usage_flaw(world: &World, place: Place, index: usize, price: &PriceInput) -> Option<Flaw> {
    let PriceKind::MeteredUnit { meter, .. } = price.kind() else {
        return None;
    };
    if !place.recurring {
        return Some(Flaw::body(
            "value_error",
            ["prices".into(), index.into()],
            "Metered pricing is not supported on one-time products.",
            Value::Null,
        ));
    }
    let known = world
        .meters
        .find(meter)
        .is_some_and(|row| row.organization == place.organization);
    (!known).then(|| {
        Flaw::body(
            "value_error",
            ["prices".into(), index.into(), "meter_id".into()],
            "Meter does not exist.",
            meter.to_string(),
        )
    })
}

/// What is wrong with the prices together.
fn composition_flaw(prices: &[(String, PriceKind)], default: &str) -> Option<String> {
    let mut currencies: Vec<_> = prices.iter().map(|(currency, _)| currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if !currencies.iter().any(|currency| *currency == default) {
        return Some(format!(
            "Prices in the default currency {default} are required."
        ));
    }
    let mut structures = Vec::new();
    for currency in &currencies {
        let kinds: Vec<_> = prices
            .iter()
            .filter(|(own, _)| own == *currency)
            .map(|(_, kind)| kind)
            .collect();
        if let Some(message) = combination_flaw(&kinds) {
            return Some(message.to_owned());
        }
        let mut structure: Vec<_> = kinds.iter().map(|kind| structure(kind)).collect();
        structure.sort_unstable();
        structures.push(structure);
    }
    let same = structures
        .windows(2)
        .all(|pair| pair.first() == pair.last());
    (!same).then(|| "All currencies must define the same prices.".to_owned())
}

fn structure(kind: &PriceKind) -> String {
    match kind {
        PriceKind::Fixed { .. } => "fixed".to_owned(),
        PriceKind::Custom { .. } => "custom".to_owned(),
        PriceKind::SeatBased { .. } => "seat_based".to_owned(),
        PriceKind::MeteredUnit { meter, .. } => format!("metered_unit {meter}"),
    }
}

fn combination_flaw(kinds: &[&PriceKind]) -> Option<&'static str> {
    let count = |wanted: fn(&PriceKind) -> bool| kinds.iter().filter(|kind| wanted(kind)).count();
    let fixed = count(|kind| matches!(kind, PriceKind::Fixed { .. }));
    let custom = count(|kind| matches!(kind, PriceKind::Custom { .. }));
    let seats = count(|kind| matches!(kind, PriceKind::SeatBased { .. }));
    let mut meters: Vec<_> = kinds
        .iter()
        .filter_map(|kind| match kind {
            PriceKind::MeteredUnit { meter, .. } => Some(*meter),
            PriceKind::Fixed { .. } | PriceKind::Custom { .. } | PriceKind::SeatBased { .. } => {
                None
            }
        })
        .collect();
    let metered = meters.len();
    meters.sort_unstable();
    meters.dedup();
    match (fixed, custom, seats) {
        (2.., _, _) => Some("Only one fixed price is allowed."),
        (_, 2.., _) => Some("Only one custom price is allowed."),
        (_, _, 2..) => Some("Only one seat-based price is allowed."),
        (1.., 1.., _) | (_, 1.., 1..) => {
            Some("A custom price cannot be combined with a fixed or seat-based price.")
        }
        _ if meters.len() < metered => Some("Only one price per meter is allowed."),
        _ => None,
    }
}

fn tax_flaw(listed: &[Listed<'_>]) -> Option<String> {
    let mixed = listed.iter().any(|(_, price)| {
        listed
            .iter()
            .any(|(_, other)| other.currency == price.currency && other.tax != price.tax)
    });
    mixed.then(|| "All prices of a currency must have the same tax behavior.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: PriceKind = PriceKind::Fixed { amount: 500 };
    const CUSTOM: PriceKind = PriceKind::Custom {
        minimum: 50,
        maximum: None,
        preset: None,
    };

    fn flaw(prices: &[(&str, PriceKind)]) -> Option<String> {
        let prices: Vec<_> = prices
            .iter()
            .map(|(currency, kind)| ((*currency).to_owned(), kind.clone()))
            .collect();
        composition_flaw(&prices, "usd")
    }

    #[test]
    fn one_static_price_of_each_kind_per_currency() {
        assert_eq!(flaw(&[("usd", FIXED)]), None);
        assert_eq!(flaw(&[("usd", FIXED), ("eur", FIXED)]), None);
        assert!(
            flaw(&[("usd", FIXED), ("usd", FIXED)])
                .unwrap()
                .contains("Only one fixed")
        );
        assert!(
            flaw(&[("usd", FIXED), ("usd", CUSTOM)])
                .unwrap()
                .contains("combined")
        );
    }

    #[test]
    fn every_currency_has_the_same_structure_and_the_default_is_there() {
        assert!(
            flaw(&[("usd", FIXED), ("eur", CUSTOM)])
                .unwrap()
                .contains("same prices")
        );
        assert!(
            flaw(&[("eur", FIXED)])
                .unwrap()
                .contains("default currency")
        );
    }
}
