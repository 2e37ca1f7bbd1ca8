//! Money: whole minor units with their currency, never a float and never a guess.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::read::{Node, Read};

/// An amount of one currency in its minor units: 1050 `usd` is ten dollars fifty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in minor units.
    pub minor_units: i64,
    /// What the units are units of.
    pub currency: Currency,
}

impl Money {
    /// That many minor units of that currency.
    pub fn new(minor_units: i64, currency: impl Into<Currency>) -> Self {
        Self {
            minor_units,
            currency: currency.into(),
        }
    }

    /// The sum; `None` when currencies differ or it overflows: neither is ever guessed at.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        self.with(other, i64::checked_add)
    }

    /// The difference; `None` when currencies differ or it overflows.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        self.with(other, i64::checked_sub)
    }

    fn with(&self, other: &Self, combine: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        let minor_units = combine(self.minor_units, other.minor_units)?;
        (self.currency == other.currency).then(|| Self {
            minor_units,
            currency: self.currency.clone(),
        })
    }
}

/// For people: `10.50 USD`, `1050 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.currency.as_str().to_ascii_uppercase();
        if self.currency.is_zero_decimal() {
            return write!(f, "{} {code}", self.minor_units);
        }
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let units = self.minor_units.unsigned_abs();
        write!(f, "{sign}{}.{:02} {code}", units / 100, units % 100)
    }
}

/// Declares a newtype over a short code, open to codes newer than us.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $normalise:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The code as Polar writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(code: &str) -> Self {
                Self(code.$normalise())
            }
        }

        impl From<String> for $name {
            fn from(code: String) -> Self {
                Self::from(code.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code! {
    /// An ISO 4217 code in lower case, such as `usd`.
    Currency, to_ascii_lowercase
}
code! {
    /// An ISO 3166-1 alpha-2 code in upper case, such as `DE`.
    Country, to_ascii_uppercase
}

/// An amount without its currency is no money, so that the currency must be there.
impl Read for Currency {
    fn read(node: &Node<'_>) -> Self {
        if node.json().is_none() {
            node.expected("text");
        }
        Self::from(node.text())
    }
}

/// Kept as it came, like every word.
impl Read for Country {
    fn read(node: &Node<'_>) -> Self {
        Self(node.text().to_owned())
    }
}

/// Currencies whose smallest unit is the unit itself.
const ZERO_DECIMAL: [&str; 15] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];

impl Currency {
    /// Whether its minor unit is the unit itself, as with the yen.
    pub fn is_zero_decimal(&self) -> bool {
        ZERO_DECIMAL.contains(&self.as_str())
    }
}
