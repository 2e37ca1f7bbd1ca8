//! Putting a discount on a running subscription; it lowers the next bill.

use serde_json::Value;

use super::Subscription;
use super::edit::Edit;
use crate::failure::{Failure, Flaw};
use crate::resource::discount::{Discount, Redemption, plain_email};
use crate::resource::product::Product;
use crate::world::{Id, World};

/// The discount that is wanted; `None` takes off what there is.
pub(super) type Wish = Option<Id<Discount>>;

/// Drafts the change: it counts from the next bill.
pub(super) fn draft(world: &World, edit: &mut Edit, wish: Wish) -> Result<(), Failure> {
    let product = edit.row.product;
    edit.row.discount = resolve(world, edit, wish, product)?;
    edit.row.discount_since = None;
    Ok(())
}

/// Checks that the discount may be put on the subscription together with `product`.
pub(super) fn resolve(
    world: &World,
    edit: &mut Edit,
    wish: Wish,
    product: Id<Product>,
) -> Result<Wish, Failure> {
    let Some(id) = wish else {
        edit.say("discount_id", Value::Null);
        return Ok(None);
    };
    let row = &edit.row;
    let usable = world.discounts.find(id).is_some_and(|discount| {
        discount.organization == row.organization
            && discount.is_redeemable(world.now())
            && discount.fits(product, &row.currency)
    });
    let refused = |message: &str| {
        let flaw = Flaw::field("discount_id", message, id.to_string());
        Err(Failure::refused(flaw))
    };
    if !usable {
        return refused(
            "Discount does not exist, is not applicable to this product or is not redeemable.",
        );
    }
    if row.discount == wish {
        return refused("This discount is already applied to the subscription.");
    }
    edit.redeemed = wish;
    edit.say("discount_id", id.to_string());
    Ok(wish)
}

/// Counts one use of the discount, by this subscription.
pub(super) fn redeem(world: &mut World, id: Id<Subscription>, discount: Id<Discount>) {
    let Some(row) = world.subscriptions.find(id) else {
        return;
    };
    let customer = row.customer;
    let known = world.customers.find(customer);
    let email = known.and_then(|row| row.email.as_deref()).map(plain_email);
    if let Some(discount) = world.discounts.find_mut(discount) {
        discount.redemptions.push(Redemption {
            checkout: None,
            subscription: Some(id),
            customer: Some(customer),
            email,
        });
    }
}
