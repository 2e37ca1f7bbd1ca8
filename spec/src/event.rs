//! Webhook events: what Polar tells without being asked.

use serde::{Deserialize, Serialize};

/// One webhook event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The type as it stands in the payload, such as `order.paid`.
    pub kind: String,
    /// The named shape of the whole payload; absent for an event newer than the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The named shape of the payload's `data`.
    pub data: String,
    /// The first version of the API that has it, unless all known ones before have it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The last version of the API that has it, unless it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}
