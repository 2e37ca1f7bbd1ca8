//! A key on the wire.

use serde_json::{Value, json};

use super::{Activation, LicenseKey};
use crate::render as wire;
use crate::resource::customer;
use crate::world::World;

/// The key without its activations.
pub(crate) fn render(world: &World, key: &LicenseKey) -> Value {
    let customer = world.customers.find(key.customer);
    let shown = customer.map(|customer| customer::render(world, customer));
    let user = shown.as_ref().map(|customer| {
        let letter = |field: &str| {
            let text = customer.get(field).and_then(Value::as_str);
            text.and_then(|text| text.chars().next())
        };
        json!({
            "id": key.customer,
            "email": customer.get("email"),
            "public_name": letter("name").or_else(|| letter("email")).map(String::from),
            "avatar_url": customer.get("avatar_url"),
        })
    });
    json!({
        "id": key.id,
        "created_at": wire::time(key.created_at),
        "modified_at": wire::time_or_null(key.modified_at),
        "organization_id": key.organization,
        "user_id": key.customer,
        "customer_id": key.customer,
        "user": user,
        "customer": shown,
        "benefit_id": key.benefit,
        "key": key.key,
        "display_key": key.display_key(),
        "status": key.status,
        "limit_activations": key.limit_activations,
        "usage": key.usage,
        "limit_usage": key.limit_usage,
        "validations": key.validations,
        "last_validated_at": wire::time_or_null(key.last_validated_at),
        "expires_at": wire::time_or_null(key.expires_at),
    })
}

/// An activation without its key.
pub(super) fn render_activation(key: &LicenseKey, activation: &Activation) -> Value {
    json!({
        "id": activation.id,
        "license_key_id": key.id,
        "label": activation.label,
        "meta": activation.meta,
        "created_at": wire::time(activation.created_at),
        "modified_at": null,
    })
}

/// An activation with its key.
pub(super) fn render_with_key(world: &World, key: &LicenseKey, activation: &Activation) -> Value {
    let mut shown = render_activation(key, activation);
    wire::merge(&mut shown, json!({"license_key": render(world, key)}));
    shown
}
