//! A customer on the wire.

use std::fmt::Write;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Customer;
use super::delete::FORMER_EXTERNAL_ID;
use crate::render::{Json, Nothing, object};
use crate::world::World;

/// The customer as the seller sees it; also inside orders, subscriptions, grants.
pub(crate) fn render(_world: &World, customer: &Customer) -> Json {
    object!({
        "id": customer.id,
        "created_at": customer.created_at,
        "modified_at": customer.modified_at,
        "metadata": shown_metadata(&customer.metadata),
        "external_id": known_external_id(customer),
        "email": customer.email,
        "email_verified": customer.email_verified,
        "type": customer.kind,
        "name": customer.name,
        "billing_name": customer.billing_name.as_ref().or(customer.name.as_ref()),
        "billing_address": customer.billing_address,
        "tax_id": customer.tax_id,
        "locale": customer.locale,
        "organization_id": customer.organization,
        "default_payment_method_id": customer.default_payment_method,
        "deleted_at": customer.deleted_at,
        "first_user_event_at": customer.first_user_event_at,
        "avatar_url": customer.avatar(),
    })
}

/// The customer as they see themselves in the portal.
pub(crate) fn render_portal(customer: &Customer) -> Json {
    object!({
        "created_at": customer.created_at,
        "modified_at": customer.modified_at,
        "id": customer.id,
        "email": customer.email,
        "email_verified": customer.email_verified,
        "name": customer.name,
        "billing_name": customer.billing_name.as_ref().or(customer.name.as_ref()),
        "billing_address": customer.billing_address,
        "tax_id": customer.tax_id,
        "oauth_accounts": object!({}),
        "default_payment_method_id": customer.default_payment_method,
        "type": customer.kind,
        "locale": customer.locale,
    })
}

/// The deprecated twin of a customer in orders and subscriptions; still sent.
pub(crate) fn render_user(customer: &Customer) -> Json {
    let name = customer.name.as_ref().or(customer.email.as_ref());
    let initial = name.and_then(|name| name.chars().next());
    object!({
        "id": customer.id,
        "email": customer.email,
        "public_name": initial.map(|letter| letter.to_uppercase().to_string()).unwrap_or_default(),
        "avatar_url": customer.avatar(),
        "github_username": Nothing,
    })
}

/// The seller's name for the customer; a deleted one is still known by the one it had.
pub(super) fn known_external_id(customer: &Customer) -> Value {
    let former = || customer.metadata.get(FORMER_EXTERNAL_ID).cloned();
    let own = customer.external_id.clone().map(Value::from);
    own.or_else(former).unwrap_or_default()
}

/// Keys with two underscores in front are the service's own.
fn shown_metadata(metadata: &Map<String, Value>) -> Map<String, Value> {
    metadata
        .iter()
        .filter(|(key, _)| !key.starts_with("__"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

impl Customer {
    /// Where the customer's picture stands.
    pub(crate) fn avatar(&self) -> Option<String> {
        self.email.as_deref().map(avatar)
    }
}

fn avatar(email: &str) -> String {
    let digest = Sha256::digest(email.to_lowercase().as_bytes());
    let mut url = "https://www.gravatar.com/avatar/".to_owned();
    for byte in digest {
        // Writing to a text cannot fail.
        write!(url, "{byte:02x}").unwrap_or_default();
    }
    url + "?d=404"
}
