//! The buyer's authentication step, and payments that fail.

use super::{Checkout, CheckoutStatus, announce};
use crate::failure::Failure;
use crate::resource::payment::{self, Attempt};
use crate::resource::payment_method::{Card, Decline, Outcome};
use crate::world::{Id, Job, World};

/// The buyer has proved who they are, or failed to. Only a confirmed session that waits for it can be
/// answered.
pub(crate) fn challenge(
    world: &mut World,
    id: Id<Checkout>,
    succeeded: bool,
) -> Result<(), Failure> {
    let row = world.checkouts.get_mut(id)?;
    let waits = row.status == CheckoutStatus::Confirmed
        && row.intent_status.as_deref() == Some("requires_action");
    if !waits {
        let detail = format!("Checkout {id} waits for no authentication.");
        return Err(Failure::named(409, "NoChallenge", detail));
    }
    if succeeded {
        row.intent_status = Some("succeeded".to_owned());
        world.agenda.soon(Job::CompleteCheckout(id));
    } else {
        row.intent_status = Some("requires_payment_method".to_owned());
        world.agenda.soon(Job::ReopenCheckout(id));
    }
    Ok(())
}

/// The payment of a confirmed session failed: it is open again, its discount unused.
pub(crate) fn reopen(world: &mut World, id: Id<Checkout>) {
    let Some(checkout) = world.checkouts.find(id).cloned() else {
        return;
    };
    if checkout.status != CheckoutStatus::Confirmed {
        return;
    }
    if let Some(card) = &checkout.card {
        note_decline(world, id, card, Decline::AuthenticationFailed);
    }
    if let Some(discount) = checkout
        .discount
        .and_then(|id| world.discounts.find_mut(id))
    {
        discount
            .redemptions
            .retain(|used| used.checkout != Some(id));
    }
    let now = world.stamp();
    if let Some(row) = world.checkouts.find_mut(id) {
        row.status = CheckoutStatus::Open;
        row.card = None;
        row.intent_status = None;
        row.intent_secret = None;
        row.modified_at = Some(now);
    }
    announce::announce(world, id, "updated");
}

/// Writes a refused charge down.
pub(crate) fn note_decline(world: &mut World, id: Id<Checkout>, card: &Card, decline: Decline) {
    if let Some(checkout) = world.checkouts.find(id) {
        let attempt = Attempt::for_checkout(checkout, card);
        payment::add(world, attempt, Outcome::Declined(decline));
    }
}
