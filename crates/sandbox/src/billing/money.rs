//! Sums in minor units: rounding, and what a basket comes to.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::tax::{Behavior, TaxLocation, TaxSetting, taxed};

/// `amount × basis_points / 10000`, half away from zero.
pub(crate) fn basis_points_of(amount: i64, basis_points: i64) -> i64 {
    share_of(amount, basis_points, 10_000)
}

/// `amount × part / whole`, half away from zero. Zero when there is no whole.
pub(crate) fn share_of(amount: i64, part: i64, whole: i64) -> i64 {
    let product = i128::from(amount) * i128::from(part);
    let whole = i128::from(whole);
    if whole == 0 {
        return 0;
    }
    let twice = 2 * product;
    let rounded = (twice.abs() + whole.abs()) / (2 * whole.abs());
    let sign = product.signum() * whole.signum();
    i64::try_from(rounded * sign).unwrap_or(0)
}

/// `amount × part / whole`, half to the even neighbour, as refunds split their tax. Zero without a whole.
pub(crate) fn share_to_even(amount: i64, part: i64, whole: i64) -> i64 {
    let product = i128::from(amount) * i128::from(part);
    let whole = i128::from(whole);
    if whole == 0 {
        return 0;
    }
    let (down, rest) = (product.div_euclid(whole), product.rem_euclid(whole));
    let up = match (2 * rest).cmp(&whole.abs()) {
        Ordering::Less => false,
        Ordering::Equal => down % 2 != 0,
        Ordering::Greater => true,
    };
    let step = if up { whole.signum() } else { 0 };
    i64::try_from(down + step).unwrap_or(0)
}

/// What is to be paid, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bill {
    /// Before discount and tax.
    pub(crate) amount: i64,
    pub(crate) discount: i64,
    /// Without discount and tax.
    pub(crate) net: i64,
    /// Unknown until there is a country.
    pub(crate) tax: Option<i64>,
    pub(crate) behavior: Option<Behavior>,
    pub(crate) total: i64,
}

impl Bill {
    /// The bill for `amount` less `discount` for a buyer at `location`. A credit gives its tax back.
    pub(crate) fn new(
        amount: i64,
        discount: i64,
        location: Option<TaxLocation<'_>>,
        setting: TaxSetting,
    ) -> Self {
        let Some(location) = location else {
            let untaxed = Self::untaxed(amount, discount);
            let tax = (untaxed.net == 0).then_some(0);
            return Self { tax, ..untaxed };
        };
        let base = amount.saturating_sub(discount);
        let (behavior, tax) = taxed(base, location, setting);
        let net = match behavior {
            Behavior::Inclusive => base.saturating_sub(tax),
            Behavior::Exclusive => base,
        };
        Self {
            amount,
            discount,
            net,
            tax: Some(tax),
            behavior: Some(behavior),
            total: net.saturating_add(tax),
        }
    }

    /// The bill for something nobody pays tax on.
    pub(crate) const fn untaxed(amount: i64, discount: i64) -> Self {
        let net = amount.saturating_sub(discount);
        Self {
            amount,
            discount,
            net,
            tax: Some(0),
            behavior: None,
            total: net,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample;

    use super::*;

    #[test]
    fn shares_round_half_away_from_zero() {
        let cases = [
            (999, 3333, 10_000, 333),
            (5, 1, 2, 3),
            (-5, 1, 2, -3),
            (5, -1, 2, -3),
            (1, 1, 3, 0),
            (2, 1, 3, 1),
            (7, 0, 3, 0),
            (7, 1, 0, 0),
            (99_999_999, 10_000, 10_000, 99_999_999),
        ];
        for (amount, part, whole, wanted) in cases {
            assert_eq!(
                share_of(amount, part, whole),
                wanted,
                "{amount} × {part}/{whole}"
            );
        }
    }

    #[test]
    fn shares_to_even_round_halves_to_the_even_neighbour() {
        let cases = [
            (1, 1, 2, 0),
            (3, 1, 2, 2),
            (5, 1, 2, 2),
            (7, 1, 2, 4),
            (-3, 1, 2, -2),
            (1000, 483, 2417, 200),
            (2, 2, 3, 1),
            (1, 1, 0, 0),
        ];
        for (amount, part, whole, wanted) in cases {
            assert_eq!(share_to_even(amount, part, whole), wanted, "{amount}");
        }
    }

    fn bill(amount: i64, country: Option<&'static str>, setting: TaxSetting) -> Bill {
        let location = country.map(|country| TaxLocation {
            country,
            has_tax_id: false,
        });
        Bill::new(amount, 0, location, setting)
    }

    #[test]
    fn tax_is_unknown_before_the_country_unless_nothing_is_due() {
        let bill = |amount, discount| Bill::new(amount, discount, None, TaxSetting::Location);
        assert_eq!((bill(2900, 0).tax, bill(2900, 0).total), (None, 2900));
        assert_eq!((bill(2900, 2900).tax, bill(0, 0).tax), (Some(0), Some(0)));
    }

    #[test]
    fn inclusive_tax_is_taken_out_of_the_price_and_exclusive_tax_put_on_top() {
        use TaxSetting::{Exclusive, Inclusive, Location};
        let cases = [
            ("DE", Location, (2437, 463, 2900)),
            ("FR", Location, (2417, 483, 2900)),
            ("DE", Exclusive, (2900, 551, 3451)),
            ("IN", Location, (2900, 522, 3422)),
            ("IN", Inclusive, (2458, 442, 2900)),
            ("US", Location, (2900, 0, 2900)),
        ];
        for (country, setting, (net, tax, total)) in cases {
            let bill = bill(2900, Some(country), setting);
            let got = (bill.net, bill.tax, bill.total);
            assert_eq!(got, (net, Some(tax), total), "{country} {setting:?}");
        }
    }

    #[test]
    fn a_business_with_a_tax_number_is_charged_no_tax_where_it_pays_it_itself() {
        let of = |country| {
            let has_tax_id = true;
            let location = TaxLocation {
                country,
                has_tax_id,
            };
            Bill::new(2900, 0, Some(location), TaxSetting::Location)
        };
        assert_eq!((of("FR").net, of("FR").tax), (2900, Some(0)));
        assert_eq!((of("CA").net, of("CA").tax), (2900, Some(145)));
    }

    proptest! {
        #[test]
        fn a_bill_adds_up_wherever_the_buyer_lives(
            amount in 0..=99_999_999_i64,
            part in 0..=10_000_i64,
            has_tax_id: bool,
            country in sample::select(vec!["US", "CA", "DE", "FR", "HU", "IN", "JP", "ZZ"]),
        ) {
            let discount = basis_points_of(amount, part);
            prop_assert!((0..=amount).contains(&discount));
            let location = TaxLocation { country, has_tax_id };
            let on_top = Bill::new(amount, discount, Some(location), TaxSetting::Exclusive);
            let within = Bill::new(amount, discount, Some(location), TaxSetting::Inclusive);
            for bill in [on_top, within] {
                prop_assert_eq!(bill.net + bill.tax.unwrap_or_default(), bill.total);
                prop_assert!(bill.net >= 0 && bill.tax >= Some(0));
            }
            prop_assert_eq!(on_top.net, amount - discount);
            prop_assert_eq!(within.total, amount - discount);
            // The net price with its tax put on top is the inclusive price again, but for rounding.
            let again = Bill::new(within.net, 0, Some(location), TaxSetting::Exclusive);
            prop_assert!((again.total - within.total).abs() <= 1);
            // What is taken back carries the tax it came with.
            let back = Bill::new(discount, amount, Some(location), TaxSetting::Inclusive);
            prop_assert_eq!((back.net, back.tax), (-within.net, within.tax.map(|tax| -tax)));
        }
    }
}
