//! Webhooks: what Polar tells without being asked.
//!
//! Reading only: whether a delivery is genuine is for the client crate's `webhooks` to say, first.

pub use crate::generated::webhook::Event;
use crate::{
    Timestamp,
    read::{Node, Read, through_serde},
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
    #[inline]
    fn read(node: &Node<'_>) -> Self {
        let object = node.object();
        let kind = object.child("type");
        if kind.json().is_none() {
            // Without a type nothing is told.
            kind.expected("text");
        }
        Self {
            timestamp: object.field("timestamp"),
            api_version: object.field("api_version"),
            event: Event::read(kind.text(), &object.child("data")),
        }
    }
}

through_serde!(Payload);
