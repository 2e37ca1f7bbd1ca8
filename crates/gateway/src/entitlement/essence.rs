//! The few fields of an object that decide access.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// What an object's own words come to.
pub(crate) enum Recognised {
    /// It decides access: these fields do.
    Essence(String),
    /// It decides nothing.
    Nothing,
    /// It says something newer than this program; what was known before stays in force.
    Newer,
}

/// A subscription, as far as it decides access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) product_id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) cancel_at_period_end: bool,
    #[serde(default)]
    pub(crate) current_period_end: Option<Timestamp>,
    #[serde(default)]
    pub(crate) trial_end: Option<Timestamp>,
    #[serde(default)]
    pub(crate) ends_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) past_due_at: Option<Timestamp>,
    /// The checkout it was bought by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkout_id: Option<String>,
}

/// A one-time order, as far as it decides access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) product_id: Option<String>,
    #[serde(default)]
    pub(crate) subscription_id: Option<String>,
    pub(crate) status: String,
    pub(crate) paid: bool,
    /// The checkout it was bought by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkout_id: Option<String>,
}

/// A benefit grant, as far as it decides access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) benefit_id: String,
    pub(crate) is_granted: bool,
    #[serde(default)]
    pub(crate) is_revoked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) subscription_id: Option<String>,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
    #[serde(default)]
    pub(crate) benefit: Benefit,
}

/// The benefit a grant is of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Benefit {
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) metadata: Map<String, Value>,
}

/// A seat, as far as it decides access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seat {
    pub(crate) status: String,
    /// What it was bought with: a subscription, or an order.
    #[serde(default)]
    pub(crate) subscription_id: Option<String>,
    #[serde(default)]
    pub(crate) order_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claimed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_at: Option<Timestamp>,
    /// Who sits, or sat, there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<Member>,
}

/// A member of a customer, by both names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Member {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
}

/// A customer's whole access as Polar states it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(default)]
    pub(crate) active_subscriptions: Vec<Active>,
    #[serde(default)]
    pub(crate) granted_benefits: Vec<Granted>,
    #[serde(default)]
    pub(crate) active_meters: Vec<Meter>,
}

/// A subscription in a state: there because it is active or trialing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Active {
    pub(crate) id: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    modified_at: Option<Timestamp>,
    #[serde(flatten)]
    pub(crate) subscription: Subscription,
}

/// A grant in a state: there because it is granted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) id: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    modified_at: Option<Timestamp>,
    pub(crate) benefit_id: String,
    #[serde(default)]
    pub(crate) benefit_type: String,
    #[serde(default)]
    pub(crate) benefit_metadata: Map<String, Value>,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
}

/// A customer's meter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the words of the contract")]
pub(crate) struct Meter {
    pub(crate) meter_id: String,
    pub(crate) created_at: Timestamp,
    #[serde(default)]
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) consumed_units: Number,
    pub(crate) credited_units: Number,
    pub(crate) balance: Number,
}

impl Meter {
    /// When Polar made these figures.
    pub(crate) fn as_of(&self) -> Timestamp {
        self.modified_at.unwrap_or(self.created_at)
    }
}

impl Subscription {
    /// Paid for, or on trial: the two states that give access.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.status.as_str(), "active" | "trialing")
    }

    fn is_known(&self) -> bool {
        let inactive = [
            "incomplete",
            "incomplete_expired",
            "past_due",
            "canceled",
            "unpaid",
            "paused",
        ];
        self.is_active() || inactive.contains(&self.status.as_str())
    }
}

impl Order {
    /// The money came and stayed, in part at least. An unknown word takes nothing away.
    pub(crate) fn is_paid(&self) -> bool {
        self.paid
            && !matches!(
                self.status.as_str(),
                "refunded" | "void" | "draft" | "pending"
            )
    }

    fn is_known(&self) -> bool {
        let known = [
            "draft",
            "pending",
            "paid",
            "refunded",
            "partially_refunded",
            "void",
        ];
        known.contains(&self.status.as_str())
    }
}

impl Seat {
    /// A member took it: an invitation alone gives nothing. Without a member it is no seat of a
    /// team's, and was bought by somebody else.
    pub(crate) fn is_claimed(&self) -> bool {
        self.status == "claimed" && self.member.is_some()
    }

    /// It was taken back, and not given to anybody since.
    pub(crate) fn is_revoked(&self) -> bool {
        self.status == "revoked"
    }

    fn is_known(&self) -> bool {
        matches!(self.status.as_str(), "pending" | "claimed" | "revoked")
    }
}

/// What decides access in an object of this kind.
pub(crate) fn of(kind: &str, json: &str) -> Result<Recognised, serde_json::Error> {
    match kind {
        "subscription" => {
            let subscription: Subscription = serde_json::from_str(json)?;
            Ok(if subscription.is_known() {
                kept(&subscription)?
            } else {
                Recognised::Newer
            })
        }
        "order" => {
            let order: Order = serde_json::from_str(json)?;
            if order.subscription_id.is_some() || order.product_id.is_none() {
                // The subscription decides, which comes along inside.
                return Ok(Recognised::Nothing);
            }
            Ok(if order.is_known() {
                kept(&order)?
            } else {
                Recognised::Newer
            })
        }
        "benefit_grant" => kept(&serde_json::from_str::<Grant>(json)?),
        "customer_seat" => {
            let seat: Seat = serde_json::from_str(json)?;
            Ok(if seat.is_known() {
                kept(&seat)?
            } else {
                Recognised::Newer
            })
        }
        _ => Ok(Recognised::Nothing),
    }
}

/// What decides access in a customer's state.
pub(crate) fn of_state(json: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&serde_json::from_str::<State>(json)?)
}

fn kept<T: Serialize>(essence: &T) -> Result<Recognised, serde_json::Error> {
    serde_json::to_string(essence).map(Recognised::Essence)
}

/// What was told of one object at `at` (µs), for tests of what follows from it.
#[cfg(test)]
pub(crate) fn told(kind: &str, id: &str, at: i64, essence: &str) -> polarkit_store::Essence {
    polarkit_store::Essence {
        kind: kind.to_owned(),
        id: id.to_owned(),
        version: polarkit_store::Version {
            object_at: at,
            envelope_at: at,
        },
        seen_at: 0,
        essence: essence.to_owned(),
    }
}
