//! A field of an update has three states; `Option` has only two.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an update says of one field: nothing, "clear it", or a new value.
///
/// In a struct the field needs `#[serde(default, skip_serializing_if = "Patch::is_absent")]`,
/// so that silence stays silence in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// The field is not mentioned: leave it as it is.
    #[default]
    Absent,
    /// The field is `null`: clear it.
    Null,
    /// The field takes this value.
    Value(T),
}

impl<T> Patch<T> {
    /// True when the update says nothing of the field.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// `None` when absent; otherwise what the field becomes.
    pub fn sent(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Writes the update into `field`, when there is one.
    pub fn apply(self, field: &mut Option<T>) {
        if let Some(value) = self.sent() {
            *field = value;
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}
