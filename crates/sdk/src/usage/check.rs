//! Polar's rules for one event, held before it takes anybody's memory: one bad event in a batch
//! would have Polar refuse the whole of it.

use polarkit_model::{
    EventCreate, EventCreateCustomer, EventCreateExternalCustomer, FreeForm, Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use super::event::{UsageCustomer, UsageEvent, UsageMember};

/// Characters of a metadata text.
pub(super) const TEXT_CHARS_MAX: usize = 500;

const NAME_CHARS_MAX: usize = 128;
const KEYS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 40;

/// The keys under which Polar takes an object.
const STRUCTURED: [&str; 2] = ["_cost", "_llm"];

/// Why an event can't be tracked: Polar would refuse it, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUsage {
    /// The name is empty or too long.
    #[error("the name must have 1 to {NAME_CHARS_MAX} characters")]
    Name,
    /// Nobody is named, or nothing is an id.
    #[error("the {field} is empty")]
    Empty {
        /// Which.
        field: &'static str,
    },
    /// The member is not named the way the customer is.
    #[error("customer and member must both be named by Polar's ids, or both by the application's")]
    Member,
    /// There are too many keys.
    #[error("the metadata has more than {KEYS_MAX} keys")]
    Keys,
    /// A key is empty or too long.
    #[error("a metadata key must have 1 to {KEY_CHARS_MAX} characters")]
    Key,
    /// A value is not one Polar takes: empty, too long, not finite, or nested.
    #[error(
        "the metadata value of `{key}` must be a text of 1 to {TEXT_CHARS_MAX} characters, a finite number or a boolean"
    )]
    Value {
        /// Whose.
        key: String,
    },
    /// A text has a character databases can't hold.
    #[error("a text contains the character U+0000")]
    Nul,
    /// The whole is larger than a batch may be.
    #[error("the event is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
}

impl UsageEvent {
    /// The event as Polar takes it, tracked now, with an id by which it counts once; and its size
    /// as JSON.
    pub(super) fn check(
        self,
        now: Timestamp,
        bytes_max: usize,
    ) -> Result<(EventCreate, usize), InvalidUsage> {
        let event = self.checked(now)?;
        match serde_json::to_vec(&event) {
            Ok(json) if json.len() <= bytes_max => Ok((event, json.len())),
            _ => Err(InvalidUsage::TooLarge { bytes_max }),
        }
    }

    fn checked(self, now: Timestamp) -> Result<EventCreate, InvalidUsage> {
        if !(1..=NAME_CHARS_MAX).contains(&self.name.chars().count()) {
            return Err(InvalidUsage::Name);
        }
        check_metadata(&self.metadata)?;
        for (field, id) in [
            ("external id", &self.external_id),
            ("parent", &self.parent_id),
        ] {
            check_id(field, id.as_deref())?;
        }
        if self.name.contains('\0') {
            return Err(InvalidUsage::Nul);
        }
        self.write(now)
    }

    fn write(self, now: Timestamp) -> Result<EventCreate, InvalidUsage> {
        let timestamp = Some(self.timestamp.unwrap_or(now));
        let minted = || Uuid::new_v4().to_string();
        let external_id = Some(self.external_id.unwrap_or_else(minted));
        let metadata = Some(self.metadata).filter(|metadata| !metadata.is_empty());
        match self.customer {
            UsageCustomer::External(customer) => {
                check_id("customer", Some(&customer))?;
                let mut event = EventCreateExternalCustomer::new(self.name, customer);
                event.external_member_id = match self.member {
                    Some(UsageMember::Polar(_)) => return Err(InvalidUsage::Member),
                    Some(UsageMember::External(member)) => Some(member),
                    None => None,
                };
                check_id("member", event.external_member_id.as_deref())?;
                (event.timestamp, event.external_id) = (timestamp, external_id);
                (event.parent_id, event.metadata) = (self.parent_id, metadata);
                Ok(event.into())
            }
            UsageCustomer::Polar(customer) => {
                let mut event = EventCreateCustomer::new(self.name, customer);
                event.member_id = match self.member {
                    Some(UsageMember::External(_)) => return Err(InvalidUsage::Member),
                    Some(UsageMember::Polar(member)) => Some(member),
                    None => None,
                };
                (event.timestamp, event.external_id) = (timestamp, external_id);
                (event.parent_id, event.metadata) = (self.parent_id, metadata);
                Ok(event.into())
            }
        }
    }
}

fn check_id(field: &'static str, id: Option<&str>) -> Result<(), InvalidUsage> {
    match id {
        Some(id) if id.trim().is_empty() => Err(InvalidUsage::Empty { field }),
        Some(id) if id.contains('\0') => Err(InvalidUsage::Nul),
        _ => Ok(()),
    }
}

fn check_metadata(metadata: &FreeForm) -> Result<(), InvalidUsage> {
    if metadata.len() > KEYS_MAX {
        return Err(InvalidUsage::Keys);
    }
    for (key, value) in metadata {
        if !(1..=KEY_CHARS_MAX).contains(&key.chars().count()) {
            return Err(InvalidUsage::Key);
        }
        let fits = match value {
            Value::String(text) => (1..=TEXT_CHARS_MAX).contains(&text.chars().count()),
            Value::Number(_) | Value::Bool(_) => true,
            Value::Object(_) => STRUCTURED.contains(&key.as_str()),
            Value::Null | Value::Array(_) => false,
        };
        if !fits {
            return Err(InvalidUsage::Value { key: key.clone() });
        }
        if key.contains('\0') || value.as_str().is_some_and(|text| text.contains('\0')) {
            return Err(InvalidUsage::Nul);
        }
    }
    Ok(())
}
