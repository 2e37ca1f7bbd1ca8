//! A key on the wire.

use super::{Activation, LicenseKey};
use crate::render::{Json, Nothing, object};
use crate::resource::customer::{self, Customer};
use crate::world::World;

/// The key without its activations.
pub(crate) fn render(world: &World, key: &LicenseKey) -> Json {
    let customer = world.customers.find(key.customer);
    object!({
        "id": key.id,
        "created_at": key.created_at,
        "modified_at": key.modified_at,
        "organization_id": key.organization,
        "user_id": key.customer,
        "customer_id": key.customer,
        "user": customer.map(render_holder),
        "customer": customer.map(|row| customer::render(world, row)),
        "benefit_id": key.benefit,
        "key": key.key,
        "display_key": key.display_key(),
        "status": key.status,
        "limit_activations": key.limit_activations,
        "usage": key.usage,
        "limit_usage": key.limit_usage,
        "validations": key.validations,
        "last_validated_at": key.last_validated_at,
        "expires_at": key.expires_at,
    })
}

fn render_holder(customer: &Customer) -> Json {
    let letter = |text: &Option<String>| text.as_ref().and_then(|text| text.chars().next());
    let letter = letter(&customer.name).or_else(|| letter(&customer.email));
    object!({
        "id": customer.id,
        "email": customer.email,
        "public_name": letter.map(String::from),
        "avatar_url": customer.avatar(),
    })
}

/// An activation without its key.
pub(super) fn render_activation(key: &LicenseKey, activation: &Activation) -> Json {
    object!({
        "id": activation.id,
        "license_key_id": key.id,
        "label": activation.label,
        "meta": activation.meta,
        "created_at": activation.created_at,
        "modified_at": Nothing,
    })
}

/// An activation with its key.
pub(super) fn render_with_key(world: &World, key: &LicenseKey, activation: &Activation) -> Json {
    object!({..render_activation(key, activation), "license_key": render(world, key)})
}
