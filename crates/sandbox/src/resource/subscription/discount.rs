//! Putting a discount on a running subscription; it lowers the next bill.

use serde_json::Value;

use super::{Subscription, cancel};
use crate::failure::{Failure, Flaw};
use crate::resource::discount::{Discount, Redemption, plain_email};
use crate::world::{Id, World};

/// Puts `wanted` on the subscription, or takes its discount off.
pub(super) fn put(
    world: &mut World,
    id: Id<Subscription>,
    wanted: Option<Id<Discount>>,
) -> Result<(), Failure> {
    let row = world.subscriptions.get(id)?;
    if row.cancel_at_period_end || !row.is_alive() {
        return Err(cancel::already_canceled());
    }
    let refused = |message: &str| {
        let input = wanted.map_or(Value::Null, |id| id.to_string().into());
        Err(Failure::refused(Flaw::field("discount_id", message, input)))
    };
    let Some(discount_id) = wanted else {
        let row = world.subscriptions.get_mut(id)?;
        row.discount = None;
        row.discount_since = None;
        return Ok(());
    };
    if row.discount == wanted {
        return refused("This discount is already applied to the subscription.");
    }
    let now = world.now();
    let usable = world.discounts.find(discount_id).is_some_and(|discount| {
        discount.organization == row.organization
            && discount.is_redeemable(now)
            && discount.fits(row.product, &row.currency)
    });
    if !usable {
        return refused("Discount does not exist.");
    }
    let customer = row.customer;
    let email = world
        .customers
        .find(customer)
        .and_then(|row| row.email.clone());
    world
        .discounts
        .get_mut(discount_id)?
        .redemptions
        .push(Redemption {
            checkout: None,
            subscription: Some(id),
            customer: Some(customer),
            email: email.as_deref().map(plain_email),
        });
    let row = world.subscriptions.get_mut(id)?;
    row.discount = wanted;
    row.discount_since = None;
    Ok(())
}
