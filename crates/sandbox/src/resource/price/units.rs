//! Prices by unit: the more units, the cheaper each, in steps that end at a number.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tiers::TierKind;

/// The steps of a unit price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnitTiers {
    #[serde(rename = "type")]
    kind: TierKind,
    /// By rising bound, the endless one last.
    tiers: Vec<UnitTier>,
}

/// One step: up to and with `bound` units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct UnitTier {
    #[serde(default)]
    bound: Option<i64>,
    /// Minor units of the currency for each.
    unit_amount: Decimal,
}

impl UnitTiers {
    /// The same steps in their order.
    pub(crate) fn sorted(mut self) -> Self {
        let order = |tier: &UnitTier| (tier.bound.is_none(), tier.bound);
        self.tiers.sort_by_key(order);
        self
    }

    /// True when every step is free.
    pub(crate) fn is_free(&self) -> bool {
        self.tiers.iter().all(|tier| tier.unit_amount.is_zero())
    }

    /// The most units that can be bought; `None` without a limit.
    pub(crate) fn maximum(&self) -> Option<i64> {
        self.tiers.last().and_then(|tier| tier.bound)
    }

    /// What `units` units cost.
    pub(crate) fn amount(&self, units: i64) -> i64 {
        let total = match self.kind {
            TierKind::Volume => {
                let fits = |tier: &&UnitTier| tier.bound.is_none_or(|bound| units <= bound);
                let tier = self.tiers.iter().find(fits).or(self.tiers.last());
                let rate = tier.map_or(Decimal::ZERO, |tier| tier.unit_amount);
                rate.saturating_mul(units.into())
            }
            TierKind::Graduated => {
                let mut before = 0;
                let slice = |tier: &UnitTier| {
                    let last = tier.bound.map_or(units, |bound| bound.min(units));
                    let slice = (last - before).max(0);
                    before = tier.bound.unwrap_or(units);
                    tier.unit_amount.saturating_mul(slice.into())
                };
                self.tiers
                    .iter()
                    .map(slice)
                    .fold(Decimal::ZERO, Decimal::saturating_add)
            }
        };
        total.round().to_i64().unwrap_or(i64::MAX)
    }

    /// The steps as the API shows them.
    pub(crate) fn render(&self) -> Value {
        let tier = |tier: &UnitTier| json!({"bound": tier.bound, "unit_amount": tier.unit_amount.to_string()});
        let tiers: Vec<_> = self.tiers.iter().map(tier).collect();
        json!({"type": self.kind, "tiers": tiers})
    }
}

/// What so many units are called in English, by a label's plural forms.
pub(super) fn noun(label: Option<&Value>, number: i64) -> String {
    let usual = || if number == 1 { "unit" } else { "units" }.to_owned();
    let Some(forms) = label.and_then(|label| label.get("en")) else {
        return usual();
    };
    let form = |key: &str| forms.get(key).and_then(Value::as_str);
    let exact = form(&format!("={number}"));
    let found = exact.or_else(|| form("other"));
    found.map_or_else(usual, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(kind: &str) -> UnitTiers {
        let tiers = json!([
            {"bound": null, "unit_amount": "50"},
            {"bound": 10, "unit_amount": "100"},
        ]);
        let read: UnitTiers =
            serde_json::from_value(json!({"type": kind, "tiers": tiers})).unwrap();
        read.sorted()
    }

    #[test]
    fn volume_and_graduated_differ_above_the_first_bound() {
        for (units, volume, graduated) in [(1, 100, 100), (10, 1000, 1000), (12, 600, 1100)] {
            assert_eq!(tiers("volume").amount(units), volume, "{units}");
            assert_eq!(tiers("graduated").amount(units), graduated, "{units}");
        }
        assert_eq!(tiers("volume").maximum(), None);
    }

    #[test]
    fn a_label_gives_units_their_name() {
        let label = json!({"en": {"=1": "device", "other": "devices"}});
        assert_eq!(noun(Some(&label), 1), "device");
        assert_eq!(noun(Some(&label), 3), "devices");
        assert_eq!(
            (noun(None, 1), noun(None, 2)),
            ("unit".into(), "units".into())
        );
    }
}
