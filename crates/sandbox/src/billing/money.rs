//! Sums in minor units: rounding, and what a basket comes to.

use serde::{Deserialize, Serialize};

use super::tax::{Behavior, TaxSetting, taxed};

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
    /// The bill for `amount` less `discount` for a buyer in `country`.
    pub(crate) fn new(
        amount: i64,
        discount: i64,
        country: Option<&str>,
        setting: TaxSetting,
    ) -> Self {
        let base = amount.saturating_sub(discount);
        let free = Self {
            amount,
            discount,
            net: base,
            tax: Some(0),
            behavior: None,
            total: base,
        };
        if base <= 0 {
            return free;
        }
        let Some(country) = country else {
            return Self { tax: None, ..free };
        };
        let (behavior, tax) = taxed(base, country, setting);
        let net = match behavior {
            Behavior::Inclusive => base - tax,
            Behavior::Exclusive => base,
        };
        Self {
            net,
            tax: Some(tax),
            behavior: Some(behavior),
            total: net + tax,
            ..free
        }
    }
}

#[cfg(test)]
mod tests {
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
    fn tax_is_unknown_before_the_country_unless_nothing_is_due() {
        let bill = |amount, discount| Bill::new(amount, discount, None, TaxSetting::Location);
        assert_eq!((bill(2900, 0).tax, bill(2900, 0).total), (None, 2900));
        assert_eq!((bill(2900, 2900).tax, bill(0, 0).tax), (Some(0), Some(0)));
    }

    #[test]
    fn inclusive_tax_is_taken_out_of_the_price_and_exclusive_tax_put_on_top() {
        let german = Bill::new(2900, 0, Some("DE"), TaxSetting::Location);
        assert_eq!(
            (german.net, german.tax, german.total),
            (2437, Some(463), 2900)
        );
        let french = Bill::new(2900, 0, Some("FR"), TaxSetting::Location);
        assert_eq!(
            (french.net, french.tax, french.total),
            (2417, Some(483), 2900)
        );
        let added = Bill::new(2900, 900, Some("DE"), TaxSetting::Exclusive);
        assert_eq!((added.net, added.tax, added.total), (2000, Some(380), 2380));
        let american = Bill::new(2900, 0, Some("US"), TaxSetting::Location);
        assert_eq!(
            (american.net, american.tax, american.total),
            (2900, Some(0), 2900)
        );
    }
}
