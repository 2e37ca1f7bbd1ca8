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
pub struct Delivery {
    /// When it happened.
    pub timestamp: Timestamp,
    /// The version of the API the data has, where Polar says so.
    pub api_version: Option<String>,
    /// What happened.
    pub event: Event,
}

impl Read for Delivery {
    fn read(value: Value) -> Result<Self, ReadError> {
        let mut object = Object::open(value)?;
        let kind = object.take("type")?;
        let data = object.take("data")?;
        Ok(Self {
            timestamp: object.take("timestamp")?,
            api_version: object.take("api_version")?,
            event: Event::read(kind, data).map_err(|error| error.in_field("data"))?,
        })
    }
}

through_serde!(Delivery);
