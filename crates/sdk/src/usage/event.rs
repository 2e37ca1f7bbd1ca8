//! One use of something, as the application tells it.

use polarkit_model::{CustomerId, FreeForm, MemberId, Timestamp};
use serde_json::Value;

/// One use of something, about to be tracked.
///
/// ```
/// use polarkit::usage::UsageEvent;
///
/// let event = UsageEvent::new("image_rendered", "u_42")
///     .metadata("pixels", 1_048_576)
///     .metadata("format", "png")
///     .external_id("render-8123");
/// ```
///
/// Nothing is checked before it is tracked; [`InvalidUsage`](super::InvalidUsage) lists the rules.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "it counts once it is tracked"]
pub struct UsageEvent {
    pub(super) name: String,
    pub(super) customer: UsageCustomer,
    pub(super) member: Option<UsageMember>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) external_id: Option<String>,
    pub(super) parent_id: Option<String>,
    pub(super) metadata: FreeForm,
}

impl UsageEvent {
    /// A use by that name, which is what meters filter by (1 to 128 characters). A text is the
    /// application's own id of the customer, a [`CustomerId`] is Polar's.
    pub fn new(name: impl Into<String>, customer: impl Into<UsageCustomer>) -> Self {
        Self {
            name: name.into(),
            customer: customer.into(),
            member: None,
            timestamp: None,
            external_id: None,
            parent_id: None,
            metadata: FreeForm::new(),
        }
    }

    /// Adds what meters sum, compare or tell apart: a key of 1 to 40 characters, at most 50 of
    /// them. The same key again replaces the value.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<MetadataValue>) -> Self {
        self.metadata.insert(key.into(), value.into().0);
        self
    }

    /// Which of the customer's members it was: named by Polar's id when the customer is, by the
    /// application's own when the customer is.
    pub fn member(mut self, member: impl Into<UsageMember>) -> Self {
        self.member = Some(member.into());
        self
    }

    /// When it was used; the moment it is tracked unless given. Polar refuses the future, so that a
    /// moment its clock has not reached is sent as the last it surely has.
    pub fn timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The application's own id of this use. Polar counts an id once, so that the same use may be
    /// tracked again after a crash. Minted unless given.
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// The event this one is part of: Polar's id of it, or the application's own.
    pub fn parent(mut self, parent_id: impl Into<String>) -> Self {
        self.parent_id = Some(parent_id.into());
        self
    }
}

/// Who used it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageCustomer {
    /// By the application's own id. Polar takes one it has never heard of and waits for the
    /// customer to appear.
    External(String),
    /// By Polar's id. Polar refuses one it does not know.
    Polar(CustomerId),
}

impl From<&str> for UsageCustomer {
    fn from(external_id: &str) -> Self {
        Self::External(external_id.to_owned())
    }
}

impl From<String> for UsageCustomer {
    fn from(external_id: String) -> Self {
        Self::External(external_id)
    }
}

impl From<CustomerId> for UsageCustomer {
    fn from(id: CustomerId) -> Self {
        Self::Polar(id)
    }
}

/// Which member of the customer used it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageMember {
    /// By the application's own id.
    External(String),
    /// By Polar's id.
    Polar(MemberId),
}

impl From<&str> for UsageMember {
    fn from(external_id: &str) -> Self {
        Self::External(external_id.to_owned())
    }
}

impl From<String> for UsageMember {
    fn from(external_id: String) -> Self {
        Self::External(external_id)
    }
}

impl From<MemberId> for UsageMember {
    fn from(id: MemberId) -> Self {
        Self::Polar(id)
    }
}

/// A value of an event's metadata: text (1 to 500 characters), number, yes or no. Any JSON can be
/// written, for Polar's structured keys `_cost` and `_llm`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataValue(Value);

macro_rules! metadata_value {
    ($($plain:ty),*) => {$(
        impl From<$plain> for MetadataValue {
            fn from(plain: $plain) -> Self {
                Self(plain.into())
            }
        }
    )*};
}

metadata_value!(&str, String, bool, i32, i64, u32, u64, usize, f64, Value);
