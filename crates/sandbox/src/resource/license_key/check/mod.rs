//! When a key is good: the checks in Polar's order, the first that fails speaks.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Activation, LicenseKey, Status};
use crate::failure::Failure;
use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::world::Id;

/// What a validation asks beside the key itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ask {
    pub(super) activation_id: Option<Id<Activation>>,
    pub(super) benefit_id: Option<Id<Benefit>>,
    pub(super) customer_id: Option<Id<Customer>>,
    pub(super) increment_usage: Option<i64>,
    #[serde(default)]
    pub(super) conditions: Map<String, Value>,
}

/// Passes when the key is good for what is asked.
pub(super) fn validate(key: &LicenseKey, ask: &Ask, now: Timestamp) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::named(404, "ResourceNotFound", why));
    if key.status != Status::Granted {
        return refuse("License key is no longer active.");
    }
    if has_expired(key, now) {
        return refuse("License key has expired.");
    }
    if let Some(id) = ask.activation_id {
        let activation = activation(key, id)?;
        if !activation.conditions.is_empty() && activation.conditions != ask.conditions {
            return refuse("License key does not match required conditions");
        }
    }
    if ask.benefit_id.is_some_and(|id| id != key.benefit) {
        return refuse("License key does not match given benefit.");
    }
    if ask.customer_id.is_some_and(|id| id != key.customer) {
        return refuse("License key does not match given user.");
    }
    if let (Some(more), Some(limit)) = (ask.increment_usage, key.limit_usage) {
        let left = limit.saturating_sub(key.usage);
        if more > left {
            let why = format!("License key only has {left} more usages.");
            return Err(Failure::named(400, "BadRequest", why));
        }
    }
    Ok(())
}

/// Passes when the key may be activated once more.
pub(super) fn activate(key: &LicenseKey, now: Timestamp) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::named(403, "NotPermitted", why));
    if key.status != Status::Granted {
        return refuse("License key is no longer active. This license key can not be activated.");
    }
    if has_expired(key, now) {
        return refuse("License key has expired.");
    }
    let Some(limit) = key.limit_activations.filter(|limit| *limit > 0) else {
        return refuse(
            "This license key does not support activations. Use the /validate endpoint instead to check license validity.",
        );
    };
    if i64::try_from(key.activations.len()).unwrap_or(i64::MAX) >= limit {
        return refuse("License key activation limit already reached");
    }
    Ok(())
}

/// The key's live activation of that id.
pub(super) fn activation(key: &LicenseKey, id: Id<Activation>) -> Result<&Activation, Failure> {
    key.activations
        .iter()
        .find(|activation| activation.id == id)
        .ok_or_else(Failure::not_found)
}

fn has_expired(key: &LicenseKey, now: Timestamp) -> bool {
    key.expires_at.is_some_and(|end| now >= end)
}

#[cfg(test)]
mod tests;
