//! Webhooks: what Polar tells without being asked.
//!
//! Reading only: whether a delivery is genuine is for the client crate's `webhooks` to say, first.

use serde_json::Value;

pub use crate::generated::webhook::Event;
use crate::{
    Timestamp,
    read::{Object, Read, ReadError, through_serde},
};

/// The body of a delivery.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Payload {
    /// When it happened.
    pub timestamp: Timestamp,
    /// The version of the API the data has, where Polar says so.
    pub api_version: Option<String>,
    /// What happened.
    pub event: Event,
}

impl Read for Payload {
    fn read(value: Value) -> Result<Self, ReadError> {
        let mut object = Object::open(value)?;
        // Without a type nothing is told; text would be read as empty where it is missing.
        let kind: Option<String> = object.take("type")?;
        let kind = kind.ok_or_else(|| ReadError::new("missing").in_field("type"))?;
        let data = object.take("data")?;
        Ok(Self {
            timestamp: object.take("timestamp")?,
            api_version: object.take("api_version")?,
            event: Event::read(kind, data).map_err(|error| error.in_field("data"))?,
        })
    }
}

through_serde!(Payload);
