//! `/v1/customer-portal/customers/me/payment-methods`

use serde::Deserialize;
use serde_json::json;

use super::{Visitor, desk};
use crate::call::Call;
use crate::failure::{Failure, Flaw};
use crate::list;
use crate::reply::Reply;
use crate::resource::customer::{self, Customer};
use crate::resource::payment_method::{self, Card, Outcome, PaymentMethod};
use crate::resource::subscription;
use crate::world::{Id, World};

pub(super) fn list(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let rows = payment_method::of(world, visitor.customer);
    Ok(list::paged(call, &rows, |row| {
        payment_method::render(world, row)
    }))
}

/// Keeps a card. One whose bank wants to hear from its holder is kept once it is confirmed.
pub(super) fn add(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        confirmation_token_id: String,
        set_default: bool,
    }
    let customer = Visitor::with_billing(world, call)?.customer;
    let input: Input = call.input()?;
    let card = payment_method::card(&input.confirmation_token_id);
    match card.first {
        Outcome::Declined(decline) => {
            let detail = format!(
                "Could not add this payment method: {} Please try again with a different card.",
                decline.message()
            );
            Err(Failure::named(400, "PaymentMethodSetupFailed", detail))
        }
        Outcome::NeedsAuthentication => {
            let id = format!("seti_{}", world.chance.alphanumeric(24));
            let secret = format!("{id}_secret_{}", world.chance.alphanumeric(25));
            desk::hold_card(world, id, customer, card);
            Ok(json!({"status": "requires_action", "client_secret": secret}).into())
        }
        Outcome::Succeeds => keep(world, customer, &card, input.set_default),
    }
}

/// Keeps a card whose holder has answered the bank. The sandbox has no bank to ask: coming here is the answer.
pub(super) fn confirm(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    #[derive(Deserialize)]
    struct Input {
        setup_intent_id: String,
        set_default: bool,
    }
    let customer = Visitor::with_billing(world, call)?.customer;
    let input: Input = call.input()?;
    let Some(card) = desk::held_card(world, &input.setup_intent_id, customer).cloned() else {
        let (kind, place) = ("invalid", ["setup_intent_id".into()]);
        let flaw = Flaw::body(
            kind,
            place,
            "Invalid setup_intent_id.",
            input.setup_intent_id,
        );
        return Err(Failure::refused(flaw));
    };
    keep(world, customer, &card, input.set_default)
}

fn keep(
    world: &mut World,
    customer: Id<Customer>,
    card: &Card,
    set_default: bool,
) -> Result<Reply, Failure> {
    let id = payment_method::keep(world, customer, card);
    if set_default {
        world.customers.get_mut(customer)?.default_payment_method = Some(id);
        customer::touch(world, customer);
        subscription::use_card(world, customer, id);
    }
    let method = payment_method::render(world, world.payment_methods.get(id)?);
    Ok(json!({"status": "succeeded", "payment_method": method}).into())
}

/// Forgets a card. Subscriptions that use it go on with another; the last one cannot be taken from them.
pub(super) fn delete(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let visitor = Visitor::with_billing(world, call)?;
    let id = call.id("id")?;
    let customer = world.customers.get(visitor.customer)?;
    let cards = payment_method::of(world, visitor.customer);
    if cards.iter().all(|card| card.id != id) {
        return Err(Failure::not_found());
    }
    let others = || cards.iter().map(|card| card.id).filter(|card| *card != id);
    let usual = others().find(|card| Some(*card) == customer.default_payment_method);
    let other = usual.or_else(|| others().next());
    if other.is_none() && is_needed(world, customer.id, id) {
        let detail = "This payment method is still needed to bill a subscription. Add another one or cancel the subscription first.";
        let name = "PaymentMethodInUseByActiveSubscription";
        return Err(Failure::named(400, name, detail));
    }
    forget(world, visitor.customer, id, other)?;
    Ok(Reply::Empty)
}

fn is_needed(world: &World, customer: Id<Customer>, id: Id<PaymentMethod>) -> bool {
    let mut subscriptions = world.subscriptions.of(customer);
    subscriptions.any(|row| row.payment_method == Some(id) && row.needs_card(world))
}

fn forget(
    world: &mut World,
    customer: Id<Customer>,
    id: Id<PaymentMethod>,
    other: Option<Id<PaymentMethod>>,
) -> Result<(), Failure> {
    let now = world.stamp();
    world.payment_methods.get_mut(id)?.deleted_at = Some(now);
    world.subscriptions.change_where(
        |row| row.payment_method == Some(id),
        |row| row.payment_method = other,
    );
    let row = world.customers.get_mut(customer)?;
    if row.default_payment_method == Some(id) {
        row.default_payment_method = other;
    }
    customer::touch(world, customer);
    Ok(())
}
