//! Tax, simplified: one standard rate per country. The real service asks a calculator with far finer rules.

use serde::{Deserialize, Serialize};

use super::Address;
use super::money::share_of;
use crate::render::plain;

/// What a price says about tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaxSetting {
    /// As the buyer's country is used to.
    #[default]
    Location,
    Inclusive,
    Exclusive,
}

plain!(TaxSetting);

/// Whether the price contains the tax, or the tax comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Behavior {
    Inclusive,
    Exclusive,
}

impl Behavior {
    /// Polar's word for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Inclusive => "inclusive",
            Self::Exclusive => "exclusive",
        }
    }
}

/// Standard rates in basis points. Countries that are not listed pay none here; the United States pay
/// none because tax there depends on registrations in each state, which a sandbox has not.
const RATES: &[(&str, i64)] = &[
    ("AT", 2000),
    ("AU", 1000),
    ("BE", 2100),
    ("BG", 2000),
    ("CA", 500),
    ("CH", 810),
    ("CY", 1900),
    ("CZ", 2100),
    ("DE", 1900),
    ("DK", 2500),
    ("EE", 2400),
    ("ES", 2100),
    ("FI", 2550),
    ("FR", 2000),
    ("GB", 2000),
    ("GR", 2400),
    ("HR", 2500),
    ("HU", 2700),
    ("IE", 2300),
    ("IN", 1800),
    ("IS", 2400),
    ("IT", 2200),
    ("JP", 1000),
    ("LT", 2100),
    ("LU", 1700),
    ("LV", 2100),
    ("MT", 1800),
    ("MX", 1600),
    ("NL", 2100),
    ("NO", 2500),
    ("NZ", 1500),
    ("PL", 2300),
    ("PT", 2300),
    ("RO", 2100),
    ("SE", 2500),
    ("SG", 900),
    ("SI", 2200),
    ("SK", 2300),
];

/// Where buyers are used to prices without tax.
const TAX_ON_TOP: &[&str] = &["CA", "IN", "US"];

/// Where a business with a tax number pays the tax itself, which leaves none to charge.
const NO_REVERSE_CHARGE: &[&str] = &["CA", "US"];

/// Where a buyer is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaxLocation<'a> {
    pub(crate) country: &'a str,
    /// The buyer is a business that gave its tax number.
    pub(crate) has_tax_id: bool,
}

impl<'a> TaxLocation<'a> {
    /// The place an address names; none without one.
    pub(crate) fn of(address: Option<&'a Address>, has_tax_id: bool) -> Option<Self> {
        let country = address?.country.as_str();
        Some(Self {
            country,
            has_tax_id,
        })
    }

    /// The rate there in basis points.
    fn rate(self) -> i64 {
        if self.has_tax_id && !NO_REVERSE_CHARGE.contains(&self.country) {
            return 0;
        }
        rate(self.country)
    }
}

/// The standard rate of a country in basis points.
fn rate(country: &str) -> i64 {
    RATES
        .iter()
        .find(|(code, _)| *code == country)
        .map_or(0, |(_, rate)| *rate)
}

/// How `setting` turns out at `location`, and the tax in or on `base`.
pub(super) fn taxed(base: i64, location: TaxLocation<'_>, setting: TaxSetting) -> (Behavior, i64) {
    let on_top = match setting {
        TaxSetting::Inclusive => false,
        TaxSetting::Exclusive => true,
        TaxSetting::Location => TAX_ON_TOP.contains(&location.country),
    };
    let behavior = if on_top {
        Behavior::Exclusive
    } else {
        Behavior::Inclusive
    };
    let rate = location.rate();
    let whole = match behavior {
        Behavior::Inclusive => 10_000 + rate,
        Behavior::Exclusive => 10_000,
    };
    (behavior, share_of(base, rate, whole))
}
