//! Postal addresses: what is kept, and which parts a buyer must give where.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::render::plain;

/// An address as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) line1: Option<String>,
    pub(crate) line2: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) country: String,
}

plain!(Address);

/// An address as it is sent: empty parts mean nothing.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AddressInput {
    #[serde(default, deserialize_with = "filled")]
    line1: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    line2: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    postal_code: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    city: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    state: Option<String>,
    country: String,
}

impl AddressInput {
    /// The address to keep: country in capitals, a bare American or Canadian state with its country.
    pub(crate) fn kept(self) -> Address {
        let country = self.country.to_uppercase();
        let state = self.state.map(|state| match country.as_str() {
            "US" | "CA" if !state.contains('-') => format!("{country}-{}", state.to_uppercase()),
            _ => state,
        });
        Address {
            line1: self.line1,
            line2: self.line2,
            postal_code: self.postal_code,
            city: self.city,
            state,
            country,
        }
    }
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

impl Address {
    /// As Polar shows it, every part present.
    pub(crate) fn render(&self) -> Value {
        json!({
            "line1": self.line1,
            "line2": self.line2,
            "postal_code": self.postal_code,
            "city": self.city,
            "state": self.state,
            "country": self.country,
        })
    }

    /// True when there is more to it than a country and a state.
    pub(crate) const fn has_lines(&self) -> bool {
        self.line1.is_some()
            || self.line2.is_some()
            || self.city.is_some()
            || self.postal_code.is_some()
    }

    /// The part called `name`.
    pub(crate) fn part(&self, name: &str) -> Option<&str> {
        match name {
            "line1" => self.line1.as_deref(),
            "line2" => self.line2.as_deref(),
            "postal_code" => self.postal_code.as_deref(),
            "city" => self.city.as_deref(),
            "state" => self.state.as_deref(),
            "country" => Some(&self.country),
            _ => None,
        }
    }
}

/// Which parts of an address are asked of a buyer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressFields {
    american: bool,
    canadian: bool,
    in_full: bool,
}

impl AddressFields {
    /// What is asked in `country`; `in_full` when the seller wants the whole address everywhere.
    pub(crate) fn of(country: Option<&str>, in_full: bool) -> Self {
        Self {
            american: country == Some("US"),
            canadian: country == Some("CA"),
            in_full,
        }
    }

    /// Each part with `required`, `optional` or `disabled`.
    pub(crate) fn words(self) -> [(&'static str, &'static str); 6] {
        let full = self.american || self.in_full;
        let needed = if full { "required" } else { "disabled" };
        let state = match (self.american || self.canadian, self.in_full) {
            (true, _) => "required",
            (false, true) => "optional",
            (false, false) => "disabled",
        };
        [
            ("country", "required"),
            ("state", state),
            ("city", needed),
            ("postal_code", needed),
            ("line1", needed),
            ("line2", if full { "optional" } else { "disabled" }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parts_are_nothing_and_states_get_their_country() {
        let input: AddressInput =
            serde_json::from_value(json!({"country": "us", "state": "ny", "city": " "})).unwrap();
        let kept = input.kept();
        assert_eq!((kept.state.as_deref(), kept.city), (Some("US-NY"), None));
        assert_eq!(kept.country, "US");
    }

    #[test]
    fn the_country_decides_what_is_asked() {
        let asked = |country, in_full| -> Vec<_> {
            let words = AddressFields::of(country, in_full).words().into_iter();
            let required = words.filter(|(name, word)| *word == "required" && *name != "country");
            required.map(|(name, _)| name).collect()
        };
        assert_eq!(
            asked(Some("US"), false),
            ["state", "city", "postal_code", "line1"]
        );
        assert_eq!(asked(Some("CA"), false), ["state"]);
        assert!(asked(Some("FR"), false).is_empty());
        assert_eq!(asked(Some("FR"), true), ["city", "postal_code", "line1"]);
    }
}
