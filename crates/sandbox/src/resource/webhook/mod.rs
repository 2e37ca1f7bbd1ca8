//! Webhook endpoints, the messages that wait for them, and what became of each attempt.

mod attempt;
mod chat;
mod delivery;
mod endpoint;
pub(crate) mod outbox;
mod signature;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::attempt::{Outcome, Shipment};
use self::chat::News;
pub(crate) use self::delivery::Delivery;
use self::outbox::Attempt;
pub(crate) use self::outbox::Outbox;
pub(crate) use self::signature::sign;
use crate::call::Handler;
use crate::render::{Json, object};
use crate::resource::organization::Organization;
use crate::world::{Id, World, found_by};

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("webhooks:list_webhook_endpoints", endpoint::list),
    ("webhooks:create_webhook_endpoint", endpoint::create),
    ("webhooks:get_webhook_endpoint", endpoint::get),
    ("webhooks:update_webhook_endpoint", endpoint::update),
    ("webhooks:delete_webhook_endpoint", endpoint::delete),
    (
        "webhooks:reset_webhook_endpoint_secret",
        endpoint::reset_secret,
    ),
    ("webhooks:list_webhook_deliveries", delivery::list),
    ("webhooks:redeliver_webhook_event", delivery::redeliver),
];

/// Where deliveries go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: Id<Self>,
    pub(crate) organization: Id<Organization>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) url: String,
    pub(crate) name: Option<String>,
    pub(crate) format: Format,
    pub(crate) secret: String,
    /// Event types it is subscribed to.
    pub(crate) events: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
}

/// What a delivery's body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Type, timestamp, data.
    Raw,
    /// A message for a Discord channel.
    Discord,
    /// A message for a Slack channel.
    Slack,
}

/// One event for one endpoint. The body is frozen when the event happens; every attempt sends these bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Sent as `webhook-id`.
    pub(crate) id: Id<Self>,
    pub(crate) endpoint: Id<Endpoint>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) event: String,
    pub(crate) body: String,
    pub(crate) last_http_code: Option<u16>,
    /// Unknown while attempts are still to come.
    pub(crate) succeeded: Option<bool>,
    /// Not sent, because the endpoint was switched off.
    pub(crate) skipped: bool,
}

found_by!(Endpoint: organization);
found_by!(Message: endpoint);

impl World {
    /// Announces an event: one message for each endpoint that is enabled and subscribed at this moment.
    /// `data` is the resource as the API shows it.
    pub(crate) fn emit(&mut self, organization: Id<Organization>, event: &str, data: &Json) {
        let created_at = self.stamp();
        for (endpoint, format) in self.listeners(organization, event) {
            let news = || {
                let organization = self.organizations.find(organization)?;
                News::of(&organization.name, event, &data.value())
            };
            let body = match format {
                Format::Raw => raw(event, created_at, data),
                Format::Discord => news().map(|news| news.discord()),
                Format::Slack => news().map(|news| news.slack()),
            };
            if let Some(body) = body {
                self.write_message(endpoint, created_at, event, body);
            }
        }
    }

    /// The same for a resource that takes long to show: nobody shows it when nobody listens.
    pub(crate) fn emit_with(
        &mut self,
        organization: Id<Organization>,
        event: &str,
        show: impl FnOnce(&Self) -> Option<Json>,
    ) {
        if self.listeners(organization, event).is_empty() {
            // Moments are handed out alike, whoever listens.
            self.stamp();
        } else if let Some(data) = show(self) {
            self.emit(organization, event, &data);
        }
    }

    /// True when somebody wants to hear of the event.
    pub(crate) fn is_heard(&self, organization: Id<Organization>, event: &str) -> bool {
        !self.listeners(organization, event).is_empty()
    }

    /// The endpoints that want to hear of the event.
    fn listeners(
        &self,
        organization: Id<Organization>,
        event: &str,
    ) -> Vec<(Id<Endpoint>, Format)> {
        let wants =
            |e: &&Endpoint| e.enabled && !e.deleted && e.events.iter().any(|name| name == event);
        let endpoints = self.endpoints.of(organization).filter(wants);
        endpoints.map(|e| (e.id, e.format)).collect()
    }

    fn write_message(
        &mut self,
        endpoint: Id<Endpoint>,
        created_at: Timestamp,
        event: &str,
        body: String,
    ) {
        let id = self.delivery_chance.id();
        let message = Message {
            id,
            endpoint,
            created_at,
            modified_at: None,
            event: event.to_owned(),
            body,
            last_http_code: None,
            succeeded: None,
            skipped: !self.outbox.has_room(),
        };
        if !message.skipped {
            let attempt = Attempt {
                message: id,
                endpoint,
                redelivery: false,
                in_line: true,
            };
            self.outbox.add(created_at, attempt);
        }
        self.messages.insert(id, message);
    }
}

fn raw(event: &str, created_at: Timestamp, data: &Json) -> Option<String> {
    let body = object!({"type": event, "timestamp": created_at, "data": data});
    String::from_utf8(body.into_bytes()).ok()
}
