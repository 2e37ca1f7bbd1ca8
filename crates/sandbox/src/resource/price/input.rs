//! A price as sellers write it.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Price, PriceKind, SeatTiers, UnitTiers};
use crate::billing::TaxSetting;
use crate::resource::meter::Meter;
use crate::resource::product::Product;
use crate::world::{Id, World};

/// The price of a pay-what-you-want product when nothing else is said.
const CUSTOM_MINIMUM: i64 = 50;

/// A new price.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PriceInput {
    #[serde(default = "usd", rename = "price_currency")]
    pub(crate) currency: String,
    #[serde(default, rename = "tax_behavior")]
    pub(crate) tax: Option<TaxSetting>,
    #[serde(flatten)]
    kind: KindInput,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "amount_type", rename_all = "snake_case")]
enum KindInput {
    /// The old word for a fixed price of zero; still understood.
    Free {},
    Fixed {
        price_amount: i64,
    },
    Custom {
        #[serde(default)]
        minimum_amount: Option<i64>,
        #[serde(default)]
        maximum_amount: Option<i64>,
        #[serde(default)]
        preset_amount: Option<i64>,
    },
    SeatBased {
        seat_tiers: SeatTiers,
    },
    UnitBased {
        tiers: UnitTiers,
        #[serde(default)]
        minimum_units: Option<i64>,
        #[serde(default)]
        unit_label: Option<Value>,
    },
    MeteredUnit {
        meter_id: Id<Meter>,
        #[serde(deserialize_with = "decimal")]
        unit_amount: Decimal,
        #[serde(default)]
        cap_amount: Option<i64>,
    },
}

fn usd() -> String {
    "usd".to_owned()
}

/// Decimals come as texts or as numbers.
fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    Decimal::from_str_exact(&text)
        .or_else(|_exact| Decimal::from_scientific(&text))
        .map_err(serde::de::Error::custom)
}

impl PriceInput {
    /// What kind of price it is.
    pub(crate) fn kind(&self) -> PriceKind {
        match self.kind.clone() {
            KindInput::Free {} => PriceKind::Fixed { amount: 0 },
            KindInput::Fixed { price_amount } => PriceKind::Fixed {
                amount: price_amount,
            },
            KindInput::Custom {
                minimum_amount,
                maximum_amount,
                preset_amount,
            } => PriceKind::Custom {
                minimum: minimum_amount.unwrap_or(CUSTOM_MINIMUM),
                maximum: maximum_amount,
                preset: preset_amount,
            },
            KindInput::SeatBased { seat_tiers } => PriceKind::SeatBased {
                tiers: seat_tiers.sorted(),
            },
            KindInput::UnitBased {
                tiers,
                minimum_units,
                unit_label,
            } => PriceKind::UnitBased {
                tiers: tiers.sorted(),
                minimum: minimum_units,
                label: unit_label,
            },
            KindInput::MeteredUnit {
                meter_id,
                unit_amount,
                cap_amount,
            } => PriceKind::MeteredUnit {
                meter: meter_id,
                unit_amount,
                cap: cap_amount,
            },
        }
    }

    /// Adds the price to `product`.
    pub(crate) fn insert(
        &self,
        world: &mut World,
        product: Id<Product>,
        ad_hoc: bool,
    ) -> Id<Price> {
        let id = world.chance.id();
        let created_at = world.stamp();
        let price = Price {
            id,
            created_at,
            modified_at: None,
            product,
            ad_hoc,
            archived: false,
            currency: self.currency.clone(),
            tax: self.tax,
            kind: self.kind(),
        };
        world.prices.insert(id, price);
        id
    }
}
