//! Webhook endpoints, and the messages that wait for them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::Handler;
use crate::render;
use crate::resource::organization::Organization;
use crate::world::{Id, World};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[];

/// Where deliveries go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) url: String,
    pub(crate) secret: String,
    /// Event types it is subscribed to.
    pub(crate) events: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
}

/// One event for one endpoint. The body is frozen when the event happens; every attempt sends these bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Sent as `webhook-id`.
    pub(crate) id: Id<Self>,
    pub(crate) endpoint: Id<Endpoint>,
    pub(crate) created_at: Timestamp,
    pub(crate) event: String,
    pub(crate) body: String,
}

impl World {
    /// Announces an event: one message for each endpoint that is enabled and subscribed at this moment.
    /// `data` is the resource as the API shows it.
    pub(crate) fn emit(&mut self, organization: Id<Organization>, event: &str, data: &Value) {
        let created_at = self.stamp();
        let body =
            json!({"type": event, "timestamp": render::time(created_at), "data": data}).to_string();
        let wants = |e: &&Endpoint| {
            e.organization == organization
                && e.enabled
                && !e.deleted
                && e.events.iter().any(|t| t == event)
        };
        let endpoints: Vec<_> = self.endpoints.iter().filter(wants).map(|e| e.id).collect();
        for endpoint in endpoints {
            let id = self.delivery_chance.id();
            self.messages.insert(
                id,
                Message {
                    id,
                    endpoint,
                    created_at,
                    event: event.to_owned(),
                    body: body.clone(),
                },
            );
        }
    }
}
