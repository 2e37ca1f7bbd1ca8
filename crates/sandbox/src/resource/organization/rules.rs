//! What an organization may not choose for itself.

use serde_json::{Map, Value};

use super::update::Input;
use super::{Features, Organization};
use crate::failure::{Failure, Flaw};
use crate::world::World;

pub(super) fn check(world: &World, row: &Organization, input: &Input) -> Result<(), Failure> {
    if input.sso_enforced == Some(true) {
        let detail = "You must be signed in through SSO for this organization to enforce it.";
        return Err(Failure::named(403, "NotPermitted", detail));
    }
    let mut wanted = row.features.clone();
    if let Some(sent) = &input.feature_settings {
        wanted = features(&row.features, sent)?;
        check_seats(&row.features, &wanted)?;
    }
    let subscriptions = input.subscription_settings.as_ref();
    let resets = subscriptions.is_some_and(|wanted| wanted.proration_behavior == "reset");
    if resets && !wanted.reset_proration_behavior_enabled {
        let message = "The 'reset' proration behavior is not enabled for this organization.";
        let place = ["subscription_settings", "proration_behavior"];
        return Err(refused(place.map(Value::from), message, "reset"));
    }
    let threshold = input.dispute_settings.as_ref();
    let threshold = threshold.and_then(|sent| sent.get("auto_accept_below_amount"));
    let concedes = wanted.disputes_enabled && wanted.dispute_auto_accept_enabled;
    if threshold.is_some_and(|amount| !amount.is_null()) && !concedes {
        let detail = "Dispute auto-accept is not enabled for this organization.";
        return Err(Failure::named(403, "DisputeAutoAcceptNotEnabled", detail));
    }
    check_currency(world, row, input.default_presentment_currency.as_deref())
}

/// The features with those that were sent; a null says nothing.
pub(super) fn features(features: &Features, sent: &Value) -> Result<Features, Failure> {
    let sent = sent.as_object().into_iter().flatten();
    let said = sent.filter(|(_, value)| !value.is_null());
    let said: Map<_, _> = said
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    super::switch::switched(features, &said)
}

/// Who sells by seat goes on, and needs members.
fn check_seats(before: &Features, after: &Features) -> Result<(), Failure> {
    let (had, has) = (
        before.seat_based_pricing_enabled,
        after.seat_based_pricing_enabled,
    );
    let message = match (had, has) {
        (true, false) => "Seat-based pricing cannot be disabled once enabled.",
        (false, true) if !after.member_model_enabled => {
            "Member model must be enabled before enabling seat-based pricing."
        }
        _ => return Ok(()),
    };
    let place = ["feature_settings", "seat_based_pricing_enabled"];
    Err(refused(place.map(Value::from), message, has))
}

/// Everything on sale must have a price in the new currency.
fn check_currency(world: &World, row: &Organization, wanted: Option<&str>) -> Result<(), Failure> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != row.default_presentment_currency) else {
        return Ok(());
    };
    let sold = world
        .products
        .of(row.id)
        .filter(|product| !product.archived);
    for product in sold {
        let mut prices = product
            .prices
            .iter()
            .filter_map(|id| world.prices.find(*id));
        if !prices.any(|price| price.currency == wanted) {
            let message = "All active products must have prices in the new currency.";
            let place = ["default_presentment_currency".into()];
            return Err(refused(place, message, wanted));
        }
    }
    Ok(())
}

fn refused<const N: usize>(place: [Value; N], message: &str, input: impl Into<Value>) -> Failure {
    Failure::refused(Flaw::body("value_error", place, message, input))
}
